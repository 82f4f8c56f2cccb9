#!/usr/bin/env bash
# Guess:   s3fs asks for each part of a file with If-Match, so an object that is overwritten during a download
#          raises, as open() of s3fs does (FileExpired) and download_file() of boto3 too.
# Instead: get_file() asks for the parts of a file larger than one block without a condition: the file is the
#          beginning of the old upload and the end of the new one. It has the right length, and nothing is
#          raised. A file of one block, or max_concurrency=1, is one request and is all of one upload.
# Version: s3fs 2026.9.0, fsspec 2026.9.0, boto3 1.43.117 (against moto 5.2.5).
# Why:     results that are uploaded again and again under one name are what others download meanwhile, and
#          the large ones take longest. The bytes are of a file that nobody ever uploaded.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq s3fs==2026.9.0 fsspec==2026.9.0 boto3==1.43.117 \
  'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
cd "$work"
venv/bin/python - <<'PYTHON'
import logging
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import boto3
import s3fs
from fsspec.callbacks import Callback
from moto.server import ThreadedMotoServer
from boto3.s3.transfer import TransferConfig
from s3fs.utils import FileExpired
from s3transfer.exceptions import S3DownloadFailedError

logging.getLogger("werkzeug").setLevel(logging.ERROR)
print(*(f"{package} {version(package)}" for package in ("s3fs", "fsspec", "boto3")))
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
address = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
s3 = session.client("s3", endpoint_url=address)
s3.create_bucket(Bucket="lab")
BLOCK, SIZE = 4 << 20, 24 << 20


def upload(letter: bytes) -> None:
    s3.put_object(Bucket="lab", Key="run.bin", Body=letter * SIZE)


class OverwriteOnce(Callback):
    """Uploads the object again when the first bytes of it have arrived."""

    overwritten = False

    def relative_update(self, inc: int = 1) -> None:
        if not self.overwritten:
            self.overwritten = True
            upload(b"N")


def files(**options: int) -> s3fs.S3FileSystem:
    return s3fs.S3FileSystem(
        key="demo", secret="demo-secret", endpoint_url=address, skip_instance_cache=True, **options
    )


def by_get(**options: int) -> bytes:
    files(**options).get_file("lab/run.bin", "got", callback=OverwriteOnce())
    return Path("got").read_bytes()


def by_open() -> bytes:
    with files(default_block_size=BLOCK).open("lab/run.bin") as file:
        first = file.read(BLOCK)
        upload(b"N")
        return first + file.read()


def by_boto3() -> bytes:
    progress = OverwriteOnce()
    config = TransferConfig(multipart_threshold=BLOCK, multipart_chunksize=BLOCK, max_concurrency=1)
    s3.download_file("lab", "run.bin", "got", Callback=progress.relative_update, Config=config)
    return Path("got").read_bytes()


def outcome(read: Callable[[], bytes]) -> str:
    upload(b"o")
    try:
        found = read()
        return f"{found.count(b'o')} old, {found.count(b'N')} new"
    except (FileExpired, S3DownloadFailedError) as error:
        return type(error).__name__


mixed = outcome(lambda: by_get(default_block_size=BLOCK, max_concurrency=2))
alone = outcome(lambda: by_get(default_block_size=BLOCK, max_concurrency=1))
opened, by_boto = outcome(by_open), outcome(by_boto3)
server.stop()
print("get_file(), blocks of 4 MiB:", mixed)
print("get_file(), one request:    ", alone)
print("open() and read():          ", opened)
print("download_file() of boto3:   ", by_boto)
old = int(mixed.split()[0])
assert 0 < old < SIZE and mixed == f"{old} old, {SIZE - old} new", "get_file() is all of one upload, or raises"
assert alone == f"{SIZE} old, 0 new", "one request is mixed as well"
assert (opened, by_boto) == ("FileExpired", "S3DownloadFailedError"), "open() or boto3 no longer raises"
PYTHON
