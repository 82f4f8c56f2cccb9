"""Has the page try whether it reaches an address. Knows no comm and no traits."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from s3upload_widget.protocol import Reach, Tried
from s3upload_widget.widget.comm_guards import deaf_while_running
from s3upload_widget.widget.waiting import PATIENCE, PING_EVERY

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3upload_widget.doctor import PageView
    from s3upload_widget.widget.waiting import Waiting

TIMES: Final = 8
"""How often the page is asked: it tries for 4 seconds, and messages may be lost."""


class Reachability:
    """Asks until a page has reported. Thread-safe; of several pages the first report counts.

    Args:
        waiting: Knows when a page sent a message.
        send: Sends an event to all pages; never raises.
    """

    def __init__(self, waiting: Waiting, send: Callable[[Reach], None]) -> None:
        self._waiting = waiting
        self._send = send
        self._lock = threading.Lock()
        self._asked = 0
        self._tried = Tried(number=0, reached=False)

    def page_reaches(self, address: str) -> PageView:
        """Whether the page reaches ``scheme://host``; blocks for at most some 8 seconds."""
        if deaf_while_running():
            return "not heard"
        messages = self._waiting.messages
        with self._lock:
            self._asked = number = self._asked + 1
        for times in range(TIMES):
            silent = self._waiting.messages == messages and times * PING_EVERY >= PATIENCE
            if silent or self._waiting.closed:
                break
            self._send(Reach(number=number, address=address))
            if self._waiting.wait_until(lambda: self._tried.number >= number, PING_EVERY):
                return "reaches" if self._tried.reached else "does not reach"
        return "not heard"

    def note_tried(self, tried: Tried) -> None:
        """A page reports the result of its newest try."""
        with self._lock:
            if self._tried.number < tried.number <= self._asked:
                self._tried = tried
