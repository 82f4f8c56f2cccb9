"""How long to wait before a call is made again, and which errors are worth it. Makes no call itself.

Waits grow exponentially, with full jitter. Source:
https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final, TypeVar

from s3upload_widget.errors import IntegrityError, S3UnavailableError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

T = TypeVar("T")

ATTEMPTS: Final = 10
"""For one part or object."""
FIRST_WAIT: Final = 0.5
"""Seconds at most before the second attempt."""
LONGEST_WAIT: Final = 30.0
"""Seconds at most before any attempt."""


def backoff(failures: int) -> float:
    """Seconds to wait after ``failures`` (from 1) in a row."""
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (failures - 1))
    return random.uniform(0, longest)  # noqa: S311 - no secret


def retrying(call: Callable[[], T], stopped: threading.Event) -> T:
    """Make ``call``, and again while the network, S3 or a damaged byte on the way is to blame.

    Args:
        call: Makes one request; it may be made several times.
        stopped: Ends the waiting and the retrying when set.

    Raises:
        S3UnavailableError: The last attempt failed, or ``stopped`` is set.
        IntegrityError: As above.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return call()
        except (S3UnavailableError, IntegrityError):  # noqa: PERF203 - that is what a retry is
            if attempt == ATTEMPTS or stopped.is_set():
                raise
            stopped.wait(backoff(attempt))
    raise AssertionError
