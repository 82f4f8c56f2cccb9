"""Plans of what goes wrong on the wires: a seed draws files, faults and how the user goes on.

The same seed draws the same plan. The first fault's kind goes round with the seed, so that every
kind is played; what else happens is left to chance.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from support.proxy.faults import FOREVER, Match, Outage
from support.soak.kinds import ABORT_KINDS, ASK_KINDS, PAGE_KINDS, PUT_KINDS, Target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from support.proxy.faults import Fault
    from support.soak.kinds import Draw

KiB: Final = 1 << 10
MiB: Final = 1 << 20

Client: TypeAlias = Literal["browser", "script", "lab"]
Wire: TypeAlias = Literal["page", "kernel"]
Ending: TypeAlias = Literal["arrives", "discarded"]
GoOn: TypeAlias = Literal["resume", "pick again", "refresh", "script"]

PART_SIZES: Final = {"ministack": 64 * KiB, "moto": 64 * KiB, "seaweed": 5 * MiB}
"""Bytes. SeaweedFS completes nothing with smaller parts, as S3 itself."""
LANES: Final = 6
"""Requests of a page that are on the wire at a time."""


@dataclass(frozen=True)
class Planned:
    """One fault, its kind, and the wire that it is played on."""

    kind: str
    wire: Wire
    fault: Fault

    @property
    def lasting(self) -> bool:
        """Whether it ends only when the wires are made clean."""
        action = self.fault.action
        return self.fault.times == FOREVER or (
            isinstance(action, Outage) and action.seconds == FOREVER
        )

    def __str__(self) -> str:
        match, default = self.fault.match, Match()
        met = [f"{n}={v!r}" for n, v in vars(match).items() if v != getattr(default, n)]
        times = "until the wires are clean" if self.lasting else f"{self.fault.times}x"
        where = ", ".join(met) or "everything"
        return f"{self.wire} wire: {self.kind}: {self.fault.action!r} on {where}, {times}"


@dataclass(frozen=True, kw_only=True)
class WirePlan:
    """Files, the faults that they meet, and what follows."""

    client: Client
    seed: int
    server: str
    sizes: Mapping[str, int]
    """Bytes by the file's name."""
    part_size: int
    concurrency: int
    faults: tuple[Planned, ...]
    ending: Ending
    then: GoOn
    """How the user goes on where the upload cannot."""

    def of(self, wire: Wire) -> tuple[Fault, ...]:
        """The faults of one wire."""
        return tuple(planned.fault for planned in self.faults if planned.wire == wire)

    @property
    def parts(self) -> int:
        """How many parts all files have."""
        return sum(parts_of(size, self.part_size) for size in self.sizes.values())

    @property
    def lasts(self) -> bool:
        """Whether something ends only when the wires are made clean."""
        return any(planned.lasting for planned in self.faults)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The faults' kinds, with their wires."""
        return tuple(f"{planned.wire}: {planned.kind}" for planned in self.faults)

    def __str__(self) -> str:
        files = ", ".join(
            f"{name} of {size} bytes ({parts_of(size, self.part_size)} parts)"
            for name, size in self.sizes.items()
        )
        lines = [
            f"seed {self.seed} ({self.client}) on {self.server}: {files}",
            f"  parts of {self.part_size} bytes, {self.concurrency} at a time",
            *(f"  {planned}" for planned in self.faults),
            f"  ends: {self.ending}; where it cannot go on: {self.then}",
            f"  alone: SOAK_SEED={self.seed} SOAK_PLANS=1 pytest {FILES[self.client]}",
        ]
        return "\n".join(lines)


FILES: Final[Mapping[Client, str]] = {
    "browser": "tests/soak/test_browser.py",
    "script": "tests/soak/test_scripts.py",
    "lab": "tests/soak/test_lab.py",
}
SERVERS: Final[Mapping[Client, Sequence[str]]] = {
    "browser": ("ministack",) * 6 + ("moto",) * 3 + ("seaweed",),
    "script": ("ministack",) * 5 + ("moto",) * 3 + ("seaweed",) * 2,
    "lab": ("seaweed",),
}


def parts_of(size: int, part_size: int) -> int:
    """How many parts a file is cut into; an empty one is one."""
    return max(1, -(-size // part_size))


def draw_plan(client: Client, seed: int) -> WirePlan:
    """Draw a plan; the same seed draws the same one."""
    draw = random.Random(f"{client} {seed}")  # noqa: S311 - repeatable, no secret
    every = kinds_of(client)
    first = every[seed % len(every)]
    server = draw.choice([name for name in SERVERS[client] if first in kinds_of(client, name)])
    part_size = PART_SIZES[server]
    ending: Ending = "discarded" if client == "browser" and draw.random() < 0.1 else "arrives"
    sizes = _sizes(draw, part_size, client)
    return WirePlan(
        client=client,
        seed=seed,
        server=server,
        sizes=sizes,
        part_size=part_size,
        concurrency=draw.choice((1, 2, 4, 6, 6)),
        faults=tuple(
            Planned(name, wire, make(draw, _target(draw, sizes, part_size)))
            for wire, name, make in [
                first,
                *_others(draw, kinds_of(client, server, ending), ending),
            ]
        ),
        ending=ending,
        then=draw.choice(("resume", "resume", "pick again", "refresh", "script")),
    )


def kinds_of(
    client: Client, server: str = "", ending: Ending = "arrives"
) -> list[tuple[Wire, str, Draw]]:
    """Everything that can go wrong, with the wire and how such a fault is drawn."""
    page = PUT_KINDS if client == "script" else PUT_KINDS | PAGE_KINDS
    asks = ASK_KINDS | ABORT_KINDS if ending == "discarded" else ASK_KINDS
    found: list[tuple[Wire, str, Draw]] = [("page", name, draw) for name, draw in page.items()]
    found += [("kernel", name, draw) for name, draw in asks.items()]
    # moto compares no checksum: there, and only there, a flipped bit is stored and praised. It is
    # seen when the file is complete, and is the end of that upload: nothing could go on.
    return [each for each in found if not (server == "moto" and "bit" in each[1])]


def _sizes(draw: random.Random, part_size: int, client: Client) -> dict[str, int]:
    large = part_size >= MiB
    count = 1 if large else draw.choice((1, 1, 1, 2, 3))
    return {f"run{number}.bin": _size(draw, part_size, large=large) for number in range(count)}


def _size(draw: random.Random, part_size: int, *, large: bool) -> int:
    if draw.random() < 0.2:
        return draw.choice((0, 1, part_size - 1, part_size, part_size + 1, 2 * part_size))
    return draw.randint(1, 3 if large else 11) * part_size + draw.randrange(part_size)


def _others(
    draw: random.Random, kinds: Sequence[tuple[Wire, str, Draw]], ending: Ending
) -> list[tuple[Wire, str, Draw]]:
    chosen = draw.choices(kinds, k=draw.choice((0, 1, 1, 2, 3)))
    if ending == "discarded":
        chosen.append(draw.choice([kind for kind in kinds if kind[1] in ABORT_KINDS]))
    return chosen


def _target(draw: random.Random, sizes: Mapping[str, int], part_size: int) -> Target:
    name = draw.choice(list(sizes))
    parts = parts_of(sizes[name], part_size)
    number = draw.randint(1, parts)
    length = min(part_size, sizes[name] - (number - 1) * part_size)
    return Target(name=name, part_number=number if parts > 1 else 0, length=length)
