"""The statuses of all picked files, in their order, with counts kept up to date.

With ten thousand files in the list, a change to one of them must not walk over all.
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
class FileDetails:
    """What is known of one file beside its status."""

    client: str
    """The page that picked the file: only its reports count."""
    number: int
    """Its position: files are shown in the order in which they were picked."""
    code: str = ""
    """Of the last refusal, as in ``errors``."""


class FileIndex:
    """Files by their file id."""

    def __init__(self) -> None:
        self._details: dict[str, FileDetails] = {}
        self._statuses: dict[str, FileStatus] = {}
        self._states: Counter[FileState] = Counter()
        self._with_error: set[str] = set()
        self._by_key: dict[str, dict[str, None]] = {}
        self._numbers = count()
        self.size = 0
        """Bytes of all files."""

    def __len__(self) -> int:
        return len(self._details)

    def __contains__(self, name: object) -> bool:
        return name in self._details

    def __iter__(self) -> Iterator[str]:
        return iter(self._details)

    def __getitem__(self, name: str) -> FileDetails:
        return self._details[name]

    def status(self, name: str) -> FileStatus:
        """The file's status."""
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
        if not self._with_error:
            return ""
        return self._statuses[min(self._with_error, key=self._position)].error

    def with_key(self, key: str) -> list[str]:
        """The files that have this key."""
        return sorted(self._by_key.get(key, ()), key=self._position)

    def picked_by(self, client: str) -> list[str]:
        """The files that a page picked."""
        return [name for name, each in self._details.items() if each.client == client]

    def unfinished(self) -> list[str]:
        """The files that are not done."""
        return [name for name, status in self._statuses.items() if status.state != "done"]

    def is_open(self, name: str) -> bool:
        """Whether the file is in the list, and not done."""
        return name in self._details and self._statuses[name].state != "done"

    def add(self, name: str, client: str, status: FileStatus) -> None:
        """Add a file; one that is there starts over in its position."""
        known = self._details.get(name)
        self._details[name] = FileDetails(client, known.number if known else next(self._numbers))
        self.update(name, status)

    def update(self, name: str, status: FileStatus) -> None:
        """Update a file's status."""
        self._uncount(name)
        self._statuses[name] = status
        self._states[status.state] += 1
        self.size += status.size
        self._by_key.setdefault(status.key, {})[name] = None
        if status.error:
            self._with_error.add(name)

    def remove(self, name: str) -> bool:
        """Remove a file; returns whether it was there."""
        self._uncount(name)
        self._statuses.pop(name, None)
        return self._details.pop(name, None) is not None

    def _uncount(self, name: str) -> None:
        status = self._statuses.get(name)
        if status is None:
            return
        self._states[status.state] -= 1
        if not self._states[status.state]:
            del self._states[status.state]
        self.size -= status.size
        self._with_error.discard(name)
        same = self._by_key[status.key]
        del same[name]
        if not same:
            del self._by_key[status.key]

    def _position(self, name: str) -> int:
        return self._details[name].number
