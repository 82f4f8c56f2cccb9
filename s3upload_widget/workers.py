"""Daemon threads that work off a queue.

The threads of ``concurrent.futures`` are joined when Python ends, so a kernel could not shut
down while S3 does not answer; these are left behind.
"""

from __future__ import annotations

import logging
import queue
import re
import threading
import traceback
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

logger: Final = logging.getLogger("s3upload_widget")
_QUERY: Final = re.compile(r"\?[^\s\"'<>]*=[^\s\"'<>]*")


class Workers:
    """Up to ``count`` daemon threads, started when the first work comes.

    Args:
        count: How many threads; 1 keeps the order of the work.
        name: What the threads are called in a debugger.
        room: How many pieces of work may wait.
    """

    def __init__(self, count: int, *, name: str, room: int = 256) -> None:
        self._count = count
        self._name = name
        self._room = room
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, work: Callable[[], None]) -> bool:
        """Queue ``work``; ``False`` if there is no room, or after :meth:`close`."""
        with self._lock:
            if self._closed or self._queue.qsize() >= self._room:
                return False
            self._queue.put(work)
            if len(self._threads) < self._count:
                self._start()
            return True

    def close(self) -> None:
        """Take no more work; the threads end when all that was taken is done."""
        with self._lock:
            self._closed = True
            self._queue.put(None)

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            _outlive(work)
        self._queue.put(None)  # for the next thread


def _outlive(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception as error:  # noqa: BLE001  a thread must outlive whatever it is given
        log_defect("background work failed", error)


def scrub(text: str) -> str:
    """``text`` without the queries of URLs, where signatures and upload ids stand.

    A file's name may hold half of a surrogate pair, which no message of Jupyter's can carry.
    """
    return _QUERY.sub("?…", text).encode(errors="replace").decode()


def log_defect(what: str, error: BaseException) -> None:
    """Log an error that nobody foresaw, with its traceback and without secrets."""
    logger.error("%s: %s", what, scrub("".join(traceback.format_exception(error))))
