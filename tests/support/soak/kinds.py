"""Every kind of fault that plans are made of, each by its name: how one is drawn for a part."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from support.proxy.faults import (
    FOREVER,
    NO_CORS,
    Answer,
    CutRequest,
    CutResponse,
    Delay,
    Fault,
    FlipBit,
    LoseResponse,
    Match,
    Outage,
    Stall,
    Throttle,
)

if TYPE_CHECKING:
    from support.proxy.faults import Action


@dataclass(frozen=True, kw_only=True)
class Target:
    """The part that a fault is for."""

    name: str
    """Of the file; its key ends with it."""
    part_number: int
    """0 for a file of one part, which goes as one PutObject."""
    length: int
    """Bytes of the part."""

    @property
    def put(self) -> Match:
        """The part's PUTs."""
        operation = "UploadPart" if self.part_number else "PutObject"
        return Match(operation=operation, part_number=self.part_number, key=self.name)

    @property
    def preflight(self) -> Match:
        """What the browser asks before the part's PUT."""
        return Match(operation="Preflight", part_number=self.part_number, key=self.name)


Draw: TypeAlias = Callable[[random.Random, Target], Fault]
"""From chance and a part to a fault."""
Make: TypeAlias = Callable[[random.Random, int], "Action"]
"""From chance and a body's length in bytes to what happens."""

EXPIRED: Final = Answer(403, "AccessDenied", "Request has expired")
_LONGEST_DELAY: Final = 0.5
"""Seconds; less than any time-out that the tests set."""


def _place(draw: random.Random, length: int) -> int:
    """A place in a body, its end included."""
    return draw.choice((0, length, draw.randint(0, length)))


def _delay(draw: random.Random, _: int) -> Delay:
    seconds = draw.uniform(0, _LONGEST_DELAY)
    return draw.choice((Delay(request=seconds), Delay(response=seconds)))


ANYWHERE: Final[dict[str, Make]] = {
    "cut at byte n": lambda draw, length: CutRequest(_place(draw, length)),
    "stalled for a while": lambda draw, length: Stall(
        _place(draw, length), seconds=draw.uniform(0.1, _LONGEST_DELAY)
    ),
    "stalled for ever": lambda draw, length: Stall(_place(draw, length)),
    "delayed": _delay,
    "500": lambda *_: Answer(500, "InternalError"),
    "503": lambda *_: Answer(503, "SlowDown"),
    "400 RequestTimeout": lambda *_: Answer(400, "RequestTimeout"),
    "400 ExpiredToken": lambda *_: Answer(400, "ExpiredToken"),
    "403 expired": lambda *_: EXPIRED,
    "answer lost": lambda *_: LoseResponse(),
    "answer cut": lambda draw, _: CutResponse(draw.randint(0, 200)),
    "500 though carried out": lambda *_: Answer(500, "InternalError", stored=True),
}
"""What can happen to any request."""


def _on_put(make: Make) -> Draw:
    return lambda draw, target: Fault(
        make(draw, target.length), target.put, times=draw.choice((1, 1, 2, 3))
    )


def _lasting(make: Make) -> Draw:
    return lambda draw, target: Fault(make(draw, target.length), target.put, times=FOREVER)


def _any_put(make: Make, most: int) -> Draw:
    return lambda draw, target: Fault(
        make(draw, target.length), Match(method="PUT"), times=draw.randint(1, most)
    )


PUT_KINDS: Final[dict[str, Draw]] = {
    **{name: _on_put(make) for name, make in ANYWHERE.items()},
    "a bit flipped": _on_put(
        lambda draw, length: FlipBit(draw.randrange(max(1, length)), draw.randrange(8))
    ),
    "500 before the body was read": _on_put(lambda *_: Answer(500, "InternalError", at_once=True)),
    "throttled": _on_put(lambda draw, length: Throttle(max(1, length) * draw.uniform(2, 8))),
    "slow down, all": _any_put(lambda *_: Answer(503, "SlowDown"), 8),
    "no network for a while": _any_put(lambda draw, _: Outage(draw.uniform(0.05, 0.8)), 1),
    "no network any more": _any_put(lambda *_: Outage(FOREVER), 1),
    "500 every time": _lasting(lambda *_: Answer(500, "InternalError")),
    "403 every time": _lasting(lambda *_: EXPIRED),
    "cut every time": _lasting(lambda draw, length: CutRequest(_place(draw, length))),
}
"""To what carries a file's bytes, from a page or from a script."""


def _on_preflight(action: Action, times: int) -> Draw:
    return lambda draw, target: Fault(action, target.preflight, times=draw.randint(1, times))


PAGE_KINDS: Final[dict[str, Draw]] = {
    "500 that the page may not read": _on_put(lambda *_: Answer(500, "InternalError", cors=False)),
    "403 that the page may not read": _on_put(
        lambda *_: Answer(403, "AccessDenied", "Request has expired", cors=False)
    ),
    "no CORS headers": _on_put(lambda *_: NO_CORS),
    "preflight cut": _on_preflight(CutRequest(), 2),
    "preflight refused": _on_preflight(Answer(403, "AccessForbidden", cors=False), 2),
    "preflight 500": _on_preflight(Answer(500, "InternalError"), 2),
    "preflight without CORS headers": _on_preflight(NO_CORS, 2),
    "preflight delayed": _on_preflight(Delay(response=0.3), 3),
}
"""What only browsers meet."""

ASKS: Final = (
    "CreateMultipartUpload",
    "ListParts",
    "ListMultipartUploads",
    "CompleteMultipartUpload",
    "HeadObject",
    "HeadBucket",
)
"""What a kernel or a script asks of S3 on the way to the object."""


def _on_ask(operation: str, make: Make) -> Draw:
    match = Match(operation=operation)
    return lambda draw, _: Fault(make(draw, 0), match, times=draw.choice((1, 1, 1, 2, 4)))


ASK_KINDS: Final[dict[str, Draw]] = {
    **{
        f"{operation} {name}": _on_ask(operation, make)
        for operation in ASKS
        for name, make in ANYWHERE.items()
    },
    **{
        f"{operation} 503 every time": lambda *_, o=operation: Fault(
            Answer(503, "SlowDown"), Match(operation=o), times=FOREVER
        )
        for operation in ASKS
    },
    "CompleteMultipartUpload 200 with an error": _on_ask(
        "CompleteMultipartUpload", lambda *_: Answer(200, "InternalError")
    ),
    "CompleteMultipartUpload 200 with an error though carried out": _on_ask(
        "CompleteMultipartUpload", lambda *_: Answer(200, "InternalError", stored=True)
    ),
    "CompleteMultipartUpload a bit flipped": _on_ask(
        "CompleteMultipartUpload", lambda draw, _: FlipBit(draw.randrange(200), draw.randrange(8))
    ),
}
"""To what a kernel or a script asks of S3."""

ABORT_KINDS: Final[dict[str, Draw]] = {
    f"AbortMultipartUpload {name}": _on_ask("AbortMultipartUpload", make)
    for name, make in ANYWHERE.items()
}
"""While an upload is discarded."""
