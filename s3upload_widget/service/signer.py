"""Presigns what page and kernel may send: parts of uploads that this service opened, no others.

Knows no policy and no comm.
"""

from __future__ import annotations

import contextlib
from itertools import chain, repeat
from typing import TYPE_CHECKING, Final, NamedTuple

from s3upload_widget.checksums import hexadecimal, same_etag
from s3upload_widget.errors import (
    NoSuchUploadError,
    NotOwnerError,
    ObjectExistsError,
    ProtocolError,
    S3Error,
    UnknownFileError,
    UploadAbortedError,
    UploadError,
)
from s3upload_widget.protocol import PartsPresigned, PresignedPart, RefusedPart, StoredPart
from s3upload_widget.s3 import CONDITION, SHA256, Call, NoObject, NotAllowed, error_for
from s3upload_widget.service.file_records import Aborted, Open, Planned
from s3upload_widget.service.look import Look
from s3upload_widget.transfer import refused_part_error

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from s3upload_widget.protocol import PartChecksums, PartRefusal, PresignParts
    from s3upload_widget.s3 import PresignedUrl, Purpose, Store
    from s3upload_widget.service.file_records import FileEntry, PickedFiles
    from s3upload_widget.service.opener import Opener
    from s3upload_widget.transfer import FilePlan

SENT_BLINDLY: Final = 2
"""Times that a part is signed before somebody asks why it does not arrive."""
_WAY_OUT: Final = "discard it and pick it again, and its parts have part_size={}"
KEYS_A_PAGE: Final = 3
"""Outside AWS a list costs no more than so many HEADs, one after the other."""
_NO_SHA256 = "A" * 43 + "="
"""Stands where only the names of headers matter."""
_NO_MD5 = "A" * 22 + "=="
"""As above."""


class _Way(NamedTuple):
    """Who sends a part, and where to."""

    purpose: Purpose
    origin: str = ""
    """One of the store's, for the page."""


