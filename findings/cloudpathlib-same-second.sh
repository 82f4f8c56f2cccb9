#!/usr/bin/env bash
# Guess:   cloudpathlib asks S3 before each read whether its cached copy is current (it does), so a file
#          that was overwritten is fetched again, all the more when its size and ETag changed.
# Instead: it compares the date of change alone, in whole seconds. After an overwrite in the same second it
#          returns the old content for good, also through a new S3Path of that client, while stat() of
#          the same path shows the new object. Overwritten a second later, the file is fetched.
# Version: cloudpathlib 0.26.0 (against moto 5.2.5).
# Why:     upload, look, upload the corrected file is quick in scripts and tests: the reader then checks
#          the old bytes and says that the new ones are there. clear_cache() helps.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq cloudpathlib==0.26.0 boto3==1.43.117 \
  'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
"$work/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import logging
import time

import boto3
from cloudpathlib import S3Client, S3Path
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
print("cloudpathlib", importlib.metadata.version("cloudpathlib"))
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
address = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
s3 = session.client("s3", endpoint_url=address)
s3.create_bucket(Bucket="lab")
client = S3Client(boto3_session=session, endpoint_url=address)


def put(text: str) -> int:
    s3.put_object(Bucket="lab", Key="run.csv", Body=text.encode())
    return s3.head_object(Bucket="lab", Key="run.csv")["LastModified"].timestamp()


def path() -> S3Path:
    return S3Path("s3://lab/run.csv", client=client)


while True:  # until both uploads fall into one second
    path().clear_cache()
    first = put("old")
    path().read_text()
    if put("new and longer") == first:
        break
time.sleep(1.5)
same_second, size = path().read_text(), path().stat().st_size
put("newest")
later = path().read_text()
server.stop()
print(f"overwritten in the same second: reads {same_second!r}, while stat() says {size} bytes")
print(f"overwritten later: reads {later!r}")
assert (same_second, size, later) == ("old", 14, "newest"), "the old content is no longer kept"
PYTHON
