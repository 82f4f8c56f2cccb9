"""A store that remembers what it was told and drops the bytes: for rates, not for proofs.

Run as ``python -m benchmarks.sink``. It plays as much of S3 as browsers and scripts need for
whole uploads, over links that it shapes: each answer late, each connection no faster than so
much. Bodies are dropped inside the system's kernel, so that the store costs hardly any CPU.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import itertools
import json
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK: Final = 1 << 20
PAGE: Final = 1000
"""Entries of a list, as S3's."""
_ZEROS: Final = memoryview(bytes(1 << 18))
_DROP: Final = getattr(socket, "MSG_TRUNC", 0)
"""Linux: received bytes never reach this process."""
_EXPOSED: Final = "ETag, x-amz-checksum-sha256, x-amz-request-id, Date"


@dataclass(frozen=True)
class Link:
    """What lies between a client and the store."""

    delay: float = 0
    """Seconds that each answer is late."""
    rate: float = 0
    """Bytes a second of each connection, 0 for as many as pass."""
    total: float = 0
    """Bytes a second of all connections together, 0 for as many as pass."""


@dataclass
class Counts:
    """What came since the last reset."""

    requests: dict[str, int] = field(default_factory=dict)
    connections: int = 0
    bytes: int = 0
    puts_now: int = 0
    most_puts: int = 0
    first_byte: float = 0
    last_put: float = 0
    """Seconds since the epoch, like ``first_byte``; 0 for none yet."""


@dataclass(frozen=True)
class Stored:
    """A part or an object."""

    size: int
    etag: str
    sha256: str
    content_type: str = ""
    at: float = field(default_factory=time.time)


@dataclass
class Upload:
    """A multipart upload under way."""

    bucket: str
    key: str
    algorithm: str
    content_type: str
    parts: dict[int, Stored] = field(default_factory=dict)
    at: float = field(default_factory=time.time)


@dataclass(frozen=True)
class Request:
    """A request whose body was dropped, or is small."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    size: int

    @property
    def path(self) -> tuple[str, str]:
        """Bucket and key."""
        bucket, _, key = urlsplit(self.target).path.lstrip("/").partition("/")
        return bucket, unquote(key)

    @property
    def query(self) -> dict[str, str]:
        """Each name's first value."""
        parsed = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        return {name: values[0] for name, values in parsed.items()}


