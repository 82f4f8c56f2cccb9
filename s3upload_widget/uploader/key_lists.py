"""What lists show of the keys of many files of one part: free before they are sent, there afterwards.

A list costs as much as some HEADs and shows a thousand keys. Sends nothing.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from s3upload_widget.s3 import NotAllowed
from s3upload_widget.transfer import ListedObjects, lists_prove
from s3upload_widget.workers import fulfil, in_parallel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from s3upload_widget.results import UploadedFile
    from s3upload_widget.s3 import Store

FRESH: Final = 1.0
"""Seconds that a list counts: what arrives later is lost on a server that ignores conditions.

One that takes half as long is the last."""
AHEAD: Final = 100
"""Keys that one list looks at, and so many before them, which others may be sending."""
WORTH: Final = 20
"""HEADs that a list is to save at least."""
GROUP: Final = 500
"""Files that are proven by one list."""
PATIENCE: Final = 5.0
"""Seconds after which no file waits for others to be proven."""
AT_ONCE: Final = 8
"""HEADs at a time, for files that a list does not prove."""
NOT_LISTED: Final = ListedObjects()


class FreeKeys:
    """Which keys have no object, as far as lists show it that are fresh. Thread-safe.

    Args:
        store: Where.
        keys: Of the files that are to be sent, roughly in this order.
    """

    def __init__(self, store: Store, keys: Iterable[str] = ()) -> None:
        self._store = store
        self._keys = sorted(keys)
        self._lock = threading.Lock()
        self._listed: frozenset[str] = frozenset()
        self._free: frozenset[str] = frozenset()
        self._at = 0.0
        self._useful = len(self._keys) >= WORTH
        self._sampled = False

    def shows(self, key: str) -> bool:
        """Whether a list shows just now that a key is free; if not, HEAD has to tell."""
        if not self._useful:
            return False
        with self._lock:
            if key not in self._listed or time.monotonic() - self._at > FRESH:
                self._list(key)
            return key in self._free

    def _list(self, key: str) -> None:
        at = bisect_left(self._keys, key)
        self._at = time.monotonic()
        self._listed = frozenset(self._keys[max(0, at - AHEAD) : at + AHEAD])
        self._free = self._store.list_free_keys(self._listed, WORTH)
        # Among a million other objects, or far away, lists take longer than they count.
        self._useful = time.monotonic() - self._at < FRESH / 2
        if self._free and not self._sampled:
            # Where nobody may look, it has to be known first whether the server guards what may come.
            self._sampled = True
            if isinstance(self._store.head_object(min(self._free)), NotAllowed):
                self._useful, self._free = False, frozenset()


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that went as one PUT and is to be proven."""

    key: str
    md5: str
    """Base64; ``""`` where it was not computed."""
    prove: Callable[[ListedObjects], UploadedFile]
    proven: Future[UploadedFile] = field(default_factory=Future)


class Proofs:
    """Proves files that were sent side by side. Thread-safe.

    The first one by HEAD: its object shows whether a list can prove the others.

    Args:
        store: Where they went.
        count: Files that will be sent, or fail.
    """

    def __init__(self, store: Store, count: int) -> None:
        self._store = store
        self._left = count
        self._lock = threading.Lock()
        self._pile: list[SentFile] = []
        self._since = 0.0
        self._samples: list[SentFile] = []
        self._lists_prove = self._is_known = False

    def add(self, sent: SentFile) -> None:
        """A file was sent: it is proven now, or with those that follow."""
        with self._lock:
            if self._samples:
                self._since = self._since if self._pile else time.monotonic()
                self._pile.append(sent)
                return
            self._samples.append(sent)
        _prove(NOT_LISTED, sent)
        with self._lock:
            failed = sent.proven.exception() is not None
            self._lists_prove = not failed and lists_prove(sent.proven.result(), sent.md5)
            self._is_known = True

    def ended(self) -> None:
        """One file more was sent, or failed: prove those that wait, if it is time."""
        with self._lock:
            self._left -= 1
            if not self._pile or not self._is_due():
                return
            pile, self._pile = self._pile, []
        listed = self._list(pile)
        for sent in pile:
            if sent.key in listed.objects:
                _prove(listed, sent)
        others = [sent for sent in pile if sent.key not in listed.objects]
        in_parallel(partial(_prove, NOT_LISTED), others, at_once=AT_ONCE)

    def _is_due(self) -> bool:
        waited = time.monotonic() - self._since
        many = len(self._pile) >= GROUP
        return self._is_known and (
            many or not self._lists_prove or not self._left or waited > PATIENCE
        )

    def _list(self, pile: Iterable[SentFile]) -> ListedObjects:
        """The objects of these keys; empty where HEAD has to tell, whatever the reason."""
        if not self._lists_prove:
            return NOT_LISTED
        return ListedObjects(self._store.list_objects(sent.key for sent in pile))


def _prove(listed: ListedObjects, sent: SentFile) -> None:
    fulfil(sent.proven, partial(sent.prove, listed))
