"""Presigns what the page may send: parts of uploads that this service opened, and nothing else.

Knows no policy and no comm.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from s3upload_widget.checksums import hexadecimal, same_etag
from s3upload_widget.errors import (
    NoSuchUploadError,
    NotOwnerError,
    ObjectExistsError,
    ProtocolError,
    UnknownFileError,
    UploadAbortedError,
    UploadError,
)
from s3upload_widget.protocol import PartsPresigned, PresignedPart, RefusedPart
from s3upload_widget.s3 import NoObject, NotAllowed
from s3upload_widget.service.file_records import Aborted, Open, Planned

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from s3upload_widget.protocol import PartChecksums, PresignParts
    from s3upload_widget.s3 import PresignedUrl, Store
    from s3upload_widget.service.file_records import FileEntry, PickedFiles
    from s3upload_widget.service.opener import Opener
    from s3upload_widget.transfer import FilePlan

SENT_BLINDLY: Final = 2
"""Times that a part is signed before somebody asks why it does not arrive."""
_NO_SHA256 = "A" * 43 + "="
"""Stands where only the names of headers matter."""
_NO_MD5 = "A" * 22 + "=="
"""As above."""


class Signer:
    """Presigns URLs for the parts of picked files. Thread-safe."""

    def __init__(self, store: Store, files: PickedFiles, opener: Opener) -> None:
        self._store = store
        self._files = files
        self._opener = opener

    def presign_parts(self, request: PresignParts) -> PartsPresigned:
        """Presign many parts; one that is refused does not hinder the others."""
        if any(self._was_signed(part) for part in request.parts):
            self._store.refresh_credentials()
        free = self._free_keys(request.parts)
        return PartsPresigned(parts=[self._presign_or_refuse(part, free) for part in request.parts])

    def _free_keys(self, parts: Iterable[PartChecksums]) -> frozenset[str]:
        """The keys of whole files that a list shows to be free; on AWS, S3 itself looks."""
        if self._store.on_aws:
            return frozenset()
        return self._store.list_free_keys(key for part in parts for key in self._new_keys(part))

    def _new_keys(self, part: PartChecksums) -> Iterator[str]:
        """The key of a whole file that is signed for the first time, and overwrites nothing."""
        with contextlib.suppress(UnknownFileError, NotOwnerError):
            entry = self._files.get(part.file_id)
            record = entry.record
            if isinstance(record, Planned) and record.plan.must_not_exist and not entry.sent.signed:
                yield record.plan.key

    def _presign(self, entry: FileEntry, part: PartChecksums, free: Container[str]) -> PresignedUrl:
        """Presign a URL that carries exactly this part of the file, and remember its checksum.

        Raises:
            RefusedError: The file has no such part.
            NoSuchUploadError: No upload is open for it.
            UploadAbortedError: It was discarded.
            KeyRefusedError: The server keeps no such key.
            ObjectExistsError: Another object took the key meanwhile.
            AccessDeniedError: Nobody may look, and nothing guards what the key may have.
            CredentialsError: There is nothing to sign with.
        """
        record = entry.record
        if isinstance(record, (Planned, Open)):
            self._check_repetition(entry, record.plan, part)
        if isinstance(record, Open):
            url = self._presign_part(record, part)
            self._opener.adopt(record)
        elif isinstance(record, Planned):
            url = self._presign_object(entry, record.plan, part, free)
        elif isinstance(record, Aborted):
            msg = "this file was discarded"
            raise UploadAbortedError(msg)
        else:
            msg = "this file is not being uploaded"
            raise ProtocolError(msg)
        entry.sent.signed[part.part_number] = part.sha256
        return url

    def _check_repetition(self, entry: FileEntry, plan: FilePlan, part: PartChecksums) -> None:
        """Look why a part that was sent twice is to be sent once more.

        Raises:
            KeyRefusedError: The server keeps no such key.
        """
        entry.sent.repeated[part.part_number] += part.part_number in entry.sent.signed
        if entry.sent.repeated[part.part_number] >= SENT_BLINDLY:
            self._store.folders.check(plan.key)

    def header_names(self, plan: FilePlan) -> set[str]:
        """The headers that the page sends with the file."""
        md5 = "" if self._store.on_aws else _NO_MD5
        if not plan.parts.single:
            part = self._store.presign_upload_part(
                plan.key, "-", 1, size=1, sha256=_NO_SHA256, md5=md5
            )
            return set(part.headers)
        return set(
            self._store.presign_put_object(
                plan.key,
                size=plan.parts.size,
                sha256=_NO_SHA256,
                md5=md5,
                content_type=plan.content_type,
                must_not_exist=plan.must_not_exist,
            ).headers
        )

    def _was_signed(self, part: PartChecksums) -> bool:
        with contextlib.suppress(UnknownFileError, NotOwnerError):
            return part.part_number in self._files.get(part.file_id).sent.signed
        return False

    def _presign_or_refuse(
        self, part: PartChecksums, free: Container[str]
    ) -> PresignedPart | RefusedPart:
        try:
            presigned = self._presign(self._files.get(part.file_id), part, free)
        except UploadError as error:
            return RefusedPart(
                file_id=part.file_id,
                part_number=part.part_number,
                code=error.code,
                message=str(error),
                retryable=error.retryable,
            )
        return PresignedPart(
            file_id=part.file_id,
            part_number=part.part_number,
            url=presigned.url,
            headers=presigned.headers,
            expires_in=presigned.expires_in,
        )

    def _presign_part(self, record: Open, part: PartChecksums) -> PresignedUrl:
        if not (record.upload.sha256 or part.md5):
            msg = f"part {part.part_number} needs its MD5: nothing else guards it on this server"
            raise ProtocolError(msg)
        return self._store.presign_upload_part(
            record.plan.key,
            record.upload.upload_id,
            part.part_number,
            size=record.plan.parts.length(part.part_number),
            sha256=part.sha256,
            md5=part.md5,
        )

    def _presign_object(
        self, entry: FileEntry, plan: FilePlan, part: PartChecksums, free: Container[str]
    ) -> PresignedUrl:
        size = plan.parts.length(part.part_number)
        if not plan.parts.single:
            msg = "no upload was opened for this file"
            raise NoSuchUploadError(msg)
        return self._store.presign_put_object(
            plan.key,
            size=size,
            sha256=part.sha256,
            md5=part.md5,
            content_type=plan.content_type,
            must_not_exist=plan.must_not_exist and self._needs_condition(entry, plan, part, free),
        )

    def _needs_condition(
        self, entry: FileEntry, plan: FilePlan, part: PartChecksums, free: Container[str]
    ) -> bool:
        """Whether S3 itself has to guard the key against being overwritten.

        The first URL always has the condition. When another one is requested, the reply to the
        first may be lost: then the object may be our own, and the condition would refuse it. A
        server that does not know the condition gets none while the key is seen to be free.
        """
        if part.part_number not in entry.sent.signed:
            if plan.key not in free:
                self._store.guard.check_free(plan.key)
            return True
        found = self._store.head_object(plan.key)
        if isinstance(found, NotAllowed):
            if part.unconditional:
                raise self._store.guard.unguarded(plan.key)
            return True
        if isinstance(found, NoObject):
            return not part.unconditional
        is_ours = found.size == plan.parts.size and (
            found.sha256 == part.sha256
            if found.sha256
            else bool(part.md5) and same_etag(found.etag, hexadecimal(part.md5))
        )
        if not is_ours:
            msg = f"another object arrived as s3://{self._store.bucket}/{plan.key} meanwhile"
            raise ObjectExistsError(msg)
        return False