@dataclass(frozen=True)
class Answer:
    """A status, its headers and its document."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    document: str = ""
    zeros: int = 0
    """Bytes of an object that follow the document."""


def _error(status: int, code: str) -> Answer:
    return Answer(status, {}, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>")


class Memory:
    """The uploads and objects that clients made."""

    def __init__(self) -> None:
        self._uploads: dict[str, Upload] = {}
        self._objects: dict[tuple[str, str], Stored] = {}
        self._ids = itertools.count(1)

    def answer(self, request: Request) -> Answer:
        """Play S3."""
        (_, key), query = request.path, request.query
        if request.method == "PUT":
            return self._put_part(request) if "uploadId" in query else self._put_object(request)
        if request.method == "POST":
            return self._create(request) if "uploads" in query else self._complete(request)
        if request.method == "DELETE":
            self._uploads.pop(query.get("uploadId", ""), None)
            return Answer(204)
        if request.method == "GET" and "uploadId" in query:
            return self._list_parts(request)
        if request.method == "GET" and "uploads" in query:
            return self._list_uploads(request)
        if request.method == "GET" and not key:
            return self._list_objects(request)
        return self._get(request) if request.method == "GET" else self._head(request)

    def make(self, path: tuple[str, str], size: int) -> None:
        """Have an object of zeros, to be read."""
        self._objects[path] = Stored(size, f"{size:032x}", "")

    def _put_part(self, request: Request) -> Answer:
        query = request.query
        bucket, key = request.path
        # Clients that only measure the wire begin nothing.
        upload = self._uploads.setdefault(query["uploadId"], Upload(bucket, key, "", ""))
        upload.parts[int(query["partNumber"])] = stored = _stored(request)
        return Answer(headers=_told(stored))

    def _put_object(self, request: Request) -> Answer:
        if request.headers.get("if-none-match") == "*" and request.path in self._objects:
            return _error(412, "PreconditionFailed")
        self._objects[request.path] = stored = _stored(request)
        return Answer(headers=_told(stored))

    def _create(self, request: Request) -> Answer:
        bucket, key = request.path
        algorithm = request.headers.get("x-amz-checksum-algorithm", "")
        upload_id = f"upload-{next(self._ids)}"
        self._uploads[upload_id] = Upload(
            bucket, key, algorithm, request.headers.get("content-type", "")
        )
        headers = {"x-amz-checksum-algorithm": algorithm} if algorithm else {}
        document = (
            f"<Bucket>{bucket}</Bucket><Key>{escape(key)}</Key><UploadId>{upload_id}</UploadId>"
        )
        return Answer(headers=headers, document=_wrap("InitiateMultipartUploadResult", document))

    def _complete(self, request: Request) -> Answer:
        upload = self._uploads.pop(request.query.get("uploadId", ""), None)
        if upload is None:
            return _error(404, "NoSuchUpload")
        numbers = [
            int(element.text or 0)
            for element in ET.fromstring(request.body).iter()  # noqa: S314  a client's own
            if element.tag.rpartition("}")[2] == "PartNumber"
        ]
        parts = [upload.parts[number] for number in numbers]
        self._objects[upload.bucket, upload.key] = made = _joined(upload, parts)
        place = f"{upload.bucket}/{escape(upload.key)}"
        document = (
            f"<Location>http://{request.headers.get('host', '')}/{place}</Location>"
            f"<Bucket>{upload.bucket}</Bucket><Key>{escape(upload.key)}</Key>"
            f"<ETag>&quot;{made.etag}&quot;</ETag>"
        )
        if made.sha256:
            document += f"<ChecksumSHA256>{made.sha256}</ChecksumSHA256>"
        return Answer(document=_wrap("CompleteMultipartUploadResult", document))

    def _list_parts(self, request: Request) -> Answer:
        upload = self._uploads.get(request.query["uploadId"])
        if upload is None:
            return _error(404, "NoSuchUpload")
        after = int(request.query.get("part-number-marker") or 0)
        numbers = sorted(number for number in upload.parts if number > after)
        document = _algorithm(upload)
        for number in numbers[:PAGE]:
            part = upload.parts[number]
            document += f"<Part><PartNumber>{number}</PartNumber>{_entry(part)}</Part>"
        if numbers:
            marker = numbers[:PAGE][-1]
            document += f"<NextPartNumberMarker>{marker}</NextPartNumberMarker>"
        return Answer(document=_wrap("ListPartsResult", document + _truncated(len(numbers))))

    def _list_uploads(self, request: Request) -> Answer:
        bucket, _ = request.path
        document = "".join(
            f"<Upload><Key>{escape(upload.key)}</Key><UploadId>{upload_id}</UploadId>"
            f"<Initiated>{_time(upload.at)}</Initiated>{_algorithm(upload)}</Upload>"
            for upload_id, upload in self._uploads.items()
            if upload.bucket == bucket and upload.key.startswith(request.query.get("prefix", ""))
        )
        return Answer(document=_wrap("ListMultipartUploadsResult", document + _truncated(0)))

    def _list_objects(self, request: Request) -> Answer:
        bucket, _ = request.path
        query = request.query
        after = max(query.get("start-after", ""), query.get("continuation-token", ""))
        keys = sorted(
            key
            for owner, key in self._objects
            if owner == bucket and key.startswith(query.get("prefix", "")) and key > after
        )
        document = f"<KeyCount>{len(keys[:PAGE])}</KeyCount>" + "".join(
            f"<Contents><Key>{escape(key)}</Key>{_entry(self._objects[bucket, key])}</Contents>"
            for key in keys[:PAGE]
        )
        if len(keys) > PAGE:
            document += f"<NextContinuationToken>{escape(keys[PAGE - 1])}</NextContinuationToken>"
        return Answer(document=_wrap("ListBucketResult", document + _truncated(len(keys))))

    def _head(self, request: Request) -> Answer:
        if not request.path[1]:
            return Answer(headers={"x-amz-bucket-region": "us-east-1"})
        found = self._objects.get(request.path)
        if found is None:
            return _error(404, "NoSuchKey")
        return Answer(
            headers={
                **_told(found),
                "Content-Length": str(found.size),
                "Content-Type": found.content_type or "binary/octet-stream",
                "Last-Modified": formatdate(found.at, usegmt=True),
            }
        )

    def _get(self, request: Request) -> Answer:
        answer = self._head(request)
        if answer.status != HTTPStatus.OK:
            return answer
        size = int(answer.headers["Content-Length"])
        wanted = request.headers.get("range", "bytes=0-").removeprefix("bytes=")
        first, _, last = wanted.partition("-")
        start, end = int(first), min(int(last or size) + 1, size)
        headers = {
            **answer.headers,
            "Content-Length": str(end - start),
            "Content-Range": f"bytes {start}-{end - 1}/{size}",
        }
        return Answer(206, headers, zeros=end - start)


def _stored(request: Request) -> Stored:
    """Believe the client: its MD5 is the ETag, its SHA-256 the checksum."""
    md5 = request.headers.get("content-md5", "")
    etag = base64.b64decode(md5).hex() if md5 else f"{request.size:032x}"
    return Stored(
        int(request.headers.get("x-amz-decoded-content-length", request.size)),
        etag,
        request.headers.get("x-amz-checksum-sha256", ""),
        request.headers.get("content-type", ""),
    )


def _joined(upload: Upload, parts: list[Stored]) -> Stored:
    etag = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in parts)).hexdigest()  # noqa: S324
    sha256 = ""
    if all(part.sha256 for part in parts):
        digests = b"".join(base64.b64decode(part.sha256) for part in parts)
        sha256 = f"{base64.b64encode(hashlib.sha256(digests).digest()).decode()}-{len(parts)}"
    size = sum(part.size for part in parts)
    return Stored(size, f"{etag}-{len(parts)}", sha256, upload.content_type)


def _told(stored: Stored) -> dict[str, str]:
    sha256 = {"x-amz-checksum-sha256": stored.sha256} if stored.sha256 else {}
    return {"ETag": f'"{stored.etag}"', **sha256}


def _entry(stored: Stored) -> str:
    sha256 = f"<ChecksumSHA256>{stored.sha256}</ChecksumSHA256>" if stored.sha256 else ""
    return (
        f"<LastModified>{_time(stored.at)}</LastModified><ETag>&quot;{stored.etag}&quot;</ETag>"
        f"<Size>{stored.size}</Size>{sha256}"
    )


def _algorithm(upload: Upload) -> str:
    if not upload.algorithm:
        return ""
    return (
        f"<ChecksumAlgorithm>{upload.algorithm}</ChecksumAlgorithm>"
        "<ChecksumType>COMPOSITE</ChecksumType>"
    )


def _truncated(entries: int) -> str:
    return f"<IsTruncated>{'true' if entries > PAGE else 'false'}</IsTruncated>"


def _time(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at))


def _wrap(name: str, document: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{name}>{document}</{name}>'


class Pace:
    """Holds back whoever takes more than so many bytes a second."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._free = time.monotonic()
        self._lock = threading.Lock()

    def wait(self, size: int) -> None:
        """Return when ``size`` more bytes may have passed."""
        if not self._rate:
            return
        with self._lock:
            self._free = max(self._free, time.monotonic()) + size / self._rate
            ahead = self._free - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)


