"""Messages to the page: what a thread may not send waits for one that may. Knows no comm."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from s3upload_widget.workers import log_defect, logger

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT: Final = 256
"""Messages that may wait: more than a page has requests under way."""


class Outbox:
    """Sends messages to the page, and never raises. Thread-safe.

    Some hosts let only the thread that delivers the page's messages send any. The page repeats a
    request that gets no reply, so that thread is here again within seconds.

    Args:
        send: Sends a message; may raise.
        failed: Called with the error of a message that neither thread could send.
    """

    def __init__(
        self, send: Callable[[dict[str, Any]], None], failed: Callable[[Exception], None]
    ) -> None:
        self._send = send
        self._failed = failed
        self._lock = threading.Lock()
        self._kept: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def send(self, message: dict[str, Any]) -> None:
        """Send a message now, or else keep it."""
        try:
            self._send(message)
        except Exception as error:  # noqa: BLE001  of the host
            logger.debug("a message waits for the page's next one: %s", error)
            with self._lock:
                self._kept.append(message)

    def send_kept(self) -> None:
        """Send what was kept, in the thread that delivers a message of the page."""
        if not self._kept:
            return
        with self._lock:
            kept = tuple(self._kept)
            self._kept.clear()
        for message in kept:
            self._attempt(message)

    def _attempt(self, message: dict[str, Any]) -> None:
        try:
            self._send(message)
        except Exception as error:  # noqa: BLE001  of the host; the page repeats its request
            log_defect("a message to the page could not be sent", error)
            self._failed(error)
