"""A file that is written to S3 as it is made, part by part: its size is known when it ends.

Up to one part goes as any file does. Of a longer one nothing is read twice, so it is compared with
no object that is there; a producer that repeats itself skips the parts that arrived before.
"""

from __future__ import annotations

import hashlib
import io
import logging
import shutil
import threading
from collections import deque
from concurrent.futures import TimeoutError, wait  # noqa: A004 - the same from Python 3.11 on
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Final

from s3upload_widget.checksums import md5 as md5_of
from s3upload_widget.checksums import sha256 as sha256_of
from s3upload_widget.errors import (
    IntegrityError,
    ObjectExistsError,
    RefusedError,
    S3Error,
    UploadError,
)
from s3upload_widget.keys import parse_uri
from s3upload_widget.parts import PartPlan, plan_parts
from s3upload_widget.s3 import NoObject, NotAllowed, ObjectFound, Store, retrying
from s3upload_widget.transfer import (
    FilePlan,
    Hashes,
    PartsMissingError,
    Sent,
    complete,
    create_listable_upload,
    describe_object,
    is_proven_part,
    needs_md5,
    refused_part_error,
)
from s3upload_widget.uploader.batch import (
    Outcome,
    add_note,
    choose_key,
    describe,
    key_chooser,
    threads,
    upload,
)
from s3upload_widget.uploader.part_reader import Part
from s3upload_widget.uploader.progress import UploadStats, progress_bar
from s3upload_widget.uploader.resume import find_begun_stream
from s3upload_widget.workers import DaemonExecutor

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future
    from types import TracebackType

    from typing_extensions import Buffer, Self

    from s3upload_widget.results import UploadedFile
    from s3upload_widget.s3 import ListedPart, MultipartUpload
    from s3upload_widget.uploader.batch import Options

logger = logging.getLogger("s3upload_widget")

KEPT: Final = (
    "What arrived of it is kept on S3: write the same bytes again, with skip=True or by "
    "'s3upload put -', and only the rest is sent; or remove it with 's3upload abort'"
)
REMOVED: Final = "Nothing of it is on S3: what had arrived was removed"
WAY_OUT: Final = "send the stream again with part_size={}, or what holds all of it if it is longer"
LEFT: Final = "What arrived of it is still on S3: remove it with 's3upload abort'"
ASKED: Final = (
    "S3 had been asked to complete it: look whether what {} holds is this file. If it is not, "
    "nothing of it is on S3"
)
BLOCK: Final = 1024**2
HURRIED: Final = 1.0
"""Seconds that removing may take after Ctrl-C."""
SETTLED: Final = 10.0
"""Seconds that parts on the wire get to end before what arrived is removed."""


def _now() -> datetime:
    return datetime.now(timezone.utc)


