"""Whether the object that S3 said it has made is there, and is the file. Reads no file.

HEAD decides. The answer to Complete adds what HEAD does not show, and stands alone only where HEAD
is denied.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from s3upload_widget.checksums import part_count, reads_as_md5, same_etag
from s3upload_widget.errors import AccessDeniedError, IntegrityError, NoSuchUploadError, S3Error
from s3upload_widget.s3 import Call, NotAllowed, ObjectFound
from s3upload_widget.transfer.existing import matching_checksum
from s3upload_widget.transfer.proof import other_bytes_error, verify_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from s3upload_widget.results import VerifiedBy
    from s3upload_widget.s3 import ListedPart, ObjectHead, ObjectMade, Store
    from s3upload_widget.transfer.proof import Hashes

FIRST_PAUSE: Final = 0.25
"""Seconds between the first look for an object and the second."""


def look_pause(failures: int) -> float:
    """Seconds till the next look, after so many in vain, from 1: always as long, unlike a retry's.

    Six looks take 7.75 s: rclone up to 1.70 shows an object 5 s after it took it.
    """
    return FIRST_PAUSE * float(2 ** (failures - 1))


def look_for(store: Store, key: str, is_new: Callable[[ObjectFound], bool]) -> ObjectHead:
    """Look until HEAD shows the new object, or is denied; the last that it showed.

    Args:
        store: Where; knows how often to look.
        key: The object's.
        is_new: Whether this is the object, or the one that the key had before.
    """
    for failures in range(1, store.looks + 1):
        head = store.head_object(key)
        if isinstance(head, NotAllowed) or (isinstance(head, ObjectFound) and is_new(head)):
            return head
        if failures < store.looks:
            time.sleep(look_pause(failures))
    return head


def is_new(
    head: ObjectFound, before: ObjectHead, made: ObjectMade, hashes: Hashes, place: str
) -> bool:
    """Whether HEAD shows another object than before; the file's own bytes are new, always."""
    if not isinstance(before, ObjectFound):
        return True
    seen = (head.etag, head.last_modified, head.size)
    if seen != (before.etag, before.last_modified, before.size):
        return True
    return matching_checksum(with_answer(head, made), hashes, place) is not None


def with_answer(head: ObjectFound, made: ObjectMade) -> ObjectFound:
    """What HEAD and the answer to Complete say together, where both may be of one object."""
    if head.etag and not same_etag(head.etag, made.etag):
        return head
    return replace(
        head,
        etag=head.etag or made.etag,
        sha256=head.sha256 or made.sha256,
        version_id=head.version_id or made.version_id,
        encrypted=head.encrypted or made.encrypted,
    )


def verify_seen(
    store: Store, found: ObjectFound, made: ObjectMade, hashes: Hashes, place: str
) -> VerifiedBy:
    """Verify an object that HEAD shows, and that S3 said it has made.

    Raises:
        IntegrityError: It is another one.
    """
    verified_by = verify_object(found, hashes, place)
    if verified_by != "size" or not _is_of_another(found, made, hashes):
        return verified_by
    # A gateway may show the MD5 of the whole, where Complete showed the MD5 of the parts' MD5s.
    told = None if store.on_aws else matching_checksum(made, hashes, place)
    if told is None:
        raise other_bytes_error(place, "ETag")
    return told


def verify_unseen(
    store: Store, key: str, made: ObjectMade, hashes: Hashes, listed: Iterable[ListedPart]
) -> VerifiedBy:
    """Verify an object that nobody may look at by the answer to Complete alone.

    Raises:
        IntegrityError: It is another one.
        AccessDeniedError: The answer is not one that S3 gives to Complete.
    """
    place = store.destination(key)
    verified_by = verify_object(made, hashes, place)
    opaque = any(not reads_as_md5(part.etag) for part in listed)  # a server of its own kind
    right = part_count(made.etag) == hashes.parts.count if reads_as_md5(made.etag) else opaque
    if verified_by == "size" and not (made.etag and right):
        allowed = Call(operation="HeadObject", bucket=store.bucket, key=key).statement
        msg = (
            f"S3 was asked to complete {place}, did not say what it made, and nobody may look "
            "whether the object is there: allow s3:GetObject, then resume, and nothing is sent "
            f"twice; a policy with this statement allows it: {allowed}"
        )
        raise AccessDeniedError(msg)
    return verified_by


def not_there_error(store: Store, key: str, upload_id: str, head: ObjectHead) -> Exception:
    """The error for an object that S3 said it has made, and does not show."""
    seen = "only the object that was there before" if isinstance(head, ObjectFound) else "no object"
    msg = (
        f"S3 answered that {store.destination(key)} is complete, and shows {seen} "
        f"({store.looks} requests)"
    )
    try:
        parts = store.list_parts(key, upload_id)
    except NoSuchUploadError:
        return IntegrityError(f"{msg}; its parts are gone too: upload the file again")
    return S3Error(
        f"{msg}; its {len(parts)} parts are still there: try again, and none is sent twice. If it "
        "stays so, what answers in S3's place may not be S3"
    )


def _is_of_another(found: ObjectFound, made: ObjectMade, hashes: Hashes) -> bool:
    """Whether the ETag says that this is not the object that S3 said it has made."""
    if found.etag and made.etag:
        return not same_etag(found.etag, made.etag)
    plain = reads_as_md5(found.etag) and not found.encrypted
    return plain and part_count(found.etag) != hashes.parts.count
