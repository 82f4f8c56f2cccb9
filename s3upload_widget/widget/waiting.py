"""Waiting for uploads from a cell, without hanging where the page cannot be heard.

While a cell runs, a message from the page arrives only with ipykernel 7 and a page that uses
subshells, or while the cell awaits. So the page is asked for a sign of life first.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from typing import TYPE_CHECKING, Final, Protocol

from s3upload_widget.errors import CannotWaitError, UploadError
from s3upload_widget.widget.comm_guards import deaf_while_running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from s3upload_widget.results import UploadedFile

PATIENCE: Final = 3.0
"""Seconds in which a page that was heard before has to answer."""
FIRST_PATIENCE: Final = 8.0
"""Seconds for a page that is yet to load what this cell displays."""
PING_EVERY: Final = 1.0
"""Seconds; one ping may be lost."""
NAP: Final = 0.5
"""Seconds; a wait without end could not be interrupted on Windows."""

_ADVICE: Final = (
    "Do not wait: read the widget's .value in a later cell, or give a function to .on_complete(). "
    "Waiting in a cell needs ipykernel 7 and JupyterLab 4.4 or newer in their default settings."
)


class Waitable(Protocol):
    """What is waited for."""

    def outcome(self) -> tuple[UploadedFile, ...] | UploadError | None:
        """What waiting ends with; None while it has to go on."""

    def ping(self) -> None:
        """Ask the page for a sign of life."""


class Waiting:
    """Wakes whoever waits, and counts the page's signs of life. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bells: set[Callable[[], object]] = set()
        self.signs = 0
        """Messages that came from a page."""
        self.closed = False

    def heard(self) -> None:
        """A message came from a page."""
        self.signs += 1
        self.ring()

    def close(self) -> None:
        """End all waiting."""
        self.closed = True
        self.ring()

    def ring(self) -> None:
        """Something changed: whoever waits looks again."""
        with self._lock:
            bells = tuple(self._bells)
        for bell in bells:
            with contextlib.suppress(RuntimeError):  # its event loop was closed meanwhile
                bell()

    def block(self, target: Waitable, timeout: float | None) -> tuple[UploadedFile, ...]:
        """Wait in this thread."""
        woken = threading.Event()
        look = _Look(self, target, timeout)
        with self._hung(woken.set):
            while (files := look()) is None:
                woken.wait(look.nap)
                woken.clear()
        return files

    async def suspend(self, target: Waitable, timeout: float | None) -> tuple[UploadedFile, ...]:
        """Wait in this coroutine."""
        woken = asyncio.Event()
        loop = asyncio.get_running_loop()
        look = _Look(self, target, timeout)
        # The page's messages arrive in other threads, which must not touch the loop's events.
        with self._hung(lambda: loop.call_soon_threadsafe(woken.set)):
            while (files := look()) is None:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(woken.wait(), look.nap)
                woken.clear()
        return files

    def within(self, seconds: float, met: Callable[[], bool]) -> bool:
        """Wait in this thread until something is so, or the time is up; tell whether it is so."""
        woken = threading.Event()
        end = time.monotonic() + seconds
        with self._hung(woken.set):
            while not met():
                left = end - time.monotonic()
                if left <= 0:
                    return False
                woken.wait(min(NAP, left))
                woken.clear()
        return True

    @contextlib.contextmanager
    def _hung(self, bell: Callable[[], object]) -> Iterator[None]:
        with self._lock:
            self._bells.add(bell)
        try:
            yield
        finally:
            with self._lock:
                self._bells.discard(bell)


class _Look:
    """One wait: each call says how it stands."""

    def __init__(self, waiting: Waiting, target: Waitable, timeout: float | None) -> None:
        self._waiting = waiting
        self._target = target
        self._timeout = timeout
        self._start = time.monotonic()
        self._signs = waiting.signs
        self._pinged = -PING_EVERY

    @property
    def nap(self) -> float:
        """Seconds until the next look, if nothing changes before."""
        waited = time.monotonic() - self._start
        return NAP if self._timeout is None else max(0.0, min(NAP, self._timeout - waited))

    def __call__(self) -> tuple[UploadedFile, ...] | None:
        """The files; None while there is nothing to say.

        Raises:
            UploadError: A file failed.
            TimeoutError: The time is up.
            CannotWaitError: The page cannot be heard.
        """
        outcome = self._target.outcome()
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
        if self._timeout is not None and waited >= self._timeout:
            msg = f"the upload was not finished within {self._timeout:g} s; it goes on"
            raise TimeoutError(msg)
        if self._waiting.signs == self._signs:
            self._ask(waited)

    def _ask(self, waited: float) -> None:
        if waited >= (PATIENCE if self._signs else FIRST_PATIENCE):
            msg = (
                "no page that shows this widget answers while this cell runs. "
                f"Display the widget in an earlier cell if it is not shown. {_ADVICE}"
            )
            raise CannotWaitError(msg)
        if waited >= self._pinged + PING_EVERY:
            self._pinged = waited
            self._target.ping()
