"""The statuses of all picked files, in their order, with what can be counted of them.

With ten thousand files in the list, what happens with one of them must not walk over all.
Knows no lock: its owner has one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from s3upload_widget.results import FileState, FileStatus


@dataclass(slots=True)
class Row:
    """What is known of one file beside its status."""

    client: str
    """The page that picked the file: only its reports count."""
    number: int
    """Its place: files are shown in the order in which they were picked."""
    code: str = ""
    """Of the last refusal, as errors have it."""


class FileIndex:
    """Files by the page's name for them."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self._statuses: dict[str, FileStatus] = {}
        self._states: Counter[FileState] = Counter()
        self._troubled: set[str] = set()
        self._of_key: dict[str, dict[str, None]] = {}
        self._numbers = count()
        self.size = 0
        """Bytes of all files."""

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __getitem__(self, name: str) -> Row:
        return self._rows[name]

    def status(self, name: str) -> FileStatus:
        """How far the file is."""
        return self._statuses[name]

    @property
    def statuses(self) -> tuple[FileStatus, ...]:
        """Of all files, in their order."""
        return tuple(self._statuses.values())

    @property
    def states(self) -> Collection[FileState]:
        """Every state that any file is in."""
        return self._states.keys()

    @property
    def first_error(self) -> str:
        """Of the first file that has one; else ``""``."""
        if not self._troubled:
            return ""
        return self._statuses[min(self._troubled, key=self._place)].error

    def with_key(self, key: str) -> list[str]:
        """The files that have this key."""
        return sorted(self._of_key.get(key, ()), key=self._place)

    def of(self, client: str) -> list[str]:
        """The files that a page picked."""
        return [name for name, row in self._rows.items() if row.client == client]

    def unfinished(self) -> list[str]:
        """The files that are not done."""
        return [name for name, status in self._statuses.items() if status.state != "done"]

    def is_open(self, name: str) -> bool:
        """Whether the file is in the list, and not done."""
        return name in self._rows and self._statuses[name].state != "done"

    def add(self, name: str, client: str, status: FileStatus) -> None:
        """Take a file in; one that is there begins anew in its place."""
        known = self._rows.get(name)
        self._rows[name] = Row(client, known.number if known else next(self._numbers))
        self.put(name, status)

    def put(self, name: str, status: FileStatus) -> None:
        """A file is so far now."""
        self._uncount(name)
        self._statuses[name] = status
        self._states[status.state] += 1
        self.size += status.size
        self._of_key.setdefault(status.key, {})[name] = None
        if status.error:
            self._troubled.add(name)

    def pop(self, name: str) -> bool:
        """Drop a file; returns whether it was there."""
        self._uncount(name)
        self._statuses.pop(name, None)
        return self._rows.pop(name, None) is not None

    def _uncount(self, name: str) -> None:
        status = self._statuses.get(name)
        if status is None:
            return
        self._states[status.state] -= 1
        if not self._states[status.state]:
            del self._states[status.state]
        self.size -= status.size
        self._troubled.discard(name)
        same = self._of_key[status.key]
        del same[name]
        if not same:
            del self._of_key[status.key]

    def _place(self, name: str) -> int:
        return self._rows[name].number
