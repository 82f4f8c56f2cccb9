#!/usr/bin/env bash
# Guess:   blockcache:: with check_files=True compares the object with what it has cached, and after an
#          overwrite drops the old blocks, as filecache:: does.
# Instead: it notes the new object's fingerprint and keeps the old blocks under it. After a look at the
#          header, the file is the new first block with the old rest, in one read() and without an
#          error; the next check finds nothing wrong, so it stays so until the cache expires.
# Version: fsspec 2026.9.0, s3fs 2026.9.0 (against moto 5.2.5).
# Why:     this is the setting for objects that may be overwritten. The bytes are of a file that nobody
#          ever uploaded, of the right length and with the new header.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq fsspec==2026.9.0 s3fs==2026.9.0 boto3==1.43.117 \
  'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
cd "$work"
venv/bin/python - <<'PYTHON'
import importlib.metadata
import logging

import boto3
import fsspec
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
print("fsspec", fsspec.__version__, "s3fs", importlib.metadata.version("s3fs"))
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
address = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
s3 = session.client("s3", endpoint_url=address)
s3.create_bucket(Bucket="lab")
SIZE, BLOCK = 12 << 20, 5 << 20
store = {"key": "demo", "secret": "demo-secret", "endpoint_url": address, "default_block_size": BLOCK}


def upload(letter: bytes) -> None:
    s3.put_object(Bucket="lab", Key="run.bin", Body=letter * SIZE)


def read(kind: str, size: int = -1) -> bytes:
    cache = fsspec.filesystem(
        kind, target_protocol="s3", target_options=store, cache_storage=kind, check_files=True
    )
    with cache.open("lab/run.bin") as file:
        return file.read(size)


def after_an_overwrite(kind: str) -> list[tuple[int, int]]:
    upload(b"o")
    assert read(kind) == b"o" * SIZE
    upload(b"N")
    assert read(kind, 100) == b"N" * 100
    return [(found.count(b"o"), found.count(b"N")) for found in (read(kind), read(kind))]


by_file, by_block = after_an_overwrite("filecache"), after_an_overwrite("blockcache")
server.stop()
print("bytes of the old and of the new upload, read twice:")
print("filecache: ", by_file)
print("blockcache:", by_block)
assert by_file == [(0, SIZE)] * 2, "filecache is stale as well"
assert by_block == [(SIZE - BLOCK, BLOCK)] * 2, "blockcache no longer mixes"
PYTHON
