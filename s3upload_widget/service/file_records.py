"""The state of each picked file, and which file has which key. Knows no S3 and no policy."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from s3upload_widget.errors import NotOwnerError, RefusedError, S3UnavailableError, UnknownFileError
from s3upload_widget.keys import shown
from s3upload_widget.transfer import Sent

if TYPE_CHECKING:
    from s3upload_widget.parts import PartPlan
    from s3upload_widget.results import PickedFile, UploadedFile
    from s3upload_widget.s3 import MultipartUpload
    from s3upload_widget.transfer import FilePlan, IfExists

MAX_UNFINISHED: Final = 10_000
MAX_FINISHED: Final = 10_000
MAX_TAKEN: Final = 10_000
"""The oldest are forgotten; they are kept only to answer a repeated request again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedFile:
    """A picked file that keeps all rules, and the key that it asks for."""

    picked: PickedFile
    key: str
    parts: PartPlan
    if_exists: IfExists
    read_back: int
    """Bytes of the largest object that is read back where S3 tells nothing to compare by."""
    answered: bool
    """Whether the user chose ``if_exists`` for this very file."""
    claimed: bool
    """Whether no other picked file had the key first."""
    continues: str = field(repr=False)
    """Id of the upload that has to be resumed; ``""`` if any may."""

    @property
    def opens_upload(self) -> bool:
        """Whether any upload of the key will do for it, or a new one."""
        return self.claimed and not self.parts.single and not self.continues


@dataclass(frozen=True, slots=True)
class New:
    """No plan yet."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The file keeps the rules; S3 was not asked yet whether its key is free."""

    file: CheckedFile


@dataclass(frozen=True, slots=True)
class Planned:
    """The file has a key. A file of one part stays so until it is complete."""

    plan: FilePlan


@dataclass(frozen=True, slots=True)
class Open:
    """S3 has a multipart upload for the file."""

    plan: FilePlan
    upload: MultipartUpload


@dataclass(frozen=True, slots=True)
class Completed:
    """The object is on S3 and proven."""

    plan: FilePlan
    uploaded: UploadedFile
    without: tuple[str, ...] = ()
    """Names in ``extra_args`` that did not come into effect."""


@dataclass(frozen=True, slots=True)
class Aborted:
    """S3 holds nothing of the file."""


@dataclass(frozen=True, slots=True)
class TakenOver:
    """Another page picked the same file, and uploads it now."""


FileRecord: TypeAlias = New | Checked | Planned | Open | Completed | Aborted | TakenOver


@dataclass(slots=True, eq=False)
class FileEntry:
    """One picked file. Its lock is held while it is worked on: S3 is asked once, not twice."""

    file_id: str
    record: FileRecord = field(default_factory=New)
    sent: Sent = field(default_factory=Sent)
    unwanted: bool = False
    """Whether it is to be discarded: whoever holds the lock for long stops."""
    lock: threading.RLock = field(default_factory=threading.RLock)


