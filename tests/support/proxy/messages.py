"""Heads of HTTP/1.1 messages as they stand on the wire, and S3's error document."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from support.servers.operations import operation_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from support.proxy.faults import Answer

REASON: Final = "Played"
"""Stands where a reason phrase belongs; no client reads it."""


@dataclass(frozen=True)
class Headers:
    """Header lines in their order and spelling, found without regard to case."""

    lines: tuple[tuple[str, str], ...] = ()

    def get(self, name: str, default: str = "") -> str:
        """Return the first value of a header."""
        return next((value for key, value in self.lines if key.lower() == name), default)

    def without(self, patterns: Iterable[str]) -> Headers:
        """Leave out every header whose lower-case name fits one of the patterns."""
        unwanted = tuple(patterns)
        return Headers(
            tuple(
                (name, value)
                for name, value in self.lines
                if not any(fnmatchcase(name.lower(), pattern) for pattern in unwanted)
            )
        )

    def __contains__(self, name: str) -> bool:
        return any(key.lower() == name for key, _ in self.lines)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.lines)

    @property
    def length(self) -> int:
        """Bytes of the body that ``Content-Length`` tells, 0 without one."""
        return int(self.get("content-length", "0"))

    @property
    def chunked(self) -> bool:
        """Whether the body comes in HTTP's chunks, its length unknown."""
        return "chunked" in self.get("transfer-encoding").lower()

    @property
    def closes(self) -> bool:
        """Whether the connection ends with this message."""
        return "close" in self.get("connection").lower()


@dataclass(frozen=True)
class Request:
    """The head of a request."""

    method: str
    target: str
    headers: Headers

    @classmethod
    def parse(cls, head: bytes) -> Request:
        """Read a head that ends with its empty line."""
        start, headers = _parse(head)
        method, target, _ = start.split(" ", 2)
        return cls(method, target, headers)

    def encode(self) -> bytes:
        """Write the head as it was read."""
        return _encode(f"{self.method} {self.target} HTTP/1.1", self.headers)

    @cached_property
    def path(self) -> str:
        """The path, percent-decoded."""
        return unquote(self.target.partition("?")[0])

    @cached_property
    def query(self) -> dict[str, str]:
        """The query's parameters, percent-decoded."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    @cached_property
    def operation(self) -> str:
        """S3's name of the operation."""
        return operation_of(self.method, self.path, self.query)

    @property
    def part_number(self) -> int:
        """The part's number, 0 where there is none."""
        return int(self.query.get("partNumber", "0"))

    @property
    def upload_id(self) -> str:
        """The multipart upload's id, empty where there is none."""
        return self.query.get("uploadId", "")


@dataclass(frozen=True)
class Response:
    """The head of a response, and its body where the proxy itself wrote it."""

    status: int
    headers: Headers
    body: bytes = b""

    @classmethod
    def parse(cls, head: bytes) -> Response:
        """Read a head that ends with its empty line."""
        start, headers = _parse(head)
        return cls(int(start.split(" ", 2)[1]), headers)

    def encode(self) -> bytes:
        """Write the head as it was read, but for the reason phrase, and the body."""
        return _encode(f"HTTP/1.1 {self.status} {REASON}", self.headers) + self.body

    def has_body(self, method: str) -> bool:
        """Whether bytes follow the head, by the rules of RFC 9112, 6.3."""
        return method != "HEAD" and self.status not in {204, 304}


def _parse(head: bytes) -> tuple[str, Headers]:
    start, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return start, Headers(tuple((name, value.strip()) for name, _, value in pairs))


def _encode(start: str, headers: Headers) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"{start}\r\n{lines}\r\n".encode("latin-1")


def cors_headers(request: Request) -> tuple[tuple[str, str], ...]:
    """Allow the asking page everything it asks for."""
    wanted = request.headers.get("access-control-request-headers", "*")
    return (
        ("Access-Control-Allow-Origin", request.headers.get("origin", "*")),
        ("Access-Control-Allow-Methods", "GET, HEAD, PUT, POST, DELETE"),
        ("Access-Control-Allow-Headers", wanted),
        ("Access-Control-Expose-Headers", "ETag, x-amz-checksum-sha256, x-amz-request-id"),
    )


def respond(
    request: Request,
    status: int,
    body: bytes = b"",
    *,
    cors: bool = True,
    headers: tuple[tuple[str, str], ...] = (),
) -> Response:
    """Write a response of the proxy's own."""
    length = ("Content-Length", str(len(body)))
    allowed = cors_headers(request) if cors else ()
    sent = b"" if request.method == "HEAD" else body
    return Response(status, Headers((length, *headers, *allowed)), sent)


def error_response(request: Request, answer: Answer) -> Response:
    """Write S3's error document, or the one that was given."""
    error = (
        f"<Error><Code>{escape(answer.code)}</Code><Message>{escape(answer.message)}</Message>"
        f"<Resource>{escape(request.path)}</Resource><RequestId>PROXY</RequestId></Error>"
    )
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{answer.document or error}'.encode()
    body = b"" if answer.empty else body
    typed = any(name == "Content-Type" for name, _ in answer.headers)
    headers = answer.headers if typed else (("Content-Type", "application/xml"), *answer.headers)
    return respond(request, answer.status, body, cors=answer.cors, headers=headers)
