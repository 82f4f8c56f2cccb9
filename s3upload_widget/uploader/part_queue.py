"""Several threads that prove and send the parts of one file, until nothing is left or one fails."""

from __future__ import annotations

import random
import threading
from collections import deque
from concurrent.futures import FIRST_EXCEPTION, Executor, Future, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, ParamSpec, TypeVar

from s3upload_widget.errors import IntegrityError, S3UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

P = ParamSpec("P")
T = TypeVar("T")

TRIES: Final = 8
"""For one part or object; botocore itself tries each of them three times."""
LONGEST_WAIT: Final = 30.0
"""Seconds between two tries."""
PROVERS: Final = 2
"""Lanes that prove while there is something to send: hashing more at once gains nothing."""


@dataclass(frozen=True, slots=True)
class PartJob:
    """One part and what is to be done with it."""

    kind: Literal["prove", "send"]
    part_number: int


class PartQueue:
    """What is left to be done. Thread-safe.

    Args:
        to_prove: Parts that S3 shows, or that the whole file's checksum wants, in order.
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

    def proved(self, part_number: int, *, equal: bool) -> None:
        """Say how proving a part ended: what is not equal is sent."""
        with self._changed:
            self._proving -= 1
            if not equal:
                self._to_send.append(part_number)
            self._changed.notify_all()

    def stop(self) -> None:
        """Have every lane end after its present job."""
        with self._changed:
            self.stopped.set()
            self._changed.notify_all()


class InlineExecutor(Executor):
    """Does what it is given at once, in the thread that gives it.

    For a file that is itself one of many on an executor: to wait there for others of its threads
    could be for ever.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Do it."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - whoever has the future gets it
            future.set_exception(error)
        return future


def run(work: PartQueue, do: Callable[[PartJob], None], executor: Executor, lanes: int) -> None:
    """Do all jobs on ``lanes`` threads of ``executor``.

    Raises:
        BaseException: The first that a job raised, once the other lanes have ended; at an
            interrupt at once, while they end by themselves.
    """

    def lane() -> None:
        try:
            while job := work.take():
                do(job)
        except BaseException:
            work.stop()
            raise

    futures = [executor.submit(lane) for _ in range(lanes)]
    try:
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        failed = [error for future in done if (error := future.exception())]
        wait(futures)
    except BaseException:
        work.stop()
        raise
    if failed:
        raise failed[0]


def persist(send: Callable[[], None], stopped: threading.Event) -> None:
    """Do ``send``, and again while the network, S3 or a damaged byte on the way is to blame.

    Waits grow with full jitter. Source:
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    for attempt in range(TRIES):
        try:
            send()
        except (S3UnavailableError, IntegrityError):  # noqa: PERF203 - that is what a retry is
            if attempt == TRIES - 1 or stopped.is_set():
                raise
            longest = min(LONGEST_WAIT, 0.5 * 2**attempt)
            stopped.wait(random.uniform(0, longest))  # noqa: S311 - no secret
        else:
            return
