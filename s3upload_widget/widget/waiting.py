"""Waiting for uploads from a cell, without hanging where the page cannot be heard.

While a cell runs, a message from the page arrives only with ipykernel 7 and a page that uses
subshells, or while the cell awaits. So the page is pinged first. Knows no comm and no traits.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from typing import TYPE_CHECKING, Final, TypeAlias

from s3upload_widget.errors import CannotWaitError, UploadError
from s3upload_widget.results import UploadedFile
from s3upload_widget.widget.callers import blocks_marimo
from s3upload_widget.widget.comm_guards import deaf_while_running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE: Final = 3.0
"""Seconds in which a page that was heard before has to answer."""
FIRST_PATIENCE: Final = 8.0
"""Seconds for a page that is yet to load what this cell displays."""
PING_EVERY: Final = 1.0
"""Seconds; one ping may be lost."""
NAP: Final = 0.5
"""Seconds; a wait without end could not be interrupted on Windows."""

ENOUGH: Final = 3
"""Messages in a row that one thread delivered: a page sends as many when it loads, and JupyterLab
only the first of them before its subshell is there."""

_ELSEWHERE: Final = (
    "`await w.wait()` in an async cell or callback, call w.result() in a thread of your own, or give "
    "a function to w.on_complete()"
)
_ADVICE: Final = (
    "Do not wait: read the widget's .value in a later cell, or give a function to .on_complete(). "
    "Waiting in a cell needs ipykernel 7 and JupyterLab 4.4 or newer in their default settings."
)
_BLOCKED: Final = (
    "this call blocks the thread in which the page's messages arrive, so it would never end. "
    f"Instead, {_ELSEWHERE}."
)
_MARIMO: Final = (
    "marimo handles no message of the page while a cell runs. Instead, read .value['uris'] of "
    "mo.ui.anywidget(w) in another cell, which runs again as files arrive; or call w.result() in a "
    "mo.Thread; or give a function to w.on_complete(), which may set an mo.state."
)


Outcome: TypeAlias = tuple[UploadedFile, ...] | UploadError | None
"""What waiting ends with; None while it has to continue."""


class Waiting:
    """Wakes waiting threads and coroutines, and counts the page's messages. Thread-safe.

    Args:
        outcome: Says what waiting ends with.
        ping: Asks the page for a message.
    """

    def __init__(self, outcome: Callable[[], Outcome], ping: Callable[[], None]) -> None:
        self.outcome = outcome
        self.ping = ping
        self._lock = threading.Lock()
        self._wakers: set[Callable[[], object]] = set()
        self.messages = 0
        """How many came from pages."""
        self.closed = False
        self._deliverer = 0
        self._delivered = 0

    def note_message(self) -> None:
        """A message came from a page, in the thread that delivers them."""
        thread = threading.get_ident()
        self._delivered = self._delivered + 1 if thread == self._deliverer else 1
        self._deliverer = thread
        self.messages += 1
        self.notify()

    @property
    def is_blocked_here(self) -> bool:
        """Whether the page's messages would wait for whatever blocks this thread."""
        return self._delivered >= ENOUGH and self._deliverer == threading.get_ident()

    def close(self) -> None:
        """End all waiting."""
        self.closed = True
        self.notify()

    def notify(self) -> None:
        """Something changed: everything that waits checks again."""
        with self._lock:
            wakers = tuple(self._wakers)
        for wake in wakers:
            with contextlib.suppress(RuntimeError):  # its event loop was closed meanwhile
                wake()

    def wait(self, timeout: float | None) -> tuple[UploadedFile, ...]:
        """Wait in this thread for uploads to settle; errors are those of ``UploadWidget.wait``."""
        woken = threading.Event()
        attempt = _Wait(self, timeout, blocks=True)
        with self._woken_by(woken.set):
            while (files := attempt.poll()) is None:
                woken.wait(attempt.interval)
                woken.clear()
        return files

    async def wait_async(self, timeout: float | None) -> tuple[UploadedFile, ...]:
        """Wait in this coroutine for uploads to settle; errors are those of :meth:`wait`."""
        woken = asyncio.Event()
        loop = asyncio.get_running_loop()
        attempt = _Wait(self, timeout)
        # The page's messages arrive in other threads, which must not touch the loop's events.
        with self._woken_by(lambda: loop.call_soon_threadsafe(woken.set)):
            while (files := attempt.poll()) is None:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(woken.wait(), attempt.interval)
                woken.clear()
        return files

    def wait_until(self, met: Callable[[], bool], seconds: float) -> bool:
        """Wait in this thread until ``met``, for at most ``seconds``; return whether it is."""
        woken = threading.Event()
        end = time.monotonic() + seconds
        with self._woken_by(woken.set):
            while not met():
                left = end - time.monotonic()
                if left <= 0:
                    return False
                woken.wait(min(NAP, left))
                woken.clear()
        return True

    @contextlib.contextmanager
    def _woken_by(self, wake: Callable[[], object]) -> Iterator[None]:
        with self._lock:
            self._wakers.add(wake)
        try:
            yield
        finally:
            with self._lock:
                self._wakers.discard(wake)


class _Wait:
    """One wait, from its start to its outcome."""

    def __init__(self, waiting: Waiting, timeout: float | None, *, blocks: bool = False) -> None:
        self._waiting = waiting
        self._blocks = blocks
        self._timeout = timeout
        self._start = time.monotonic()
        self._messages = waiting.messages
        self._pinged = -PING_EVERY
        self._pings = 0

    @property
    def interval(self) -> float:
        """Seconds until the next poll, if nothing changes before."""
        waited = time.monotonic() - self._start
        return NAP if self._timeout is None else max(0.0, min(NAP, self._timeout - waited))

    def poll(self) -> tuple[UploadedFile, ...] | None:
        """The files; None while waiting has to continue.

        Raises:
            UploadError: A file failed.
            TimeoutError: The time is up.
            CannotWaitError: The page cannot be heard.
        """
        outcome = self._waiting.outcome()
        if isinstance(outcome, UploadError):
            raise outcome
        if outcome is None:
            self._check(time.monotonic() - self._start)
        return outcome

    def _check(self, waited: float) -> None:
        if self._waiting.closed:
            msg = "the widget was closed, so nothing more will arrive"
            raise CannotWaitError(msg)
        if deaf_while_running():
            msg = f"with ipykernel 6 no widget is heard before the cell ends. {_ADVICE}"
            raise CannotWaitError(msg)
        if blocks_marimo():
            raise CannotWaitError(_MARIMO)
        if self._blocks and self._waiting.is_blocked_here and self._timeout != 0:
            raise CannotWaitError(_BLOCKED)
        if self._timeout is not None and waited >= self._timeout:
            msg = f"the upload was not finished within {self._timeout:g} s; it continues"
            raise TimeoutError(msg)
        if self._waiting.messages == self._messages:
            self._ping(waited)

    def _ping(self, waited: float) -> None:
        if waited < self._pinged + PING_EVERY:
            return
        # Counted: where this process stood still, the page had no time to answer either.
        if self._pings * PING_EVERY >= (PATIENCE if self._messages else FIRST_PATIENCE):
            msg = (
                "no page that shows this widget answers while this cell runs. "
                f"Display the widget before, if it is not shown. Else, {_ELSEWHERE}. "
                "Waiting in a cell needs ipykernel 7 and JupyterLab 4.4 or newer in their default "
                "settings."
            )
            raise CannotWaitError(msg)
        self._pinged = waited
        self._pings += 1
        self._waiting.ping()
