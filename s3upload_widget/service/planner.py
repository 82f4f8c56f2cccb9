"""From a pick to a plan: what is refused, which key a file gets, how it is cut."""

from __future__ import annotations

import re
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
from s3upload_widget.transfer import FilePlan, other_file

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from s3upload_widget.keys import KeyChoice
    from s3upload_widget.protocol import Pick
    from s3upload_widget.s3 import Store
    from s3upload_widget.service.file_records import PickedFiles, Slot
    from s3upload_widget.transfer import IfExists

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_TOKEN: Final = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # noqa: S105 - RFC 9110's word for a word
_MEDIA_TYPE: Final = re.compile(rf"{_TOKEN}/{_TOKEN}(?:;[ -~]*)?")
_MAX_MEDIA_TYPE: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRules:
    """What the user decided for all files of a widget."""

    prefix: str = ""
    key: KeyChoice = None
    accept: Callable[[], str] = str
    """Asked at each pick, as the user may change it."""
    part_size: int | None = None
    """Bytes, 5 MiB to 5 GiB."""
    max_size: int | None = None
    """Bytes."""
    if_exists: IfExists = "verify"
    sha256: bool = True
    """Whether the SHA-256 of whole files is wanted, beside that of parts."""
    limits: Limits = S3_LIMITS

    def __post_init__(self) -> None:
        """Refuse at once what no upload could work with.

        Raises:
            RefusedError: ``part_size``, ``prefix`` or ``key`` is none.
        """
        check_key_choice(self.key)
        object.__setattr__(self, "prefix", folder(self.prefix))
        if self.part_size is not None:
            check_part_size(self.part_size, self.limits)

    def has_room_for(self, key: str) -> bool:
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

    def check(self, pick: Pick) -> Slot:
        """Hold a file to the rules and claim its key, unless that was done before. Asks nobody.

        Raises:
            RefusedError: A rule forbids it.
        """
        slot = self._files.pick(pick.file_id)
        with slot.lock, self._settling(slot):
            if isinstance(slot.record, New):
                slot.record = Checked(self._candidate(pick))
        return slot

    def free_keys(self, slots: Iterable[Slot]) -> frozenset[str]:
        """Keys of these files that a list shows to be free: nobody needs to look at each."""
        candidates = [slot.record.candidate for slot in slots if isinstance(slot.record, Checked)]
        return self._store.free_keys(
            candidate.key for candidate in candidates if candidate.if_exists != "overwrite"
        )

    def plan(self, slot: Slot, pick: Pick, free: Container[str] = ()) -> FilePlan:
        """Look whether the file's key is free, unless it has its plan already.

        Args:
            slot: The file, checked.
            pick: What the page says of it.
            free: Keys that were just seen to be free.

        Raises:
            ObjectExistsError: The key is taken, and the user has to decide.
            KeyBusyError: The user has, and the other file is still under way.
            FileChangedError: The file is not the one that was picked under this id.
            UploadAbortedError: It was discarded meanwhile.
            S3Error: S3 cannot be asked.
        """
        with slot.lock, self._settling(slot):
            record = slot.record
            if isinstance(record, Checked):
                record = Planned(self._plan(slot.file_id, record.candidate, free))
            if isinstance(record, (New, Aborted, TakenOver)):
                msg = f"{shown(pick.name)} was discarded meanwhile: pick it again"
                raise UploadAbortedError(msg)
            if record.plan.picked != as_picked(pick):
                msg = f"{shown(pick.name)} is not the file it was: discard it, then pick it again"
                raise FileChangedError(msg)
            if pick.if_exists == "overwrite" and not isinstance(record, Completed):
                plan = replace(record.plan, must_not_exist=False, compare=False)
                record = replace(record, plan=plan)
            slot.record = record
            return record.plan

    @contextmanager
    def _settling(self, slot: Slot) -> Iterator[None]:
        """Free what a file has taken if it gets no plan."""
        try:
            yield
        except BaseException:
            if isinstance(slot.record, (New, Checked)):
                slot.record = New()
                self._files.settle(slot)
            raise

    def _candidate(self, pick: Pick) -> CheckedFile:
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
        self._files.take_over(key, picked, pick.upload_id)
        return CheckedFile(
            picked=picked,
            key=key,
            parts=self._parts(picked),
            if_exists=pick.if_exists or rules.if_exists,
            answered=pick.if_exists != "",
            claimed=self._files.claim(key, pick.file_id),
            continues=pick.upload_id,
        )

    def _remembered_key(self, pick: Pick) -> str:
        """The key of the upload that is to be gone on with; ``""`` if there is none."""
        if not pick.upload_id:
            return ""
        if not self._rules.has_room_for(pick.key):
            msg = f"{shown(pick.key)} is not a key of this widget: pick the file anew"
            raise KeyRefusedError(msg)
        return pick.key

    def _parts(self, picked: PickedFile) -> PartPlan:
        try:
            return plan_parts(picked.size, self._rules.part_size, limits=self._rules.limits)
        except FileTooLargeError as error:
            msg = f"{shown(picked.name)} is too large, {error}: split the file"
            raise FileTooLargeError(msg) from error

    def _plan(self, file_id: str, candidate: CheckedFile, free: Container[str]) -> FilePlan:
        key, compare = self._free_key(file_id, candidate, free)
        return FilePlan(
            picked=candidate.picked,
            key=key,
            parts=self._continued(candidate) if candidate.continues else candidate.parts,
            content_type=self._store.content_type(_media_type(candidate.picked.type)),
            must_not_exist=candidate.if_exists != "overwrite",
            compare=compare,
            started=datetime.now(timezone.utc),
            continues=candidate.continues,
        )

    def _continued(self, candidate: CheckedFile) -> PartPlan:
        """How a file is cut that goes on with an upload: never into a single PUT.

        Raises:
            NoSuchUploadError: S3 knows no such upload of the key: it is gone, or was made up.
            NotTheSameFileError: It is of a longer file.
        """
        listed = self._store.list_parts(candidate.key, candidate.continues)
        size, part_size = candidate.picked.size, max((part.size for part in listed), default=0)
        if not candidate.parts.single:
            return candidate.parts
        if not 0 < part_size < size:
            raise other_file(candidate.picked, listed, self._store.destination(candidate.key))
        return PartPlan(size, part_size)

    def _free_key(
        self, file_id: str, candidate: CheckedFile, free: Container[str]
    ) -> tuple[str, bool]:
        """A key, and whether it has an object that may be this very file."""
        rename = candidate.if_exists == "rename" and not candidate.continues
        for number, key in enumerate(islice(names(candidate.key), None if rename else 1)):
            mine = self._files.claim(key, file_id) if number else candidate.claimed
            if not mine:
                hindrance = f"another picked file already goes to {self._store.destination(key)}"
                if candidate.answered and candidate.if_exists == "overwrite":
                    msg = f"{hindrance}: this one is sent, and overwrites it, once that has arrived"
                    raise KeyBusyError(msg)
                continue
            if candidate.if_exists == "overwrite" or key in free:
                return key, False
            look = self._store.head_object(key)
            if rename and isinstance(look, NotAllowed) and self._files.is_taken(key):
                hindrance = f"{self._store.destination(key)} exists, and nobody may look at it"
                continue
            if not isinstance(look, ObjectFound):  # perhaps nobody may look
                return key, False
            hindrance = why_not(look, candidate.picked.size, self._store.destination(key))
            if candidate.if_exists == "verify" and not hindrance:
                return key, True
        raise conflict(hindrance)


def as_picked(pick: Pick) -> PickedFile:
    """The page's words as the user's ``key=`` gets them."""
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
    """The browser's MIME type where it can stand in a header, else ``""``."""
    return text if len(text) <= _MAX_MEDIA_TYPE and _MEDIA_TYPE.fullmatch(text) else ""
