#!/usr/bin/env bash
# Guess:   rename() of a UPath moves a folder, as pathlib's does and as move() of the same path does; where it
#          cannot, it raises, as cloudpathlib does.
# Instead: on S3 rename() of a folder returns the new path and has moved nothing. With recursive=True it
#          copies all, raises FileNotFoundError and leaves the old ones there, too. unlink() of a folder, for
#          which pathlib raises, returns and deletes nothing.
# Version: universal-pathlib 0.3.10, s3fs 2026.9.0, cloudpathlib 0.26.0 (against moto 5.2.5).
# Why:     "upload to incoming, rename to done" is how one publishes a folder at once. Each step succeeds, and
#          done is empty; what empties incoming afterwards deletes the only copy.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq universal-pathlib==0.3.10 cloudpathlib==0.26.0 \
  fsspec==2026.9.0 s3fs==2026.9.0 boto3==1.43.117 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
"$work/venv/bin/python" -W ignore::DeprecationWarning - <<'PYTHON'
import importlib.metadata
import logging
from collections.abc import Callable

import boto3
import cloudpathlib
import upath
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
for package in ("universal-pathlib", "s3fs", "cloudpathlib"):
    print(package, importlib.metadata.version(package))
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
address = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
bucket = session.resource("s3", endpoint_url=address).create_bucket(Bucket="lab")
clouds = cloudpathlib.S3Client(boto3_session=session, endpoint_url=address)
OLD, NEW = ["incoming/a.csv", "incoming/b/c.csv"], ["done/a.csv", "done/b/c.csv"]


def universal(name: str) -> upath.UPath:
    return upath.UPath("s3://lab/" + name, key="demo", secret="demo-secret", endpoint_url=address)


def after(act: Callable[[], object]) -> tuple[str, list[str]]:
    """What an act on the folder returns or raises, and the keys after it."""
    bucket.objects.all().delete()
    for key in OLD:
        bucket.put_object(Key=key, Body=b"1,2\n")
    try:
        outcome = str(act())
    except Exception as error:
        outcome = type(error).__name__
    return outcome, [found.key for found in bucket.objects.all()]


folder, done = universal("incoming"), universal("done")
cloud = clouds.CloudPath("s3://lab/incoming")
found = {
    "rename()": after(lambda: folder.rename(done)),
    "rename(recursive=True)": after(lambda: folder.rename(done, recursive=True)),
    "unlink()": after(lambda: folder.unlink()),
    "move()": after(lambda: folder.move(done)),
    "rename() of one file": after(lambda: (folder / "a.csv").rename(universal("done/a.csv"))),
    "rename() of cloudpathlib": after(lambda: cloud.rename(clouds.CloudPath("s3://lab/done"))),
}
server.stop()
for act, (outcome, keys) in found.items():
    print(f"{act}: {outcome}, then {keys}")
assert found["rename()"] == ("s3://lab/done", OLD), "rename() moves the folder, or raises"
assert found["rename(recursive=True)"] == ("FileNotFoundError", NEW + OLD), "recursive=True moves it"
assert found["unlink()"] == ("None", OLD), "unlink() raises"
assert found["move()"] == ("s3://lab/done", NEW), "move() does not move, either"
assert found["rename() of one file"][1] == [NEW[0], OLD[1]], "one file is not moved, either"
assert found["rename() of cloudpathlib"] == ("CloudPathIsADirectoryError", OLD), "cloudpathlib no longer raises"
PYTHON
