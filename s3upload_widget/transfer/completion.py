"""Complete a file: every part is there, S3 makes the object of them, and the object is proven.

Sends no part, and does not know who did.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Final

from s3upload_widget.checksums import hexadecimal
from s3upload_widget.errors import (
    AccessDeniedError,
    FileChangedError,
    IntegrityError,
    NoSuchUploadError,
    ObjectExistsError,
    S3Error,
)
from s3upload_widget.keys import shown
from s3upload_widget.results import UploadedFile
from s3upload_widget.s3 import (
    Call,
    CompletedPart,
    NoObject,
    NotAllowed,
    ObjectFound,
    ObjectMade,
    refusal_code,
)
from s3upload_widget.transfer.existing import matching_checksum
from s3upload_widget.transfer.listed import ListedObjects
from s3upload_widget.transfer.made import (
    is_new,
    look_for,
    not_there_error,
    verify_seen,
    verify_unseen,
    with_answer,
)
from s3upload_widget.transfer.plan import SinglePut
from s3upload_widget.transfer.proof import (
    Hashes,
    missing_parts,
    parts_without_checksum,
    unambiguous_parts,
    verify_object,
)
from s3upload_widget.transfer.reading import equals_when_read
from s3upload_widget.transfer.verify import ReadBack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3upload_widget.results import VerifiedBy
    from s3upload_widget.s3 import ListedPart, MultipartUpload, Store
    from s3upload_widget.transfer.plan import FilePlan, Sent


NOT_LISTED: Final = ListedObjects()


class PartsMissingError(Exception):
    """S3 does not show these parts as they were sent: send them again. Never shown to users.

    Args:
        part_numbers: Their numbers.
    """

    def __init__(self, part_numbers: list[int]) -> None:
        super().__init__(part_numbers)
        self.part_numbers = part_numbers


def complete(
    store: Store,
    plan: FilePlan,
    upload: MultipartUpload | SinglePut,
    hashes: Hashes,
    sent: Sent,
    *,
    whole: str,
    sha256: bool,
    listed: ListedObjects = NOT_LISTED,
) -> UploadedFile:
    """Complete a file whose parts were all sent, and prove it.

    Args:
        store: Where.
        plan: The file; of a multipart upload, with the parts of that.
        upload: What its parts were sent to.
        hashes: The checksums of its parts.
        sent: What S3 was asked to take; updated.
        whole: The whole file's SHA-256, hexadecimal; ``""`` if it was not computed.
        sha256: Whether to report that SHA-256.
        listed: Objects that were just listed, where the file went as one PUT beside many.

    Raises:
        PartsMissingError: Some parts have to be sent again.
        IntegrityError: The object is complete and is not the file.
        FileChangedError: The file changed while it was read.
        NoSuchUploadError: The upload is gone, and the object is not this file.
        ObjectExistsError: Another object took the key, and may not be overwritten.
        KeyRefusedError: The server keeps no such key.
        S3Error: S3 cannot be asked.
    """
    _check_whole_file(plan, hashes, whole)
    if isinstance(upload, SinglePut):
        found, verified_by = _verify_single(store, plan, hashes, sent, upload, listed)
    else:
        found, verified_by = _complete_parts(store, plan, upload, hashes, sent)
    return uploaded_file(store, plan, found, verified_by, whole if sha256 else "")


def uploaded_file(
    store: Store, plan: FilePlan, found: ObjectMade, verified_by: VerifiedBy, sha256: str
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
    return uploaded.read_with(ReadBack(store))


def _check_whole_file(plan: FilePlan, hashes: Hashes, whole: str) -> None:
    """A file of one part has one SHA-256: two that differ were read from two files."""
    if plan.parts.single and whole and whole != hexadecimal(hashes.sha256[0]):
        msg = f"{shown(plan.picked.name)} changed while it was read: pick it again"
        raise FileChangedError(msg)


def _verify_single(
    store: Store,
    plan: FilePlan,
    hashes: Hashes,
    sent: Sent,
    put: SinglePut,
    listed: ListedObjects,
) -> tuple[ObjectMade, VerifiedBy]:
    """Look at what one PUT left; S3 may have refused it, as the key has an object.

    Where a list has shown the file, which S3 was asked to take and took, no HEAD has to.

    Where HEAD is denied or shows no checksum, nobody can see whose bytes are there. What remains
    is that S3 took the request whose signature holds the length and the checksum; a server too
    old for checksums compared the length alone, so ``size`` is all that is claimed. Of an object
    that was there before the PUT, not even that.
    """
    place = store.destination(plan.key)
    if not plan.parts.single:
        msg = f"no upload of {place} was opened"
        raise NoSuchUploadError(msg)
    asked = sent.signed.get(1) == hashes.sha256[0]
    if asked and not put.refused and (seen := listed.proven(plan.key, hashes, place)):
        return seen, "md5"
    is_there = partial(_is_put, plan=plan, hashes=hashes, place=place)
    head = look_for(store, plan.key, is_there) if asked else store.head_object(plan.key)
    if isinstance(head, NoObject) or (isinstance(head, NotAllowed) and not asked):
        if put.refused:
            store.folders.check(plan.key)
        raise PartsMissingError([1])
    unseen = put.made if put.answered else ObjectMade()
    found = unseen if isinstance(head, NotAllowed) else with_answer(head, put.made)
    verified_by = _verify_put(found, plan, hashes, place)
    if put.refused and verified_by == "size":
        msg = (
            f"{place} has an object already, and nobody can see whether it is this file: S3 tells "
            "no checksum of it, as where s3:GetObject is missing. Overwrite it, or use another key"
        )
        raise ObjectExistsError(msg)
    return found, verified_by


def _is_put(found: ObjectFound, plan: FilePlan, hashes: Hashes, place: str) -> bool:
    """Whether this may be what a PUT left, and not the object that it is to overwrite."""
    newer = found.last_modified >= plan.started.replace(microsecond=0)
    return plan.must_not_exist or newer or matching_checksum(found, hashes, place) is not None


def _verify_put(found: ObjectMade, plan: FilePlan, hashes: Hashes, place: str) -> VerifiedBy:
    try:
        return verify_object(found, hashes, place)
    except IntegrityError as error:
        # With this very checksum it is what this PUT sent, damaged on its way.
        if not plan.must_not_exist or found.sha256 == hashes.sha256[0]:
            raise
        msg = f"another object arrived as {place} meanwhile: overwrite it or keep both"
        raise ObjectExistsError(msg) from error


def _complete_parts(
    store: Store, plan: FilePlan, upload: MultipartUpload, hashes: Hashes, sent: Sent
) -> tuple[ObjectMade, VerifiedBy]:
    place = store.destination(plan.key)
    try:
        listed = unambiguous_parts(store.list_parts(plan.key, upload.upload_id), hashes)
        if missing := missing_parts(listed, hashes, sent.signed):
            raise PartsMissingError(missing)
        _look_before(store, plan, upload, sent)
        made = _make_object(store, plan, upload, listed, hashes)
    except (NoSuchUploadError, ObjectExistsError) as error:
        if isinstance(error, ObjectExistsError):
            sent.before = NotAllowed()  # nobody knows any more whose object is there
        # The answer to an earlier request may be lost, or another kernel completed it.
        return _find_completed(store, plan, upload, hashes, sent, error)
    is_there = partial(is_new, before=sent.before, made=made, hashes=hashes, place=place)
    head = look_for(store, plan.key, is_there)
    if isinstance(head, NotAllowed):
        return made, verify_unseen(store, plan.key, made, hashes, listed.values())
    if isinstance(head, NoObject) or not is_there(head):
        raise not_there_error(store, plan.key, upload.upload_id, head)
    found = with_answer(head, made)
    return found, verify_seen(store, found, made, hashes, place)


def _look_before(store: Store, plan: FilePlan, upload: MultipartUpload, sent: Sent) -> None:
    """Note what the key has, before S3 is asked to complete for the first time.

    The store itself looks whether a key is free that has to be.
    """
    if sent.completing != upload.upload_id:
        sent.completing = upload.upload_id
        sent.before = NoObject() if plan.must_not_exist else store.head_object(plan.key)


def _make_object(
    store: Store,
    plan: FilePlan,
    upload: MultipartUpload,
    listed: Mapping[int, ListedPart],
    hashes: Hashes,
) -> ObjectMade:
    try:
        return _request_completion(store, plan, upload, listed, hashes)
    except IntegrityError:
        # A server that lists no checksums reports only now that a part is not what was sent.
        if unproven := parts_without_checksum(listed):
            raise PartsMissingError(unproven) from None
        raise
    except S3Error as error:
        if upload.sha256 or refusal_code(error) != "InvalidRequest":
            raise
    # An upload that was found, on a server that does not report which checksums it wants.
    return _request_completion(store, plan, replace(upload, sha256=True), listed, hashes)


def _request_completion(
    store: Store,
    plan: FilePlan,
    upload: MultipartUpload,
    listed: Mapping[int, ListedPart],
    hashes: Hashes,
) -> ObjectMade:
    parts = [
        CompletedPart(
            part_number=number, etag=listed[number].etag, sha256=sha256 if upload.sha256 else ""
        )
        for number, sha256 in enumerate(hashes.sha256, start=1)
    ]
    return store.complete_multipart_upload(
        plan.key,
        upload.upload_id,
        parts,
        size=plan.parts.size,
        must_not_exist=plan.must_not_exist,
    )


def _find_completed(
    store: Store,
    plan: FilePlan,
    upload: MultipartUpload,
    hashes: Hashes,
    sent: Sent,
    error: NoSuchUploadError | ObjectExistsError,
) -> tuple[ObjectMade, VerifiedBy]:
    place = store.destination(plan.key)
    completed = sent.completing == upload.upload_id and isinstance(error, NoSuchUploadError)
    is_there = partial(is_new, before=sent.before, made=ObjectMade(), hashes=hashes, place=place)
    head = look_for(store, plan.key, is_there) if completed else store.head_object(plan.key)
    if isinstance(head, NotAllowed) and completed:
        # Sending it all again would end in a conflict with itself, most likely.
        raise _not_seen_error(store, plan.key) from error
    if isinstance(head, ObjectFound):
        surely = completed and not isinstance(sent.before, NotAllowed) and is_there(head)
        if verified_by := _proof_of_completed(store, plan, hashes, head, surely=surely):
            if isinstance(error, ObjectExistsError):  # then the parts are still there, and billed
                with contextlib.suppress(S3Error):
                    store.abort_multipart_upload(plan.key, upload.upload_id)
            return head, verified_by
        if plan.must_not_exist:
            msg = f"another object arrived as {place} meanwhile: overwrite it or keep both"
            raise ObjectExistsError(msg) from error
    if isinstance(head, NoObject) and isinstance(error, ObjectExistsError):
        store.folders.check(plan.key)
    raise error


def _proof_of_completed(
    store: Store, plan: FilePlan, hashes: Hashes, head: ObjectFound, *, surely: bool
) -> VerifiedBy | None:
    """What proves an object to be the file; None if it is another, or nothing tells.

    It is read back where S3 shows nothing to compare by. If it is too large for that, its size
    is what is known, provided that it is ``surely`` what S3 was asked for: the upload is gone,
    and the object was not there before.
    """
    try:
        verified_by = verify_object(head, hashes, store.destination(plan.key))
    except IntegrityError:
        return None
    if verified_by != "size":
        return verified_by
    if head.size <= plan.read_back:
        return "read" if equals_when_read(store, plan.key, hashes) else None
    return "size" if surely else None


def _not_seen_error(store: Store, key: str) -> AccessDeniedError:
    allowed = Call(operation="HeadObject", bucket=store.bucket, key=key).statement
    return AccessDeniedError(
        f"S3 was asked to complete {store.destination(key)}, its answer was lost, and nobody may "
        "look whether the object is there: allow s3:GetObject, then resume, and what is there is "
        f"compared and not sent again; a policy with this statement allows it: {allowed}"
    )
