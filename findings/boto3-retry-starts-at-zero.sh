#!/usr/bin/env bash
# Guess:   put_object(Body=file) sends a file from where it is read to (it does: a header that was read
#          before stays out), and a retry sends the same bytes again, as upload_fileobj() does.
# Instead: the retry starts at byte 0 of the file. After one 503 the object has the header that was left
#          out, with a length and a signature that fit the wrong bytes; the call succeeds. A bucket in
#          another region is enough, as its redirect is a retry too.
#          With the default checksum the wrong bytes go out under the right ones' CRC32, so a store that
#          compares it refuses every retry; "when_required", which many stores need, has no such guard.
# Version: boto3 1.43.117, botocore 1.43.117, with a stand-in for S3 that is busy once.
# Why:     whether the object is right depends on whether the store was busy, so no test sees it.
#          upload_part() is the same. Pass bytes, or use upload_fileobj().
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq boto3==1.43.117 botocore==1.43.117
cd "$work"
venv/bin/python - <<'PYTHON'
import base64
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError

stored: dict[str, bytes] = {}
asked: list[str] = []


class Store(BaseHTTPRequestHandler):
    """Keeps objects; the first PUT of busy-… is answered with 503, that of moved-… with another region."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        key = self.path.rsplit("/", 1)[1]
        first = key not in asked
        asked.append(key)
        sent = self.headers.get("x-amz-checksum-crc32")
        right = base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()
        if first and key.startswith("busy"):
            self.answer(503, "SlowDown")
        elif first and key.startswith("moved"):
            self.answer(301, "PermanentRedirect")
        elif sent not in (None, right):
            self.answer(400, "BadDigest")
        else:
            stored[key] = data
            self.answer(200)

    def answer(self, status: int, code: str = "") -> None:
        body = f"<Error><Code>{code}</Code></Error>".encode() if code else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amz-bucket-region", "eu-west-1")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
threading.Thread(target=server.serve_forever, daemon=True).start()
session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
Path("run.bin").write_bytes(b"HEADER" + b"data" * 3)


def upload(key: str, how: str, checksums: str) -> str:
    config = Config(request_checksum_calculation=checksums, retries={"max_attempts": 2})
    s3 = session.client("s3", endpoint_url=f"http://127.0.0.1:{server.server_port}", config=config)
    with open("run.bin", "rb") as file:
        file.read(len("HEADER"))
        try:
            if how == "put_object":
                s3.put_object(Bucket="lab", Key=key, Body=file)
            else:
                s3.upload_fileobj(file, "lab", key)
        except ClientError as error:
            return error.response["Error"]["Code"]
    return stored[key].decode()


print("boto3", boto3.__version__, "botocore", botocore.__version__)
found = {}
for when in ("quiet", "busy", "moved"):
    for how in ("upload_fileobj", "put_object"):
        for checksums in ("when_supported", "when_required"):
            found[when, how, checksums] = upload(f"{when}-{how}-{checksums}", how, checksums)
            print(f"store {when}, {how}, checksum {checksums}:", found[when, how, checksums])
for when in ("busy", "moved"):
    assert found.pop((when, "put_object", "when_required")) == "HEADER" + "data" * 3, "no header any more"
    assert found.pop((when, "put_object", "when_supported")) == "BadDigest", "the checksum fits"
assert set(found.values()) == {"data" * 3}, "the header is sent in other cases as well"
PYTHON
