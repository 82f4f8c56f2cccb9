"""What one run tells, and the store and the pages' server that runs share."""

from __future__ import annotations

import functools
import http.server
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

KiB: Final = 1 << 10
MiB: Final = 1 << 20
GiB: Final = 1 << 30
PORT: Final = 9941
_PEERS: Final = Path(__file__).parent / "peers"


@dataclass(frozen=True)
class Link:
    """What lies between clients and the store; the sink plays it."""

    name: str
    says: str
    flags: tuple[str, ...] = ()


UNLIMITED: Final = Link("unlimited", "loopback as it is")
FAR: Final = Link("far", "50 ms, 20 MB/s a connection", ("--delay", "0.05", "--rate", "20e6"))
NARROW: Final = Link("narrow", "50 ms, 1 MB/s a connection", ("--delay", "0.05", "--rate", "1e6"))
FARTHER: Final = Link("farther", "100 ms, 8 MB/s a connection", ("--delay", "0.1", "--rate", "8e6"))


def _own_address() -> str:
    """This machine's address on its network, or loopback; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked, suppress(OSError):
        asked.connect(("192.0.2.1", 9))
        address: str = asked.getsockname()[0]
        return address
    return "127.0.0.1"


CREDENTIALS_HOST: Final = _own_address()
"""The store's name that lets pages send credentials: another site than a page on loopback."""


@dataclass(frozen=True)
class Run:
    """One upload of one client."""

    seconds: float
    size: int
    """Bytes in all."""
    files: int = 1
    cpu: Counter[str] = field(default_factory=Counter)
    """Seconds by kind of process, without the store's."""
    grown: int = 0
    """Bytes of memory at the peak above those at the start."""
    first: float = 0
    """Seconds from the start to the first byte of a body."""
    tail: float = 0
    """Seconds from the last PUT's answer to the end."""
    most_puts: int = 0
    requests: dict[str, int] = field(default_factory=dict)
    prints: tuple[float, ...] = ()
    """Seconds from each print of another cell to its line on the page."""

    @property
    def rate(self) -> float:
        """Bytes a second."""
        return self.size / self.seconds


class Store:
    """A running sink."""

    url: Final = f"http://127.0.0.1:{PORT}"

    def names(self, count: int) -> list[str]:
        """So many hosts of the same store."""
        return [f"http://127.0.0.{number}:{PORT}" for number in range(1, count + 1)]

    def forget(self) -> None:
        """Remember no upload, no object and no count."""
        self._get("forget")

    def reset(self) -> None:
        """Count from now on."""
        self._get("reset")

    def make(self, key: str, size: int) -> None:
        """Have an object of zeros in bucket ``b``."""
        self._get(f"make/b/{key}/{size}")

    def stats(self) -> dict[str, Any]:
        """What came since the last reset."""
        told: dict[str, Any] = json.loads(self._get("stats"))
        return told

    def _get(self, what: str) -> bytes:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.url}/-/{what}", timeout=20) as answer:
            body: bytes = answer.read()
            return body


@contextmanager
def store(link: Link) -> Iterator[Store]:
    """Run a sink behind a link."""
    options = ["--port", str(PORT), "--credentials", f"{CREDENTIALS_HOST}:{PORT}", *link.flags]
    command = [sys.executable, "-m", "benchmarks.sink", *options]
    with subprocess.Popen(command) as process:
        running = Store()
        try:
            _until_up(running, process)
            yield running
        finally:
            process.kill()


def _until_up(running: Store, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError):
            return running.reset()
        time.sleep(0.05)
    raise TimeoutError(running.url)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        if self.path != "/":
            return super().do_GET()
        page = b'<!doctype html><input type=file id=files multiple><script type=module src="page.js"></script>'
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)
        return None


@contextmanager
def peers_page() -> Iterator[str]:
    """Serve the page of the other clients; tells its address."""
    handler = functools.partial(_Quiet, directory=str(_PEERS / "dist"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
