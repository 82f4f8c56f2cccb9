"""From a pick to a plan: which files are refused, which key a file gets, how it is cut.

Knows no comm; of S3 it asks only whether keys are free.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import TYPE_CHECKING, Final

from s3upload_widget.accept import accepts
from s3upload_widget.errors import (
    FileChangedError,
    FileTooLargeError,
    FileTypeError,
    KeyBusyError,
    KeyRefusedError,
    UploadAbortedError,
)
from s3upload_widget.keys import check_key_choice, folder, names, object_key, shown, stands_inside
from s3upload_widget.parts import S3_LIMITS, Limits, PartPlan, check_part_size, plan_parts
from s3upload_widget.protocol import RefusedFile
from s3upload_widget.results import PickedFile
from s3upload_widget.s3 import NotAllowed, ObjectFound
from s3upload_widget.service.comparison import conflict, why_not
from s3upload_widget.service.file_records import (
    Aborted,
    Checked,
    CheckedFile,
    Completed,
    New,
    Planned,
    TakenOver,
)
from s3upload_widget.transfer import FilePlan, describe_object, other_file_error

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from s3upload_widget.errors import UploadError
    from s3upload_widget.keys import KeyChoice
    from s3upload_widget.protocol import Pick
    from s3upload_widget.s3 import Store
    from s3upload_widget.service.file_records import FileEntry, PickedFiles
    from s3upload_widget.transfer import IfExists

CONNECTIONS: Final = 6
"""Parts that a browser sends to one host at once."""
PARTS_A_LANE: Final = 3
"""Where a store has several names, some of its lanes start later than others."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_TOKEN: Final = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # noqa: S105 - RFC 9110's word for a word
_MEDIA_TYPE: Final = re.compile(rf"{_TOKEN}/{_TOKEN}(?:;[ -~]*)?")
_MAX_MEDIA_TYPE: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRules:
    """The user's options for all files of a widget."""

    prefix: str = ""
    key: KeyChoice = None
    accept: Callable[[], str] = str
    """Called at each pick, as the user may change it."""
    part_size: int | None = None
    """Bytes, 5 MiB to 5 GiB."""
    max_size: int | None = None
    """Bytes."""
    if_exists: IfExists = "verify"
    read_back: int = 0
    """Bytes of the largest object that is read back where S3 tells nothing to compare by."""
    sha256: bool = True
    """Whether the SHA-256 of whole files is wanted, beside that of parts."""
    limits: Limits = S3_LIMITS

    def __post_init__(self) -> None:
        """Refuse options that no upload could work with.

        Raises:
            RefusedError: ``part_size``, ``prefix`` or ``key`` is not valid.
        """
        check_key_choice(self.key)
        object.__setattr__(self, "prefix", folder(self.prefix))
        if self.part_size is not None:
            check_part_size(self.part_size, self.limits)

    def allows_key(self, key: str) -> bool:
        """Whether a file of this widget may have the key."""
        if isinstance(self.key, str):
            return key == self.prefix + unicodedata.normalize("NFC", self.key)
        return stands_inside(key, self.prefix)


