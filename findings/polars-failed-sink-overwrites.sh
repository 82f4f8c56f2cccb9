#!/usr/bin/env bash
# Guess:   sink_parquet("s3://…") that raises has written nothing: the upload is broken off, and the object
#          of before is still there (it is, for the moment).
# Instead: the upload goes on behind the exception and is completed: a second later the good object is
#          replaced by a valid Parquet file of some of the rows. Arrow files, CSV and JSON lines are the same.
#          collect() and then write_parquet() keeps the good object.
# Version: polars 2.1.0 (against moto 5.2.5).
# Why:     code that catches the error, looks, and finds the good object, goes on; readers then get a file that
#          opens without an error and lacks rows, how many differs from run to run.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq polars==2.1.0 boto3==1.43.117 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
"$work/venv/bin/python" - <<'PYTHON'
import io
import logging
import time
from collections.abc import Callable

import boto3
import polars
from moto.server import ThreadedMotoServer
from polars.exceptions import InvalidOperationError

logging.getLogger("werkzeug").setLevel(logging.ERROR)
print("polars", polars.__version__)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
address = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
store = {
    "aws_endpoint_url": address,
    "aws_access_key_id": "demo",
    "aws_secret_access_key": "demo-secret",
    "aws_region": "us-east-1",
}
s3 = boto3.Session("demo", "demo-secret", region_name="us-east-1").client("s3", endpoint_url=address)
s3.create_bucket(Bucket="lab")
GOOD, ROWS = b"the good one of yesterday", 2_000_000
texts = [str(row) for row in range(ROWS)] + ["not a number"]
rows = polars.LazyFrame({"i": texts}).select(polars.col("i").cast(polars.Int64))


def content() -> bytes:
    return s3.get_object(Bucket="lab", Key="run")["Body"].read()


def by_sink(name: str) -> Callable[[], object]:
    return lambda: getattr(rows, name)("s3://lab/run", storage_options=store)


def by_collect() -> None:
    rows.collect().write_parquet("s3://lab/run", storage_options=store)


def after_failure(write: Callable[[], object]) -> bytes:
    """The object when it has changed after the exception, or when 10 seconds have passed without a change."""
    s3.put_object(Bucket="lab", Key="run", Body=GOOD)
    try:
        write()
        raise AssertionError("it does not fail")
    except InvalidOperationError:
        for _ in range(100):
            if content() != GOOD:
                break
            time.sleep(0.1)
    time.sleep(1)
    return content()


readers = {
    "sink_parquet": polars.read_parquet,
    "sink_ipc": polars.read_ipc,
    "sink_csv": polars.read_csv,
    "sink_ndjson": polars.read_ndjson,
}
collected = after_failure(by_collect)
print("collect().write_parquet(), then the object is", collected)
left = {}
for name, read in readers.items():
    found = after_failure(by_sink(name))
    left[name] = -1 if found == GOOD else read(io.BytesIO(found)).height
    print(f"{name}() of {ROWS} rows and a bad one, then the object has", left[name], "rows")
server.stop()
assert collected == GOOD, "write_parquet replaces the object as well"
assert all(0 <= height < ROWS for height in left.values()), "the good object is kept"
PYTHON
