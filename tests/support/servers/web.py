"""A web server of one file, which may change, send no ranges, or break off."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class WebSite:
    """What the server sends, and what it was asked for."""

    content: bytes
    url: str = ""
    headers: dict[str, str] = field(default_factory=lambda: {"ETag": '"1"'})
    ranges: bool = True
    told_size: int | None = None
    """What HEAD tells; None for the truth."""
    status: int = 0
    """Of each answer to GET; 0 for the right one."""
    cuts: int = 0
    """Answers to GET that still have to break off."""
    on_get: Callable[[int], None] = lambda _: None
    """Called with the count of GETs before each is answered."""
    gets: list[str] = field(default_factory=list)
    """The ranges that were asked for."""


@contextmanager
def web_site(content: bytes) -> Iterator[WebSite]:
    """Run a server while the block lasts."""
    site = WebSite(content)

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            size = len(site.content) if site.told_size is None else site.told_size
            self.start(200, {"Content-Length": str(size)})

        def do_GET(self) -> None:
            site.gets.append(self.headers.get("Range", ""))
            site.on_get(len(site.gets))
            status, headers, body = answer_to(self.headers.get("Range", ""), site)
            self.start(status, {**headers, "Content-Length": str(len(body))})
            if len(body) > 1 and site.cuts:
                site.cuts -= 1
                self.wfile.write(body[: len(body) // 2])
                self.close_connection = True
                return
            self.wfile.write(body)

        def start(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**site.headers, **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer_to(asked: str, site: WebSite) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body."""
    found = re.fullmatch(r"bytes=([0-9]+)-([0-9]+)", asked)
    total = len(site.content)
    if site.status:
        return site.status, {}, b""
    if not found or not site.ranges:
        return 200, {}, site.content
    start, end = int(found[1]), min(int(found[2]) + 1, total)
    if start >= total:
        return 416, {"Content-Range": f"bytes */{total}"}, b""
    return 206, {"Content-Range": f"bytes {start}-{end - 1}/{total}"}, site.content[start:end]
