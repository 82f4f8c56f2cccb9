"""The parts of one file that are left to prove and send.

Knows neither S3 nor files: the caller does the jobs.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, ParamSpec, TypeVar

from s3upload_widget.uploader.lanes import run_on_lanes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from s3upload_widget.uploader.lanes import Lanes

P = ParamSpec("P")
T = TypeVar("T")

PROVERS: Final = 2
"""Threads that prove while there is something to send: hashing more at once gains nothing."""


@dataclass(frozen=True, slots=True)
class PartJob:
    """One part, and what to do with it."""

    kind: Literal["prove", "send"]
    part_number: int


class PartQueue:
    """The jobs that are left. Thread-safe.

    Args:
        to_prove: Parts that S3 shows, or that the whole file's checksum needs, in order.
        to_send: Parts that S3 does not show, in order.
    """

    def __init__(self, to_prove: Iterable[int], to_send: Iterable[int]) -> None:
        self._to_prove = deque(to_prove)
        self._to_send = deque(to_send)
        self._changed = threading.Condition()
        self._proving = 0
        self.stopped: Final = threading.Event()

    def take(self) -> PartJob | None:
        """The next job, as soon as there is one; None when all is done or stopped."""
        with self._changed:
            while not self.stopped.is_set():
                if self._to_prove and (self._proving < PROVERS or not self._to_send):
                    self._proving += 1
                    return PartJob("prove", self._to_prove.popleft())
                if self._to_send:
                    return PartJob("send", self._to_send.popleft())
                if not self._proving:
                    return None
                self._changed.wait()  # a part that is being proven may have to be sent
        return None

    def report_proved(self, part_number: int, *, equal: bool) -> None:
        """Report a part that was proven; one that is not equal is sent."""
        with self._changed:
            self._proving -= 1
            if not equal:
                self._to_send.append(part_number)
            self._changed.notify_all()

    def stop(self) -> None:
        """Make every thread end after its present job."""
        with self._changed:
            self.stopped.set()
            self._changed.notify_all()


class InlineExecutor(Executor):
    """Runs each task at once, in the thread that submits it.

    For a file that is itself one of many on an executor: waiting there for other threads of the
    same executor could deadlock.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run it."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - the future reports it
            future.set_exception(error)
        return future


def run_jobs(
    queue: PartQueue, do: Callable[[PartJob], int], executor: Executor, lanes: Lanes, size: int
) -> None:
    """Do all jobs on threads of ``executor``.

    Args:
        queue: The jobs.
        do: Does one, and gives the bytes of its part.
        executor: Has the threads.
        lanes: How many of them.
        size: Bytes of the largest part.

    Raises:
        BaseException: The first that a job raised, once the other threads have ended; an
            interrupt is raised at once, while they end by themselves.
    """

    def step() -> int | None:
        try:
            job = queue.take()
            return do(job) if job else None
        except BaseException:
            queue.stop()
            raise

    try:
        run_on_lanes(step, executor, lanes, size)
    except BaseException:
        queue.stop()
        raise
