"""Faults as data: which request, and what happens to it. The proxy plays them.

An action that ends an exchange closes the connection, as a broken network does. Offsets count
bytes of the request's body as it stands on the wire.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from support.proxy.pace import UNLIMITED, Pace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from support.proxy.messages import Request

FOREVER: Final = 1 << 62
"""For ``Fault.times``: until the faults are cleared. For seconds: until the client leaves."""

HEADER_REFUSALS: Final = (
    (501, "NotImplemented", "A header you provided implies functionality: {}"),
    (501, "NotImplemented", "A header you provided implies functionality"),
    (400, "InvalidArgument", "Unsupported header {}"),
    (400, "InvalidRequest", "Unsupported header"),
)
"""What servers answer to a header that they do not know: status, code and, for some, its name."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """Which requests a fault meets; what is empty matches all."""

    method: str = ""
    operation: str = ""
    """S3's name, such as ``UploadPart``, or ``Preflight``."""
    part_number: int = 0
    key: str = ""
    """The path ends with this."""
    header: str = ""
    """The request has this header."""
    above: int = 0
    """``Content-Length`` is more than so many bytes."""
    nth: int = 0
    """Counted from 1 among the requests that match the rest; 0 for each of them."""

    def fits(self, request: Request) -> bool:
        """Whether a request matches in everything but ``nth``."""
        return (
            self.method in {"", request.method}
            and self.operation in {"", request.operation}
            and self.part_number in {0, request.part_number}
            and request.path.endswith(self.key)
            and (not self.header or self.header in request.headers)
            and (not self.above or request.headers.length > self.above)
        )


@dataclass(frozen=True)
class Answer:
    """Answer with one of S3's documents, mostly an error, instead of the server."""

    status: int
    """200 too: S3 answers a Complete that failed late with 200 and an error document."""
    code: str
    """S3's error code, such as ``SlowDown`` or ``RequestTimeout``."""
    message: str = "Played by the test's proxy."
    cors: bool = True
    """Whether the page may read the answer."""
    at_once: bool = False
    """Answer before the body was read, and close the connection."""
    stored: bool = False
    """Let the server carry out the request first, and hide its answer."""
    headers: tuple[tuple[str, str], ...] = ()
    """Besides the usual ones, such as ``x-amz-bucket-region`` of a redirect."""
    document: str = ""
    """What is answered in place of an error document: what the server at hand does not tell."""
    empty: bool = False
    """Answer with nothing but headers."""
    at_head: bool = False
    """Answer a head that expects 100-continue before its body, as nginx does; swallow others'."""


@dataclass(frozen=True)
class CutRequest:
    """Cut both connections after so many bytes of the body."""

    after_bytes: int = 0


@dataclass(frozen=True)
class LoseResponse:
    """The server carries out the request; the connection is cut before its answer."""


@dataclass(frozen=True)
class CutResponse:
    """Cut after so many bytes of the response's body; after all of it if it is shorter."""

    after_bytes: int = 0


@dataclass(frozen=True)
class Stall:
    """Let nothing pass for a while in the middle of a body; the connection stays open."""

    after_bytes: int = 0
    seconds: float = FOREVER


@dataclass(frozen=True)
class Delay:
    """Hold up the request, the response, or both, by so many seconds."""

    request: float = 0.0
    response: float = 0.0


@dataclass(frozen=True, eq=False)
class Gate:
    """Hold up a request, or its answer, until the test opens the gate or the client leaves."""

    answer: bool = False
    """Let the server carry out the request, and hold up its answer."""
    opened: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, eq=False)
class Buffer:
    """Swallow a body at once and send it on later, as a gateway that buffers does.

    A client that leaves meanwhile takes its body with it.
    """

    seconds: float = 0.0
    """How long each body takes behind it."""
    rate: float = UNLIMITED
    """Bytes a second behind it, all bodies together."""
    gives_up: float = FOREVER
    """After so many seconds it answers 504, which no page may read; the store goes on."""
    pace: Pace = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Let all bodies share one pace."""
        object.__setattr__(self, "pace", Pace(lambda: self.rate))


@dataclass(frozen=True)
class Throttle:
    """Let through so many bytes of the body a second."""

    rate: float


@dataclass(frozen=True)
class Outage:
    """Cut every connection as soon as the request comes, and refuse new ones for a while."""

    seconds: float


@dataclass(frozen=True)
class FlipBit:
    """Change one bit of the body on its way to the server."""

    at_byte: int = 0
    bit: int = 0


@dataclass(frozen=True)
class StripBasePath:
    """Take this off the front of the path, as a proxy does that has the store below it."""

    path: str


@dataclass(frozen=True)
class StripRequestHeaders:
    """Take headers out of the request; names may hold ``*``."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class StripResponseHeaders:
    """Take headers out of the response; names may hold ``*``."""

    names: tuple[str, ...]


Action: TypeAlias = (
    Answer
    | CutRequest
    | LoseResponse
    | CutResponse
    | Stall
    | Delay
    | Gate
    | Buffer
    | Throttle
    | Outage
    | FlipBit
    | StripBasePath
    | StripRequestHeaders
    | StripResponseHeaders
)

NO_CORS: Final = StripResponseHeaders(("access-control-*",))
"""The page may read no answer; on a preflight, it may not even send."""


@dataclass(frozen=True)
class Fault:
    """An action for the requests that match, so many times."""

    action: Action
    match: Match = field(default_factory=Match)
    times: int = 1


class Plan:
    """Faults not yet used up, and how often each was played."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._pending = [_Pending(fault) for fault in faults]

    def add(self, faults: Iterable[Fault]) -> None:
        """Play these too, after the earlier ones."""
        self._pending.extend([_Pending(fault) for fault in faults])

    def clear(self) -> None:
        """Play nothing more; what was played stays counted."""
        for pending in self._pending:
            pending.over = True

    def played(self, fault: Fault) -> int:
        """How many requests a fault has met."""
        return sum(pending.played for pending in self._pending if pending.fault == fault)

    def actions_for(self, request: Request) -> tuple[Action, ...]:
        """Every action that this request meets, and count them as played."""
        return tuple(pending.fault.action for pending in self._pending if pending.meets(request))


class _Pending:
    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.seen = 0
        self.played = 0
        self.over = False

    def meets(self, request: Request) -> bool:
        if self.over or self.played >= self.fault.times or not self.fault.match.fits(request):
            return False
        self.seen += 1
        met = self.fault.match.nth in {0, self.seen}
        self.played += met
        return met