class PickedFiles:
    """All picked files, bounded in number, and the keys of the unfinished ones. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._unfinished: dict[str, FileEntry] = {}
        self._finished: dict[str, FileEntry] = {}
        self._keys: dict[str, str] = {}
        self._owners: dict[str, str] = {}
        self._released: dict[str, FileEntry] = {}
        """Key → the file whose page seems to be gone."""
        self._taken: dict[str, None] = {}
        """Keys that S3 refused to a file, as an ordered set."""

    def get(self, file_id: str) -> FileEntry:
        """The entry of a file that was picked.

        Raises:
            UnknownFileError: It was not, or the kernel restarted since.
            NotOwnerError: Another page uploads it now.
        """
        with self._lock:
            entry = self._unfinished.get(file_id) or self._finished.get(file_id)
        if entry is None:
            msg = "the kernel does not know this file any more: it has to be picked again"
            raise UnknownFileError(msg)
        if isinstance(entry.record, TakenOver):
            msg = "another page took over this file; press Resume to take it back here"
            raise NotOwnerError(msg)
        return entry

    def pick(self, file_id: str) -> FileEntry:
        """The entry of a file that is picked now, perhaps again.

        Raises:
            RefusedError: Too many files are unfinished.
        """
        with self._lock:
            known = self._unfinished.get(file_id) or self._finished.get(file_id)
            if known and not isinstance(known.record, (Aborted, TakenOver)):
                return known
            if len(self._unfinished) >= MAX_UNFINISHED:
                msg = f"{MAX_UNFINISHED} files are waiting: let some finish before picking more"
                raise RefusedError(msg)
            self._finished.pop(file_id, None)
            return self._unfinished.setdefault(file_id, FileEntry(file_id))

    def take_over(self, key: str, picked: PickedFile, upload_id: str) -> None:
        """Release a key whose file was picked again, after a reload or in another page.

        The same path, size and time make the same file, and so does the same upload: bytes are
        compared before any of them counts.

        Raises:
            S3UnavailableError: The other page's upload is just being opened or completed.
        """
        with self._lock:
            owner = self._unfinished.get(self._owners.get(key, "")) or self._released.pop(key, None)
            if owner is None or not _is_same(owner.record, picked, upload_id):
                return
            if not owner.lock.acquire(blocking=False):
                msg = f"{shown(picked.name)} is just being looked at for another page"
                raise S3UnavailableError(msg)
            try:
                owner.record = TakenOver()
                self._settle(owner)
            finally:
                owner.lock.release()

    def hand_over(self, file_id: str) -> None:
        """Another widget has the file; one that is being worked on just now ends here."""
        with self._lock:
            entry = self._unfinished.get(file_id)
            if entry is None or not entry.lock.acquire(blocking=False):
                return
            try:
                entry.record = TakenOver()
                self._settle(entry)
            finally:
                entry.lock.release()

    def claim(self, key: str, file_id: str) -> bool:
        """Give ``key`` to a file, in place of its other key; ``False`` if another file has it."""
        with self._lock:
            if self._owners.setdefault(key, file_id) != file_id:
                return False
            if self._keys.setdefault(file_id, key) != key:
                del self._owners[self._keys[file_id]]
                self._keys[file_id] = key
            return True

    def note_taken(self, entry: FileEntry) -> None:
        """Remember that a file's key has an object: S3 may deny to show it."""
        with self._lock:
            if isinstance(entry.record, (Planned, Open)):
                self._taken[entry.record.plan.key] = None
            while len(self._taken) > MAX_TAKEN:
                del self._taken[next(iter(self._taken))]

    def is_taken(self, key: str) -> bool:
        """Whether S3 has refused the key to a file."""
        with self._lock:
            return key in self._taken

    def is_taken_over(self, file_id: str) -> bool:
        """Whether another page uploads the file now."""
        with self._lock:
            entry = self._finished.get(file_id)
        return entry is not None and isinstance(entry.record, TakenOver)

    def by_upload_id(self) -> dict[str, FileEntry]:
        """Upload id → the unfinished file that it is open for."""
        with self._lock:
            entries = tuple(self._unfinished.values())
        opened = ((entry, entry.record) for entry in entries)
        return {
            record.upload.upload_id: entry for entry, record in opened if isinstance(record, Open)
        }

    def forget(self, file_id: str) -> None:
        """Forget a file; its key is free."""
        with self._lock:
            self._free(file_id)
            self._finished.pop(file_id, None)

    def settle(self, entry: FileEntry) -> None:
        """The file is complete, aborted or refused: its key is free, its checksums are not needed."""
        with self._lock:
            self._settle(entry)

    def release(self, file_id: str) -> None:
        """A file's page seems to be gone: its key is free. If the page returns, it can resume."""
        with self._lock:
            key = self._keys.get(file_id, "")
            if entry := self._free(file_id):
                self._keep(entry)
                self._released[key] = entry
                while len(self._released) > MAX_UNFINISHED:
                    del self._released[next(iter(self._released))]

    def _settle(self, entry: FileEntry) -> None:
        entry.sent.signed.clear()
        self._free(entry.file_id)
        if isinstance(entry.record, (Completed, Aborted, TakenOver)):
            self._keep(entry)

    def _free(self, file_id: str) -> FileEntry | None:
        self._owners.pop(self._keys.pop(file_id, ""), None)
        return self._unfinished.pop(file_id, None)

    def _keep(self, entry: FileEntry) -> None:
        self._finished[entry.file_id] = entry
        while len(self._finished) > MAX_FINISHED:
            del self._finished[next(iter(self._finished))]


def _is_same(record: FileRecord, picked: PickedFile, upload_id: str) -> bool:
    if isinstance(record, Open) and record.upload.upload_id == upload_id:
        return True
    return isinstance(record, (Planned, Open)) and record.plan.picked == picked
