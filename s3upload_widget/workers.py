"""Daemon threads that work off a queue.

The threads of ``concurrent.futures`` are joined when Python ends, so a kernel could not shut
down while S3 does not answer; these are left behind.
"""

from __future__ import annotations

import logging
import math
import queue
import threading
import traceback
from concurrent.futures import Executor, Future
from functools import partial
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from s3upload_widget.redaction import without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

P = ParamSpec("P")
T = TypeVar("T")

logger: Final = logging.getLogger("s3upload_widget")

IDLE: Final = 60.0
"""Seconds after which a thread without work ends: a cell that is run again makes a new widget."""


class Workers:
    """Up to ``count`` daemon threads, started when the first work comes.

    Where Python cannot start threads (Pyodide), whoever submits work does it.

    Args:
        count: How many threads; 1 keeps the order of the work.
        name: What the threads are called in a debugger.
        idle: Seconds after which a thread without work ends.
    """

    def __init__(self, count: int, *, name: str, idle: float = IDLE) -> None:
        self._count = count
        self._name = name
        self._idle = idle
        self._queue: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, work: Callable[[], object], *, room: float = math.inf) -> bool:
        """Queue ``work``; ``False`` if ``room`` tasks wait before it, or after :meth:`close`."""
        with self._lock:
            if self._closed or self._queue.qsize() >= room:
                return False
            self._queue.put(work)
            if len(self._threads) >= self._count or self._start() or self._threads:
                return True
            self._queue.get()  # this work: nobody else does any
        _outlive(work)
        return True

    def close(self) -> None:
        """Take no more work; the threads end when all queued work is done."""
        with self._lock:
            self._closed = True
            self._queue.put(None)

    def _start(self) -> bool:
        thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # Python cannot start any, or no more
            return False
        self._threads.add(thread)
        return True

    def _run(self) -> None:
        while (work := self._next()) is not None:
            _outlive(work)
        if self._closed:
            self._queue.put(None)  # for the next thread

    def _next(self) -> Callable[[], object] | None:
        """The next work; None if this thread is to end."""
        try:
            return self._queue.get(timeout=self._idle)
        except queue.Empty:
            return self._last()

    def _last(self) -> Callable[[], object] | None:
        with self._lock:  # the next submit starts a thread again
            try:
                return self._queue.get_nowait()
            except queue.Empty:
                self._threads.discard(threading.current_thread())
                return None


class DaemonExecutor(Executor):
    """An executor whose threads do not hold up the end of Python.

    Args:
        count: How many threads.
        name: What they are called in a debugger.
    """

    def __init__(self, count: int, *, name: str) -> None:
        self._workers = Workers(count, name=name)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Queue a call.

        Raises:
            RuntimeError: After :meth:`shutdown`.
        """
        future: Future[T] = Future()
        if not self._workers.submit(partial(fulfil, future, partial(fn, *args, **kwargs))):
            msg = "no call is taken after shutdown"
            raise RuntimeError(msg)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        """Take no more calls; waits for none, and those that were queued are made."""
        self._workers.close()


def in_parallel(
    do: Callable[..., T], *arguments: Iterable[object], at_once: int, name: str = "s3upload-beside"
) -> list[T]:
    """Call ``do`` with each of the arguments, as :func:`map` does; the results, in order.

    Raises:
        BaseException: The first that ``do`` raised, or an interrupt; tasks that did not start are dropped.
    """
    tasks = [(Future[T](), partial(do, *each)) for each in zip(*arguments, strict=True)]
    workers = Workers(at_once, name=name)
    for future, task in tasks:
        workers.submit(partial(fulfil, future, task))
    workers.close()
    try:
        return [future.result() for future, _ in tasks]
    finally:
        for future, _ in tasks:
            future.cancel()


def log_defect(what: str, error: BaseException) -> None:
    """Log an unforeseen error, with its traceback and without secrets."""
    logger.error("%s: %s", what, without_secrets("".join(traceback.format_exception(error))))


def _outlive(work: Callable[[], object]) -> None:
    try:
        work()
    except Exception as error:  # noqa: BLE001  a thread must outlive its tasks
        log_defect("background work failed", error)


def fulfil(future: Future[T], task: Callable[[], T]) -> None:
    """Give a future what a task returns or raises."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(task())
    except BaseException as error:  # noqa: BLE001  the future reports it
        future.set_exception(error)
