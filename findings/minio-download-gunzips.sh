#!/usr/bin/env bash
# Guess:   a download is the stored bytes: the file has the size that the server told, whatever client
#          fetched it.
# Instead: minio-py decompresses an object whose Content-Encoding is gzip. fget_object() writes the plain
#          text under the name of the .gz file, larger than the size in the very answer that it returns;
#          boto3 writes the stored bytes.
# Version: minio 7.2.20, boto3 1.43.117 (against moto 5.2.5).
# Why:     an uploader that sets ContentEncoding for *.gz changes what some readers get: their checksum
#          and size no longer match what was uploaded, and gunzip refuses the file.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq minio==7.2.20 boto3==1.43.117 \
  'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
cd "$work"
venv/bin/python - <<'PYTHON'
import gzip
import importlib.metadata
import logging
from pathlib import Path

import boto3
from minio import Minio
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
print("minio", importlib.metadata.version("minio"), "boto3", boto3.__version__)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
host = "127.0.0.1:%d" % server.get_host_and_port()[1]
text = b"time,value\n" + b"1,2\n" * 1000
stored = gzip.compress(text)
s3 = boto3.client(
    "s3",
    endpoint_url="http://" + host,
    region_name="us-east-1",
    aws_access_key_id="demo",
    aws_secret_access_key="demo-secret",
)
s3.create_bucket(Bucket="lab")
s3.put_object(Bucket="lab", Key="run.csv.gz", Body=stored, ContentEncoding="gzip")

s3.download_file("lab", "run.csv.gz", "by-boto3.gz")
minio = Minio(
    endpoint=host, access_key="demo", secret_key="demo-secret", secure=False, region="us-east-1"
)
told = minio.fget_object(bucket_name="lab", object_name="run.csv.gz", file_path="by-minio.gz")
server.stop()
by_boto3, by_minio = Path("by-boto3.gz").read_bytes(), Path("by-minio.gz").read_bytes()
print("stored", len(stored), "bytes; boto3 wrote", len(by_boto3))
print("minio-py told", told.size, "and wrote", len(by_minio), "that start with", by_minio[:11])
assert by_boto3 == stored, "boto3 no longer writes the stored bytes"
assert told.size == len(stored) and by_minio == text, "minio-py no longer decompresses"
PYTHON
