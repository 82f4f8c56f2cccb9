"""What the proxy saw: one frozen record for each exchange, and what follows from them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from support.proxy.messages import Headers
from support.servers.operations import UPLOADS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from support.proxy.messages import Request, Response


@dataclass(frozen=True)
class Exchange:
    """One request and what became of it. Times are seconds of ``time.monotonic``."""

    request: Request = field(repr=False)
    connection: int
    """Number of the client's connection; equal numbers shared one."""
    operation: str
    part_number: int
    started: float
    """The request's head had been read."""
    body_started: float = 0.0
    """The body's first byte came; 0.0 if none did."""
    body_finished: float = 0.0
    """The body's last byte came; 0.0 if it never did."""
    finished: float = 0.0
    """The answer is being handed on, or the connection ended; 0.0 before.

    Not later, so that an exchange is over before its client can begin the next one.
    """
    body_bytes: int = 0
    """Bytes of the request's body that came."""
    status: int = 0
    """What the client was answered, 0 if nothing: a browser's own convention."""
    response_headers: Headers = field(default=Headers(), repr=False)

    @property
    def method(self) -> str:
        """HTTP's method."""
        return self.request.method

    @property
    def path(self) -> str:
        """The path, percent-decoded."""
        return self.request.path

    @property
    def upload_id(self) -> str:
        """The multipart upload's id, empty where there is none."""
        return self.request.upload_id

    @property
    def complete(self) -> bool:
        """Whether the whole body came and a 2xx was handed on."""
        return self.body_bytes == self.request.headers.length and 200 <= self.status < 300

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return (self.finished or time.monotonic()) - self.started


class Exchanges(tuple[Exchange, ...]):
    """Exchanges in the order in which they started."""

    __slots__ = ()

    def of(self, operation: str) -> Exchanges:
        """Only those of one operation of S3, or ``Preflight``."""
        return Exchanges(each for each in self if each.operation == operation)

    def puts(self, part: int = 0) -> Exchanges:
        """Those that carry a file's bytes; of one part number, if one is named."""
        return Exchanges(
            each for each in self if each.operation in UPLOADS and (part in (0, each.part_number))
        )

    def max_in_flight(self) -> int:
        """The most exchanges that went on at one time."""
        present = most = 0
        for _, step in sorted(_steps(self)):
            present += step
            most = max(most, present)
        return most

    def mean_in_flight(self) -> float:
        """How many went on at a time on average, from the first's start to the last's start.

        The end, when lanes must run dry, is left out: what remains tells how fast lanes refill.
        """
        if len(self) < 2:
            return float(len(self))
        begin, end = self[0].started, self[-1].started
        busy = sum(min(each.started + each.seconds, end) - each.started for each in self)
        return busy / (end - begin)


def _steps(exchanges: Iterable[Exchange]) -> Iterable[tuple[float, int]]:
    for each in exchanges:
        yield each.started, 1
        yield each.started + each.seconds, -1


class Entry:
    """The record of one exchange while it is being written."""

    def __init__(self, request: Request, connection: int) -> None:
        self.exchange = Exchange(
            request, connection, request.operation, request.part_number, time.monotonic()
        )

    def body(self, size: int) -> None:
        """So many bytes more of the body came."""
        seen = self.exchange
        began = seen.body_started or time.monotonic()
        self.exchange = replace(seen, body_bytes=seen.body_bytes + size, body_started=began)

    def body_end(self) -> None:
        """The body is whole."""
        self.exchange = replace(self.exchange, body_finished=time.monotonic())

    def answered(self, response: Response) -> None:
        """A response is handed on."""
        self.exchange = replace(
            self.exchange,
            status=response.status,
            response_headers=response.headers,
            finished=time.monotonic(),
        )

    def end(self) -> None:
        """The exchange is over, answered or not."""
        finished = self.exchange.finished or time.monotonic()
        self.exchange = replace(self.exchange, finished=finished)
