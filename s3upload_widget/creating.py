"""Creating a multipart upload, and leaving no other behind where an answer to Create was lost.

S3 creates one upload for each Create that reaches it. Whoever asks again because no answer came
has two, and nobody knows the first one's id.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from s3upload_widget.aborting import abort
from s3upload_widget.errors import S3Error
from s3upload_widget.listing import listed_parts, listed_uploads
from s3upload_widget.objects import OpenedUpload
from s3upload_widget.parameters import given

if TYPE_CHECKING:
    from s3upload_widget.calls import Calls
    from s3upload_widget.objects import ListedUpload

logger = logging.getLogger("s3upload_widget")

_ROUNDING: Final = timedelta(seconds=2)
"""S3 tells the time of a Create in whole seconds."""


class Creating:
    """Creates uploads in one bucket. Thread-safe."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._lock = threading.Lock()
        self._unanswered: dict[str, float] = {}
        """Key → since when a Create may have been carried out without our hearing of it."""

    def create(self, key: str, *, content_type: str, place: str) -> OpenedUpload:
        """Open an upload whose parts carry SHA-256.

        Args:
            key: Of the object.
            content_type: A MIME type; ``""`` leaves it to S3.
            place: ``s3://bucket/key``, for messages.

        Raises:
            S3Error: S3 refused, or cannot be asked.
        """
        now = time.monotonic()
        with self._lock:
            asked_before = key in self._unanswered
            since = self._unanswered.setdefault(key, now)
        params: dict[str, Any] = {"Key": key, **given(ContentType=content_type)}
        answer = self._calls.ask("create_multipart_upload", ChecksumAlgorithm="SHA256", **params)
        upload = OpenedUpload(
            upload_id=str(answer["UploadId"]), sha256=answer.get("ChecksumAlgorithm") == "SHA256"
        )
        with self._lock:
            self._unanswered.pop(key, None)
        if asked_before or answer["ResponseMetadata"].get("RetryAttempts", 0):
            self._abort_twins(key, upload, timedelta(seconds=time.monotonic() - since), place)
        return upload

    def _abort_twins(self, key: str, upload: OpenedUpload, age: timedelta, place: str) -> None:
        """Delete what the same Create made before; as good as can be had, for it holds no bytes."""
        with contextlib.suppress(S3Error):
            listed = [each for each in listed_uploads(self._calls, key, place) if each.key == key]
            ours = [each for each in listed if each.upload_id == upload.upload_id]
            for own in ours:
                for other in listed:
                    if _may_be_twins(own, other, age) and self._is_empty(other, place):
                        abort(self._calls, key, other.upload_id, place)
                        logger.info("an upload of %s that nobody heard of was aborted", place)

    def _is_empty(self, upload: ListedUpload, place: str) -> bool:
        return not listed_parts(self._calls, upload.key, upload.upload_id, place)


def _may_be_twins(own: ListedUpload, other: ListedUpload, age: timedelta) -> bool:
    """Whether one client can have begun both while it asked again, by S3's own clock."""
    before = own.initiated - other.initiated
    return (
        own.upload_id != other.upload_id
        and own.initiator == other.initiator
        and -_ROUNDING <= before <= age + _ROUNDING
    )
