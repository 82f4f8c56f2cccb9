"""Which pages are still there. Knows no messages."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SILENT: Final = 12.0
"""Seconds without a message, after which a page whose files move is asked for one."""
LOOK_EVERY: Final = 6.0
"""Seconds."""


class Presence:
    """Pages that have to send a message soon. Thread-safe; one timer runs for all of them.

    Args:
        note_absent: Called with each page that stayed silent, in a thread of its own.
    """

    def __init__(self, note_absent: Callable[[str], None]) -> None:
        self._note_absent = note_absent
        self._lock = threading.Lock()
        self._deadlines: dict[str, float] = {}
        self._running = False

    def expect(self, pages: Iterable[str], seconds: float) -> None:
        """Give these pages ``seconds``; pages that are expected already get no more."""
        with self._lock:
            deadline = time.monotonic() + seconds
            for page in pages:
                self._deadlines.setdefault(page, deadline)
            if self._deadlines and not self._running:
                self._start_timer(seconds)

    def note_present(self, page: str) -> None:
        """A page sent a message."""
        with self._lock:
            self._deadlines.pop(page, None)

    def _start_timer(self, seconds: float) -> None:
        self._running = start_timer(seconds, self._check_deadlines)

    def _check_deadlines(self) -> None:
        with self._lock:
            now = time.monotonic()
            silent = [page for page, deadline in self._deadlines.items() if deadline <= now]
            for page in silent:
                del self._deadlines[page]
        try:
            for page in silent:
                self._note_absent(page)
        finally:
            with self._lock:
                self._running = False
                if self._deadlines:
                    self._start_timer(max(0.0, min(self._deadlines.values()) - time.monotonic()))


class Watch:
    """Notices pages that fall silent while their files move. Thread-safe.

    A thread or a loop that is kept busy delivers no message, so a page counts as silent only
    once the event loop that delivered its last message is free.

    Args:
        moving: The pages whose files move.
        doubt: Called with pages that are silent.
    """

    def __init__(self, moving: Callable[[], set[str]], doubt: Callable[[set[str]], object]) -> None:
        self._moving = moving
        self._doubt = doubt
        self._lock = threading.Lock()
        self._heard: dict[str, float] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_running = False
        self._is_closed = False

    def note_message(self, page: str) -> None:
        """A page sent a message, which this thread delivers."""
        with self._lock:
            self._heard[page] = time.monotonic()
            self._loop = asyncio._get_running_loop()  # noqa: SLF001  the public one raises
            if not self._is_running:
                self._start_timer()

    def close(self) -> None:
        """Look no more."""
        self._is_closed = True

    def _start_timer(self) -> None:
        self._is_running = start_timer(LOOK_EVERY, self._look)

    def _look(self) -> None:
        moving = self._moving()
        with self._lock:
            self._is_running = False
            before = time.monotonic() - SILENT
            self._heard = {page: at for page, at in self._heard.items() if page in moving}
            silent = {page for page, at in self._heard.items() if at < before}
            if self._is_closed or not moving:
                return
            loop = self._loop
            self._start_timer()
        if silent and loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._doubt, silent)
        elif silent:
            self._doubt(silent)


def start_timer(seconds: float, call: Callable[[], object]) -> bool:
    """Have a call made later; ``False`` where Python cannot start threads (Pyodide)."""
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    try:
        timer.start()
    except RuntimeError:
        return False
    return True
