#!/usr/bin/env bash
# Guess:   a PUT of an open file sends what read() returns, as requests does: with gzip.open(…) as the body,
#          the object is the decompressed text.
# Instead: aiohttp takes the length from the descriptor, which belongs to the *compressed* file, and stops
#          there: S3 gets the first part of the text, as long as the .gz, and the answer is 200. bz2 and
#          lzma files are cut in the same way; requests sends all of the text.
# Version: aiohttp 3.14.5, requests 2.34.2 (against moto 5.2.5).
# Why:     decompressing while uploading to a presigned URL is a natural line of code. The object is a CSV
#          that ends in the middle, and the length, the status and the ETag agree with each other.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq aiohttp==3.14.5 requests==2.34.2 boto3==1.43.117 \
  'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
cd "$work"
venv/bin/python - <<'PYTHON'
import asyncio
import bz2
import gzip
import logging
import lzma
from pathlib import Path

import aiohttp
import boto3
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
text = b"time,value\n" + b"".join(b"%d,%d\n" % (i, i * 7 % 13) for i in range(20000))
url = s3.generate_presigned_url("put_object", Params={"Bucket": "lab", "Key": "run.csv"})


def by_requests(file) -> int:
    return requests.put(url, data=file).status_code


def by_aiohttp(file) -> int:
    async def put() -> int:
        async with aiohttp.ClientSession() as session, session.put(url, data=file) as answer:
            return answer.status

    return asyncio.run(put())


print("aiohttp", aiohttp.__version__, "requests", requests.__version__, "| text:", len(text), "bytes")
for module in (gzip, bz2, lzma):
    path = Path(f"run.csv.{module.__name__}")
    path.write_bytes(module.compress(text))
    for put in (by_requests, by_aiohttp):
        with module.open(path) as file:
            status = put(file)
        stored = s3.get_object(Bucket="lab", Key="run.csv")["Body"].read()
        print(f"{put.__name__} {path} of {path.stat().st_size} bytes: {status}, stored {len(stored)} bytes")
        length = len(text) if put is by_requests else path.stat().st_size
        assert (status, stored) == (200, text[:length]), "the file is no longer cut"
server.stop()
PYTHON
