#!/usr/bin/env bash
# Guess:   rmdir() of S3Path("/lab/run") refuses, as the folder is not empty (its docstring: "must be empty");
#          at the very worst it deletes what is in run/.
# Instead: it deletes all keys that begin with "run": run.csv and the folder run2 too. rename() of the
#          folder moves them as well, run2/c.csv to old2/c.csv. No error, nothing said. cloudpathlib
#          refuses, and universal-pathlib deletes the content of run/ alone.
# Version: s3path 0.6.5, cloudpathlib 0.26.0, universal-pathlib 0.3.10 (against moto 5.2.5).
# Why:     run, run2 and run.csv beside each other are how measurements are named. iterdir() and glob() of
#          the same path show only what is in run/. That full folders are deleted is known, the
#          neighbours are not: https://github.com/liormizr/s3path/issues/205
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq s3path==0.6.5 cloudpathlib==0.26.0 universal-pathlib==0.3.10 s3fs==2026.9.0 \
  boto3==1.43.117 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
"$work/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import logging
from collections.abc import Callable

import boto3
import cloudpathlib
import s3path
import upath
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
for package in ("s3path", "cloudpathlib", "universal-pathlib"):
    print(package, importlib.metadata.version(package))
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
address = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
resource = session.resource("s3", endpoint_url=address)
bucket = resource.create_bucket(Bucket="lab")
s3path.register_configuration_parameter(s3path.PureS3Path("/"), resource=resource)
clouds = cloudpathlib.S3Client(boto3_session=session, endpoint_url=address)
ours = s3path.S3Path("/lab/run")
universal = upath.UPath("s3://lab/run", key="demo", secret="demo-secret", endpoint_url=address)


def after(act: Callable[[], object]) -> list[str]:
    """The keys of the bucket after an act on the folder run."""
    bucket.objects.all().delete()
    for key in ("run.csv", "run/a.csv", "run/sub/b.csv", "run2/c.csv"):
        bucket.put_object(Key=key, Body=b"1,2\n")
    try:
        act()
    except Exception as error:
        print("refused:", type(error).__name__)
    return [found.key for found in bucket.objects.all()]


after(lambda: print("iterdir():", sorted(map(str, ours.iterdir()))))
removed = after(lambda: ours.rmdir())
renamed = after(lambda: ours.rename(s3path.S3Path("/lab/old")))
by_cloudpathlib = after(lambda: clouds.CloudPath("s3://lab/run").rmdir())
by_upath = after(lambda: universal.rmdir())
server.stop()
print("after rmdir() of s3path:", removed)
print("after rename() of s3path:", renamed)
print("after rmdir() of cloudpathlib:", by_cloudpathlib)
print("after rmdir() of universal-pathlib:", by_upath)
assert removed == [], "rmdir() keeps the neighbours"
assert renamed == ["old.csv", "old/a.csv", "old/sub/b.csv", "old2/c.csv"], "rename() keeps them"
assert len(by_cloudpathlib) == 4, "cloudpathlib deletes as well"
assert by_upath == ["run.csv", "run2/c.csv"], "universal-pathlib deletes something else"
PYTHON
