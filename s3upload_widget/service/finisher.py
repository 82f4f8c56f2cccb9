"""Finishes files: compares one with the object that is there, or completes and proves it.

Knows no policy and no comm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from s3upload_widget import protocol
from s3upload_widget.errors import ObjectExistsError, ProtocolError, UploadAbortedError, UploadError
from s3upload_widget.s3 import NoObject
from s3upload_widget.service.comparison import compare
from s3upload_widget.service.file_records import Aborted, Completed, Open, Planned
from s3upload_widget.service.opener import found_parts
from s3upload_widget.service.planner import refused_file
from s3upload_widget.transfer import Hashes, PartsMissingError, SinglePut, complete
from s3upload_widget.workers import in_parallel, log_defect

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3upload_widget.results import UploadedFile
    from s3upload_widget.s3 import Store
    from s3upload_widget.service.file_records import FileEntry, PickedFiles
    from s3upload_widget.service.planner import UploadRules

COMPLETED_AT_ONCE: Final = 8
"""Files that are completed in parallel, for one request."""

Ending: TypeAlias = protocol.MultipartUploadCompleted | protocol.PartsMissing


@dataclass(frozen=True, slots=True)
class Finisher:
    """Finishes the files of one service. Thread-safe."""

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
        entry = self.files.get(request.file_id)
        with entry.lock:
            record = entry.record
            if isinstance(record, Completed):
                return _completed(entry.file_id, record)
            if not isinstance(record, Planned):
                msg = "a file can only be compared with an object before any part of it is sent"
                raise ProtocolError(msg)
            found = compare(self.store, record.plan, request, sha256=self.rules.sha256)
            if isinstance(found, Completed):
                return self._finish(entry, found)
        if isinstance(found, NoObject):
            return protocol.ObjectGone(file_id=entry.file_id)
        return protocol.ObjectCut(
            file_id=entry.file_id,
            part_size=found.parts.part_size,
            parts_total=found.parts.count,
            md5=found.md5,
            found=found_parts(found.listed),
        )

    def complete_multipart_upload(self, request: protocol.CompleteMultipartUpload) -> Ending:
        """Complete a file and prove it.

        Raises:
            UploadError: It cannot be completed.
        """
        entry = self.files.get(request.file_id)
        with entry.lock:
            if isinstance(entry.record, Completed):
                return _completed(entry.file_id, entry.record)
            try:
                found = self._prove(entry, request)
            except PartsMissingError as missing:
                return protocol.PartsMissing(
                    file_id=entry.file_id, part_numbers=missing.part_numbers
                )
            except ObjectExistsError:
                self.files.note_taken(entry)
                raise
            return self._finish(entry, found)

    def complete_files(self, request: protocol.CompleteFiles) -> protocol.FilesCompleted:
        """Complete many files; one that is refused does not hinder the others."""
        endings = in_parallel(self._complete_one, request.files, at_once=COMPLETED_AT_ONCE)
        return protocol.FilesCompleted(files=endings)

    def _prove(self, entry: FileEntry, request: protocol.CompleteMultipartUpload) -> Completed:
        record = entry.record
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
            entry.sent,
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
            return refused_file(request.file_id, error)

    def _finish(self, entry: FileEntry, record: Completed) -> protocol.MultipartUploadCompleted:
        entry.record = record
        self.files.settle(entry)
        try:
            self.on_uploaded(record.uploaded)
        except Exception as error:  # noqa: BLE001 - the file is complete, whatever a callback does
            log_defect("the callback for a completed file failed", error)
        return _completed(entry.file_id, record)


def _completed(file_id: str, record: Completed) -> protocol.MultipartUploadCompleted:
    uploaded = record.uploaded
    return protocol.MultipartUploadCompleted(
        file_id=file_id,
        uri=uploaded.uri,
        sha256=uploaded.sha256,
        verified_by=uploaded.verified_by,
    )
