"""Completing a file: every part is there, S3 puts them together, and the object is proven."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING

from s3upload_widget.checksums import hexadecimal
from s3upload_widget.errors import (
    AccessDeniedError,
    FileChangedError,
    IntegrityError,
    NoSuchUploadError,
    ObjectExistsError,
    ProtocolError,
    S3Error,
    UploadAbortedError,
    UploadError,
)
from s3upload_widget.keys import shown
from s3upload_widget.results import UploadedFile
from s3upload_widget.s3 import Call, CompletedPart, NoObject, NotAllowed, ObjectFound, refusal_code
from s3upload_widget.service import Aborted, Completed, Open, Planned
from s3upload_widget.transfer.existing import proven
from s3upload_widget.transfer.proof import Hashes, missing_parts, one_of_each, proof, unproven_parts
from s3upload_widget.transfer.verify import reread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3upload_widget.protocol import CompleteMultipartUpload
    from s3upload_widget.results import VerifiedBy
    from s3upload_widget.s3 import ListedPart, OpenedUpload, Store
    from s3upload_widget.service import FilePlan, FileRecord, Slot


class PartsMissingError(Exception):
    """S3 does not show these parts as they were sent; not an error of the user's.

    Args:
        part_numbers: Which.
    """

    def __init__(self, part_numbers: list[int]) -> None:
        super().__init__(part_numbers)
        self.part_numbers = part_numbers


def complete(
    store: Store, slot: Slot, request: CompleteMultipartUpload, *, sha256: bool
) -> Completed:
    """Complete a file whose parts were all sent, and prove it.

    Args:
        store: Where.
        slot: The file; its lock is held.
        request: What the page hashed.
        sha256: Whether the whole file's SHA-256 is to be told.

    Raises:
        PartsMissingError: Some parts have to be sent again.
        IntegrityError: The object is complete and is not the file.
        UploadAbortedError: The file was discarded.
        NoSuchUploadError: The upload is gone, and the object is not this file.
        ObjectExistsError: Another object took the key, and may not be overwritten.
        S3Error: S3 cannot be asked.
    """
    record = slot.record
    if not isinstance(record, (Planned, Open)):
        raise _not_under_way(record)
    plan = record.plan
    hashes = Hashes(parts=plan.parts, sha256=request.parts_sha256, md5=request.parts_md5)
    _check_whole_file(plan, request)
    place = f"s3://{store.bucket}/{plan.key}"
    if isinstance(record, Open):
        found, verified_by = _complete_parts(store, slot, record, hashes, place)
    else:
        found, verified_by = _look_at_single(store, slot, plan, hashes, taken=request.taken)
    whole = request.sha256 if sha256 else ""
    return Completed(plan, uploaded_file(store, plan, found, verified_by, whole))


def uploaded_file(
    store: Store, plan: FilePlan, found: ObjectFound, verified_by: VerifiedBy, sha256: str
) -> UploadedFile:
    """The record of a file whose object is proven; ``sha256`` is the whole file's."""
    uploaded = UploadedFile(
        name=plan.picked.name,
        uri=f"s3://{store.bucket}/{plan.key}",
        bucket=store.bucket,
        key=plan.key,
        size=plan.parts.size,
        sha256=sha256,
        etag=found.etag,
        version_id=found.version_id,
        content_type=found.content_type or plan.content_type,
        verified_by=verified_by,
        started=plan.started,
        finished=datetime.now(timezone.utc),
    )
    return uploaded.reread_by(partial(reread, store))


def _not_under_way(record: FileRecord) -> UploadError:
    if isinstance(record, Aborted):
        return UploadAbortedError("this file was discarded: pick it again")
    return ProtocolError("only a file that is being uploaded can be completed")


def _check_whole_file(plan: FilePlan, request: CompleteMultipartUpload) -> None:
    """A file of one part has one SHA-256: two that differ were read from two files."""
    whole = request.sha256
    if plan.parts.single and whole and whole != hexadecimal(request.parts_sha256[0]):
        msg = f"{shown(plan.picked.name)} changed while it was read: pick it again"
        raise FileChangedError(msg)


