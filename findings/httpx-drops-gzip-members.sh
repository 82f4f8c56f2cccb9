#!/usr/bin/env bash
# Guess:   an object stored with Content-Encoding: gzip is read as its whole text by every HTTP client that
#          decompresses; a .gz made of several members (bgzip, `cat a.gz b.gz`, appended logs) is a
#          valid gzip file, and gunzip, requests and curl read all of it.
# Instead: httpx returns the first member and drops the rest, without an error: here half of the rows;
#          of a file by bgzip the first 64 KiB.
# Version: httpx 0.28.1, requests 2.34.2 (against moto 5.2.5).
# Why:     .content, .iter_bytes() and raise_for_status() all look right, and the length in the headers is
#          that of the compressed object, so nobody can compare. iter_raw() and gzip.decompress() help.
#          A remedy was offered and not taken: https://github.com/encode/httpx/pull/3270
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq httpx==0.28.1 requests==2.34.2 boto3==1.43.117 \
  'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
"$work/venv/bin/python" - <<'PYTHON'
import gzip
import logging

import boto3
import httpx
import requests
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
s3 = boto3.client(
    "s3",
    endpoint_url="http://127.0.0.1:%d" % server.get_host_and_port()[1],
    region_name="us-east-1",
    aws_access_key_id="demo",
    aws_secret_access_key="demo-secret",
)
s3.create_bucket(Bucket="lab")
monday = b"".join(b"%d,mon\n" % row for row in range(1000))
tuesday = b"".join(b"%d,tue\n" % row for row in range(1000))
stored = gzip.compress(monday) + gzip.compress(tuesday)
s3.put_object(Bucket="lab", Key="log.csv", Body=stored, ContentEncoding="gzip")
url = s3.generate_presigned_url("get_object", Params={"Bucket": "lab", "Key": "log.csv"})


def streamed_by_httpx() -> bytes:
    with httpx.stream("GET", url) as answer:
        return b"".join(answer.raise_for_status().iter_bytes())


texts = {
    "gzip.decompress": gzip.decompress(stored),
    "requests": requests.get(url).content,
    "httpx": httpx.get(url).raise_for_status().content,
    "httpx, streamed": streamed_by_httpx(),
}
server.stop()
print("httpx", httpx.__version__, "requests", requests.__version__)
for reader, text in texts.items():
    print(f"{reader}: {text.count(b'mon')} rows of Monday, {text.count(b'tue')} of Tuesday")
    whole = monday if reader.startswith("httpx") else monday + tuesday
    assert text == whole, f"{reader} reads something else"
PYTHON
