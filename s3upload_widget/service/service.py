"""Answers each request: policy, plan, sign, complete, verify. Knows no comm and no traits."""

from __future__ import annotations

import contextlib
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from s3upload_widget import protocol
from s3upload_widget.doctor import check_mixed_content, diagnose
from s3upload_widget.errors import (
    InternalError,
    NotOwnerError,
    ProtocolError,
    RefusedError,
    UnknownFileError,
    UploadAbortedError,
    UploadError,
)
from s3upload_widget.parts import S3_LIMITS, Limits
from s3upload_widget.service import replies
from s3upload_widget.service.file_records import (
    Aborted,
    Checked,
    Completed,
    New,
    Open,
    PickedFiles,
    Planned,
    Slot,
    TakenOver,
)
from s3upload_widget.service.finisher import Finisher
from s3upload_widget.service.offers import Offers
from s3upload_widget.service.opener import Opener
from s3upload_widget.service.planner import Planner, UploadRules
from s3upload_widget.service.signer import Signer
from s3upload_widget.workers import in_parallel, logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from s3upload_widget.keys import KeyChoice
    from s3upload_widget.results import UploadedFile
    from s3upload_widget.s3 import Store
    from s3upload_widget.transfer import IfExists

LOOKS_AT_ONCE: Final = 8
"""Files that are looked at on S3 in parallel, for one request."""


