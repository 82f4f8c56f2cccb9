"""Scripts send more parts at a time as long as that makes them faster, and no more."""

from __future__ import annotations

import threading

import pytest

from s3upload_widget.uploader.lanes import MEMORY, Lanes, run_on_lanes
from s3upload_widget.workers import DaemonExecutor

MiB = 1 << 20
ROUND_TRIP = 0.1
"""Seconds, far more than a thread needs to be scheduled."""


class Wire:
    """Takes parts: each lane has a wire of its own."""

    def __init__(self, parts: int, size: int) -> None:
        self._left = parts
        self._size = size
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0
        self.carried = 0

    def step(self) -> int | None:
        """Carry one part."""
        with self._lock:
            if not self._left:
                return None
            self._left -= 1
            self._now += 1
            self.most = max(self.most, self._now)
        threading.Event().wait(ROUND_TRIP)
        with self._lock:
            self._now -= 1
            self.carried += 1
        return self._size


def carry(wire: Wire, lanes: Lanes, size: int) -> None:
    with DaemonExecutor(64, name="lanes") as executor:
        run_on_lanes(wire.step, executor, lanes, size)


def test_lanes_are_added_while_each_makes_it_faster() -> None:
    wire = Wire(200, MiB)

    carry(wire, Lanes(8), MiB)

    assert wire.carried == 200
    assert wire.most > 8


class Clock:
    """Time as lanes measure it, which passes while so many parts at most are carried at once."""

    def __init__(self, shared: int) -> None:
        self._shared = shared
        self._now = 0.0

    def monotonic(self) -> float:
        return self._now

    def process_time(self) -> float:
        """Carrying is no work."""
        return 0.0

    def lanes_after(self, parts: int, lanes: Lanes) -> int:
        """How many lanes there are once all parts went."""
        count = lanes.begin(MiB)
        for _ in range(parts):
            self._now += ROUND_TRIP / min(count, self._shared)
            count += lanes.ended(MiB)
        return count


@pytest.mark.parametrize(("shared", "expected"), [(8, 16), (12, 32), (1000, 64)])
def test_lanes_that_share_a_wire_which_is_full_stay_few(
    monkeypatch: pytest.MonkeyPatch, shared: int, expected: int
) -> None:
    clock = Clock(shared)
    monkeypatch.setattr("s3upload_widget.uploader.lanes.time", clock)

    assert clock.lanes_after(2000, Lanes(8)) == expected


@pytest.mark.parametrize(("size", "most"), [(16 * MiB, 16), (64 * MiB, 8)])
def test_all_parts_together_stay_within_the_memory(size: int, most: int) -> None:
    wire = Wire(100, size)
    lanes = Lanes(8)

    carry(wire, lanes, size)

    assert wire.most <= most == max(8, MEMORY // size)
    assert lanes.begin(MiB) >= lanes.begin(64 * MiB) == 8


def test_what_the_user_says_stays_as_it_is() -> None:
    wire = Wire(60, MiB)

    carry(wire, Lanes(3, 3), MiB)

    assert (wire.carried, wire.most) == (60, 3)


def test_the_first_error_ends_every_lane_and_is_raised() -> None:
    started = threading.Barrier(4)

    def fails() -> int:
        started.wait(60)
        raise LookupError

    with DaemonExecutor(4, name="lanes") as executor, pytest.raises(LookupError):
        run_on_lanes(fails, executor, Lanes(4, 4), 1)
