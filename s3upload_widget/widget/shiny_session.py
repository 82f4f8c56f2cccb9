"""Messages and callbacks for a page of Shiny, whose session lives in one event loop and context.

shinywidgets finds the session by a context variable that threads do not inherit, and sends only
when the reactive graph is flushed. Knows no widget, and imports nothing of Shiny before it runs.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from collections import deque
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from s3upload_widget.workers import fulfil

if TYPE_CHECKING:
    from collections.abc import Callable


class SessionLoop:
    """The event loop and the context of the session that it was created in.

    Raises:
        RuntimeError: No event loop runs in this thread.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()
        self._lock = threading.Lock()
        self._queue: deque[Callable[[], object]] = deque()
        self._is_draining = False

    def submit(self, call: Callable[[], object]) -> None:
        """Queue a call, which must not raise, from any thread; calls keep their order.

        Raises:
            RuntimeError: The loop is closed.
        """
        with self._lock:
            self._queue.append(call)
            if self._is_draining:
                return
            self._is_draining = True
        self._loop.call_soon_threadsafe(self._start, context=self._context)

    def run(self, call: Callable[[], object]) -> None:
        """Make a call in the session, and wait for it; raises what it raises."""
        future: Future[object] = Future()
        self.submit(lambda: fulfil(future, call))
        future.result()

    def _start(self) -> None:
        self._task = self._loop.create_task(self._drain())

    async def _drain(self) -> None:
        reactive: Any = sys.modules["shiny.reactive"]
        async with reactive.lock():
            with self._lock:
                calls, self._queue = self._queue, deque()
                self._is_draining = False
            for call in calls:
                call()
            await reactive.flush()


def is_shiny(comm: Any) -> bool:
    """Whether a comm is one of shinywidgets', and open."""
    return type(comm).__module__.startswith("shinywidgets.") and hasattr(comm, "comm_manager")


def has_session() -> bool:
    """Whether this code runs in a session of Shiny, and in its event loop."""
    session: Any = sys.modules.get("shiny.session")
    if session is None or session.get_current_session() is None:
        return False
    return asyncio._get_running_loop() is not None  # noqa: SLF001  the public one raises


def guard(comm: Any, failed: Callable[[Exception], None]) -> Callable[[Callable[[], object]], None]:
    """Have a comm of shinywidgets send from any thread.

    Args:
        comm: Was opened in this thread, in its session.
        failed: Called with what sending raises.

    Returns:
        What has a call made in the session: ``reactive_read`` misses changes by other threads.
    """
    loop, send = SessionLoop(), comm.send

    def send_soon(*args: object, **options: object) -> None:
        loop.submit(lambda: _attempt(lambda: send(*args, **options), failed))

    comm.send = send_soon
    return loop.submit


def _attempt(call: Callable[[], object], failed: Callable[[Exception], None]) -> None:
    try:
        call()
    except Exception as error:  # noqa: BLE001  of the host
        failed(error)
