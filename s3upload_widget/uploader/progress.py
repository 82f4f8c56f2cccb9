"""How much of a script's files is done: counted, shown as a bar, told to a program. Knows no S3."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(slots=True)
class UploadStats:
    """Counts what was done for one file. Thread-safe."""

    advance: Callable[[int], object]
    """Called with bytes that are done, and with a negative number where they were done in vain."""
    sent: int = 0
    """Parts that were sent, repeated ones included."""
    kept: int = 0
    """Parts that were there already; 1 for a whole object."""
    resent: int = 0
    """Parts that were there with other bytes, or were lost, and were sent again."""
    _parts: dict[int, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def parts_done(self) -> int:
        """Different parts that are on S3."""
        return len(self._parts)

    def count_part(self, part_number: int, size: int, *, sent: bool) -> None:
        """Count a part that is on S3, or with number 0 the whole object."""
        with self._lock:
            self.sent += sent
            self.kept += not sent
            if part_number not in self._parts:
                self._parts[part_number] = size
                self.advance(size)

    def count_resent(self, count: int = 1) -> None:
        """Count parts that have to be sent again."""
        with self._lock:
            self.resent += count

    def restart(self) -> None:
        """Forget the parts: nothing is done after all."""
        with self._lock:
            self.advance(-sum(self._parts.values()))
            self._parts.clear()
            self.kept = 0


@contextmanager
def progress_bar(
    name: str,
    total: int | None,
    *,
    shown: bool,
    tell: Callable[[int, int], object] | None,
) -> Iterator[Callable[[int], object]]:
    """What shows that more bytes are done; ``total`` is None where nobody knows it."""
    told = Told(tell, total or 0)
    if not shown or sys.stderr is None:  # as in a program that was started without one
        yield told.advance
        return
    from tqdm.auto import tqdm  # noqa: PLC0415 - it looks for a notebook, which takes a while

    with tqdm(total=total, desc=name, unit="B", unit_scale=True, unit_divisor=1024) as bar:

        def advance(size: int) -> None:
            bar.update(size)
            told.advance(size)

        yield advance


@dataclass(slots=True)
class Told:
    """Tells a program how much is done. Thread-safe."""

    tell: Callable[[int, int], object] | None
    total: int
    done: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def advance(self, size: int) -> None:
        """So many bytes more are done; or fewer, where they were done in vain."""
        if self.tell is not None:
            with self.lock:
                self.done += size
                self.tell(self.done, self.total)
