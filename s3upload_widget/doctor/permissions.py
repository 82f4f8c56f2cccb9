"""Permissions, found by a trial upload that is aborted: those on S3, and those on a KMS key.

Knows no page and no CORS.
"""

from __future__ import annotations

import contextlib
import json
import re
import shlex
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from uuid import uuid4

from s3upload_widget.checksums import sha256
from s3upload_widget.doctor.connection import endpoint_option
from s3upload_widget.doctor.report import Finding
from s3upload_widget.errors import AccessDeniedError, S3Error, UploadError
from s3upload_widget.policy import iam_policy, kms_statement
from s3upload_widget.s3 import Unreadable, refusal_code

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from s3upload_widget.s3 import Store

Step: TypeAlias = Literal["create", "send", "list parts", "list uploads", "abort"]

MAX_PARTS: Final = 10_000
"""S3's last part number; on some servers they end before."""
BODY: Final = b"s3upload check: whether a part may be sent. It is deleted at once.\n"


_ACTION: Final = re.compile(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z*]+)")
"""The missing action, in AWS's message.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
"""
_KEY: Final = re.compile(r"\barn:[a-z-]+:kms:[A-Za-z0-9:/_-]+")
_PERMISSIONS: Final[Mapping[str, tuple[Step, ...]]] = {
    "s3:PutObject": ("create", "send"),
    "s3:ListMultipartUploadParts": ("list parts",),
    "s3:ListBucketMultipartUploads": ("list uploads",),
    "s3:AbortMultipartUpload": ("abort",),
}
_WHY: Final[Mapping[Step, str]] = {
    "create": "Without it nothing can be uploaded.",
    "send": "Without it no part can be sent.",
    "list parts": "Without it no upload of several parts is completed: the kernel first compares "
    "what S3 holds with the file.",
    "list uploads": "Uploads work without it, but those that were started before a restart are "
    "not found again: their parts are sent once more, and billed until they are removed.",
    "abort": "Without it uploads that are discarded stay on S3 and are billed.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The steps of a trial upload, and their errors."""

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
        """Try a step, and note its error."""
        self.tried[step] += 1
        try:
            yield
        except UploadError as error:
            self.errors.setdefault(step, error)


def try_upload(store: Store, prefix: str) -> Trial:
    """Create an upload under ``prefix``, send it a part, list both, and abort it.

    No object is ever made, and S3 keeps nothing of the upload, whatever fails on the way. Its key
    is random and names its purpose.
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
        with contextlib.suppress(UploadError):
            store.head_object(trial.key)  # shows whether its headers are taken
        with trial.step("list uploads"):
            # Also those of a Create whose reply was lost.
            listed = {found.upload_id for found in store.list_multipart_uploads(key=trial.key)}
            if not upload_ids <= listed:
                msg = "the server does not list an upload that was just created"
                raise S3Error(msg)
            upload_ids |= listed
    finally:
        for upload_id in upload_ids:
            with trial.step("abort"):
                store.abort_multipart_upload(trial.key, upload_id)
    return trial


def _send(store: Store, trial: Trial, upload_id: str) -> None:
    with trial.step("send"):
        store.upload_part(trial.key, upload_id, 1, BODY, sha256=sha256(BODY))
    with trial.step("list parts"):
        listed = [part.size for part in store.list_parts(trial.key, upload_id)]
        if trial.passed("send") and listed != [len(BODY)]:
            msg = "the server does not list a part that it just received"
            raise S3Error(msg)
    if trial.passed("send"):
        with contextlib.suppress(UploadError):  # the store learns why
            store.upload_part(trial.key, upload_id, MAX_PARTS, BODY, sha256=sha256(BODY))


def permission_findings(store: Store, prefix: str, trial: Trial) -> Iterator[Finding]:
    """A finding for each permission that was tried, and one for the KMS key."""
    yield _encryption_finding(store, trial)
    for permission, steps in _PERMISSIONS.items():
        failed = [step for step in steps if step in trial.errors]
        if failed:
            error = trial.errors[failed[0]]
            if not _of_key(error):
                yield _refused_finding(store, prefix, permission, failed[0], error)
        elif trial.passed(steps[-1]):
            yield Finding(check=permission, level="ok", what="a trial upload was allowed to do it")
    if "abort" in trial.errors:
        yield _leftover_finding(store, trial)


def _refused_finding(
    store: Store, prefix: str, permission: str, step: Step, error: UploadError
) -> Finding:
    denied = isinstance(error, AccessDeniedError)
    check = (_action(error) or permission) if denied else permission
    return Finding(
        check=check,
        level="hint" if step == "list uploads" else "problem",
        what=str(error),
        why=_WHY[step],
        advice=_advice(error) if denied else "",
        fix=json.dumps(iam_policy(store.bucket, prefix), indent=2) if denied else "",
    )


def _advice(error: UploadError) -> str:
    if "explicit deny" in str(error):
        return (
            "Some policy denies it explicitly: then allowing it elsewhere does not help. Remove the "
            "denial; for the rest, this policy allows all that uploads need:"
        )
    return (
        "Give the role or user of the kernel's credentials this policy, which allows all that "
        "uploads need (the bucket's own policy must not deny it):"
    )


def _leftover_finding(store: Store, trial: Trial) -> Finding:
    uri = store.destination(trial.key)
    return Finding(
        check="leftover",
        level="hint",
        what=f"the trial upload {uri} could not be aborted, so its one part of less than 1 KiB "
        "stays on S3",
        why="It is not an object, but billed until it is aborted.",
        advice="With credentials that may abort uploads, run:",
        fix=f"s3upload abort {shlex.quote(uri)} --older-than 0s{endpoint_option(store)}",
    )


def _encryption_finding(store: Store, trial: Trial) -> Finding:
    errors = [trial.errors[step] for step in ("create", "send") if step in trial.errors]
    key = store.config.kms_key()
    known = "" if isinstance(key, Unreadable) else key
    for error in errors:
        if _of_key(error):
            return _key_refused(known, error)
        if known and isinstance(error, AccessDeniedError) and not _action(error):
            return _perhaps_key(known, trial)
    if isinstance(key, Unreadable) and errors:
        what = f"how the bucket encrypts cannot be read: {key}"
        return Finding(check="encryption", level="hint", what=what)
    if isinstance(key, Unreadable):
        what = "a part was accepted, however the bucket encrypts"
    elif key:
        what = f"the KMS key {key} may be used"
    else:
        what = "no KMS key is needed"
    return Finding(check="encryption", level="ok", what=what)


def _key_refused(key: str, error: UploadError) -> Finding:
    action = _action(error)
    named = _KEY.search(str(error))
    if not action:  # the key is disabled, deleted, of another region, …
        return _key_finding(key, str(error), "Repair the key, or use another one.", "")
    return _key_finding(
        key,
        f"the credentials may not use the KMS key that new objects are encrypted with: {action} "
        f"is missing ({error})",
        "Allow both to the kernel's credentials, in their own policy or in the key's:",
        named[0] if named else _resource(key),
    )


def _perhaps_key(key: str, trial: Trial) -> Finding:
    """S3 does not say which permission is missing, but the steps before do."""
    if "create" in trial.errors:
        told = "kms:GenerateDataKey may be missing, or s3:PutObject"
    else:
        told = "kms:Decrypt is missing: the upload could be created, but no part sent"
    advice = "Allow both to the kernel's credentials, in their own policy or in the key's:"
    return _key_finding(
        key, f"new objects are encrypted with a KMS key; {told}", advice, _resource(key)
    )


def _key_finding(key: str, what: str, advice: str, resource: str) -> Finding:
    return Finding(
        check="encryption",
        level="problem",
        what=what,
        why="To write, S3 needs kms:GenerateDataKey, and kms:Decrypt to put parts together; both "
        f"in the name of whoever uploads{f' (key: {key})' if key else ''}.",
        advice=advice,
        fix=json.dumps(kms_statement(resource), indent=2) if resource else "",
    )


def _resource(key: str) -> str:
    """A key as policies name it: buckets may also name it by an alias, or the default ``aws/s3``."""
    return key if key.startswith("arn:") and ":alias/" not in key else "*"


def _of_key(error: UploadError) -> bool:
    return _action(error).startswith("kms:") or refusal_code(error).startswith("KMS.")


def _action(error: UploadError) -> str:
    found = _ACTION.search(str(error))
    return found[1] if found else ""
