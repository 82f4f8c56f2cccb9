"""What was begun at a widget's place and not finished, for the page to go on with or to discard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from s3upload_widget.errors import KeyRefusedError, NotOwnerError, S3Error
from s3upload_widget.keys import shown
from s3upload_widget.protocol import (
    MAX_REMEMBERED,
    Denial,
    UnfinishedAborted,
    UnfinishedListed,
    UnfinishedUpload,
)
from s3upload_widget.s3 import ListedUpload
from s3upload_widget.service.file_records import Aborted, Open
from s3upload_widget.transfer import NOBODY_CAN_SAY
from s3upload_widget.unfinished import looked_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from s3upload_widget.protocol import AbortUnfinished, ListUnfinished
    from s3upload_widget.results import Unfinished
    from s3upload_widget.s3 import Store
    from s3upload_widget.service.file_records import PickedFiles, Slot
    from s3upload_widget.service.opener import Opener
    from s3upload_widget.service.planner import UploadRules

_NOBODY_TOLD: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Offers:
    """Finds the unfinished uploads of one widget's place. Thread-safe."""

    store: Store
    rules: UploadRules
    files: PickedFiles
    opening: Opener

    def list_unfinished(self, request: ListUnfinished) -> UnfinishedListed:
        """List what there is.

        Raises:
            S3Error: S3 cannot be asked. A list that it denies is no error.
        """
        self.store.check_bucket()
        remembered = {each.upload_id: each.key for each in request.remembered}
        begun = {name: each.key for name, each in self.opening.begun().items()}
        known = remembered | begun
        listed, denied = self._listed()
        # A list may also leave out what is there: the list of its parts decides.
        looked_for = known if denied else remembered
        listed = {name: _as_listed(name, key) for name, key in looked_for.items()} | listed
        inside = [each for each in listed.values() if self.rules.has_room_for(each.key)]
        own = _newest(each for each in inside if each.upload_id in known)
        others = _newest(each for each in inside if each.upload_id not in known)
        wanted = [*own, *(others if request.others else ())][:MAX_REMEMBERED]
        there = looked_at(self.store, wanted)
        gone = {each.upload_id for each in wanted} - {each.upload_id for each in there}
        return UnfinishedListed(
            store=self.store.browser_origin,
            uploads=[self._offered(each, own=each.upload_id in known) for each in there],
            gone=sorted(gone),
            others=len(others),
            denied=denied,
        )

    def abort_unfinished(self, request: AbortUnfinished) -> UnfinishedAborted:
        """Delete one upload.

        Raises:
            KeyRefusedError: It is not of this place.
            NotOwnerError: A file of another page goes on with it.
            S3Error: S3 refuses, or cannot be asked.
        """
        self.store.check_bucket()
        upload = request.upload
        if not self.rules.has_room_for(upload.key):
            msg = f"{shown(upload.key)} is not a key of this widget"
            raise KeyRefusedError(msg)
        slot = self.files.holding().get(upload.upload_id)
        # A page that is paused has not heard that another took its file over.
        if slot and request.file_id not in {"", slot.file_id}:
            msg = (
                f"another page goes on with the upload of {shown(upload.key)}: discard it there, "
                "or press Resume to take it back here first"
            )
            raise NotOwnerError(msg)
        self.store.abort(upload.key, upload.upload_id)
        if slot is not None:
            self._note_aborted(slot, upload.upload_id)
        return UnfinishedAborted(key=upload.key)

    def _note_aborted(self, slot: Slot, upload_id: str) -> None:
        # A page that sends this file has to learn that it was discarded, not to start it again.
        with slot.lock:
            if isinstance(slot.record, Open) and slot.record.upload.upload_id == upload_id:
                slot.record = Aborted()
                self.files.settle(slot)

    def _listed(self) -> tuple[dict[str, ListedUpload], list[Denial]]:
        """By id; and why the list ends early, if it does."""
        listed: dict[str, ListedUpload] = {}
        try:
            for upload in self.store.list_multipart_uploads(self.rules.prefix):
                listed[upload.upload_id] = upload
        except NOBODY_CAN_SAY:
            raise
        except S3Error as error:
            return listed, [Denial(code=error.code, message=str(error))]
        return listed, []

    def _offered(self, found: Unfinished, *, own: bool) -> UnfinishedUpload:
        begun = self.opening.begun().get(found.upload_id)
        return UnfinishedUpload(
            key=found.uri.removeprefix(f"s3://{self.store.bucket}/"),
            upload_id=found.upload_id,
            name=found.name,
            uri=found.uri,
            size=begun.size if begun else -1,
            bytes_done=found.bytes_done,
            parts_done=found.parts_done,
            started=found.started.timestamp() * 1000,
            last_part_at=found.last_part_at.timestamp() * 1000,
            initiator=found.initiator,
            own=own,
            held=found.upload_id in self.files.holding(),
        )


def _as_listed(upload_id: str, key: str) -> ListedUpload:
    """An upload that S3 does not list: whether there is one, its list of parts will show."""
    return ListedUpload(
        key=key, upload_id=upload_id, initiated=_NOBODY_TOLD, checksum_algorithm="", initiator=""
    )


def _newest(uploads: Iterable[ListedUpload]) -> list[ListedUpload]:
    return sorted(uploads, key=lambda each: each.initiated, reverse=True)
