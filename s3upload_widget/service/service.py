"""The kernel's story of an upload, from the first request to the last. Knows no comm and no traits.

``Service.handle`` looks a request up in one table and calls the method that has its name:

1. ``pick_files``: check the user's rules, choose a key, look whether it is free, plan the parts
   (``planner``). The state of each file from then on is in ``file_records``.
2. ``compare_object``: if the key has an object, see by checksums whether it is this very file
   (``finisher``, ``comparison``); then nothing needs to be sent.
3. ``create_multipart_upload``: find an unfinished upload that the file may resume, or create one
   (``opener``). A file of one part needs none: it is sent with one PUT.
4. ``presign_parts``: presign the URLs that the page sends its parts to (``signer``); or
   ``relay_part``: send a part from here, of bytes that the page sends to the kernel (``relay``).
5. ``complete_multipart_upload``, ``complete_files``: complete the object, verify that it has the
   file's bytes, and call ``on_uploaded`` (``finisher``; ``transfer.completion`` does it on S3).

At any time: ``abort_multipart_upload`` deletes what S3 holds of a file, ``forget_file`` does not,
``diagnose`` asks the ``doctor`` why S3 does not answer the page, ``find_routes`` which names of the
store let it in, and ``list_unfinished`` and
``abort_unfinished`` offer uploads of earlier days and other pages (``offers``).
"""

from __future__ import annotations

import contextlib
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from s3upload_widget import protocol
from s3upload_widget.doctor import (
    check_mixed_content,
    diagnose,
    look_at_route,
    more_private_space,
)
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
from s3upload_widget.service.file_records import (
    Aborted,
    Checked,
    Completed,
    FileEntry,
    New,
    Open,
    PickedFiles,
    Planned,
    TakenOver,
)
from s3upload_widget.service.finisher import Finisher
from s3upload_widget.service.offers import Offers
from s3upload_widget.service.opener import Opener, found_parts
from s3upload_widget.service.planner import Planner, UploadRules, refused_file
from s3upload_widget.service.relay import PartRelay
from s3upload_widget.service.signer import Signer
from s3upload_widget.transfer import needs_md5
from s3upload_widget.workers import in_parallel, logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from s3upload_widget.keys import KeyChoice
    from s3upload_widget.results import UploadedFile
    from s3upload_widget.s3 import Store
    from s3upload_widget.transfer import FilePlan, IfExists

PLANNED_AT_ONCE: Final = 8
"""Files whose keys are looked up on S3 in parallel, for one request."""


SMALL: Final = 256 * 1024
"""Bytes of the largest file whose MD5 the page makes in passing."""