def _look_at_single(
    store: Store, slot: Slot, plan: FilePlan, hashes: Hashes, *, taken: bool
) -> tuple[ObjectFound, VerifiedBy]:
    """See what one PUT left; ``taken`` if S3 refused it, as the key has an object.

    Where HEAD is denied or tells no checksum, nobody can see whose bytes are there. What remains
    is that S3 took the request whose signature holds the length and the checksum; a server too
    old for checksums compared the length alone, so ``size`` is all that is claimed. Of an object
    that was there before the PUT, not even that.
    """
    place = store.destination(plan.key)
    if not plan.parts.single:
        msg = f"no upload of {place} was opened"
        raise NoSuchUploadError(msg)
    look = store.head_object(plan.key)
    if isinstance(look, NoObject):
        raise PartsMissingError([1])
    if isinstance(look, NotAllowed):
        if slot.signed.get(1) != hashes.sha256[0]:
            raise PartsMissingError([1])
        look = ObjectFound.of({}, size=plan.parts.size)
    verified_by = _proof_of_put(look, plan, hashes, place)
    if taken and verified_by == "size":
        msg = (
            f"{place} has an object already, and nobody can see whether it is this file: S3 tells "
            "no checksum of it, as where s3:GetObject is missing. Overwrite it, or use another key"
        )
        raise ObjectExistsError(msg)
    return look, verified_by


def _proof_of_put(found: ObjectFound, plan: FilePlan, hashes: Hashes, place: str) -> VerifiedBy:
    try:
        return proof(found, hashes, place)
    except IntegrityError as error:
        # With this very checksum it is what this PUT sent, and was damaged on its way.
        if not plan.must_not_exist or found.sha256 == hashes.sha256[0]:
            raise
        msg = f"another object arrived as {place} meanwhile: overwrite it or keep both"
        raise ObjectExistsError(msg) from error


def _complete_parts(
    store: Store, slot: Slot, record: Open, hashes: Hashes, place: str
) -> tuple[ObjectFound, VerifiedBy]:
    key, upload_id = record.plan.key, record.upload.upload_id
    try:
        listed = one_of_each(store.list_parts(key, upload_id), hashes)
        if missing := missing_parts(listed, hashes, slot.signed):
            raise PartsMissingError(missing)
        slot.completing = upload_id
        found = _put_together(store, record, listed, hashes)
    except (NoSuchUploadError, ObjectExistsError) as error:
        # An answer to Complete that was lost leaves this, and so does a second kernel.
        return _find_completed(store, slot, record, hashes, error)
    if not found.sha256:
        look = store.head_object(key)
        if isinstance(look, ObjectFound) and look.etag == found.etag:
            found = look
    return found, proof(found, hashes, place)


def _put_together(
    store: Store, record: Open, listed: Mapping[int, ListedPart], hashes: Hashes
) -> ObjectFound:
    try:
        return _name_parts(store, record.plan, record.upload, listed, hashes)
    except IntegrityError:
        # A server that lists no checksums says only now that a part is not what was sent.
        if unproven := unproven_parts(listed):
            raise PartsMissingError(unproven) from None
        raise
    except S3Error as error:
        if record.upload.sha256 or refusal_code(error) != "InvalidRequest":
            raise
    # An upload that was found, on a server that does not tell which checksums it wants: these.
    upload = replace(record.upload, sha256=True)
    return _name_parts(store, record.plan, upload, listed, hashes)


def _name_parts(
    store: Store,
    plan: FilePlan,
    upload: OpenedUpload,
    listed: Mapping[int, ListedPart],
    hashes: Hashes,
) -> ObjectFound:
    parts = [
        CompletedPart(
            part_number=number, etag=listed[number].etag, sha256=sha256 if upload.sha256 else ""
        )
        for number, sha256 in enumerate(hashes.sha256, start=1)
    ]
    return store.complete(
        plan.key,
        upload.upload_id,
        parts,
        size=plan.parts.size,
        must_not_exist=plan.must_not_exist,
    )


def _find_completed(
    store: Store,
    slot: Slot,
    record: Open,
    hashes: Hashes,
    error: NoSuchUploadError | ObjectExistsError,
) -> tuple[ObjectFound, VerifiedBy]:
    place = store.destination(record.plan.key)
    look = store.head_object(record.plan.key)
    completed = slot.completing == record.upload.upload_id
    if isinstance(look, NotAllowed) and isinstance(error, NoSuchUploadError) and completed:
        # Sending it all again would end in a conflict with itself, most likely.
        allowed = Call(operation="HeadObject", bucket=store.bucket, key=record.plan.key).statement
        msg = (
            f"S3 was asked to complete {place}, its answer was lost, and nobody may look whether "
            "the object is there: allow s3:GetObject, then resume, and what is there is compared "
            f"and not sent again; a policy with this statement allows it: {allowed}"
        )
        raise AccessDeniedError(msg) from error
    if isinstance(look, ObjectFound):
        if verified_by := proven(look, hashes, place):
            if isinstance(error, ObjectExistsError):  # then the parts are still there, and billed
                with contextlib.suppress(S3Error):
                    store.abort(record.plan.key, record.upload.upload_id)
            return look, verified_by
        if record.plan.must_not_exist:
            msg = f"another object arrived as {place} meanwhile: overwrite it or keep both"
            raise ObjectExistsError(msg) from error
    raise error
