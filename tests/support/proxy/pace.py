"""Slows a stream down to a rate that may change at any time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

UNLIMITED: Final = float("inf")
_BEAT: Final = 0.05


class Pace:
    """Bytes a second for all who share it."""

    def __init__(self, rate: Callable[[], float]) -> None:
        self._rate = rate
        self._free_at = 0.0

    @property
    def step(self) -> int:
        """Bytes to move at once so that the flow stays even."""
        rate = self._rate()
        return 1 << 62 if rate == UNLIMITED else max(1024, int(rate * _BEAT))

    async def passed(self, size: int) -> None:
        """Return when so many bytes more may have passed; the rate may change meanwhile."""
        clock = asyncio.get_running_loop().time
        while size > 0 and (rate := self._rate()) != UNLIMITED:
            some = min(size, self.step)
            now = clock()
            self._free_at = max(self._free_at, now) + some / rate
            await asyncio.sleep(self._free_at - now)
            size -= some
