"""A server that answers from a script: what no real S3 server can be brought to say."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Script: TypeAlias = Callable[[str, dict[str, str]], str]
    """From method and query to the XML of a 200."""

NS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


@contextmanager
def canned(script: Script) -> Iterator[str]:
    """Run a server while the block lasts; gives its URL."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            query = {
                name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()
            }
            body = script(self.command, query).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def parts_page(*parts: tuple[int, str, str], truncated: bool = False, marker: int = 0) -> str:
    """A page of ListParts: each part's number, ETag and time of the day."""
    listed = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag><Size>1</Size>"
        f"<LastModified>2026-11-22T{time}.000Z</LastModified></Part>"
        for number, etag, time in parts
    )
    told = f"<NextPartNumberMarker>{marker}</NextPartNumberMarker>" if marker else ""
    return (
        f"<ListPartsResult {NS}>{told}<IsTruncated>{str(truncated).lower()}</IsTruncated>"
        f"{listed}</ListPartsResult>"
    )
