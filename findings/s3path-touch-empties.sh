#!/usr/bin/env bash
# Guess:   touch() of an S3 path does what pathlib's does and what its docstring says: an object that is
#          there keeps its bytes and gets a new date.
# Instead: s3path writes an empty object over it. cloudpathlib and universal-pathlib keep the bytes.
# Version: s3path 0.6.5, cloudpathlib 0.26.0, universal-pathlib 0.3.10 (against moto 5.2.5).
# Why:     code written for pathlib touches a marker or a log before it uses it. Here that deletes what
#          was uploaded, without an error, and a bucket without versions has no way back.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq s3path==0.6.5 cloudpathlib==0.26.0 universal-pathlib==0.3.10 s3fs==2026.9.0 \
  boto3==1.43.117 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
"$work/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import logging

import boto3
import cloudpathlib
import s3path
import upath
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
address = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
resource = session.resource("s3", endpoint_url=address)
resource.create_bucket(Bucket="lab")
log = resource.Object("lab", "log.csv")
s3path.register_configuration_parameter(s3path.PureS3Path("/"), resource=resource)
client = cloudpathlib.S3Client(boto3_session=session, endpoint_url=address)
paths = {
    "s3path": s3path.S3Path("/lab/log.csv"),
    "cloudpathlib": client.CloudPath("s3://lab/log.csv"),
    "universal-pathlib": upath.UPath(
        "s3://lab/log.csv", key="demo", secret="demo-secret", endpoint_url=address
    ),
}
found = {}
for package, path in paths.items():
    log.put(Body=b"time,value\n1,2\n")
    path.touch()
    found[package] = log.get()["Body"].read()
    print(package, importlib.metadata.version(package), "| after touch():", found[package])
server.stop()
assert found.pop("s3path") == b"", "s3path no longer empties the object"
assert set(found.values()) == {b"time,value\n1,2\n"}, "another library changes the object"
PYTHON
