"""Answers what ends a file: it is compared with the object that is there, or completed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from s3upload_widget import protocol
from s3upload_widget.errors import ObjectExistsError, ProtocolError, UploadAbortedError, UploadError
from s3upload_widget.s3 import NoObject
from s3upload_widget.service import replies
from s3upload_widget.service.comparison import compare
from s3upload_widget.service.file_records import Aborted, Completed, Open, Planned
from s3upload_widget.transfer import Hashes, PartsMissingError, SinglePut, complete
from s3upload_widget.workers import in_parallel, log_defect

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3upload_widget.results import UploadedFile
    from s3upload_widget.s3 import Store
    from s3upload_widget.service.file_records import PickedFiles, Slot
    from s3upload_widget.service.planner import UploadRules

COMPLETED_AT_ONCE: Final = 8
"""Files that are completed in parallel, for one request."""

Ending: TypeAlias = protocol.MultipartUploadCompleted | protocol.PartsMissing


@dataclass(frozen=True, slots=True)
class Finisher:
    """Ends files of one service. Thread-safe."""

    store: Store
    rules: UploadRules
    files: PickedFiles
    on_uploaded: Callable[[UploadedFile], None]
    """Called once for each file, as soon as it is complete and proven."""

    def compare_object(
        self, request: protocol.CompareObject
    ) -> protocol.MultipartUploadCompleted | protocol.ObjectCut | protocol.ObjectGone:
        """Compare a file with the object that its key has already.

        Raises:
            UploadError: They cannot be compared, or the object has other bytes.
        """
        slot = self.files.get(request.file_id)
        with slot.lock:
            record = slot.record
            if isinstance(record, Completed):
                return replies.completed(slot.file_id, record)
            if not isinstance(record, Planned):
                msg = "only a file of which nothing is sent yet is compared with an object"
                raise ProtocolError(msg)
            found = compare(self.store, record.plan, request, sha256=self.rules.sha256)
            if isinstance(found, Completed):
                return self._arrived(slot, found)
        if isinstance(found, NoObject):
            return protocol.ObjectGone(file_id=slot.file_id)
        return protocol.ObjectCut(
            file_id=slot.file_id,
            part_size=found.parts.part_size,
            parts_total=found.parts.count,
            md5=found.md5,
            found=replies.found_parts(found.listed),
        )

    def complete_multipart_upload(self, request: protocol.CompleteMultipartUpload) -> Ending:
        """Complete a file and prove it.

        Raises:
            UploadError: It cannot be completed.
        """
        slot = self.files.get(request.file_id)
        with slot.lock:
            if isinstance(slot.record, Completed):
                return replies.completed(slot.file_id, slot.record)
            try:
                found = self._prove(slot, request)
            except PartsMissingError as missing:
                return protocol.PartsMissing(
                    file_id=slot.file_id, part_numbers=missing.part_numbers
                )
            except ObjectExistsError:
                self.files.note_taken(slot)
                raise
            return self._arrived(slot, found)

    def complete_files(self, request: protocol.CompleteFiles) -> protocol.FilesCompleted:
        """Complete many files; one that is refused does not hinder the others."""
        ends = in_parallel(self._complete_one, request.files, at_once=COMPLETED_AT_ONCE)
        return protocol.FilesCompleted(files=ends)

    def _prove(self, slot: Slot, request: protocol.CompleteMultipartUpload) -> Completed:
        record = slot.record
        if isinstance(record, Aborted):
            msg = "this file was discarded: pick it again"
            raise UploadAbortedError(msg)
        if not isinstance(record, (Planned, Open)):
            msg = "only a file that is being uploaded can be completed"
            raise ProtocolError(msg)
        plan = record.plan
        uploaded = complete(
            self.store,
            plan,
            record.upload if isinstance(record, Open) else SinglePut(refused=request.taken),
            Hashes(parts=plan.parts, sha256=request.parts_sha256, md5=request.parts_md5),
            slot.sent,
            whole=request.sha256,
            sha256=self.rules.sha256,
        )
        return Completed(plan, uploaded)

    def _complete_one(
        self, request: protocol.CompleteMultipartUpload
    ) -> Ending | protocol.RefusedFile:
        try:
            return self.complete_multipart_upload(request)
        except UploadError as error:
            return replies.refused(request.file_id, error)

    def _arrived(self, slot: Slot, record: Completed) -> protocol.MultipartUploadCompleted:
        slot.record = record
        self.files.settle(slot)
        try:
            self.on_uploaded(record.uploaded)
        except Exception as error:  # noqa: BLE001 - the file is complete, whatever a listener does
            log_defect("what is told of a completed file failed", error)
        return replies.completed(slot.file_id, record)
