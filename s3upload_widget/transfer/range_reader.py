"""A long range of an object, by several requests at a time. Knows no file and no plan.

One connection is slow where the store is far away. What is read waits in memory until it is its turn.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from s3upload_widget.workers import DaemonExecutor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from s3upload_widget.s3 import Download

PIECE: Final = 4 * 1024**2
"""Bytes of one request."""
AT_ONCE: Final = 12
"""Requests at a time, and pieces in memory."""


def read_range(download: Download, start: int, end: int) -> Iterator[bytes]:
    """The bytes from ``start`` to ``end``, in order.

    The first request to a server goes alone: it tells which object this is, and whether the server
    sends ranges. One that does not would send the whole object each time.

    Raises:
        ObjectExistsError: Another object took its place meanwhile.
        S3Error: It cannot be read.
    """
    if start < end and not download.is_known:
        yield from download.blocks(start, min(start + PIECE, end))
        start = min(start + PIECE, end)
    if end - start <= PIECE or not download.sends_ranges:
        yield from download.blocks(start, end)
        return
    yield from _in_parallel(download, start, end)


def _in_parallel(download: Download, start: int, end: int) -> Iterator[bytes]:
    def read(at: int) -> bytes:
        return b"".join(download.blocks(at, min(at + PIECE, end)))

    pieces: deque[Future[bytes]] = deque()
    with DaemonExecutor(AT_ONCE, name="s3upload-read") as threads:
        try:
            for at in range(start, end, PIECE):
                pieces.append(threads.submit(read, at))
                if len(pieces) == AT_ONCE:
                    yield pieces.popleft().result()
            while pieces:
                yield pieces.popleft().result()
        finally:
            for piece in pieces:
                piece.cancel()
