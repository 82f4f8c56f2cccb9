#!/usr/bin/env bash
# Guess:   boto3 asks for an object's checksum by default and compares it with the bytes, so the body of
#          get_object() never ends in wrong bytes without a FlexibleChecksumError.
# Instead: it compares only when a read meets the end, that is when one more read returns nothing. tarfile
#          reading body as a stream stops at the last block and read(ContentLength) at the last byte:
#          wrong files are unpacked without an error. read() raises for the same bytes.
# Version: boto3 1.43.117, with a stand-in for S3 that sends one wrong byte and the checksum of the right ones.
# Why:     unpacking straight from S3 is the usual way to read an archive, and what a disk or a proxy
#          damaged comes through though the checksum was sent. One more body.read() at the end raises.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq boto3==1.43.117
"$work/venv/bin/python" - <<'PYTHON'
import base64
import io
import tarfile
import threading
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
from botocore.exceptions import FlexibleChecksumError
from botocore.response import StreamingBody

archive = io.BytesIO()
with tarfile.open(fileobj=archive, mode="w") as tar:
    member = tarfile.TarInfo("run.csv")
    member.size = 40_000
    tar.addfile(member, io.BytesIO(b"1,2\n" * 10_000))
good = archive.getvalue()
served = good.replace(b"1,2", b"1,3", 1)


class Store(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(served)))
        checksum = base64.b64encode(zlib.crc32(good).to_bytes(4, "big"))
        self.send_header("x-amz-checksum-crc32", checksum.decode())
        self.end_headers()
        self.wfile.write(served)

    def log_message(self, *_: object) -> None:
        pass


def unpack(body: StreamingBody) -> bytes:
    with tarfile.open(fileobj=body, mode="r|") as tar:
        return b"".join(tar.extractfile(each).read() for each in tar)


def unpack_and_drain(body: StreamingBody) -> bytes:
    content = unpack(body)
    body.read()
    return content


def outcome(read: Callable[[StreamingBody], bytes]) -> str:
    body = s3.get_object(Bucket="lab", Key="run.tar")["Body"]
    try:
        return "damaged, no error" if b"1,3" in read(body) else "right"
    except FlexibleChecksumError:
        return "FlexibleChecksumError"


store = ThreadingHTTPServer(("127.0.0.1", 0), Store)
threading.Thread(target=store.serve_forever, daemon=True).start()
session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
s3 = session.client("s3", endpoint_url=f"http://127.0.0.1:{store.server_port}")
outcomes = {
    "read()": outcome(lambda body: body.read()),
    "tarfile, r|": outcome(unpack),
    "tarfile, then read()": outcome(unpack_and_drain),
    "read(ContentLength)": outcome(lambda body: body.read(len(served))),
}
print("boto3", boto3.__version__, *(f"{how}: {what}" for how, what in outcomes.items()), sep="\n  ")
passed = [how for how, what in outcomes.items() if what == "damaged, no error"]
assert passed == ["tarfile, r|", "read(ContentLength)"], "boto3 compares otherwise"
PYTHON
