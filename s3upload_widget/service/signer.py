"""Signs what the page may send: parts of uploads that this service opened, and nothing else."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

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
    from s3upload_widget.protocol import PartChecksums, PresignParts
    from s3upload_widget.s3 import PresignedUrl, Store
    from s3upload_widget.service.file_records import PickedFiles, Slot
    from s3upload_widget.service.opener import Opener
    from s3upload_widget.transfer import FilePlan

_NO_SHA256 = "A" * 43 + "="
"""Stands where only the names of headers matter."""


class Signer:
    """Signs with one store what the files that were picked need. Thread-safe."""

    def __init__(self, store: Store, files: PickedFiles, opening: Opener) -> None:
        self._store = store
        self._files = files
        self._opener = opening

    def presign_parts(self, request: PresignParts) -> PartsPresigned:
        """Sign many parts; one that is refused does not hinder the others."""
        if any(self._was_signed(part) for part in request.parts):
            self._store.look_for_renewed_credentials()
        return PartsPresigned(parts=[self._presign(part) for part in request.parts])

    def sign(self, slot: Slot, part: PartChecksums) -> PresignedUrl:
        """Sign a URL that carries exactly this part of the file, and remember its checksum.

        Raises:
            RefusedError: The file has no such part.
            NoSuchUploadError: No upload is open for it.
            UploadAbortedError: It was discarded.
            ObjectExistsError: Another object took the key meanwhile.
            CredentialsError: There is nothing to sign with.
        """
        record = slot.record
        if isinstance(record, Open):
            url = self._part(record, part)
            self._opener.adopt(record)
        elif isinstance(record, Planned):
            url = self._object(slot, record.plan, part)
        elif isinstance(record, Aborted):
            msg = "this file was discarded"
            raise UploadAbortedError(msg)
        else:
            msg = "this file is not being uploaded"
            raise ProtocolError(msg)
        slot.sent.signed[part.part_number] = part.sha256
        return url

    def header_names(self, plan: FilePlan) -> set[str]:
        """The headers that the page sends with the file."""
        if not plan.parts.single:
            return set(
                self._store.presign_part(plan.key, "-", 1, size=1, sha256=_NO_SHA256).headers
            )
        return set(
            self._store.presign_object(
                plan.key,
                size=plan.parts.size,
                sha256=_NO_SHA256,
                content_type=plan.content_type,
                must_not_exist=plan.must_not_exist,
            ).headers
        )

    def _was_signed(self, part: PartChecksums) -> bool:
        with contextlib.suppress(UnknownFileError, NotOwnerError):
            return part.part_number in self._files.get(part.file_id).sent.signed
        return False

    def _presign(self, part: PartChecksums) -> PresignedPart | RefusedPart:
        try:
            presigned = self.sign(self._files.get(part.file_id), part)
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

    def _part(self, record: Open, part: PartChecksums) -> PresignedUrl:
        if not (record.upload.sha256 or part.md5):
            msg = f"part {part.part_number} needs its MD5: nothing else guards it on this server"
            raise ProtocolError(msg)
        return self._store.presign_part(
            record.plan.key,
            record.upload.upload_id,
            part.part_number,
            size=record.plan.parts.length(part.part_number),
            sha256=part.sha256,
            md5=part.md5,
        )

    def _object(self, slot: Slot, plan: FilePlan, part: PartChecksums) -> PresignedUrl:
        size = plan.parts.length(part.part_number)
        if not plan.parts.single:
            msg = "no upload was opened for this file"
            raise NoSuchUploadError(msg)
        return self._store.presign_object(
            plan.key,
            size=size,
            sha256=part.sha256,
            md5=part.md5,
            content_type=plan.content_type,
            must_not_exist=plan.must_not_exist and self._needs_condition(slot, plan, part),
        )

    def _needs_condition(self, slot: Slot, plan: FilePlan, part: PartChecksums) -> bool:
        """Whether S3 itself has to guard the key against being overwritten.

        The first URL always says so. When another one is asked for, the answer to the first may
        be lost: then the object may be our own, and the condition would refuse what is already
        right. A server that does not know the condition gets none while the key is free.
        """
        if part.part_number not in slot.sent.signed:
            return True
        look = self._store.head_object(plan.key)
        if isinstance(look, NotAllowed):
            return True
        if isinstance(look, NoObject):
            return not part.unconditional
        is_ours = look.size == plan.parts.size and (
            look.sha256 == part.sha256
            if look.sha256
            else bool(part.md5) and same_etag(look.etag, hexadecimal(part.md5))
        )
        if not is_ours:
            msg = f"another object arrived as s3://{self._store.bucket}/{plan.key} meanwhile"
            raise ObjectExistsError(msg)
        return False
