// Bundles the page's side into s3upload_widget/static: a first module, the packed script that it
// loads, one style sheet, and the licences of what they contain.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { build, transform } from "esbuild";

/** Bytes. Outside of Jupyter the script goes to the page with every widget. */
const LARGEST = 90_000;

const here = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? join(here, "..", "s3upload_widget", "static");
const options = {
  absWorkingDir: here,
  bundle: true,
  charset: "utf8",
  format: "esm",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  loader: { ".wasm": "binary" },
  metafile: true,
  minify: true,
  outdir: target,
  target: "es2022",
  write: false,
};
const packages = new Set();

async function bundle(entry, extra = {}) {
  const { metafile, outputFiles } = await build({ ...options, ...extra, entryPoints: [entry] });
  for (const input of Object.keys(metafile.inputs)) {
    const found = input.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/);
    if (found) packages.add(found[1]);
  }
  return outputFiles[0];
}

// A widget is a single file that JupyterLab loads through a blob: URL, and no import can be relative
// to that. So a worker travels inside as text: import "./x.worker.ts?source".
const source = {
  name: "source",
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /\?source$/ }, ({ path, resolveDir }) => ({
      namespace: "source",
      path: join(resolveDir, path.replace(/\?source$/, "")),
    }));
    onLoad({ filter: /./, namespace: "source" }, async ({ path }) => ({
      contents: (await bundle(path)).contents,
      loader: "text",
    }));
  },
};

// Packed, the page's code has half the length; only the code that unpacks it is not packed.
// A Content-Security-Policy may forbid blob: and allow data:; where it allows neither, that is said.
const FORBIDDEN =
  "This page's Content-Security-Policy lets no widget unpack its code: whoever runs this Jupyter " +
  "has to add blob: to its script-src and worker-src.";
const ABSENT =
  "The code of this widget is not in this page: run the cell that made it again, or reload the page.";
// VS Code's page knows no model that was made before it was opened; then the kernel sends the code.
const FETCH_MS = 5000;
const FETCH_LIMIT_MS = 60_000;
// anywidget gives a model up for good whose code is not loaded within two seconds, and each model
// imports a copy of its own: so the copies load at once, and share what one of them unpacks.
// Before this first module, Python puts `const CODE = "…"`, or the model names another one that has
// the code, for all widgets of a notebook.
function first(bytes) {
  const name = `s3upload_widget code ${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}`;
  return `const saying = (text) => ({ render: ({ el }) => el.append(text) });
const held = async (model) => {
  const id = model.get("_page_code").replace("IPY_MODEL_", "");
  const holder = await model.widget_manager.get_model(id);
  return { script: holder.get("code"), style: holder.get("style") };
};
const fetched = (model) => new Promise((resolve, reject) => {
  const client = "code" + Math.random().toString(36).slice(2);
  const ask = () => model.send({ rid: "1", client, request: { kind: "fetch_page_code" } });
  const timers = [];
  const stop = () => {
    timers.forEach(clearTimeout);
    model.off("msg:custom", hear);
  };
  const hear = ({ client: asked, reply }) => {
    if (asked !== client) return;
    stop();
    if (reply.kind === "page_code_fetched") resolve(reply);
    else reject(new Error(reply.message));
  };
  model.on("msg:custom", hear);
  ask();
  timers.push(setInterval(ask, ${FETCH_MS}), setTimeout(() => {
    stop();
    reject(new Error("no answer"));
  }, ${FETCH_LIMIT_MS}));
});
const shared = async (model) => {
  const { script, style } = await held(model).catch(() => fetched(model));
  const sheet = document.createElement("style");
  sheet.textContent = style;
  document.head.append(sheet);
  return script;
};
const unpack = (text) => {
  const bytes = new DataView(new ArrayBuffer(text.length * 4 / 5));
  for (let at = 0; at < text.length; at += 5) {
    let number = 0;
    for (const each of text.slice(at, at + 5)) {
      const code = each.charCodeAt(0);
      number = number * 85 + code - 35 - (code > 60) - (code > 92);
    }
    bytes.setUint32(at * 4 / 5, number);
  }
  const packed = new Uint8Array(bytes.buffer, 0, ${bytes.length});
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(unpacked).text();
};
const run = async (module) => {
  const url = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
  try {
    return (await import(url)).default;
  } catch {
    const data = "data:text/javascript;charset=utf-8," + encodeURIComponent(module);
    const failed = { default: saying(${JSON.stringify(FORBIDDEN)}) };
    return (await import(data).catch(() => failed)).default;
  } finally {
    URL.revokeObjectURL(url);
  }
};
// Models that are still to come load their first modules before this one works.
const idle = () => new Promise((resolve) => {
  if (globalThis.requestIdleCallback) requestIdleCallback(resolve, { timeout: 2000 });
  else setTimeout(resolve);
});
const name = Symbol.for("${name}");
const text = (model) => typeof CODE === "string" ? CODE : shared(model);
const absent = (error) => {
  console.error(error);
  delete globalThis[name];
  return saying(${JSON.stringify(ABSENT)});
};
const load = (model) =>
  (globalThis[name] ??= idle().then(() => text(model)).then(unpack).then(run).catch(absent));
export default {
  initialize({ model }) {
    let end, isOver = false;
    load(model).then((widget) => { if (!isOver) end = widget.initialize?.({ model }); });
    return () => { isOver = true; end?.(); };
  },
  async render({ model, el, signal }) {
    const widget = await load(model);
    if (!signal?.aborted) return widget.render({ model, el });
  },
};
`;
}

// Five characters for four bytes, where base64 takes five and a third. None of them has a meaning in
// JavaScript's or JSON's strings, or in HTML: those from "#" to "y" but "<" and "\\".
function base85(bytes) {
  const digits = Array.from({ length: 87 }, (_, n) => String.fromCharCode(35 + n));
  const alphabet = digits.filter((each) => each !== "<" && each !== "\\");
  const padded = Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
  let text = "";
  for (let at = 0; at < padded.length; at += 4) {
    const number = padded.readUInt32BE(at);
    for (let power = 85 ** 4; power >= 1; power /= 85)
      text += alphabet[Math.floor(number / power) % 85];
  }
  return text;
}

async function licences() {
  const texts = [...packages].sort().map(async (name) => {
    const folder = join(here, "node_modules", name);
    const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((each) => /^licen[cs]e/i.test(each));
    if (!file) throw new Error(`${name} has no licence file`);
    return `${name} ${version}\n\n${await readFile(join(folder, file), "utf8")}`;
  });
  return (await Promise.all(texts)).join(`\n${"-".repeat(80)}\n\n`);
}

const script = await bundle("src/index.ts", { plugins: [source] });
const style = await bundle("src/view/styles/style.css");
const bytes = deflateRawSync(script.contents, { level: 9 });
const code = base85(bytes);
const { code: module } = await transform(first(bytes), {
  charset: "utf8",
  minify: true,
  target: "es2022",
});
const size = code.length + module.length;
const minified = (script.contents.length / 1000).toFixed(1);
console.log(
  `widget.js ${(size / 1000).toFixed(1)} kB of ${LARGEST / 1000} kB (unpacked ${minified} kB)`,
);
if (size > LARGEST) throw new Error(`widget.js has ${size} bytes; the limit is ${LARGEST}`);

await mkdir(target, { recursive: true });
await writeFile(join(target, "widget.js"), module);
await writeFile(join(target, "widget.code.txt"), code);
await writeFile(join(target, "widget.css"), style.contents);
await writeFile(join(target, "widget.js.LEGAL.txt"), await licences());
