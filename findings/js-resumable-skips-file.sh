#!/usr/bin/env bash
# Guess:   two files with different names that are added at once are two uploads (as in Uppy).
# Instead: resumable.js makes the identifier of a file of its size and the letters, digits, - and _ of its name.
#          "run 1.25 V.csv" and "run 12.5 V.csv" of one size have the same, and the second is not added:
#          no error, "complete" comes, and progress() is 1. flow.js adds both under the same identifier when
#          they come in one list, so the server is sent two files as one; one by one it drops the second.
# Version: resumablejs 1.1.0, @flowjs/flow.js 2.14.1, @uppy/core 6.3.1, jsdom 26.1.0.
# Why:     measurements have the same size and differ in a number. A file of a folder is missing in the store,
#          and the page says that all were uploaded. Give generateUniqueIdentifier.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --loglevel=error --no-audit --no-fund --cache "$work/npm" --prefix "$work" \
  resumablejs@1.1.0 @flowjs/flow.js@2.14.1 @uppy/core@6.3.1 jsdom@26.1.0
cat >upload.mjs <<'NODE'
import assert from "node:assert";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { JSDOM } from "jsdom";

const { window } = new JSDOM("", { url: "http://127.0.0.1/" });
const { document, File, Blob, FileList, FormData, XMLHttpRequest } = window;
Object.assign(globalThis, { window, document, File, Blob, FileList, FormData, XMLHttpRequest });
const { default: Flow } = await import("@flowjs/flow.js");
const { default: Resumable } = await import("resumablejs");
const { default: Uppy } = await import("@uppy/core");
const installed = createRequire(import.meta.url);
for (const name of ["resumablejs", "@flowjs/flow.js"]) {
  console.log(name, installed(`./node_modules/${name}/package.json`).version);
}

let received = [];
const server = createServer(async (request, response) => {
  let body = "";
  for await (const data of request) body += data;
  const query = new URL(request.url, "http://127.0.0.1/").searchParams;
  const told = (field) => query.get("flow" + field) ?? query.get("resumable" + field);
  if (request.method === "PUT") received.push([told("Identifier"), told("Filename"), body]);
  response.setHeader("Access-Control-Allow-Origin", "*");
  response.setHeader("Access-Control-Allow-Headers", "*");
  response.setHeader("Access-Control-Allow-Methods", "PUT");
  response.end();
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const target = `http://127.0.0.1:${server.address().port}/`;
const options = { target, testChunks: false, method: "octet", uploadMethod: "PUT" };
const [first, second] = ["run 1.25 V.csv", "run 12.5 V.csv"];
const files = () => [new File(["aaaa"], first), new File(["bbbb"], second)];

/** What a server has received when the uploader has said that it is done. */
async function upload(uploader, add) {
  received = [];
  const errors = [];
  uploader.on("error", (message) => errors.push(message));
  add(uploader);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const complete = new Promise((resolve) => uploader.on("complete", resolve));
  uploader.upload();
  await complete;
  return { received, errors, progress: uploader.progress() };
}

const together = (uploader) => uploader.addFiles(files());
const apart = (uploader) => files().forEach((file) => uploader.addFile(file));
const byResumable = await upload(new Resumable(options), together);
const byFlow = await upload(new Flow(options), together);
const byFlowApart = await upload(new Flow(options), apart);
const uppy = new Uppy();
files().forEach((data) => uppy.addFile({ name: data.name, data }));
const byUppy = uppy.getFiles().map((file) => file.name);
server.close();
console.log("resumable.js:", JSON.stringify(byResumable));
console.log("flow.js, one list:", JSON.stringify(byFlow));
console.log("flow.js, one by one:", JSON.stringify(byFlowApart));
console.log("files in Uppy:", byUppy);
const names = (outcome) => outcome.received.map(([, name]) => name).sort();
const identifiers = (outcome) => new Set(outcome.received.map(([identifier]) => identifier)).size;
for (const outcome of [byResumable, byFlowApart]) {
  assert.deepEqual(names(outcome), [first], "both files are uploaded");
  assert.deepEqual([outcome.errors, outcome.progress], [[], 1], "something is said of it");
}
assert.deepEqual([names(byFlow), identifiers(byFlow)], [[first, second], 1], "flow.js tells the two apart");
assert.deepEqual(byUppy, [first, second], "Uppy drops a file as well");
NODE
timeout 60 node upload.mjs
