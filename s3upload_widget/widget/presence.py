"""Which pages are still there: asked all together, and given up when they stay silent."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Presence:
    """Pages that have to say something soon. Thread-safe; however many are asked, one timer runs.

    Args:
        absent: Called with each page that stayed silent, in a thread of its own.
    """

    def __init__(self, absent: Callable[[str], None]) -> None:
        self._absent = absent
        self._lock = threading.Lock()
        self._deadlines: dict[str, float] = {}
        self._running = False

    def call(self, pages: Iterable[str], patience: float) -> None:
        """Give these pages ``patience`` seconds; those that were asked before get no more."""
        with self._lock:
            deadline = time.monotonic() + patience
            for page in pages:
                self._deadlines.setdefault(page, deadline)
            if self._deadlines and not self._running:
                self._run_in(patience)

    def heard(self, page: str) -> None:
        """A page is there."""
        with self._lock:
            self._deadlines.pop(page, None)

    def _run_in(self, seconds: float) -> None:
        self._running = True
        timer = threading.Timer(seconds, self._look)
        timer.daemon = True
        timer.start()

    def _look(self) -> None:
        with self._lock:
            now = time.monotonic()
            silent = [page for page, deadline in self._deadlines.items() if deadline <= now]
            for page in silent:
                del self._deadlines[page]
        try:
            for page in silent:
                self._absent(page)
        finally:
            with self._lock:
                self._running = False
                if self._deadlines:
                    self._run_in(max(0.0, min(self._deadlines.values()) - time.monotonic()))
