#!/usr/bin/env bash
# Guess:   a file of 0 bytes that tus-js-client has uploaded (onSuccess) to @tus/server is an empty object in
#          S3, as it is an empty file with the server's FileStore.
# Instead: with S3Store there is no object. The server opens a multipart upload, says 201, calls
#          onUploadFinish and answers HEAD with 0 of 0 bytes, but the upload is never completed: it stays
#          open. A file of one byte is stored.
# Version: @tus/server 2.4.5, @tus/s3-store 2.0.7, @tus/file-store 2.1.1, tus-js-client 4.3.1 (against moto 5.2.5).
# Why:     a folder's _SUCCESS, __init__.py or .zgroup is missing in the store though each upload succeeded, and
#          onUploadFinish is told of a key that is not there. Reported as early as 2024 (issue 602); a remedy waits:
#          https://github.com/tus/tus-node-server/pull/876
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq boto3==1.43.117 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
npm install --loglevel=error --no-audit --no-fund --cache "$work/npm" --prefix "$work" \
  @tus/server@2.4.5 @tus/s3-store@2.0.7 @tus/file-store@2.1.1 tus-js-client@4.3.1
cat >"$work/upload.mjs" <<'NODE'
import { once } from "node:events";
import { FileStore } from "@tus/file-store";
import { S3Store } from "@tus/s3-store";
import { Server } from "@tus/server";
import { Upload } from "tus-js-client";

const [address, kind, size] = process.argv.slice(2);
const s3ClientConfig = {
  bucket: "lab",
  endpoint: address,
  region: "us-east-1",
  forcePathStyle: true,
  credentials: { accessKeyId: "demo", secretAccessKey: "demo-secret" },
};
const finished = [];
const datastore = kind === "s3" ? new S3Store({ s3ClientConfig }) : new FileStore({ directory: "files" });
const onUploadFinish = async (_, upload) => {
  finished.push(upload.id);
  return {};
};
const server = new Server({ path: "/files", datastore, onUploadFinish }).listen({ host: "127.0.0.1", port: 0 });
await once(server, "listening");
const url = await new Promise((resolve, reject) => {
  const endpoint = `http://127.0.0.1:${server.address().port}/files`;
  const onSuccess = () => resolve(upload.url);
  const upload = new Upload(Buffer.alloc(Number(size), "n"), { endpoint, onSuccess, onError: reject });
  upload.start();
});
const head = await fetch(url, { method: "HEAD", headers: { "Tus-Resumable": "1.0.0" } });
const told = `${head.status}, ${head.headers.get("upload-offset")} of ${head.headers.get("upload-length")}`;
console.log(JSON.stringify({ id: url.split("/").pop(), told, finished: finished.length }));
process.exit();
NODE
cd "$work"
mkdir files
venv/bin/python - <<'PYTHON'
import json
import logging
import subprocess
from pathlib import Path

import boto3
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
for name in ("@tus/server", "@tus/s3-store", "@tus/file-store", "tus-js-client"):
    print(name, json.loads(Path("node_modules", name, "package.json").read_text())["version"], end=" ")
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
address = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
s3 = boto3.Session("demo", "demo-secret", region_name="us-east-1").client("s3", endpoint_url=address)
s3.create_bucket(Bucket="lab")


def stored(kind: str, name: str) -> int | None:
    """The size of what the store has under that name."""
    if kind == "file":
        return Path("files", name).stat().st_size
    try:
        return s3.head_object(Bucket="lab", Key=name)["ContentLength"]
    except ClientError:
        return None


def upload(kind: str, size: int) -> tuple[str, int, int | None, int]:
    """What HEAD says, how often the upload was finished, the stored size, and the uploads that are open in S3."""
    words = ["node", "--no-warnings", "upload.mjs", address, kind, str(size)]
    said = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
    open_ones = len(s3.list_multipart_uploads(Bucket="lab").get("Uploads", []))
    size_stored = stored(kind, said["id"])
    print(f"{kind}, {size} bytes: HEAD {said['told']}, stored {size_stored}, finished and open:", end=" ")
    print(said["finished"], open_ones)
    return said["told"], said["finished"], size_stored, open_ones


print()
found = {(kind, size): upload(kind, size) for kind in ("file", "s3") for size in (1, 0)}
server.stop()
assert found["file", 1] == found["s3", 1] == ("200, 1 of 1", 1, 1, 0), "one byte is not stored"
assert found["file", 0] == ("200, 0 of 0", 1, 0, 0), "FileStore does not keep an empty file"
assert found["s3", 0] == ("200, 0 of 0", 1, None, 1), "S3Store keeps an empty file"
PYTHON