class Content:
    """A file in memory, as a source."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.size = len(data)
        self.modified = _now()
        self._data = data

    def read(self, offset: int, length: int) -> bytes:
        """Exactly these bytes."""
        return self._data[offset : offset + length]

    def check(self) -> None:
        """It never changes."""

    def moved(self) -> bool:
        """It never does."""
        return False


class StreamWriter(io.RawIOBase):
    """A file on S3 that is open for writing, from its first byte to its last; made by ``with``.

    The object is there when the block ends, and not before; ``close()`` in between, as of a library
    that is done with the file, only ends the writing.
    """

    def __init__(self, name: str, uri: str, options: Options, *, skip: bool) -> None:
        bucket, place = parse_uri(uri)
        self._name = name
        self._uri = uri
        self._options = options
        self._skip = skip
        self._store = Store(bucket, options.client, extra_args=options.extra_args)
        self._key = choose_key(describe(name, "", 0, _now()), place)
        self._part_size = plan_parts(0, options.part_size, limits=options.limits).part_size
        self._buffer = bytearray()
        self._size = 0
        self._entered = False
        self._lock = threading.Lock()
        self._errors: list[BaseException] = []
        self._parts: list[StreamUpload] = []
        """The upload, once there is more than one part."""
        self._outcomes: list[Outcome] = []
        self._stack = ExitStack()

    @property
    def uploaded(self) -> UploadedFile:
        """The file, complete on S3 and proven equal to what was written.

        Raises:
            RefusedError: The block has not ended yet, or it failed.
        """
        return self.outcome.uploaded

    @property
    def outcome(self) -> Outcome:
        """The same, and what was done for it."""
        if not self._outcomes:
            msg = f"{self._uri} is not on S3 before the end of the with block that writes it"
            raise RefusedError(msg)
        return self._outcomes[0]

    def writable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Bytes that were written."""
        return self._size

    def write(self, data: Buffer, /) -> int:
        """Write, all of it before what other threads write; waits for a lane where none is free.

        Raises:
            RefusedError: It is more than S3 takes in parts of this size, or no ``with`` is open.
            UploadError: A part did not arrive.
        """
        given = memoryview(data)
        with self._lock:
            if self.closed:
                msg = "I/O operation on closed file"
                raise ValueError(msg)
            if not self._entered:
                msg = "a stream is written in a with block, whose end makes the object"
                raise RefusedError(msg)
            if given.nbytes:  # an empty array of two dimensions cannot be cast
                self._write(given.cast("B"))
            return given.nbytes

    def _write(self, view: memoryview) -> None:
        self._size += len(view)
        while view:
            if len(self._buffer) == self._part_size:
                self._send_part()
            room = self._part_size - len(self._buffer)
            self._buffer += view[:room]
            view = view[room:]

    def __enter__(self) -> Self:
        self._store.require_bucket()
        self._entered = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._entered = False
        self.close()
        with self._stack:
            if error is not None:
                self._end_write(error)
                self._fail(error)
                return
            try:
                with self._lock:  # what another thread is writing belongs to it
                    self._outcomes.append(self._finish())
            except BaseException as failure:
                self._fail(failure)
                raise

    def _send_part(self) -> None:
        if self._errors:
            raise self._errors[0]
        try:
            body = bytes(self._buffer)
            if not self._parts:
                self._parts.append(self._begin(body))
            self._parts[0].send(body)
        except BaseException as error:
            self._errors.append(error)
            raise
        self._buffer.clear()

    def _begin(self, first: bytes) -> StreamUpload:
        store, options = self._store, self._options
        plan = self._plan(key_chooser(store, [self._key], options)(self._key))
        if plan.must_not_exist:
            _require_free(store, plan.key)
        resumes = self._skip and not options.restart
        begun = find_begun_stream(store, plan.key, first) if resumes else None
        upload, listed = begun or (create_listable_upload(store, plan), {})
        if listed:  # whoever began it chose its type: only S3 can say which
            plan = replace(plan, content_type="")
        executor = self._stack.enter_context(threads(options))
        bar = progress_bar(self._name, None, shown=options.progress, tell=options.on_progress)
        stats = UploadStats(self._stack.enter_context(bar))
        return StreamUpload(store, plan, upload, listed, options, executor, stats)

    def _plan(self, key: str) -> FilePlan:
        """The file as far as it is known: it gets no longer than this."""
        picked = describe(self._name, "", 0, _now())
        return FilePlan(
            picked=picked,
            key=key,
            parts=PartPlan(self._part_size * self._options.limits.max_parts, self._part_size),
            content_type=self._store.content_type(picked.type),
            must_not_exist=self._options.if_exists != "overwrite",
            read_back=self._options.read_back,
            started=picked.last_modified,
        )

    def _finish(self) -> Outcome:
        if not self._parts and not self._errors:
            source = Content(self._name, bytes(self._buffer))
            return upload([(source, "")], self._uri, self._options)[0]
        if self._buffer:
            self._send_part()
        return self._parts[0].finish()

    def _end_write(self, error: BaseException) -> None:
        """Have a write of another thread end: what it opens or sends would be left behind."""
        self._errors.append(error)
        for each in self._parts:
            each.stopped.set()
        hurried = isinstance(error, KeyboardInterrupt)
        if self._lock.acquire(timeout=HURRIED if hurried else SETTLED):
            self._lock.release()

    def _fail(self, error: BaseException) -> None:
        """Say what is on S3; remove it, where nobody is to go on with it."""
        patience = HURRIED if isinstance(error, KeyboardInterrupt) else None
        for each in self._parts:
            note = each.stop(keep=self._skip, patience=patience)
            add_note(error, note)
            logger.warning("%s is not complete: %s", self._store.destination(each.plan.key), note)


def upload_pipe(stream: BinaryIO, name: str, uri: str, options: Options) -> Outcome:
    """Upload all that a stream gives; what arrived before of the same bytes is not sent again.

    Args:
        stream: Of bytes; read once.
        name: The file's.
        uri: A folder, or one key.
        options: How to upload; ``part_size`` times 10,000 is the most that a stream may give.

    Raises:
        UploadError: As :func:`s3upload_widget.uploader.upload_stream` says.
    """
    with StreamWriter(name, uri, options, skip=True) as writer:
        shutil.copyfileobj(stream, writer, BLOCK)
    return writer.outcome


def _require_free(store: Store, key: str) -> None:
    head = store.head_object(key)
    if isinstance(head, NotAllowed):
        store.guard.check_condition(key)
    if isinstance(head, ObjectFound):
        msg = describe_object(
            head, store.destination(key), ", and a stream is not compared with it"
        )
        msg = f"{msg}; give if_exists='overwrite' or 'rename', or another key"
        raise ObjectExistsError(msg)


