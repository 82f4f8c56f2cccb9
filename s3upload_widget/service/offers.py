"""Unfinished uploads at a widget's destination, which the page offers to resume or to discard.

Knows no comm.
"""

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
from s3upload_widget.transfer import INCONCLUSIVE_ERRORS
from s3upload_widget.unfinished import list_their_parts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from s3upload_widget.protocol import AbortUnfinished, ListUnfinished
    from s3upload_widget.results import Unfinished
    from s3upload_widget.s3 import Store
    from s3upload_widget.service.file_records import FileEntry, PickedFiles
    from s3upload_widget.service.opener import Opener
    from s3upload_widget.service.planner import UploadRules

_UNKNOWN_TIME: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Offers:
    """Finds the unfinished uploads at one widget's destination. Thread-safe."""

    store: Store
    rules: UploadRules
    files: PickedFiles
    opener: Opener

    def list_unfinished(self, request: ListUnfinished) -> UnfinishedListed:
        """List unfinished uploads, the newest first.

        Raises:
            S3Error: S3 cannot be asked. A list that it denies is no error.
        """
        self.store.require_bucket()
        remembered = {each.upload_id: each.key for each in request.remembered}
        owned = {name: each.key for name, each in self.opener.owned().items()}
        known = remembered | owned
        listed, denied = self._list_uploads()
        # A list may also omit an upload that is there: the list of its parts decides.
        looked_for = known if denied else remembered
        listed = {name: _as_listed(name, key) for name, key in looked_for.items()} | listed
        inside = [each for each in listed.values() if self.rules.allows_key(each.key)]
        own = _newest(each for each in inside if each.upload_id in known)
        others = _newest(each for each in inside if each.upload_id not in known)
        wanted = [*own, *(others if request.others else ())][:MAX_REMEMBERED]
        found = list_their_parts(self.store, wanted)
        there = [each for each in found.there if not each.problem]
        if found.errors and not there:
            raise found.errors[0]
        denied += [Denial(code=error.code, message=str(error)) for error in found.errors]
        # All of its names are worked out here, which takes long once: the next is a pick, in a hurry.
        first, *_ = self.store.origins
        gone = {each.upload_id for each in wanted} - {each.upload_id for each in found.there}
        return UnfinishedListed(
            store=first,
            uploads=[self._offer(each, own=each.upload_id in known) for each in there],
            gone=sorted(gone),
            others=len(others),
            denied=denied,
        )

    def abort_unfinished(self, request: AbortUnfinished) -> UnfinishedAborted:
        """Delete one upload.

        Raises:
            KeyRefusedError: Its key is not one of this widget.
            NotOwnerError: Another page resumed it.
            S3Error: S3 refuses, or cannot be asked.
        """
        self.store.require_bucket()
        upload = request.upload
        if not self.rules.allows_key(upload.key):
            msg = f"{shown(upload.key)} is not a key of this widget"
            raise KeyRefusedError(msg)
        entry = self.files.by_upload_id().get(upload.upload_id)
        # A page that is paused does not know yet that another took its file over.
        if entry and request.file_id not in {"", entry.file_id}:
            msg = (
                f"another page has the upload of {shown(upload.key)}: discard it there, "
                "or press Resume to take it back here first"
            )
            raise NotOwnerError(msg)
        self.store.abort_multipart_upload(upload.key, upload.upload_id)
        if entry is not None:
            self._note_aborted(entry, upload.upload_id)
        return UnfinishedAborted(key=upload.key)

    def _note_aborted(self, entry: FileEntry, upload_id: str) -> None:
        # A page that sends this file has to learn that it was discarded, not to start it again.
        with entry.lock:
            if isinstance(entry.record, Open) and entry.record.upload.upload_id == upload_id:
                entry.record = Aborted()
                self.files.settle(entry)

    def _list_uploads(self) -> tuple[dict[str, ListedUpload], list[Denial]]:
        """Uploads by id, and why the list ends early, if it does."""
        listed: dict[str, ListedUpload] = {}
        try:
            for upload in self.store.list_multipart_uploads(self.rules.prefix):
                listed[upload.upload_id] = upload
        except INCONCLUSIVE_ERRORS:
            raise
        except S3Error as error:
            return listed, [Denial(code=error.code, message=str(error))]
        return listed, []

    def _offer(self, found: Unfinished, *, own: bool) -> UnfinishedUpload:
        owned = self.opener.owned().get(found.upload_id)
        return UnfinishedUpload(
            key=found.uri.removeprefix(f"s3://{self.store.bucket}/"),
            upload_id=found.upload_id,
            name=found.name,
            uri=found.uri,
            size=owned.size if owned else -1,
            bytes_done=found.bytes_done,
            parts_done=found.parts_done,
            started=found.started.timestamp() * 1000,
            last_part_at=found.last_part_at.timestamp() * 1000,
            initiator=found.initiator,
            own=own,
            held=found.upload_id in self.files.by_upload_id(),
        )


def _as_listed(upload_id: str, key: str) -> ListedUpload:
    """An upload that S3 does not list: its list of parts will show whether it is there."""
    return ListedUpload(
        key=key, upload_id=upload_id, initiated=_UNKNOWN_TIME, checksum_algorithm="", initiator=""
    )


def _newest(uploads: Iterable[ListedUpload]) -> list[ListedUpload]:
    return sorted(uploads, key=lambda each: each.initiated, reverse=True)
