#!/usr/bin/env bash
# Guess:   move() of universal-pathlib, of an object to its own address, does nothing, as its rename() and its
#          copy(), s3fs.mv() and pathlib's own rename() do, or is refused.
# Instead: it deletes the object and returns its path. move_into() of the folder where it lies does the same.
#          Only with use_listings_cache=False the copy is sent to the store, refused, and the object is kept.
# Version: universal-pathlib 0.3.10, s3fs 2026.9.0 (against moto 5.2.5, which as AWS refuses such a copy).
# Why:     "move each file into its day's folder" is run a second time: what is there already is deleted, and
#          the path of it returned.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq universal-pathlib==0.3.10 s3fs==2026.9.0 boto3==1.43.117 \
  'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
"$work/venv/bin/python" - <<'PYTHON'
import logging
from collections.abc import Callable
from importlib.metadata import version

import boto3
from moto.server import ThreadedMotoServer
from upath import UPath

logging.getLogger("werkzeug").setLevel(logging.ERROR)
print(*(f"{package} {version(package)}" for package in ("universal-pathlib", "s3fs")))
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
address = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
s3 = session.client("s3", endpoint_url=address)
s3.create_bucket(Bucket="lab")
ALL = {"run.csv": b"1,2\n", "day/a.csv": b"3,4\n", "day/b.csv": b"5,6\n"}


def path(key: str, **options: bool) -> UPath:
    return UPath("s3://lab/" + key, key="demo", secret="demo-secret", endpoint_url=address, **options)


def after(act: Callable[[], object]) -> list[str]:
    for key, content in ALL.items():
        s3.put_object(Bucket="lab", Key=key, Body=content)
    try:
        print("returned:", act(), end=" ")
    except OSError as error:
        print("refused:", type(error).__name__, end=" ")
    left = [found["Key"] for found in s3.list_objects_v2(Bucket="lab").get("Contents", [])]
    print("| left:", left)
    return left


renamed = after(lambda: path("run.csv").rename(path("run.csv")))
copied = after(lambda: path("run.csv").copy(path("run.csv")))
elsewhere = after(lambda: path("run.csv").move(path("moved.csv")))
s3.delete_object(Bucket="lab", Key="moved.csv")
moved = after(lambda: path("run.csv").move(path("run.csv")))
into = after(lambda: path("day/a.csv").move_into(path("day")))
uncached = path("run.csv", use_listings_cache=False)
refused = after(lambda: uncached.move(uncached))
server.stop()
assert renamed == copied == sorted(ALL), "rename() or copy() loses something"
assert elsewhere == ["day/a.csv", "day/b.csv", "moved.csv"], "a move elsewhere is not right"
assert moved == ["day/a.csv", "day/b.csv"], "move() keeps the object"
assert into == ["day/b.csv", "run.csv"], "move_into() keeps the object"
assert refused == sorted(ALL), "without the cache it is deleted as well"
PYTHON
