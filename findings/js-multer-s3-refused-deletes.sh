#!/usr/bin/env bash
# Guess:   an upload that multer refuses as too large (413, LIMIT_FILE_SIZE) changes nothing in the bucket: with
#          multer-s3 the good object of that name stays.
# Instead: multer-s3 uploads what comes before the limit, over the good object, and multer then "removes
#          the file": DeleteObject of the key. After the refusal the good object is gone. A refusal of one file
#          takes the others of the form along, those that were replaced too. A refused type (fileFilter) keeps all.
# Version: multer-s3 3.0.1, multer 2.5.0, @aws-sdk/client-s3 3.1175.0 (against moto 5.2.5).
# Why:     a limit is set to protect the store. A user who tries a larger version of run.csv loses the
#          one that was there, and is told that the upload was refused.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq boto3==1.43.117 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
npm install --loglevel=error --no-audit --no-fund --cache "$work/npm" --prefix "$work" \
  multer-s3@3.0.1 multer@2.5.0 express@5.3.0 @aws-sdk/client-s3@3.1175.0
cat >"$work/serve.mjs" <<'NODE'
import { once } from "node:events";
import { createRequire } from "node:module";
import { S3Client } from "@aws-sdk/client-s3";
import express from "express";
import multer from "multer";
import multerS3 from "multer-s3";

const installed = createRequire(import.meta.url);
const s3 = new S3Client({
  endpoint: process.argv[2],
  region: "us-east-1",
  forcePathStyle: true,
  credentials: { accessKeyId: "demo", secretAccessKey: "demo-secret" },
});
const storage = multerS3({ s3, bucket: "lab", key: (_, file, tell) => tell(null, file.originalname) });
const fileFilter = (_, file, tell) => (file.originalname.endsWith(".csv") ? tell(null, true) : tell(new Error("type")));
const app = express();
app.post("/", multer({ storage, fileFilter, limits: { fileSize: 1000 } }).array("files"), (_, answer) => answer.end());
app.use((error, _request, answer, _next) => answer.status(413).end(error.code ?? error.message));
const server = app.listen(0, "127.0.0.1");
await once(server, "listening");

/** The answer to a form of files, given by name and size. */
async function post(files) {
  const form = new FormData();
  for (const [name, size] of files) form.append("files", new Blob(["n".repeat(size)]), name);
  const answer = await fetch(`http://127.0.0.1:${server.address().port}/`, { method: "POST", body: form });
  return [answer.status, await answer.text()];
}

for (const name of ["multer-s3", "multer"]) {
  console.error(name, installed(`./node_modules/${name}/package.json`).version);
}
console.log(JSON.stringify(await post(JSON.parse(process.argv[3]))));
process.exit();
NODE
cd "$work"
venv/bin/python - <<'PYTHON'
import json
import logging
import subprocess

import boto3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
address = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
s3 = boto3.Session("demo", "demo-secret", region_name="us-east-1").client("s3", endpoint_url=address)
s3.create_bucket(Bucket="lab")


def post(*files: tuple[str, int]) -> tuple[list, dict[str, str]]:
    """The answer to a form of files, and the objects after it; before it, run.csv and other.csv are good."""
    for key in ("run.csv", "other.csv", "run.exe"):
        s3.put_object(Bucket="lab", Key=key, Body=b"good")
    words = ["node", "--no-warnings", "serve.mjs", address, json.dumps(files)]
    said = subprocess.run(words, check=True, capture_output=True)
    print(*said.stderr.decode().split(), "|", files, end=" -> ")
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket="lab").get("Contents", [])]
    left = {key: s3.get_object(Bucket="lab", Key=key)["Body"].read().decode() for key in keys}
    print(said.stdout.decode().strip(), {key: text[:4] for key, text in left.items()})
    return json.loads(said.stdout), left


good = {"run.csv": "good", "other.csv": "good", "run.exe": "good"}
small = post(("run.csv", 10))
filtered = post(("run.exe", 10))
large = post(("run.csv", 5000))
mixed = post(("other.csv", 10), ("run.csv", 5000))
server.stop()
assert small == ([200, ""], good | {"run.csv": "n" * 10}), "a small file is not stored"
assert filtered == ([413, "type"], good), "a refused type changes something"
assert large == ([413, "LIMIT_FILE_SIZE"], {"other.csv": "good", "run.exe": "good"}), "run.csv is kept"
assert mixed == ([413, "LIMIT_FILE_SIZE"], {"run.exe": "good"}), "other.csv is kept"
PYTHON