class Planner:
    """Plans files. Thread-safe."""

    def __init__(self, store: Store, rules: UploadRules, files: PickedFiles) -> None:
        self._store = store
        self._rules = rules
        self._files = files

    def check(self, pick: Pick) -> FileEntry:
        """Check a file by the rules and claim its key, unless that was done before. Asks no S3.

        Raises:
            RefusedError: A rule forbids it.
        """
        entry = self._files.pick(pick.file_id)
        with entry.lock, self._settling(entry):
            if isinstance(entry.record, New):
                entry.record = Checked(self._checked(pick))
        return entry

    def free_keys(self, entries: Iterable[FileEntry]) -> frozenset[str]:
        """Keys of these files that one listing shows to be free; the others are looked up singly.

        So are all where S3 lists and denies HEAD: somebody has to find out what guards them.
        """
        files = [entry.record.file for entry in entries if isinstance(entry.record, Checked)]
        free = self._store.list_free_keys(
            file.key for file in files if file.if_exists != "overwrite"
        )
        if free and not self._store.on_aws:
            head = self._store.head_object(min(free))
            return frozenset() if isinstance(head, NotAllowed) else free
        return free

    def plan(self, entry: FileEntry, pick: Pick, free: Container[str] = ()) -> FilePlan:
        """Look whether the file's key is free, and plan the file, unless it has a plan already.

        Args:
            entry: The file, checked.
            pick: The page's description of it.
            free: Keys that were just seen to be free.

        Raises:
            ObjectExistsError: The key is taken, and the user has to decide.
            KeyBusyError: The user decided to overwrite; the other file is still being uploaded.
            FileChangedError: The file is not the one that was picked under this id.
            UploadAbortedError: It was discarded meanwhile.
            S3Error: S3 cannot be asked.
        """
        with entry.lock, self._settling(entry):
            record = entry.record
            if isinstance(record, Checked):
                record = Planned(self._plan(entry.file_id, record.file, free))
            if isinstance(record, (New, Aborted, TakenOver)):
                msg = f"{shown(pick.name)} was discarded meanwhile: pick it again"
                raise UploadAbortedError(msg)
            if record.plan.picked != as_picked(pick):
                msg = f"{shown(pick.name)} is not the file it was: discard it, then pick it again"
                raise FileChangedError(msg)
            if pick.if_exists == "overwrite" and not isinstance(record, Completed):
                plan = replace(record.plan, must_not_exist=False, compare=False)
                record = replace(record, plan=plan)
            entry.record = record
            return record.plan

    @contextmanager
    def _settling(self, entry: FileEntry) -> Iterator[None]:
        """Free the key that a file has claimed if the file gets no plan."""
        try:
            yield
        except BaseException:
            if isinstance(entry.record, (New, Checked)):
                entry.record = New()
                self._files.settle(entry)
            raise

    def _checked(self, pick: Pick) -> CheckedFile:
        picked, rules = as_picked(pick), self._rules
        accept = rules.accept()
        if not accepts(accept, picked.name, picked.type):
            msg = f"{shown(picked.name)} is not of a kind taken here: pick a file of {accept}"
            raise FileTypeError(msg)
        if rules.max_size is not None and picked.size > rules.max_size:
            msg = (
                f"{shown(picked.name)} has {picked.size} bytes; {rules.max_size} are allowed here: "
                "pick a smaller file, or have max_size= raised"
            )
            raise FileTooLargeError(msg)
        key = self._remembered_key(pick) or object_key(picked, prefix=rules.prefix, key=rules.key)
        if not pick.twin:
            self._files.take_over(key, picked, pick.upload_id)
        answer = pick.if_exists
        return CheckedFile(
            picked=picked,
            key=key,
            parts=self._parts(picked),
            if_exists="verify" if answer == "read" else answer or rules.if_exists,
            read_back=sys.maxsize if answer == "read" else rules.read_back,
            answered=pick.if_exists != "",
            claimed=self._files.claim(key, pick.file_id),
            continues=pick.upload_id,
        )

    def _remembered_key(self, pick: Pick) -> str:
        """The key of the upload that is to be resumed; ``""`` if there is none."""
        if not pick.upload_id:
            return ""
        if not self._rules.allows_key(pick.key):
            msg = f"{shown(pick.key)} is not a key of this widget: pick the file again"
            raise KeyRefusedError(msg)
        return pick.key

    def _parts(self, picked: PickedFile) -> PartPlan:
        try:
            limits = self._rules.limits
            chosen = self._rules.part_size
            parts = plan_parts(picked.size, chosen, limits=limits, at_least=self._lanes())
            return self._store.part_limits.obeyed(parts, limits)
        except FileTooLargeError as error:
            msg = f"{shown(picked.name)} is too large, {error}: split the file"
            raise FileTooLargeError(msg) from error

    def _lanes(self) -> int:
        """Parts that a page has on their way, times some where all of the lanes may not be equal."""
        names = len(self._store.origins)
        return CONNECTIONS * (names if names == 1 else names * PARTS_A_LANE)

    def _plan(self, file_id: str, file: CheckedFile, free: Container[str]) -> FilePlan:
        key, compare = self._free_key(file_id, file, free)
        return FilePlan(
            picked=file.picked,
            key=key,
            parts=self._resumed_parts(file) if file.continues else file.parts,
            content_type=self._store.content_type(_media_type(file.picked.type)),
            must_not_exist=file.if_exists != "overwrite",
            compare=compare,
            read_back=file.read_back,
            started=datetime.now(timezone.utc),
            continues=file.continues,
        )

    def _resumed_parts(self, file: CheckedFile) -> PartPlan:
        """The parts of a file that resumes an upload: never a single PUT.

        Raises:
            NoSuchUploadError: S3 knows no such upload of the key: it is gone, or was invented.
            NotTheSameFileError: It is of a longer file.
        """
        listed = self._store.list_parts(file.key, file.continues)
        size, part_size = file.picked.size, max((part.size for part in listed), default=0)
        if not file.parts.single:
            return file.parts
        if not 0 < part_size < size:
            raise other_file_error(file.picked, listed, self._store.destination(file.key))
        return PartPlan(size, part_size)

    def _free_key(self, file_id: str, file: CheckedFile, free: Container[str]) -> tuple[str, bool]:
        """A free key, and whether it has an object that may be this very file."""
        rename = file.if_exists == "rename" and not file.continues
        for number, key in enumerate(islice(names(file.key), None if rename else 1)):
            mine = self._files.claim(key, file_id) if number else file.claimed
            if not mine:
                other = f"another picked file already goes to {self._store.destination(key)}"
                hindrance = conflict(other)
                if file.answered and file.if_exists == "overwrite":
                    msg = f"{other}: this one is sent, and overwrites it, once that has arrived"
                    raise KeyBusyError(msg)
                continue
            if file.if_exists == "overwrite" or key in free:
                return key, False
            found = self._store.head_object(key)
            if rename and isinstance(found, NotAllowed) and self._files.is_taken(key):
                place = self._store.destination(key)
                hindrance = conflict(f"{place} exists, and S3 denies to show it")
                continue
            if isinstance(found, NotAllowed):
                self._store.guard.check_condition(key)
            if not isinstance(found, ObjectFound):
                return key, False
            place, size = self._store.destination(key), file.picked.size
            incomparable = why_not(found, size, place, file.read_back)
            if file.if_exists == "verify" and not incomparable:
                return key, True
            hindrance = incomparable or conflict(describe_object(found, place))
        raise hindrance


def refused_file(file_id: str, error: UploadError) -> RefusedFile:
    """One of many files, which cannot be uploaded."""
    return RefusedFile(
        file_id=file_id, code=error.code, message=str(error), retryable=error.retryable
    )


def as_picked(pick: Pick) -> PickedFile:
    """The page's description as the user's ``key=`` gets it."""
    return PickedFile(
        name=_normal(pick.name),
        path=_normal(pick.path),
        size=pick.size,
        type=pick.type,
        last_modified=_moment(pick.last_modified),
    )


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _moment(milliseconds: float) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return _EPOCH  # JavaScript's calendar is longer than Python's


def _media_type(text: str) -> str:
    """The browser's MIME type where a header can hold it, else ``""``."""
    return text if len(text) <= _MAX_MEDIA_TYPE and _MEDIA_TYPE.fullmatch(text) else ""
