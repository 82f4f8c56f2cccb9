"""Waiting for a condition with a deadline: the only place in the tests that sleeps."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

PATIENCE: Final = 3
"""How often longer than on an idle machine is waited: a wait that is not in vain costs nothing."""


def until(
    condition: Callable[[], T],
    timeout: float = 30.0,
    what: str | Callable[[], object] = "the condition",
    interval: float = 0.02,
) -> T:
    """Poll until ``condition`` is true, and return what it gave.

    Args:
        condition: Called again and again in this thread; any true value ends the wait.
        timeout: Seconds that it may take on an idle machine; it is given up after ``PATIENCE``
            times as many.
        what: What was waited for, or a function that tells how things stand at the end.
        interval: Seconds between two calls.

    Raises:
        TimeoutError: Still not true when the time was up; says what, and the last value.
    """
    deadline = time.monotonic() + timeout * PATIENCE
    while not (value := condition()):
        if time.monotonic() > deadline:
            told = what() if callable(what) else what
            msg = f"waited {timeout * PATIENCE:g} s in vain for {told}; last value {value!r}"
            raise TimeoutError(msg)
        time.sleep(interval)
    return value


def run(coroutine: Coroutine[Any, Any, T], timeout: float = 60.0) -> T:
    """Run a coroutine to its end in a thread and loop of its own.

    Playwright's synchronous interface keeps a loop running in the test's own thread, where
    ``asyncio.run`` is refused.
    """
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, asyncio.wait_for(coroutine, timeout)).result()
