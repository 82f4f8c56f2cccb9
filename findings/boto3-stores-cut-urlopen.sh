#!/usr/bin/env bash
# Guess:   upload_fileobj(urlopen(url), …) of a transfer that ends early raises, as it does in a first try: urllib
#          knows the Content-Length and has IncompleteRead for this, and boto3 checks lengths, too.
# Instead: from 8 MiB on the object is what has arrived, 12 of 24 MiB, with success: read(size), which boto3 uses
#          for parts, returns nothing at the early end, and only read() without a size raises. So 4 MiB
#          cut in the middle raise, and 24 MiB do not. requests.get(…).raw raises for both.
# Version: boto3 1.43.117, requests 2.34.2, http.client of Python 3.11.7 (open for later ones too).
# Why:     copying from a web server to S3 is this one line, and the large transfers are those that break.
#          Of Python it is known, not of what it stores: https://github.com/python/cpython/issues/115997
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq requests==2.34.2 boto3==1.43.117 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
"$work/venv/bin/python" - <<'PYTHON'
import logging
import platform
import threading
from collections.abc import Callable
from http.client import IncompleteRead
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen

import boto3
import requests
import urllib3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
MIB = 1 << 20
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
s3 = session.client("s3", endpoint_url="http://127.0.0.1:%d" % server.get_host_and_port()[1])
s3.create_bucket(Bucket="lab")


class Web(BaseHTTPRequestHandler):
    """Sends /4 as 4 MiB; of /cut-4 it tells 4 MiB and sends 2."""

    def do_GET(self) -> None:
        size = int(self.path.removeprefix("/").removeprefix("cut-")) * MIB
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        self.wfile.write(bytes(size // 2 if "cut" in self.path else size))

    def log_message(self, *_: object) -> None:
        pass


web = ThreadingHTTPServer(("127.0.0.1", 0), Web)
threading.Thread(target=web.serve_forever, daemon=True).start()


def by_requests(url: str):
    return requests.get(url, stream=True).raw


def copy(opened: Callable, name: str) -> str:
    try:
        s3.upload_fileobj(opened(f"http://127.0.0.1:{web.server_port}/{name}"), "lab", "run")
    except (IncompleteRead, urllib3.exceptions.ProtocolError):
        return "raises"
    return f"{s3.head_object(Bucket='lab', Key='run')['ContentLength'] // MIB} MiB stored"


print("boto3", boto3.__version__, "requests", requests.__version__, "Python", platform.python_version())
names = ("4", "24", "cut-4", "cut-24")
by_urlopen = {name: copy(urlopen, name) for name in names}
raw = {name: copy(by_requests, name) for name in names}
server.stop()
print("urlopen:", by_urlopen)
print("requests:", raw)
whole = {"4": "4 MiB stored", "24": "24 MiB stored", "cut-4": "raises"}
assert raw == whole | {"cut-24": "raises"}, "requests stores something else"
assert by_urlopen == whole | {"cut-24": "12 MiB stored"}, "the large one raises, or the small one does not"
PYTHON
