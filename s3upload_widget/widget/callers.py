"""How a user's function is called later, from a thread, as if by the code that registered it.

Knows no widget.
"""

from __future__ import annotations

import contextvars
import hashlib
import queue
import sys
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeAlias

from s3upload_widget.widget import shiny_session
from s3upload_widget.workers import fulfil

if TYPE_CHECKING:
    from collections.abc import Callable

Caller: TypeAlias = "Callable[[Callable[[], object]], object]"
"""Makes a call, waits for it, and raises what it raises."""


def caller() -> Caller:
    """How a function that this code registers is called, from any thread.

    In Shiny, that is in the session and its event loop, so that it may set reactive values; in
    marimo, in a ``mo.Thread`` of the cell, so that it may set states. In ipykernel 7, what it
    prints appears below the cell.
    """
    if in_marimo():
        return _MarimoThread().run
    if shiny_session.has_session():
        return shiny_session.SessionLoop().run
    context = contextvars.copy_context()
    return lambda call: context.copy().run(call)


def cell() -> str:
    """A name of the cell that runs this code, the same when that is run again; ``""`` if none does.

    A front end names its cells; where it does not, their text does.
    """
    ipython: Any = sys.modules.get("IPython")
    shell: Any = ipython.get_ipython() if ipython is not None else None
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    if parent.get("header", {}).get("msg_type") != "execute_request":
        return ""
    name = parent.get("metadata", {}).get("cellId") or parent.get("content", {}).get("code", "")
    return hashlib.sha256(name.encode()).hexdigest()


class Registered:
    """An observer and the context that it was registered in; equal to the observer itself.

    Args:
        fn: The observer.
        is_ours: Whether a thread of the widget calls it, and no code of the user's.
    """

    def __init__(self, fn: Callable[[Any], object], is_ours: Callable[[], bool]) -> None:
        self._fn = fn
        self._is_ours = is_ours
        self._context = contextvars.copy_context()

    def __call__(self, change: Any) -> object:
        """Call the observer."""
        if self._is_ours():
            return self._context.copy().run(self._fn, change)
        return self._fn(change)

    def __eq__(self, other: object) -> bool:
        return self._fn == (other._fn if isinstance(other, Registered) else other)

    def __hash__(self) -> int:
        return hash(self._fn)


def in_marimo() -> bool:
    """Whether this code runs in a cell of marimo, or in a ``mo.Thread`` of one."""
    marimo: Any = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def blocks_marimo() -> bool:
    """Whether this code runs in a cell of marimo: it handles no message before the cell ends."""
    marimo: Any = sys.modules.get("marimo")
    return in_marimo() and not isinstance(threading.current_thread(), marimo.Thread)


class _MarimoThread:
    """A thread of the cell that registers a callback; marimo knows its kernel in no other."""

    def __init__(self) -> None:
        marimo: Any = sys.modules["marimo"]
        self._calls: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._thread = marimo.Thread(target=self._work, daemon=True)

    def run(self, call: Callable[[], object]) -> None:
        """Make a call, and wait for it; not at all once the cell was run again."""
        if self._thread.should_exit:
            return
        if not self._thread.is_alive():
            self._thread.start()
        future: Future[object] = Future()
        self._calls.put(lambda: fulfil(future, call))
        future.result()

    def _work(self) -> None:
        while True:
            self._calls.get()()
