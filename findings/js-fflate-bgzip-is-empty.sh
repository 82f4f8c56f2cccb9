#!/usr/bin/env bash
# Guess:   gunzipSync() of fflate returns the text of a .gz as gunzip, Node.js and pako do, also of one made of
#          several members (bgzip, `cat a.gz b.gz`): version 0.8.0 was to support these, and its stream does.
# Instead: gunzipSync(), gunzip() and decompress() return as many bytes as the last member has, from the
#          beginning of the first one, and no error. A file by bgzip ends in an empty member, so the result of
#          any bgzip file is 0 bytes; of two days' logs joined, a piece of the first day as long as the second.
# Version: fflate 0.8.3, pako 3.0.3.
# Why:     .vcf.gz, .bed.gz and tabix files are bgzip's, and a page that reads an uploaded one shows an empty
#          table. Offered and not taken: https://github.com/101arrowz/fflate/pull/287
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --loglevel=error --no-audit --no-fund --cache "$work/npm" --prefix "$work" fflate@0.8.3 pako@3.0.3
cat >gunzip.mjs <<'NODE'
import assert from "node:assert";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import zlib from "node:zlib";
import { decompressSync, Gunzip, gunzip, gunzipSync } from "fflate";
import { ungzip } from "pako";

const installed = createRequire(import.meta.url);
const version = (name) => installed(`./node_modules/${name}/package.json`).version;
const text = (letter, size) => Buffer.alloc(size, letter);
const members = (...texts) => Buffer.concat(texts.map((each) => zlib.gzipSync(each)));

/** What the streaming reader of fflate gives. */
function streamed(file) {
  const pieces = [];
  new Gunzip((piece) => pieces.push(piece)).push(file, true);
  return Buffer.concat(pieces);
}

const readers = {
  "node:zlib": zlib.gunzipSync,
  pako: ungzip,
  "fflate Gunzip": streamed,
  "fflate gunzipSync": gunzipSync,
  "fflate decompressSync": decompressSync,
  "fflate gunzip": promisify(gunzip),
};
const files = {
  "one member": [text("m", 5000)],
  "as bgzip": [text("m", 5000), text("n", 3000), text("", 0)],
  "two days": [text("m", 5000), text("t", 300)],
};
const wrong = { "one member": text("m", 5000), "as bgzip": text("", 0), "two days": text("m", 300) };
console.log("fflate", version("fflate"), "pako", version("pako"));
for (const [what, texts] of Object.entries(files)) {
  const whole = Buffer.concat(texts);
  for (const [name, read] of Object.entries(readers)) {
    const found = Buffer.from(await read(members(...texts)));
    console.log(`${what}, ${whole.length} bytes, ${name}: ${found.length} bytes`);
    const streams = name === "fflate Gunzip" || !name.startsWith("fflate");
    assert.deepEqual(found, streams ? whole : wrong[what], `${name} reads something else`);
  }
}
NODE
node gunzip.mjs
