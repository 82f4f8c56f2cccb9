"""Create a multipart upload, on a server that can finish it. Reads no file and sends no part."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Final

from s3upload_widget.errors import (
    AccessDeniedError,
    CredentialsError,
    NoSuchUploadError,
    S3Error,
    S3UnavailableError,
)
from s3upload_widget.parts import S3_LIMITS
from s3upload_widget.s3 import refusal_code

if TYPE_CHECKING:
    from s3upload_widget.s3 import MultipartUpload, Store
    from s3upload_widget.transfer.plan import FilePlan

LOOKS: Final = 3
"""Lists of a new upload, which a server may know of a moment later."""
PAUSE: Final = 0.5
"""Seconds between them."""


def create_listable_upload(store: Store, plan: FilePlan) -> MultipartUpload:
    """Create the upload of a file, and check before its first byte that its parts can be listed.

    Without their list nothing can be compared and completed, however much was sent. A store that
    listed parts once is not asked again.

    Raises:
        AccessDeniedError: Parts may not be listed. No upload is left behind.
        S3Error: The server lists none. No upload is left behind.
    """
    upload = store.create_multipart_upload(plan.key, content_type=plan.content_type)
    if store.lists_parts:
        return upload
    try:
        _list_new(store, plan.key, upload.upload_id)
    except S3UnavailableError:
        pass  # that says nothing of what the server can do
    except S3Error as error:
        with contextlib.suppress(S3Error):
            store.abort_multipart_upload(plan.key, upload.upload_id)
        if isinstance(error, (AccessDeniedError, CredentialsError)):
            raise
        raise _no_lists_error(store, plan, error) from error
    return upload


def _list_new(store: Store, key: str, upload_id: str) -> None:
    for _ in range(LOOKS - 1):
        with contextlib.suppress(NoSuchUploadError):
            store.list_parts(key, upload_id)
            return
        time.sleep(PAUSE)
    store.list_parts(key, upload_id)


def _no_lists_error(store: Store, plan: FilePlan, error: S3Error) -> S3Error:
    code = refusal_code(error) or type(error).__name__
    size = plan.parts.size
    remedy = (
        f"send the file in one piece: give part_size={size}"
        if size <= S3_LIMITS.max_part_size
        else "use another server for files of this size"
    )
    return S3Error(
        f"the server of {store.destination(plan.key)} does not list the parts of an upload "
        f"(ListParts: {code}), so a file of several parts could never be completed there. "
        f"Nothing was sent; {remedy}"
    )