class Signer:
    """Presigns URLs for the parts of picked files. Thread-safe."""

    def __init__(self, store: Store, files: PickedFiles, opener: Opener) -> None:
        self._store = store
        self._files = files
        self._opener = opener

    def presign_parts(self, request: PresignParts) -> PartsPresigned:
        """Presign many parts, but those that S3 has; one that is refused does not hinder others."""
        if any(self._was_signed(part) for part in request.parts):
            self._store.refresh_credentials()
        look, free = Look(self._store), self._free_keys(request.parts)
        to = zip(request.parts, chain(request.origins, repeat("")), strict=False)
        return PartsPresigned(parts=[self._answer(part, look, free, origin) for part, origin in to])

    def has_stored(self, part: PartChecksums) -> bool:
        """Whether S3 holds a part whose answer was lost.

        Raises:
            UploadError: The file is unknown, or its upload is gone.
        """
        return Look(self._store).finds(self._files.get(part.file_id).record, part)

    def sign_for_relay(self, part: PartChecksums) -> tuple[PresignedUrl, int]:
        """Presign a part that the kernel sends for the page.

        Returns:
            The URL, and the part's size in bytes.

        Raises:
            UploadError: As for ``presign_parts``.
        """
        if self._was_signed(part):
            self._store.refresh_credentials()
        entry = self._files.get(part.file_id)
        record = entry.record
        url = self._presign(entry, part, self._free_keys([part]), _Way("send"))
        # Signing has refused any other record.
        size = (
            record.plan.parts.length(part.part_number) if isinstance(record, (Planned, Open)) else 0
        )
        return url, size

    def heed(self, part: PartChecksums, refusal: PartRefusal) -> None:
        """Learn from S3's refusal of a part; AWS takes all that is sent.

        Raises:
            S3Error: No other request for the part would be taken.
        """
        entry = self._files.get(part.file_id)
        record = entry.record
        if self._store.on_aws or not isinstance(record, (Planned, Open)):
            return
        plan, number = record.plan, part.part_number
        call = Call(operation="UploadPart", bucket=self._store.bucket, key=plan.key)
        error = error_for(refusal.s3_code, refusal.status, call, refusal.said)
        # What has no code of S3's may be a proxy's, on the page's way alone.
        if refusal.s3_code and self._store.part_limits.learn(
            error, number, plan.parts.length(number)
        ):
            raise refused_part_error(
                self._store, plan.key, plan.parts, number, S3Error(str(error)), way_out=_WAY_OUT
            )
        upload_id = record.upload.upload_id if isinstance(record, Open) else ""
        verb = "upload_part" if upload_id else "put_object"
        sent = frozenset(name.lower() for name in refusal.headers)
        entry.sent.without = self._store.refusals.next_trial(
            verb, upload_id, error, sent, entry.sent.tried
        )

    def _free_keys(self, parts: Iterable[PartChecksums]) -> frozenset[str]:
        """The keys of whole files that a list shows to be free; on AWS, S3 itself looks."""
        if self._store.on_aws:
            return frozenset()
        keys = (key for part in parts for key in self._new_keys(part))
        return self._store.list_free_keys(keys, KEYS_A_PAGE)

    def _new_keys(self, part: PartChecksums) -> Iterator[str]:
        """The key of a whole file that is signed for the first time, and overwrites nothing."""
        with contextlib.suppress(UnknownFileError, NotOwnerError):
            entry = self._files.get(part.file_id)
            record = entry.record
            if isinstance(record, Planned) and record.plan.must_not_exist and not entry.sent.signed:
                yield record.plan.key

    def _presign(
        self, entry: FileEntry, part: PartChecksums, free: Container[str], way: _Way
    ) -> PresignedUrl:
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
            url = self._presign_part(record, part, way, entry.sent.without)
            self._opener.adopt(record)
        elif isinstance(record, Planned):
            url = self._presign_object(entry, record.plan, part, free, way)
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

    def _answer(
        self, part: PartChecksums, look: Look, free: Container[str], origin: str
    ) -> PresignedPart | RefusedPart | StoredPart:
        try:
            entry = self._files.get(part.file_id)
            if look.finds(entry.record, part):
                return StoredPart(file_id=part.file_id, part_number=part.part_number)
            for refusal in part.refused:
                self.heed(part, refusal)
            presigned = self._presign(entry, part, free, _Way("sign", origin))
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

    def _presign_part(
        self, record: Open, part: PartChecksums, way: _Way, without: frozenset[str]
    ) -> PresignedUrl:
        if not ((record.upload.sha256 and not without) or part.md5):
            msg = f"part {part.part_number} needs its MD5: nothing else guards it on this server"
            raise ProtocolError(msg)
        return self._store.presign_upload_part(
            record.plan.key,
            record.upload.upload_id,
            part.part_number,
            size=record.plan.parts.length(part.part_number),
            sha256=part.sha256,
            md5=part.md5,
            purpose=way.purpose,
            without=without,
            origin=way.origin,
        )

    def _presign_object(
        self,
        entry: FileEntry,
        plan: FilePlan,
        part: PartChecksums,
        free: Container[str],
        way: _Way,
    ) -> PresignedUrl:
        size = plan.parts.length(part.part_number)
        if not plan.parts.single:
            msg = "no upload was opened for this file"
            raise NoSuchUploadError(msg)
        if SHA256 in entry.sent.without and not part.md5:
            msg = "the file needs its MD5: nothing else guards it on this server"
            raise ProtocolError(msg)
        return self._store.presign_put_object(
            plan.key,
            size=size,
            sha256=part.sha256,
            md5=part.md5,
            content_type=plan.content_type,
            must_not_exist=plan.must_not_exist and self._needs_condition(entry, plan, part, free),
            purpose=way.purpose,
            without=entry.sent.without,
            origin=way.origin,
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
            if CONDITION in entry.sent.without:
                raise self._store.guard.unguarded(plan.key)
            return True
        if isinstance(found, NoObject):
            return CONDITION not in entry.sent.without
        is_ours = found.size == plan.parts.size and (
            found.sha256 == part.sha256
            if found.sha256
            else bool(part.md5) and same_etag(found.etag, hexadecimal(part.md5))
        )
        if not is_ours:
            msg = f"another object arrived as s3://{self._store.bucket}/{plan.key} meanwhile"
            raise ObjectExistsError(msg)
        return False
