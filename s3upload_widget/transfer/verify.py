"""Read an object back, and compare it with what was uploaded. Knows no plan and no upload."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from s3upload_widget.checksums import bare_etag, part_count, reads_as_md5
from s3upload_widget.errors import IntegrityError, ObjectExistsError, RefusedError, S3Error
from s3upload_widget.s3 import ObjectFound, refusal_code
from s3upload_widget.transfer.object_file import open_object

if TYPE_CHECKING:
    from io import BufferedReader

    from s3upload_widget.results import UploadedFile, VerifiedBy
    from s3upload_widget.s3 import Store


class ReadBack:
    """Reads what was uploaded to a store, by the client that uploaded it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def verify(self, uploaded: UploadedFile) -> VerifiedBy:
        """Read the object back, and compare."""
        return verify(self._store, uploaded)

    def open(self, uploaded: UploadedFile) -> BufferedReader:
        """Open the object for reading."""
        return open_object(self._store, uploaded)


def verify(store: Store, uploaded: UploadedFile) -> VerifiedBy:
    """Read an object back, and compare what was uploaded.

    Raises:
        IntegrityError: It is gone, or has other bytes.
        RefusedError: Nothing is known that they could be compared with.
        S3Error: It cannot be read.
    """
    by, expected = _expected(store, uploaded)
    size, found = _digest(store, uploaded, by)
    if (size, found) != (uploaded.size, expected):
        differs = f"its {by} is {found}, not {expected}"
        if size != uploaded.size:
            differs = f"it has {size} bytes, not {uploaded.size}"
        msg = (
            f"{uploaded.uri} does not hold what was uploaded at {uploaded.finished:%Y-%m-%d %H:%M} "
            f"UTC: {differs}. It was changed on S3 since: look who did, then upload the file again"
        )
        raise IntegrityError(msg)
    return by


def _expected(store: Store, uploaded: UploadedFile) -> tuple[VerifiedBy, str]:
    if uploaded.sha256:
        return "sha256", uploaded.sha256
    # Of an object in one piece the ETag is the MD5, but for those that are encrypted with KMS.
    etag = bare_etag(uploaded.etag)
    if reads_as_md5(etag) and not part_count(etag):
        head = store.head_object(uploaded.key)
        if isinstance(head, ObjectFound) and not head.encrypted:
            return "md5", etag
    msg = (
        f"the SHA-256 of {uploaded.uri} was not computed (sha256=False), and nothing else is known "
        "that its bytes could be compared with: upload with sha256=True"
    )
    raise RefusedError(msg)


def _digest(store: Store, uploaded: UploadedFile, by: VerifiedBy) -> tuple[int, str]:
    digest, size = hashlib.new(by, usedforsecurity=False), 0
    try:
        for block in store.get_object(uploaded.key, version_id=uploaded.version_id):
            digest.update(block)
            size += len(block)
    except ObjectExistsError as error:
        msg = f"{uploaded.uri} was replaced while it was read: look who did"
        raise IntegrityError(msg) from error
    except S3Error as error:
        if refusal_code(error) not in {"NoSuchKey", "NoSuchVersion"}:
            raise
        msg = f"{uploaded.uri} is not on S3 any more: it was deleted since; upload the file again"
        raise IntegrityError(msg) from error
    return size, digest.hexdigest()