class Service:
    """Handles the requests of a widget's pages. Thread-safe.

    Args:
        store: The bucket.
        prefix: The folder of all keys.
        key: A file's name there; see :func:`s3upload_widget.keys.object_key`.
        accept: As HTML's ``<input accept>``; a function is called at each pick.
        part_size: Bytes, 5 MiB to 5 GiB; 16 MiB, less or more by the file's size, if left out.
        max_size: Bytes of the largest file that is accepted.
        if_exists: What to do where a key has an object already; with ``verify`` the page compares
            it with the file.
        read_back: Bytes of the largest object that is read back where S3 tells nothing to compare by.
        sha256: Whether the SHA-256 of whole files is wanted.
        transport: How parts get to S3.
        limits: The store's.
        on_uploaded: Called once for each file, as soon as it is complete and proven.
        on_read: Called with the id of a file and how many bytes of its key's object were read back.
        want: Requests bytes of a part that the kernel sends from all pages; called from any thread.

    Raises:
        RefusedError: ``prefix`` or ``part_size`` is not valid.
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
        read_back: int = 0,
        sha256: bool = True,
        transport: protocol.Transport = "direct",
        limits: Limits = S3_LIMITS,
        on_uploaded: Callable[[UploadedFile], None] = lambda _: None,
        on_read: Callable[[str, int], None] = lambda _file_id, _bytes: None,
        want: Callable[[protocol.Wanted], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._transport = transport
        self._rules = UploadRules(
            prefix=prefix,
            key=key,
            accept=accept if callable(accept) else partial(str, accept),
            part_size=part_size,
            max_size=max_size,
            if_exists=if_exists,
            read_back=read_back,
            sha256=sha256,
            limits=limits,
        )
        self._files = PickedFiles()
        self._planner = Planner(store, self._rules, self._files)
        self._opener = Opener(store, limits)
        self._signer = Signer(store, self._files, self._opener)
        self._relay = PartRelay(store, self._signer, want)
        self._finisher = Finisher(store, self._rules, self._files, on_uploaded, on_read)
        self._offers = Offers(store, self._rules, self._files, self._opener)
        self._methods: dict[type[protocol.Message], Callable[[Any], protocol.Reply]] = {
            protocol.PickFiles: self._pick_files,
            protocol.CompareObject: self._finisher.compare_object,
            protocol.CreateMultipartUpload: self._create_multipart_upload,
            protocol.PresignParts: self._signer.presign_parts,
            protocol.RelayPart: self._relay.relay_part,
            protocol.EndRelay: self._relay.end_relay,
            protocol.CompleteMultipartUpload: self._finisher.complete_multipart_upload,
            protocol.CompleteFiles: self._finisher.complete_files,
            protocol.AbortMultipartUpload: self._abort_multipart_upload,
            protocol.ForgetFile: self._forget_file,
            protocol.ListUnfinished: self._offers.list_unfinished,
            protocol.AbortUnfinished: self._offers.abort_unfinished,
            protocol.Diagnose: self._diagnose,
            protocol.FindRoutes: self._find_routes,
        }

    def take_frame(
        self, request: protocol.RelayFrame | protocol.TryFrame, buffers: Sequence[object]
    ) -> protocol.FrameTaken:
        """Take bytes of a part; never blocks."""
        return self._relay.take_frame(request, buffers)

    def handle(self, request: protocol.Request) -> protocol.Reply:
        """Reply to a request. Never raises; the same request again gets the same reply."""
        try:
            return self._dispatch(request)
        except UploadError as error:
            return protocol.Failed(code=error.code, message=str(error), retryable=error.retryable)
        except Exception as error:  # noqa: BLE001 - a defect of ours must not leave the page waiting
            return _defect(f"a request {type(request).__name__}", error)

    def taken_over(self, file_ids: Iterable[str]) -> list[str]:
        """The files among these that another page has taken over."""
        return [file_id for file_id in file_ids if self._files.is_taken_over(file_id)]

    def release(self, file_ids: Iterable[str]) -> None:
        """Free the keys of files whose page is gone; what S3 holds of them stays."""
        for file_id in file_ids:
            self._files.release(file_id)

    def hand_over(self, file_ids: Iterable[str]) -> None:
        """Other widgets have these files from now on: nothing of theirs is touched here any more."""
        for file_id in file_ids:
            self._files.hand_over(file_id)

    def close(self) -> None:
        """End what is being sent from here."""
        self._relay.close()
        self._opener.close()

    def _dispatch(self, request: protocol.Request) -> protocol.Reply:
        method = self._methods.get(type(request))
        if method is None:
            msg = f"{type(request).__name__} is not for the service"
            raise ProtocolError(msg)
        return method(request)

    def _pick_files(self, request: protocol.PickFiles) -> protocol.FilesPicked:
        self._store.require_bucket()
        origin = self._store.browser_origin
        obstacles = self._obstacles(request.origin, origin)
        # Keys are claimed in the order of the pick, then looked up on S3 in parallel.
        checked = [self._check(pick) for pick in request.files]
        self._expect_upload(checked)
        free = self._planner.free_keys(entry for entry in checked if isinstance(entry, FileEntry))
        plan = partial(self._plan, origin, free)
        files = in_parallel(plan, request.files, checked, at_once=PLANNED_AT_ONCE)
        return protocol.FilesPicked(files=files, obstacles=obstacles)

    def _expect_upload(self, checked: Iterable[FileEntry | UploadError]) -> None:
        """The page opens the first large file's upload next; the others' while that one is sent."""
        for entry in checked:
            record = entry.record if isinstance(entry, FileEntry) else New()
            if isinstance(record, Checked) and record.file.opens_upload:
                self._opener.expect(record.file.key)
                return

    def _obstacles(self, page_origin: str, store_origin: str) -> list[protocol.Diagnosed]:
        """What keeps a page from the store for sure; with ``direct`` its files are refused.

        Raises:
            RefusedError: Nothing would get through.
        """
        try:
            check_mixed_content(page_origin, store_origin)
        except RefusedError as error:
            if self._transport == "direct":
                raise
            return [_mixed_content(error)]
        return []

    def _check(self, pick: protocol.Pick) -> FileEntry | UploadError:
        try:
            return self._planner.check(pick)
        except UploadError as error:
            return error

    def _plan(
        self,
        origin: str,
        free: frozenset[str],
        pick: protocol.Pick,
        checked: FileEntry | UploadError,
    ) -> protocol.PlannedFile | protocol.RefusedFile:
        try:
            if isinstance(checked, UploadError):
                raise checked
            plan = self._planner.plan(checked, pick, free)
        except UploadError as error:
            return refused_file(pick.file_id, error)
        return protocol.PlannedFile(
            file_id=pick.file_id,
            key=plan.key,
            uri=f"s3://{self._store.bucket}/{plan.key}",
            part_size=plan.parts.part_size,
            parts_total=plan.parts.count,
            hash_file=self._rules.sha256,
            # The reply to one PUT does not say what the server checked; AWS checks SHA-256. For
            # several parts this is a forecast: the upload that is found or created decides.
            # A small file has an MD5 there, too: it costs little, and lets a list prove many.
            md5=not self._store.on_aws or plan.parts.size <= SMALL,
            compare=plan.compare,
            store=origin,
            endpoint=self._store.endpoint_url,
        )

    def _create_multipart_upload(
        self, request: protocol.CreateMultipartUpload
    ) -> protocol.MultipartUploadCreated:
        entry = self._files.get(request.file_id)
        with entry.lock:
            record = entry.record
            if isinstance(record, Aborted):
                msg = "this file was discarded: pick it again"
                raise UploadAbortedError(msg)
            if not isinstance(record, (Planned, Open)) or record.plan.parts.single:
                msg = "only a file of several parts that is not complete has a multipart upload"
                raise ProtocolError(msg)
            opened, listed = self._opener.open(record, request.refused)
            entry.record = opened
        return protocol.MultipartUploadCreated(
            file_id=entry.file_id,
            upload_id=opened.upload.upload_id,
            found=found_parts(listed),
            part_size=opened.plan.parts.part_size,
            parts_total=opened.plan.parts.count,
            md5=needs_md5(self._store, opened.upload),
            without=[] if self._opener.created(opened) else self._store.object_args,
        )

    def _abort_multipart_upload(
        self, request: protocol.AbortMultipartUpload
    ) -> protocol.MultipartUploadAborted:
        # An unknown file, perhaps since the kernel restarted, has nothing to discard: what S3
        # holds of it is found when its key is picked again.
        with contextlib.suppress(UnknownFileError, NotOwnerError):
            entry = self._files.get(request.file_id)
            entry.unwanted = True
            self._relay.end_file(request.file_id)
            with entry.lock:
                entry.unwanted = False
                self._discard(entry)
        return protocol.MultipartUploadAborted(file_id=request.file_id)

    def _forget_file(self, request: protocol.ForgetFile) -> protocol.FileForgotten:
        self._files.forget(request.file_id)
        return protocol.FileForgotten(file_id=request.file_id)

    def _discard(self, entry: FileEntry) -> None:
        record = entry.record
        if isinstance(record, Completed):
            msg = f"{record.uploaded.uri} is complete: an object is not deleted from here"
            raise RefusedError(msg)
        # An upload that was only found may belong to somebody who sends just now: it stays.
        if isinstance(record, Open) and self._opener.owns(record):
            self._store.abort_multipart_upload(record.plan.key, record.upload.upload_id)
        entry.record = Aborted()
        self._files.settle(entry)

    def _plan_of(self, file_id: str) -> FilePlan:
        record = self._files.get(file_id).record
        if isinstance(record, (New, Checked, Aborted, TakenOver)):
            msg = "this file is not being uploaded"
            raise ProtocolError(msg)
        return record.plan

    def _find_routes(self, request: protocol.FindRoutes) -> protocol.RoutesFound:
        plan, origins = self._plan_of(request.file_id), self._store.origins
        headers = self._signer.header_names(plan)
        look = partial(look_at_route, self._store, plan.key, request.origin, headers)
        found = in_parallel(look, origins, at_once=len(origins))
        return protocol.RoutesFound(
            routes=[
                protocol.Route(origin=route.origin, credentials=route.credentials)
                for route in found
                if route is not None
            ]
        )

    def _diagnose(self, request: protocol.Diagnose) -> protocol.Diagnosed:
        plan = self._plan_of(request.file_id)
        headers = self._signer.header_names(plan)
        size = min(plan.parts.size, plan.parts.part_size)
        found = diagnose(self._store, plan.key, request.origin, headers, size=size)
        usual = protocol.OBSTACLES[found.cause].relay
        return protocol.Diagnosed(
            cause=found.cause,
            message=found.message,
            relay=usual if found.relay == "as usual" else found.relay,
            space=more_private_space(self._store.browser_origin, request.origin),
        )


def _mixed_content(error: RefusedError) -> protocol.Diagnosed:
    relay = protocol.OBSTACLES["mixed_content"].relay
    return protocol.Diagnosed(
        cause="mixed_content", message=str(error), relay=relay, space="public"
    )


def _defect(what: str, error: Exception) -> protocol.Failed:
    # Log where it happened and not its text, which may hold a secret.
    where = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s failed with %s:\n%s", what, type(error).__name__, where)
    msg = f"{what} met a defect of s3upload_widget ({type(error).__name__}); the log has more"
    return protocol.Failed(code=InternalError.code, message=msg, retryable=InternalError.retryable)
