#!/usr/bin/env bash
# Guess:   Client.get_executor() of Dask is a concurrent.futures.Executor, so each submit() runs the function.
# Instead: a submit() with the arguments of one whose future is still held runs nothing and returns that
#          one's result. upload("run.csv") after the file was corrected says "uploaded", and S3 keeps the
#          first content. A pool of threads and get_executor(pure=False) upload it.
# Version: distributed 2026.8.0 (against moto 5.2.5).
# Why:     code that uploads with a thread pool is moved to a cluster by changing this one object. Nothing is
#          sent and nothing fails, and whether depends on whether someone still holds the first future.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq dask==2026.8.0 distributed==2026.8.0 boto3==1.43.117 \
  'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
cd "$work"
cat >uploads.py <<'PYTHON'
import os

import boto3

s3 = boto3.client("s3", endpoint_url=os.environ["S3"], region_name="us-east-1")


def upload(path: str) -> str:
    s3.upload_file(path, "lab", "run.csv")
    return "uploaded"
PYTHON
AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo-secret venv/bin/python - <<'PYTHON'
import logging
import os
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import distributed
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
print("distributed", distributed.__version__)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
os.environ["S3"] = "http://127.0.0.1:%d" % server.get_host_and_port()[1]

import uploads

uploads.s3.create_bucket(Bucket="lab")
file = Path("run.csv")


def stored() -> str:
    return uploads.s3.get_object(Bucket="lab", Key="run.csv")["Body"].read().decode()


def upload_twice(executor: Executor) -> tuple[str, str]:
    file.write_text("first")
    first = executor.submit(uploads.upload, "run.csv")
    assert (first.result(), stored()) == ("uploaded", "first")
    file.write_text("corrected")
    return executor.submit(uploads.upload, "run.csv").result(), stored()


with ThreadPoolExecutor() as threads:
    by_threads = upload_twice(threads)
local = {"processes": False, "n_workers": 1, "threads_per_worker": 1, "dashboard_address": None}
with distributed.Client(**local) as client:
    impure, by_dask = upload_twice(client.get_executor(pure=False)), upload_twice(client.get_executor())
server.stop()
print("threads:", by_threads, "| dask, pure=False:", impure, "| dask:", by_dask)
assert by_threads == impure == ("uploaded", "corrected"), "the second upload is lost elsewhere too"
assert by_dask == ("uploaded", "first"), "dask now runs the second upload"
PYTHON