class Service:
    """What the kernel does for the page, or for a script. Thread-safe.

    Args:
        store: The bucket.
        prefix: The folder all keys stand in.
        key: What a file is called there; see :func:`s3upload_widget.keys.object_key`.
        accept: As HTML's ``<input accept>``; a function is asked at each pick.
        part_size: Bytes, 5 MiB to 5 GiB; 16 MiB and growing if left out.
        max_size: Bytes of the largest file that is taken.
        if_exists: What to do where a key has an object already; ``verify`` has the page compare
            it with the file.
        sha256: Whether the SHA-256 of whole files is wanted.
        limits: The store's.
        on_uploaded: Called once for each file, as soon as it is complete and proven.

    Raises:
        RefusedError: ``prefix`` or ``part_size`` cannot be used.
    """

    def __init__(
        self,
        store: Store,
        *,
        prefix: str = "",
        key: KeyChoice = None,
        accept: str | Callable[[], str] = "",
        part_size: int | None = None,
        max_size: int | None = None,
        if_exists: IfExists = "verify",
        sha256: bool = True,
        limits: Limits = S3_LIMITS,
        on_uploaded: Callable[[UploadedFile], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._rules = UploadRules(
            prefix=prefix,
            key=key,
            accept=accept if callable(accept) else partial(str, accept),
            part_size=part_size,
            max_size=max_size,
            if_exists=if_exists,
            sha256=sha256,
            limits=limits,
        )
        self._files = PickedFiles()
        self._planner = Planner(store, self._rules, self._files)
        self._opener = Opener(store, limits)
        self._signer = Signer(store, self._files, self._opener)
        self._finisher = Finisher(store, self._rules, self._files, on_uploaded)
        self._offers = Offers(store, self._rules, self._files, self._opener)
        self._methods: dict[type[protocol.Message], Callable[[Any], protocol.Reply]] = {
            protocol.PickFiles: self._pick_files,
            protocol.CompareObject: self._finisher.compare_object,
            protocol.CreateMultipartUpload: self._create_multipart_upload,
            protocol.PresignParts: self._signer.presign_parts,
            protocol.CompleteMultipartUpload: self._finisher.complete_multipart_upload,
            protocol.CompleteFiles: self._finisher.complete_files,
            protocol.AbortMultipartUpload: self._abort_multipart_upload,
            protocol.ForgetFile: self._forget_file,
            protocol.ListUnfinished: self._offers.list_unfinished,
            protocol.AbortUnfinished: self._offers.abort_unfinished,
            protocol.Diagnose: self._diagnose,
        }

    def handle(self, request: protocol.Request) -> protocol.Reply:
        """Answer a request. Never raises; the same request again gets the same answer."""
        try:
            return self._answer(request)
        except UploadError as error:
            return protocol.Failed(code=error.code, message=str(error), retryable=error.retryable)
        except Exception as error:  # noqa: BLE001 - a defect of ours must not leave the page waiting
            return _defect(f"a request {type(request).__name__}", error)

    def taken_over(self, file_ids: Iterable[str]) -> list[str]:
        """The files among these that another page has taken over."""
        return [file_id for file_id in file_ids if self._files.is_taken_over(file_id)]

    def release(self, file_ids: Iterable[str]) -> None:
        """Let others have the keys of files whose page is gone; what S3 holds of them stays."""
        for file_id in file_ids:
            self._files.release(file_id)

    def _answer(self, request: protocol.Request) -> protocol.Reply:
        method = self._methods.get(type(request))
        if method is None:
            msg = f"{type(request).__name__} is not for the service"
            raise ProtocolError(msg)
        return method(request)

    def _pick_files(self, request: protocol.PickFiles) -> protocol.FilesPicked:
        self._store.check_bucket()
        origin = self._store.browser_origin
        check_mixed_content(request.origin, origin)
        # Keys are claimed in the order of the pick, then looked at on S3 all at once.
        checked = [self._check(pick) for pick in request.files]
        free = self._planner.free_keys(slot for slot in checked if isinstance(slot, Slot))
        plan = partial(self._plan, origin, free)
        files = in_parallel(plan, request.files, checked, at_once=LOOKS_AT_ONCE)
        return protocol.FilesPicked(files=files)

    def _check(self, pick: protocol.Pick) -> Slot | UploadError:
        try:
            return self._planner.check(pick)
        except UploadError as error:
            return error

    def _plan(
        self,
        origin: str,
        free: frozenset[str],
        pick: protocol.Pick,
        checked: Slot | UploadError,
    ) -> protocol.PlannedFile | protocol.RefusedFile:
        try:
            if isinstance(checked, UploadError):
                raise checked
            plan = self._planner.plan(checked, pick, free)
        except UploadError as error:
            return replies.refused(pick.file_id, error)
        return protocol.PlannedFile(
            file_id=pick.file_id,
            key=plan.key,
            uri=f"s3://{self._store.bucket}/{plan.key}",
            part_size=plan.parts.part_size,
            parts_total=plan.parts.count,
            hash_file=self._rules.sha256,
            # One PUT ends without a word of the server's on what it checked; AWS checks SHA-256.
            md5=plan.parts.single and not self._store.on_aws,
            compare=plan.compare,
            store=origin,
        )

    def _create_multipart_upload(
        self, request: protocol.CreateMultipartUpload
    ) -> protocol.MultipartUploadCreated:
        slot = self._files.get(request.file_id)
        with slot.lock:
            record = slot.record
            if isinstance(record, Aborted):
                msg = "this file was discarded: pick it again"
                raise UploadAbortedError(msg)
            if not isinstance(record, (Planned, Open)) or record.plan.parts.single:
                msg = "only a file of several parts that is not complete has a multipart upload"
                raise ProtocolError(msg)
            opened, listed = self._opener.open(record, request.refused)
            slot.record = opened
        return protocol.MultipartUploadCreated(
            file_id=slot.file_id,
            upload_id=opened.upload.upload_id,
            found=replies.found_parts(listed),
            part_size=opened.plan.parts.part_size,
            parts_total=opened.plan.parts.count,
            md5=not opened.upload.sha256,
        )

    def _abort_multipart_upload(
        self, request: protocol.AbortMultipartUpload
    ) -> protocol.MultipartUploadAborted:
        # A file that nobody knows, perhaps since the kernel restarted, has nothing to discard:
        # what S3 holds of it is found when its key is picked again.
        with contextlib.suppress(UnknownFileError, NotOwnerError):
            slot = self._files.get(request.file_id)
            with slot.lock:
                self._discard(slot)
        return protocol.MultipartUploadAborted(file_id=request.file_id)

    def _forget_file(self, request: protocol.ForgetFile) -> protocol.FileForgotten:
        self._files.forget(request.file_id)
        return protocol.FileForgotten(file_id=request.file_id)

    def _discard(self, slot: Slot) -> None:
        record = slot.record
        if isinstance(record, Completed):
            msg = f"{record.uploaded.uri} is complete: an object is not deleted from here"
            raise RefusedError(msg)
        # One that was only found may be of somebody who sends just now: it stays.
        if isinstance(record, Open) and self._opener.owns(record):
            self._store.abort(record.plan.key, record.upload.upload_id)
        slot.record = Aborted()
        self._files.settle(slot)

    def _diagnose(self, request: protocol.Diagnose) -> protocol.Diagnosed:
        record = self._files.get(request.file_id).record
        if isinstance(record, (New, Checked, Aborted, TakenOver)):
            msg = "this file is not being uploaded"
            raise ProtocolError(msg)
        headers = self._signer.header_names(record.plan)
        found = diagnose(self._store, record.plan.key, request.origin, headers)
        return protocol.Diagnosed(cause=found.cause, message=found.message)


def _defect(what: str, error: Exception) -> protocol.Failed:
    # Where it happened, not what it says: an error's own text may hold a secret.
    where = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s failed with %s:\n%s", what, type(error).__name__, where)
    msg = f"{what} met a defect of s3upload_widget ({type(error).__name__}); the log has more"
    return protocol.Failed(code=InternalError.code, message=msg, retryable=InternalError.retryable)
