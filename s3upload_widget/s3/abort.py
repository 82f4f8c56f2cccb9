"""Aborting an upload until nothing is left of it."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Final

from s3upload_widget.errors import AccessDeniedError, NoSuchUploadError, S3UnavailableError

if TYPE_CHECKING:
    from s3upload_widget.s3.calls import Calls

_TRIES: Final = 5


def abort(calls: Calls, key: str, upload_id: str, place: str) -> None:
    """Delete the parts, again until S3 shows none: one on its way may arrive later.

    Raises:
        S3UnavailableError: Parts keep arriving.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html
    """
    for attempt in range(_TRIES):
        time.sleep(0.2 * attempt)
        with contextlib.suppress(NoSuchUploadError):
            calls.ask("abort_multipart_upload", Key=key, UploadId=upload_id)
        if _is_gone(calls, key, upload_id):
            return
    msg = f"parts of {place} keep arriving: close other pages, discard again"
    raise S3UnavailableError(msg)


def _is_gone(calls: Calls, key: str, upload_id: str) -> bool:
    try:
        calls.ask("list_parts", Key=key, UploadId=upload_id, MaxParts=1)
    except (NoSuchUploadError, AccessDeniedError):
        return True  # where the look is denied, S3 took the abort, and nobody can tell more
    return False
