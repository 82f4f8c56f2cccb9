"""An upload that is begun to be given up: whether the credentials may do what uploads need.

No object is ever made. What S3 holds of it is deleted again, whatever fails on the way.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from uuid import uuid4

from s3upload_widget.checksums import sha256
from s3upload_widget.errors import S3Error, UploadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3upload_widget.s3 import Store

Step: TypeAlias = Literal["create", "send", "list parts", "list uploads", "abort"]

BODY: Final = b"s3upload check: whether a part may be sent. It is deleted at once.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How far an upload came."""

    key: str
    """Of the upload. There is no object."""
    tried: Counter[Step] = field(default_factory=Counter)
    errors: dict[Step, UploadError] = field(default_factory=dict)
    """The first of each step that failed."""

    def passed(self, step: Step) -> bool:
        """Whether a step was tried and did not fail."""
        return step in self.tried and step not in self.errors

    @contextlib.contextmanager
    def step(self, step: Step) -> Iterator[None]:
        """Try a step, and note if it fails."""
        self.tried[step] += 1
        try:
            yield
        except UploadError as error:
            self.errors.setdefault(step, error)


def try_upload(store: Store, prefix: str) -> Trial:
    """Create an upload under ``prefix``, send it a part, list both, and abort it.

    Its key is random and says what it is for.
    """
    trial = Trial(key=f"{prefix}s3upload-check-{uuid4().hex}")
    upload_ids: set[str] = set()
    try:
        with trial.step("create"):
            content_type = "application/octet-stream"
            opened = store.create_multipart_upload(trial.key, content_type=content_type)
            upload_ids.add(opened.upload_id)
        for upload_id in upload_ids:
            _send(store, trial, upload_id)
        with trial.step("list uploads"):
            # Also those of a Create whose answer was lost.
            listed = {found.upload_id for found in store.list_multipart_uploads(key=trial.key)}
            if not upload_ids <= listed:
                msg = "the server does not list an upload that was just begun"
                raise S3Error(msg)
            upload_ids |= listed
    finally:
        for upload_id in upload_ids:
            with trial.step("abort"):
                store.abort(trial.key, upload_id)
    return trial


def _send(store: Store, trial: Trial, upload_id: str) -> None:
    with trial.step("send"):
        store.upload_part(trial.key, upload_id, 1, BODY, sha256=sha256(BODY))
    with trial.step("list parts"):
        listed = [part.size for part in store.list_parts(trial.key, upload_id)]
        if trial.passed("send") and listed != [len(BODY)]:
            msg = "the server does not list a part that it just took"
            raise S3Error(msg)
