"""Finishes files: compares one with the object that is there, or completes and proves it.

Knows no policy and no comm.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from s3upload_widget import protocol
from s3upload_widget.errors import ObjectExistsError, ProtocolError, UploadAbortedError, UploadError
from s3upload_widget.s3 import NoObject, ObjectMade
from s3upload_widget.service.comparison import compare
from s3upload_widget.service.file_records import Aborted, Completed, New, Open, Planned
from s3upload_widget.service.opener import found_parts
from s3upload_widget.service.planner import refused_file
from s3upload_widget.transfer import (
    Hashes,
    ListedObjects,
    PartsMissingError,
    SinglePut,
    complete,
    list_objects_like,
)
from s3upload_widget.workers import in_parallel, log_defect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from s3upload_widget.results import UploadedFile
    from s3upload_widget.s3 import Store
    from s3upload_widget.service.file_records import FileEntry, FileRecord, PickedFiles
    from s3upload_widget.service.planner import UploadRules

READ_EVERY: Final = 0.5
"""Seconds between two reports of how much of an object was read back."""
COMPLETED_AT_ONCE: Final = 8
"""Files that are completed in parallel, for one request."""

WORTH_A_LIST: Final = 20
"""A list costs about so many HEADs."""
NOT_LISTED: Final = ListedObjects()

Ending: TypeAlias = protocol.MultipartUploadCompleted | protocol.PartsMissing


@dataclass(frozen=True, slots=True)
class Finisher:
    """Finishes the files of one service. Thread-safe."""

    store: Store
    rules: UploadRules
    files: PickedFiles
    on_uploaded: Callable[[UploadedFile], None]
    """Called once for each file, as soon as it is complete and proven."""
    on_read: Callable[[str, int], None]
    """Called with the id of a file and how many bytes of its key's object were read back."""

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
            found = compare(
                self.store,
                record.plan,
                request,
                sha256=self.rules.sha256,
                advance=self._reading(entry),
            )
            if isinstance(found, Completed):
                return self._finish(entry, replace(found, without=tuple(self.store.object_args)))
        if isinstance(found, NoObject):
            return protocol.ObjectGone(file_id=entry.file_id)
        return protocol.ObjectCut(
            file_id=entry.file_id,
            part_size=found.parts.part_size,
            parts_total=found.parts.count,
            md5=found.md5,
            found=found_parts(found.listed),
        )

    def complete_multipart_upload(
        self,
        request: protocol.CompleteMultipartUpload,
        listed: ListedObjects = NOT_LISTED,
    ) -> Ending:
        """Complete a file and prove it.

        Args:
            request: The page's.
            listed: Objects that were just listed, perhaps this file's among them.

        Raises:
            UploadError: It cannot be completed.
        """
        entry = self.files.get(request.file_id)
        with entry.lock:
            if isinstance(entry.record, Completed):
                return _completed(entry.file_id, entry.record)
            try:
                found = self._prove(entry, request, listed)
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
        endings = []
        files, listed = request.files, ListedObjects()
        if len(files) > WORTH_A_LIST:
            first, *files = files
            endings = [self._complete_one(first, listed)]
            listed = self._list(first, files)
        complete_one = partial(self._complete_one, listed=listed)
        endings += in_parallel(complete_one, files, at_once=COMPLETED_AT_ONCE)
        return protocol.FilesCompleted(files=endings)

    def _list(
        self,
        sample: protocol.CompleteMultipartUpload,
        others: Iterable[protocol.CompleteMultipartUpload],
    ) -> ListedObjects:
        """List the objects of files of one part, if the first one's shows that this proves them."""
        record = self._record(sample)
        if not isinstance(record, Completed) or not sample.parts_md5:
            return ListedObjects()
        records = map(self._record, others)
        keys = [record.plan.key for record in records if isinstance(record, Planned)]
        return list_objects_like(self.store, record.uploaded, sample.parts_md5[0], keys)

    def _record(self, request: protocol.CompleteMultipartUpload) -> FileRecord:
        try:
            return self.files.get(request.file_id).record
        except UploadError:
            return New()

    def _reading(self, entry: FileEntry) -> Callable[[int], None]:
        """Take what is read back of an object, and report it now and then."""
        read, reported = 0, 0.0

        def advance(size: int) -> None:
            nonlocal read, reported
            if entry.unwanted:
                msg = "this file was discarded"
                raise UploadAbortedError(msg)
            read += size
            if time.monotonic() - reported >= READ_EVERY:
                reported = time.monotonic()
                self.on_read(entry.file_id, read)

        return advance

    def _prove(
        self,
        entry: FileEntry,
        request: protocol.CompleteMultipartUpload,
        listed: ListedObjects,
    ) -> Completed:
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
            record.upload if isinstance(record, Open) else _put(request),
            Hashes(parts=plan.parts, sha256=request.parts_sha256, md5=request.parts_md5),
            entry.sent,
            whole=request.sha256,
            sha256=self.rules.sha256,
            listed=listed,
        )
        return Completed(plan, uploaded)

    def _complete_one(
        self, request: protocol.CompleteMultipartUpload, listed: ListedObjects
    ) -> Ending | protocol.RefusedFile:
        try:
            return self.complete_multipart_upload(request, listed)
        except UploadError as error:
            return refused_file(request.file_id, error)

    def _finish(self, entry: FileEntry, record: Completed) -> protocol.MultipartUploadCompleted:
        entry.record = record
        self.store.refusals.learn(entry.sent.without)
        self.files.settle(entry)
        try:
            self.on_uploaded(record.uploaded)
        except Exception as error:  # noqa: BLE001 - the file is complete, whatever a callback does
            log_defect("the callback for a completed file failed", error)
        return _completed(entry.file_id, record)


def _put(request: protocol.CompleteMultipartUpload) -> SinglePut:
    """The one PUT of a file: the page knows its ETag at most, and not how it is encrypted."""
    return SinglePut(refused=request.taken, made=ObjectMade(etag=request.etag), answered=False)


def _completed(file_id: str, record: Completed) -> protocol.MultipartUploadCompleted:
    uploaded = record.uploaded
    return protocol.MultipartUploadCompleted(
        file_id=file_id,
        uri=uploaded.uri,
        sha256=uploaded.sha256,
        verified_by=uploaded.verified_by,
        without=list(record.without),
    )
