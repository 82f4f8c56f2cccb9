// Bundles the page's side into s3upload_widget/static: one script, one style sheet, and the
// licences of what they contain.

import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { build } from "esbuild";

/** Bytes. The script goes to the page with every widget, and notebooks may save it. */
const LARGEST = 80_000;

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

// The script goes to the page with every widget, and into every notebook that is saved with its
// widgets: packed, it has half the length. Only the code that unpacks it is not packed.
function packed(module) {
  const text = deflateRawSync(module.contents, { level: 9 }).toString("base64");
  return `export default async () => {
  const bytes = Uint8Array.from(atob("${text}"), (each) => each.charCodeAt(0));
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const module = new Blob([await new Response(unpacked).text()], { type: "text/javascript" });
  const url = URL.createObjectURL(module);
  try {
    return (await import(url)).default;
  } finally {
    URL.revokeObjectURL(url);
  }
};
`;
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
const code = packed(script);
const size = code.length;
const minified = (script.contents.length / 1000).toFixed(1);
console.log(
  `widget.js ${(size / 1000).toFixed(1)} kB of ${LARGEST / 1000} kB (unpacked ${minified} kB)`,
);
if (size > LARGEST) throw new Error(`widget.js has ${size} bytes; the limit is ${LARGEST}`);

await mkdir(target, { recursive: true });
await writeFile(join(target, "widget.js"), code);
await writeFile(join(target, "widget.css"), style.contents);
await writeFile(join(target, "widget.js.LEGAL.txt"), await licences());
