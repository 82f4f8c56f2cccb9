"""What the service knows of each picked file, and which keys are taken. No S3, no policy."""

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
    from s3upload_widget.s3 import OpenedUpload
    from s3upload_widget.transfer import FilePlan, IfExists

MAX_UNFINISHED: Final = 10_000
MAX_FINISHED: Final = 10_000
MAX_TAKEN: Final = 10_000
"""The oldest are forgotten; they are kept only to answer a repeated request again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedFile:
    """A picked file that keeps all rules, and the key it would like to have."""

    picked: PickedFile
    key: str
    parts: PartPlan
    if_exists: IfExists
    answered: bool
    """Whether the user was asked, and said so for this very file."""
    claimed: bool
    """Whether no other picked file had the key first."""
    continues: str = field(repr=False)
    """Id of the upload that has to be gone on with; ``""`` if any may."""


@dataclass(frozen=True, slots=True)
class New:
    """No plan yet."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The file keeps the rules; nobody has looked yet whether its key is free."""

    candidate: CheckedFile


@dataclass(frozen=True, slots=True)
class Planned:
    """The file has a key. A file of one part stays so until it is complete."""

    plan: FilePlan


@dataclass(frozen=True, slots=True)
class Open:
    """S3 has a multipart upload for the file."""

    plan: FilePlan
    upload: OpenedUpload


@dataclass(frozen=True, slots=True)
class Completed:
    """The object is on S3 and proven."""

    plan: FilePlan
    uploaded: UploadedFile


@dataclass(frozen=True, slots=True)
class Aborted:
    """S3 holds nothing of the file."""


@dataclass(frozen=True, slots=True)
class TakenOver:
    """Another page picked the same file, and goes on with it."""


FileRecord: TypeAlias = New | Checked | Planned | Open | Completed | Aborted | TakenOver


@dataclass(slots=True, eq=False)
class Slot:
    """One picked file. Whoever works on it holds its lock: S3 is asked once, not twice."""

    file_id: str
    record: FileRecord = field(default_factory=New)
    sent: Sent = field(default_factory=Sent)
    lock: threading.RLock = field(default_factory=threading.RLock)


class PickedFiles:
    """All slots, bounded, and the keys of the unfinished ones. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._unfinished: dict[str, Slot] = {}
        self._finished: dict[str, Slot] = {}
        self._keys: dict[str, str] = {}
        self._owners: dict[str, str] = {}
        self._released: dict[str, Slot] = {}
        """Key → the file whose page seems gone."""
        self._taken: dict[str, None] = {}
        """Keys that S3 refused to a file; only their order is of use."""

    def get(self, file_id: str) -> Slot:
        """The slot of a file that was picked.

        Raises:
            UnknownFileError: It was not, or the kernel restarted since.
        """
        with self._lock:
            slot = self._unfinished.get(file_id) or self._finished.get(file_id)
        if slot is None:
            msg = "the kernel does not know this file any more: it has to be picked again"
            raise UnknownFileError(msg)
        if isinstance(slot.record, TakenOver):
            msg = "this file goes on from another page; press Resume to take it back here"
            raise NotOwnerError(msg)
        return slot

    def pick(self, file_id: str) -> Slot:
        """The slot of a file that is picked now, perhaps again.

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
            return self._unfinished.setdefault(file_id, Slot(file_id))

    def take_over(self, key: str, picked: PickedFile, upload_id: str) -> None:
        """Let go of a key whose file was picked again, by a page that was loaded anew or another.

        The same path, size and time make the same file, and so does the same upload: the bytes
        are compared before any counts.

        Raises:
            S3UnavailableError: The file is just being opened or completed for the other page.
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

    def claim(self, key: str, file_id: str) -> bool:
        """Take ``key`` for a file, which then has one; ``False`` where another file has it."""
        with self._lock:
            if self._owners.setdefault(key, file_id) != file_id:
                return False
            if self._keys.setdefault(file_id, key) != key:
                del self._owners[self._keys[file_id]]
                self._keys[file_id] = key
            return True

    def note_taken(self, slot: Slot) -> None:
        """Remember that a file's key has an object, for where nobody may look at it."""
        with self._lock:
            if isinstance(slot.record, (Planned, Open)):
                self._taken[slot.record.plan.key] = None
            while len(self._taken) > MAX_TAKEN:
                del self._taken[next(iter(self._taken))]

    def is_taken(self, key: str) -> bool:
        """Whether S3 has refused the key to a file."""
        with self._lock:
            return key in self._taken

    def is_taken_over(self, file_id: str) -> bool:
        """Whether another page goes on with the file."""
        with self._lock:
            slot = self._finished.get(file_id)
        return slot is not None and isinstance(slot.record, TakenOver)

    def holding(self) -> dict[str, Slot]:
        """Upload id → the unfinished file that goes on with it."""
        with self._lock:
            slots = tuple(self._unfinished.values())
        opened = ((slot, slot.record) for slot in slots)
        return {
            record.upload.upload_id: slot for slot, record in opened if isinstance(record, Open)
        }

    def forget(self, file_id: str) -> None:
        """Know nothing of a file any more; its key is free."""
        with self._lock:
            self._free(file_id)
            self._finished.pop(file_id, None)

    def settle(self, slot: Slot) -> None:
        """The file is complete, aborted or refused: its key is free, its checksums are not needed."""
        with self._lock:
            self._settle(slot)

    def release(self, file_id: str) -> None:
        """A file's page seems gone: its key is free. Should the page come back, it can go on."""
        with self._lock:
            key = self._keys.get(file_id, "")
            if slot := self._free(file_id):
                self._keep(slot)
                self._released[key] = slot
                while len(self._released) > MAX_UNFINISHED:
                    del self._released[next(iter(self._released))]

    def _settle(self, slot: Slot) -> None:
        slot.sent.signed.clear()
        self._free(slot.file_id)
        if isinstance(slot.record, (Completed, Aborted, TakenOver)):
            self._keep(slot)

    def _free(self, file_id: str) -> Slot | None:
        self._owners.pop(self._keys.pop(file_id, ""), None)
        return self._unfinished.pop(file_id, None)

    def _keep(self, slot: Slot) -> None:
        self._finished[slot.file_id] = slot
        while len(self._finished) > MAX_FINISHED:
            del self._finished[next(iter(self._finished))]


def _is_same(record: FileRecord, picked: PickedFile, upload_id: str) -> bool:
    if isinstance(record, Open) and record.upload.upload_id == upload_id:
        return True
    return isinstance(record, (Planned, Open)) and record.plan.picked == picked
