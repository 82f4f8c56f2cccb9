"""What the service found, as the page is told it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3upload_widget.checksums import base64_of, reads_as_md5
from s3upload_widget.protocol import FoundPart, MultipartUploadCompleted, RefusedFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from s3upload_widget.errors import UploadError
    from s3upload_widget.s3 import ListedPart
    from s3upload_widget.service.file_records import Completed


def refused(file_id: str, error: UploadError) -> RefusedFile:
    """Of many files, one that cannot be."""
    return RefusedFile(
        file_id=file_id, code=error.code, message=str(error), retryable=error.retryable
    )


def completed(file_id: str, record: Completed) -> MultipartUploadCompleted:
    """A file that is on S3, and how it was proven."""
    uploaded = record.uploaded
    return MultipartUploadCompleted(
        file_id=file_id,
        uri=uploaded.uri,
        sha256=uploaded.sha256,
        verified_by=uploaded.verified_by,
    )


def found_parts(listed: Iterable[ListedPart]) -> list[FoundPart]:
    """Parts with whatever the page can compare them by."""
    return [_found_part(part) for part in listed]


def _found_part(part: ListedPart) -> FoundPart:
    etag = part.etag.strip('"')
    is_md5 = reads_as_md5(etag) and "-" not in etag
    return FoundPart(
        part_number=part.part_number,
        size=part.size,
        sha256=part.sha256,
        md5=base64_of(etag) if is_md5 else "",
    )
