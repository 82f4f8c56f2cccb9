#!/usr/bin/env bash
# Guess:   boto3 compares the checksum that S3 keeps for an object by default, so a damaged byte makes
#          download_file() raise FlexibleChecksumError, for a large object as for a small one: this one's
#          checksum is of the whole object (FULL_OBJECT), as S3 makes it for each new upload.
# Instead: from 8 MiB on download_file() and download_fileobj() ask for ranges, for which S3 sends no
#          checksum, and compare nothing: the wrong byte is in the file, and nothing is raised. get_object()
#          of the same object raises, and so does download_file() of a smaller one.
# Version: boto3 1.43.117, s3transfer 0.19.3, with a stand-in for S3 that has one wrong byte and the checksum
#          of the right ones. Remedy: TransferConfig(multipart_threshold=…) above the size, or get_object().
# Why:     the objects that are worth a checksum are the large ones, and a try with a small file shows that
#          it works. HEAD tells the checksum, so one may compare it oneself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq boto3==1.43.117 s3transfer==0.19.3
cd "$work"
venv/bin/python - <<'PYTHON'
import base64
import io
import threading
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import FlexibleChecksumError

MIB = 1 << 20
SIZES = {"small.csv": 7 * MIB, "large.csv": 9 * MIB}


def good(key: str) -> bytes:
    return b"1,2\n" * (SIZES[key] // 4)


def served(key: str) -> bytes:
    return b"1,3\n" + good(key)[4:]


class Store(BaseHTTPRequestHandler):
    """Serves each object with one wrong byte and, for the whole of it, with the right bytes' checksum."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.wfile.write(self.answer())

    def answer(self) -> bytes:
        key = self.path.rsplit("/", 1)[1]
        data = served(key)
        wanted = self.headers.get("Range")
        if wanted:
            first, last = wanted.removeprefix("bytes=").split("-")
            part = data[int(first) : int(last) + 1 if last else None]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}")
            data = part
        else:
            self.send_response(200)
            crc32 = zlib.crc32(good(key)).to_bytes(4, "big")
            self.send_header("x-amz-checksum-crc32", base64.b64encode(crc32).decode())
            self.send_header("x-amz-checksum-type", "FULL_OBJECT")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", "Mon, 01 Jun 2026 08:00:00 GMT")
        self.end_headers()
        return data

    def log_message(self, *_: object) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
threading.Thread(target=server.serve_forever, daemon=True).start()
session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
s3 = session.client("s3", endpoint_url=f"http://127.0.0.1:{server.server_port}")


def by_file(key: str, **options: TransferConfig) -> bytes:
    s3.download_file("lab", key, key, **options)
    with open(key, "rb") as file:
        return file.read()


def by_fileobj(key: str) -> bytes:
    file = io.BytesIO()
    s3.download_fileobj("lab", key, file)
    return file.getvalue()


def in_one_request(key: str) -> bytes:
    return by_file(key, Config=TransferConfig(multipart_threshold=SIZES[key] + 1))


def by_get(key: str) -> bytes:
    return s3.get_object(Bucket="lab", Key=key)["Body"].read()


def outcome(read: Callable[[str], bytes], key: str) -> str:
    try:
        return "wrong bytes" if read(key) == served(key) else "other bytes"
    except FlexibleChecksumError:
        return "raises"


print("boto3", boto3.__version__, "s3transfer", version("s3transfer"))
found = {
    key: {read.__name__: outcome(read, key) for read in (by_file, by_fileobj, in_one_request, by_get)}
    for key in SIZES
}
for key, outcomes in found.items():
    print(f"{key}, {SIZES[key] // MIB} MiB:", outcomes)
assert set(found["small.csv"].values()) == {"raises"}, "the small object is not compared, either"
assert found["large.csv"] == {
    "by_file": "wrong bytes",
    "by_fileobj": "wrong bytes",
    "in_one_request": "raises",
    "by_get": "raises",
}, "the large object is compared"
PYTHON
