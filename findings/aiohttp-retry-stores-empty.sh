#!/usr/bin/env bash
# Guess:   aiohttp-retry sends a body again as it was, or raises where it cannot: for a file it does raise
#          ("I/O operation on closed file"), and io.BytesIO can be read again.
# Instead: for io.BytesIO and for an async generator the second try sends an empty body, with
#          Content-Length: 0 for the first. After one 503 the object is empty, and the answer is 200.
#          bytes are sent again as they are; aiohttp's own redirects (307) send a BytesIO from its beginning.
# Version: aiohttp-retry 2.9.1, aiohttp 3.14.5, with a stand-in for S3 that is busy once.
# Why:     a presigned PUT with retries is what this package is for, and S3 answers 503 SlowDown when it is
#          busy, so objects of 0 bytes appear under load alone.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq aiohttp-retry==2.9.1 aiohttp==3.14.5
cd "$work"
venv/bin/python - <<'PYTHON'
import asyncio
import io
import threading
from collections.abc import AsyncIterator, Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path

import aiohttp
from aiohttp_retry import ExponentialRetry, RetryClient

DATA = b"time,value\n" + b"1,2\n" * 1000
Path("run.csv").write_bytes(DATA)
stored: dict[str, tuple[int, str]] = {}
asked: list[str] = []


class Store(BaseHTTPRequestHandler):
    """Keeps length and framing; the first PUT of busy-… is 503, that of moved-… goes to kept-moved-…"""

    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        key, length = self.path[1:], self.headers.get("Content-Length")
        size = len(self.rfile.read(int(length))) if length else self.read_chunks()
        asked.append(key)
        if key.startswith("busy") and asked.count(key) == 1:
            self.send_response(503)
        elif key.startswith("moved"):
            self.send_response(307)
            self.send_header("Location", "/kept-" + key)
        else:
            stored[key.removeprefix("kept-")] = size, f"Content-Length: {length}" if length else "chunked"
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


async def generate() -> AsyncIterator[bytes]:
    yield DATA


bodies: dict[str, Callable[[], object]] = {
    "bytes": lambda: DATA,
    "BytesIO": lambda: io.BytesIO(DATA),
    "generator": generate,
    "file": lambda: open("run.csv", "rb"),
}


async def upload(key: str, body: str) -> tuple[object, ...]:
    """The status of the answer, and the size of what is stored then, or the error."""
    retries = ExponentialRetry(attempts=3, start_timeout=0.01, statuses={503})
    async with RetryClient(retry_options=retries) as client:
        try:
            async with client.put(f"http://127.0.0.1:{server.server_port}/{key}", data=bodies[body]()) as answer:
                return answer.status, *stored[key]
        except (ValueError, aiohttp.ClientError) as error:
            return type(error).__name__, str(error)[:60]


server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("aiohttp-retry", version("aiohttp-retry"), "aiohttp", aiohttp.__version__, "|", len(DATA), "bytes to upload")
found = {}
for state in ("quiet", "busy", "moved"):
    for body in bodies:
        found[state, body] = asyncio.run(upload(f"{state}-{body}", body))
        print(f"store {state}, {body}:", *found[state, body])
assert all(found["quiet", body][:2] == (200, len(DATA)) for body in bodies), "a first try is not right"
assert found["busy", "BytesIO"] == (200, 0, "Content-Length: 0"), "a BytesIO is sent again, or raises"
assert found["busy", "generator"] == (200, 0, "chunked"), "a generator raises"
assert found["busy", "bytes"][1] == found["moved", "BytesIO"][1] == len(DATA), "other cases are empty as well"
assert found["busy", "file"][0] == "ValueError", "a file no longer raises"
PYTHON
