"""How many parts go at a time: more, as long as that makes it faster. Knows neither S3 nor files."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, wait
from typing import TYPE_CHECKING, Final

from s3upload_widget.options import MAX_CONCURRENCY

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor, Future

MEMORY: Final = 256 * 1024**2
"""Bytes of all parts at a time, beyond which no lane is added."""
HELPS: Final = 1.15
"""How much faster it has to become for still more lanes."""
ROUNDS: Final = 2
"""Parts of each lane that are measured before more lanes are added."""
LEAST: Final = 0.2
"""Seconds that are measured."""
BUSY: Final = 0.75
"""Share of all processors; a process that uses more of them gains nothing by more lanes."""


class Lanes:
    """The number of lanes, each of which handles one part at a time. Thread-safe.

    Args:
        first: To begin with.
        most: Never more; ``first`` keeps it as it is.
    """

    def __init__(self, first: int, most: int = MAX_CONCURRENCY) -> None:
        self._first = self._count = first
        self._most = most
        self._lock = threading.Lock()
        self._largest = 0
        self._rate = 0.0
        """Bytes a second with half as many lanes; infinite where more are of no use."""
        self._measure()

    def begin(self, size: int) -> int:
        """How many lanes handle parts of up to so many bytes from now on."""
        with self._lock:
            self._largest = size
            self._count = min(self._count, self._room())
            self._measure()
            return self._count

    def ended(self, size: int) -> int:
        """A part of so many bytes is done; returns how many lanes are to be added."""
        with self._lock:
            self._ends += 1
            self._bytes += size
            taken = time.monotonic() - self._started
            if self._ends < ROUNDS * self._count or taken < LEAST:
                return 0
            added = self._worth(self._bytes / taken, taken)
            self._count += added
            self._measure()
            return added

    def _worth(self, rate: float, taken: float) -> int:
        added = min(self._count, self._room() - self._count)
        busy = (time.process_time() - self._cpu) / taken > BUSY * (os.cpu_count() or 1)
        if busy or added <= 0:
            return 0
        helped = rate > self._rate * HELPS
        self._rate = rate if helped else float("inf")
        return added if helped else 0

    def _room(self) -> int:
        """As many as may be there for parts of this size."""
        return max(self._first, min(self._most, MEMORY // max(self._largest, 1)))

    def _measure(self) -> None:
        self._ends = self._bytes = 0
        self._started, self._cpu = time.monotonic(), time.process_time()


def run_on_lanes(
    step: Callable[[], int | None], executor: Executor, lanes: Lanes, size: int
) -> None:
    """Call ``step`` on as many threads as help, until it gives None.

    Args:
        step: Handles one part and gives its bytes; None where there is no other.
        executor: Has the threads.
        lanes: How many.
        size: Bytes of the largest part.

    Raises:
        BaseException: The first that ``step`` raised, once the other threads have ended; an
            interrupt is raised at once.
    """
    futures: list[Future[None]] = []

    def work() -> None:
        while (done := step()) is not None:
            start(lanes.ended(done))

    def start(count: int) -> None:
        futures.extend([executor.submit(work) for _ in range(count)])

    start(lanes.begin(size))
    waited: list[Future[None]] = []
    failed: list[BaseException] = []
    while len(waited) < len(futures):  # a lane is added before the one that adds it ends
        waited = list(futures)
        done, _ = wait(waited, return_when=FIRST_EXCEPTION)
        failed = failed or [error for future in done if (error := future.exception())]
        wait(waited)
    if failed:
        raise failed[0]
