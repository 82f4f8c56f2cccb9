"""Lists the unfinished uploads of a key before they are needed. Knows no file and no message."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from s3upload_widget.errors import S3Error
from s3upload_widget.workers import Workers, fulfil

if TYPE_CHECKING:
    from collections.abc import Iterable

    from s3upload_widget.s3 import ListedUpload, Store

FRESH: Final = 5.0
"""Seconds for which a list that was requested early serves: others may begin uploads meanwhile."""

Listed: TypeAlias = "tuple[ListedUpload, ...]"


@dataclass(frozen=True, slots=True)
class _Requested:
    listed: Future[Listed] = field(default_factory=Future)
    at: float = field(default_factory=time.monotonic)


class EarlyList:
    """One list at a time, of one key. Thread-safe.

    A page that picks a file asks for its upload next: the list is requested beside the look at the
    key's object, and saves a round trip. It decides nothing earlier: a list that failed, waits
    behind another or is not fresh is requested again where it is needed, with that one's errors.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._workers = Workers(1, name="s3upload-early-list")
        self._lock = threading.Lock()
        self._requested: dict[str, _Requested] = {}

    def request(self, key: str) -> None:
        """Request the list of a key in a thread; what was requested before is forgotten."""
        requested = _Requested()
        work = partial(fulfil, requested.listed, partial(self._list, key))
        if not self._workers.submit(work, room=1):
            return
        with self._lock:
            dropped, self._requested = self._requested, {key: requested}
        for each in dropped.values():
            each.listed.cancel()

    def take(self, key: str) -> Iterable[ListedUpload]:
        """The uploads of a key: of the early list, once, or else listed as they are iterated.

        Raises:
            S3Error: On iteration, if they cannot be listed now.
        """
        with self._lock:
            requested = self._requested.pop(key, None)
        if requested and time.monotonic() < requested.at + FRESH and not requested.listed.cancel():
            with contextlib.suppress(S3Error):
                return requested.listed.result()
        return self._store.list_multipart_uploads(key=key)

    def close(self) -> None:
        """Request none any more."""
        self._workers.close()

    def _list(self, key: str) -> Listed:
        return tuple(self._store.list_multipart_uploads(key=key))