@dataclass(slots=True)
class StreamUpload:
    """One multipart upload that a stream fills."""

    store: Store
    plan: FilePlan
    upload: MultipartUpload
    listed: dict[int, list[ListedPart]]
    """What S3 holds of it from an earlier run; empty where it is new."""
    options: Options
    executor: Executor
    stats: UploadStats
    size: int = 0
    count: int = 0
    hashes: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Part number → SHA-256 and MD5, base64."""
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    on_the_wire: deque[Future[None]] = field(default_factory=deque)
    stopped: threading.Event = field(default_factory=threading.Event)
    sent: Sent = field(default_factory=Sent)

    def send(self, body: bytes) -> None:
        """Send the next part, as soon as there is a lane."""
        most = self.options.limits.max_parts
        if self.count == most:
            msg = f"the stream gives more than {most} parts: upload it with a larger part_size"
            raise RefusedError(msg)
        if len(self.on_the_wire) == self.options.lanes:
            self.on_the_wire.popleft().result()
        self.count += 1
        self.size += len(body)
        self.on_the_wire.append(self.executor.submit(partial(self._send, self.count, body)))
        self.digest.update(body)

    def _send(self, number: int, body: bytes) -> None:
        of_md5 = md5_of(body) if needs_md5(self.store, self.upload) else ""
        part = Part(body=body, sha256=sha256_of(body), md5=of_md5)
        self.hashes[number] = part.sha256, part.md5
        listed = self.listed.get(number, [])
        # A damaged part of a file is found at the end, and read again: a stream has to know now.
        proven = partial(is_proven_part, size=len(body), sha256=part.sha256, md5=part.md5)
        if any(map(proven, listed)):
            self.stats.count_part(number, len(body), sent=False)
            return
        if listed:
            self.stats.count_resent()
        self._send_part(number, part)
        self.stats.count_part(number, len(body), sent=True)

    def _send_part(self, number: int, part: Part) -> None:
        key, upload_id = self.plan.key, self.upload.upload_id
        send = partial(self.store.upload_part, key, upload_id, number, part.body)
        try:
            retrying(partial(send, sha256=part.sha256, md5=part.md5), self.stopped)
        except S3Error as error:
            so_far = PartPlan(self.size, self.plan.parts.part_size)
            told = refused_part_error(self.store, key, so_far, number, error, way_out=WAY_OUT)
            if told is error:
                raise
            raise told from error.__cause__

    def finish(self) -> Outcome:
        """Wait for all parts, complete and verify."""
        while self.on_the_wire:
            self.on_the_wire.popleft().result()
        parts = replace(self.plan.parts, size=self.size)
        plan = replace(self.plan, parts=parts, picked=replace(self.plan.picked, size=self.size))
        of_parts = [self.hashes[number] for number in range(1, self.count + 1)]
        of_md5 = [md5 for _, md5 in of_parts if md5]
        hashes = Hashes(parts=parts, sha256=[sha256 for sha256, _ in of_parts], md5=of_md5)
        return Outcome(self._complete(plan, hashes), self.stats)

    def _complete(self, plan: FilePlan, hashes: Hashes) -> UploadedFile:
        whole, known = self.digest.hexdigest(), self.options.sha256
        try:
            return complete(
                self.store, plan, self.upload, hashes, self.sent, whole=whole, sha256=known
            )
        except PartsMissingError as missing:
            lost = ", ".join(map(str, missing.part_numbers))
            msg = f"S3 took parts {lost} of {self.store.destination(plan.key)} and shows others"
            raise IntegrityError(msg) from None

    def stop(self, *, keep: bool, patience: float | None) -> str:
        """End the sending, and remove what arrived unless it is kept; what to tell the user.

        Nobody waits longer than ``patience`` seconds for that: S3 may have fallen silent.
        """
        self.stopped.set()
        if keep:
            return f"{self.stats.parts_done} parts arrived. {KEPT}"
        with DaemonExecutor(1, name="s3upload-remove") as aside:
            removal = aside.submit(self._remove)
        try:
            return removal.result(patience)
        except TimeoutError:
            return LEFT

    def _remove(self) -> str:
        for future in self.on_the_wire:
            future.cancel()
        wait(self.on_the_wire, SETTLED)
        try:
            self.store.abort_multipart_upload(self.plan.key, self.upload.upload_id)
        except UploadError as error:
            return f"{LEFT} ({error})"
        return ASKED.format(self.store.destination(self.plan.key)) if self._may_be_made else REMOVED

    @property
    def _may_be_made(self) -> bool:
        """Whether there may be an object: S3 was asked for it, and its answer may be lost."""
        if not self.sent.completing:
            return False
        try:
            return not isinstance(self.store.head_object(self.plan.key), NoObject)
        except UploadError:
            return True
