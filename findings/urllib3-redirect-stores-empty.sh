#!/usr/bin/env bash
# Guess:   urllib3 sends an open file again from where it was, whenever it sends a request a second time: it
#          notes the position (body_pos) for that, and after a 503 it does.
# Instead: after a redirect (307 or 308, which keep method and body) it sends the file from where the first
#          request left it, at its end: the object is empty, and the answer is 200. The same file by requests,
#          which stands on urllib3, or by aiohttp is stored in full.
# Version: urllib3 2.8.0, requests 2.34.2, aiohttp 3.14.5, with a stand-in for a store.
# Why:     a service that hands each upload to another node by a redirect gets empty objects only. A store that
#          answers at once, as in a test, shows nothing of it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq urllib3==2.8.0 requests==2.34.2 aiohttp==3.14.5
cd "$work"
venv/bin/python - <<'PYTHON'
import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import aiohttp
import requests
import urllib3

DATA = b"time,value\n" + b"1,2\n" * 1000
with open("run.csv", "wb") as file:
    file.write(DATA)
stored: dict[str, int] = {}
asked: list[str] = []


class Store(BaseHTTPRequestHandler):
    """Keeps the length; the first PUT of …-503 is busy, those of …-307 and …-308 go to kept-…"""

    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        key, length = self.path[1:], self.headers.get("Content-Length")
        size = len(self.rfile.read(int(length))) if length else self.read_chunks()
        asked.append(key)
        if key.endswith("503") and asked.count(key) == 1:
            self.send_response(503)
        elif key.endswith(("307", "308")) and not key.startswith("kept-"):
            self.send_response(int(key[-3:]))
            self.send_header("Location", "/kept-" + key)
        else:
            stored[key.removeprefix("kept-")] = size
            self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def read_chunks(self) -> int:
        total = 0
        while size := int(self.rfile.readline() or b"0", 16):
            total += len(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return total

    def log_message(self, *_: object) -> None:
        pass


def by_urllib3(url: str) -> int:
    retries = urllib3.Retry(3, status_forcelist=[503], backoff_factor=0)
    with open("run.csv", "rb") as file:
        return urllib3.PoolManager().request("PUT", url, body=file, retries=retries).status


def by_requests(url: str) -> int:
    with open("run.csv", "rb") as file:
        return requests.put(url, data=file).status_code


def by_aiohttp(url: str) -> int:
    async def put() -> int:
        with open("run.csv", "rb") as file:
            async with aiohttp.ClientSession() as session, session.put(url, data=file) as answer:
                return answer.status

    return asyncio.run(put())


server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("urllib3", urllib3.__version__, "requests", requests.__version__, "aiohttp", aiohttp.__version__)
print(len(DATA), "bytes to upload; the last answer, and how many are stored:")
found = {}
for put in (by_urllib3, by_requests, by_aiohttp):
    for first in ("200", "503", "307", "308") if put is by_urllib3 else ("307",):
        key = f"{put.__name__}-{first}"
        found[key] = put(f"http://127.0.0.1:{server.server_port}/{key}"), stored.get(key)
        print(put.__name__, "| first answer", first, "|", found[key])
for first in ("307", "308"):
    assert found.pop("by_urllib3-" + first) == (200, 0), "urllib3 sends the file again, or raises"
assert set(found.values()) == {(200, len(DATA))}, "other cases are not right"
PYTHON
