"""Counting what was done for a file of a script."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True)
class UploadStats:
    """What was done for one file. Thread-safe."""

    advance: Callable[[int], object]
    """Told of bytes that are done, and with a minus of those that were done in vain."""
    sent: int = 0
    """Parts that were sent, the same one again among them."""
    kept: int = 0
    """Parts that were there; 1 for a whole object that was there."""
    again: int = 0
    """Parts that were there with other bytes, or got lost, and were sent again."""
    _parts: dict[int, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def done(self, part_number: int, size: int, *, sent: bool) -> None:
        """A part is on S3, or with number 0 the whole object."""
        with self._lock:
            self.sent += sent
            self.kept += not sent
            if part_number not in self._parts:
                self._parts[part_number] = size
                self.advance(size)

    def differs(self, count: int = 1) -> None:
        """So many parts have to be sent again."""
        with self._lock:
            self.again += count

    def restart(self) -> None:
        """Nothing is done after all."""
        with self._lock:
            self.advance(-sum(self._parts.values()))
            self._parts.clear()
            self.kept = 0