class Sink:
    """The server: a thread for each connection."""

    def __init__(self, link: Link, credentials: str) -> None:
        self._link = link
        self._credentials = credentials
        self._total = Pace(link.total)
        self._memory = Memory()
        self._counts = Counts()
        self._lock = threading.Lock()

    def serve(self, port: int) -> None:
        """Serve every loopback address, until the process is stopped."""
        listening = socket.create_server(("0.0.0.0", port), backlog=256)  # noqa: S104  127.0.0.2 too
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=self._connection, args=(connection,), daemon=True).start()

    def _connection(self, connection: socket.socket) -> None:
        with self._lock:
            self._counts.connections += 1
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._link.rate or self._link.total:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, CHUNK // 4)
        with connection:
            try:
                for request in self._requests(connection):
                    time.sleep(self._link.delay)
                    self._send(connection, request, self._answer(request))
            except OSError:
                return

    def _requests(self, connection: socket.socket) -> Iterator[Request]:
        pace = Pace(self._link.rate)
        received = b""
        while True:
            while b"\r\n\r\n" not in received:
                more = connection.recv(65536)
                if not more:
                    return
                received += more
            head, _, received = received.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            method, target, _ = first.split(" ")
            headers = {
                name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
            }
            size = int(headers.get("content-length", 0))
            if headers.get("expect", "").lower() == "100-continue":
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            body, received = received[:size], received[size:]
            if method == "PUT":
                with self._counted(size):
                    self._drop(connection, size - len(body), pace)
            else:
                while len(body) < size:
                    body += connection.recv(size - len(body))
            yield Request(method, target, headers, body, size)

    def _counted(self, size: int) -> _Put:
        return _Put(self._counts, self._lock, size)

    def _drop(self, connection: socket.socket, left: int, pace: Pace) -> None:
        chunk = CHUNK // 4 if self._link.rate or self._link.total else CHUNK
        buffer = bytearray(chunk if not _DROP else min(chunk, max(left, 1)))
        while left > 0:
            got = connection.recv_into(buffer, min(left, len(buffer)), _DROP)
            if not got:
                raise ConnectionResetError
            left -= got
            pace.wait(got)
            self._total.wait(got)

    def _answer(self, request: Request) -> Answer:
        with self._lock:
            if request.target.startswith("/-/"):
                return self._control(request.target)
            requests = self._counts.requests
            requests[request.method] = requests.get(request.method, 0) + 1
            if request.method == "OPTIONS":
                return Answer()
            if request.method == "PUT":
                self._counts.last_put = time.time()
            return self._memory.answer(request)

    def _control(self, target: str) -> Answer:
        if target == "/-/stats":
            return Answer(document=json.dumps({**vars(self._counts), "cpu": time.process_time()}))
        if target == "/-/forget":
            self._memory = Memory()
        if target.startswith("/-/make/"):
            bucket, key, size = target.split("/")[3:]
            self._memory.make((bucket, key), int(size))
            return Answer()
        self._counts = Counts()
        return Answer()

    def _send(self, connection: socket.socket, request: Request, answer: Answer) -> None:
        document = answer.document.encode()
        headers = {
            "Content-Length": str(len(document) + answer.zeros),
            "Date": formatdate(usegmt=True),
            "x-amz-request-id": "1",
            **self._cors(request),
            **answer.headers,
        }
        lines = [
            f"HTTP/1.1 {answer.status} -",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        head = "\r\n".join([*lines, "", ""]).encode()
        connection.sendall(head if request.method == "HEAD" else head + document)
        pace, left = Pace(self._link.rate), answer.zeros
        while left > 0:
            block = _ZEROS[:left]
            pace.wait(len(block))
            self._total.wait(len(block))
            connection.sendall(block)
            left -= len(block)

    def _cors(self, request: Request) -> dict[str, str]:
        origin = request.headers.get("origin", "")
        if not origin:
            return {}
        allowed = {"Access-Control-Allow-Origin": "*"}
        if request.headers.get("host") == self._credentials:
            allowed = {
                "Access-Control-Allow-Origin": origin,
                "Access-Control-Allow-Credentials": "true",
            }
        if request.method == "OPTIONS":
            asked = request.headers.get("access-control-request-headers", "")
            return {
                **allowed,
                "Access-Control-Allow-Methods": "GET, PUT, POST, HEAD, DELETE",
                "Access-Control-Allow-Headers": asked,
                "Access-Control-Max-Age": "3000",
            }
        return {**allowed, "Access-Control-Expose-Headers": _EXPOSED}


class _Put:
    """Counts a PUT while its body comes, and its bytes once they are there."""

    def __init__(self, counts: Counts, lock: threading.Lock, size: int) -> None:
        self._counts = counts
        self._lock = lock
        self._size = size

    def __enter__(self) -> None:
        with self._lock:
            self._counts.first_byte = self._counts.first_byte or time.time()
            self._counts.puts_now += 1
            self._counts.most_puts = max(self._counts.most_puts, self._counts.puts_now)

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        with self._lock:
            self._counts.puts_now -= 1
            self._counts.bytes += 0 if failed else self._size


def main() -> None:
    """Serve until the process is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--delay", type=float, default=0, help="seconds that each answer is late")
    parser.add_argument("--rate", type=float, default=0, help="bytes a second of a connection")
    parser.add_argument("--total", type=float, default=0, help="bytes a second of all of them")
    parser.add_argument("--credentials", default="", help="host at which CORS allows them")
    chosen = parser.parse_args()
    sys.setswitchinterval(0.001)
    link = Link(chosen.delay, chosen.rate, chosen.total)
    Sink(link, chosen.credentials).serve(chosen.port)


if __name__ == "__main__":
    main()
