"""A front that answers in a server's place, and mostly is none: consoles, login pages, redirects."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from support.servers.ports import HOST, port_for_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    path: str
    query: dict[str, list[str]]


@dataclass(frozen=True)
class Told:
    """The answer to it."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@contextmanager
def front(answer: Callable[[Asked], Told]) -> Iterator[str]:
    """Run a front while the block lasts; gives its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = urlsplit(self.path)
            query = parse_qs(parts.query, keep_blank_values=True)
            told = answer(Asked(self.command, parts.path, query))
            body = told.body.encode()
            self.send_response(told.status)
            for name, value in {"Content-Length": str(len(body)), **told.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else body)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer((HOST, port_for_now()), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
