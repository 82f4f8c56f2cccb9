// Runs the unit tests of the page's pure parts: bundles test/*.test.ts, or the files that are
// named, into one module for Node's own runner, whose options it takes. Knows no browser.

import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = fileURLToPath(new URL("test", import.meta.url));
const given = process.argv.slice(2);
const options = given.filter((argument) => argument.startsWith("-"));
const named = given.filter((argument) => !argument.startsWith("-")).map((path) => basename(path));
const all = (await readdir(folder)).filter((name) => name.endsWith(".test.ts"));
const names = named.length > 0 ? named : all.sort();

const target = await mkdtemp(join(tmpdir(), "s3upload-test-"));
try {
  const outfile = join(target, "tests.mjs");
  await build({
    bundle: true,
    format: "esm",
    loader: { ".wasm": "binary" },
    outfile,
    platform: "node",
    sourcemap: "inline",
    stdin: { contents: names.map((name) => `import "./${name}";`).join("\n"), resolveDir: folder },
    target: "node20",
  });
  const runner = ["--enable-source-maps", ...options, outfile];
  process.exitCode = spawnSync(process.execPath, runner, { stdio: "inherit" }).status ?? 1;
} finally {
  await rm(target, { recursive: true });
}
