#!/usr/bin/env bash
# Guess:   UPath("s3://lab/run[1].csv").unlink() deletes that object, as pathlib and cloudpathlib do; exists()
#          and read_text() of the same path do mean it.
# Instead: unlink() and rename() take the path for a pattern: run1.csv is deleted, and run[1].csv stays. A
#          rename to new.csv moves run1.csv into a "folder" new.csv. Both return without an error.
# Version: universal-pathlib 0.3.10, s3fs 2026.9.0, cloudpathlib 0.26.0 (against moto 5.2.5).
# Why:     browsers and editors number copies in this way, so both names lie in one folder, and a loop over
#          iterdir() that deletes one of them loses the other. rm(), mv() and put() of s3fs do the same,
#          where a pattern is documented; no pathlib method takes one but glob().
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq universal-pathlib==0.3.10 cloudpathlib==0.26.0 \
  fsspec==2026.9.0 s3fs==2026.9.0 boto3==1.43.117 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
"$work/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import logging

import boto3
import cloudpathlib
import upath
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
for package in ("universal-pathlib", "fsspec", "s3fs", "cloudpathlib"):
    print(package, importlib.metadata.version(package))
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
address = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
s3 = session.client("s3", endpoint_url=address)
s3.create_bucket(Bucket="lab")
bracket, plain = "run[1].csv", "run1.csv"
clouds = cloudpathlib.S3Client(boto3_session=session, endpoint_url=address)


def universal() -> upath.UPath:
    return upath.UPath("s3://lab/" + bracket, key="demo", secret="demo-secret", endpoint_url=address)


def cloud() -> cloudpathlib.CloudPath:
    return clouds.CloudPath("s3://lab/" + bracket)


def after(act) -> dict[str, str]:
    """The objects and their content after an act on the one with brackets."""
    for found in s3.list_objects_v2(Bucket="lab").get("Contents", []):
        s3.delete_object(Bucket="lab", Key=found["Key"])
    for key in (bracket, plain):
        s3.put_object(Bucket="lab", Key=key, Body=b"content of " + key.encode())
    act()
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket="lab")["Contents"]]
    return {key: s3.get_object(Bucket="lab", Key=key)["Body"].read().decode() for key in keys}


after(lambda: print("read:", universal().read_text()))
by_cloudpathlib = after(lambda: cloud().unlink())
unlinked = after(lambda: universal().unlink())
renamed = after(lambda: universal().rename("s3://lab/new.csv"))
server.stop()
print("unlink() by cloudpathlib:", by_cloudpathlib)
print("unlink() by universal-pathlib:", unlinked)
print("rename() by universal-pathlib:", renamed)
assert list(by_cloudpathlib) == [plain], "cloudpathlib deletes the other one as well"
assert list(unlinked) == [bracket], "unlink() deletes its own object"
assert renamed["new.csv/" + plain] == "content of " + plain and bracket in renamed, "rename() is right"
PYTHON
