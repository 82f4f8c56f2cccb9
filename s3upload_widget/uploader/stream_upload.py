"""What a pipe gives, on its way to S3 part by part: its size is known when it ends.

Up to one part goes as any file does. A longer one cannot be read twice: so it resumes nothing, and
is compared with no object that is there.
"""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Final

from s3upload_widget.checksums import md5 as md5_of
from s3upload_widget.checksums import sha256 as sha256_of
from s3upload_widget.errors import IntegrityError, ObjectExistsError, RefusedError
from s3upload_widget.keys import parse_uri
from s3upload_widget.parts import PartPlan, plan_parts
from s3upload_widget.s3 import NotAllowed, ObjectFound, Store, retrying
from s3upload_widget.transfer import (
    FilePlan,
    Hashes,
    PartsMissingError,
    Sent,
    complete,
    describe_object,
)
from s3upload_widget.uploader.batch import (
    Outcome,
    add_note,
    choose_key,
    describe,
    key_chooser,
    progress_bar,
    threads,
    upload,
)
from s3upload_widget.uploader.file_upload import UploadStats

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor, Future

    from s3upload_widget.results import UploadedFile
    from s3upload_widget.s3 import MultipartUpload
    from s3upload_widget.uploader.batch import Options

LEFT: Final = (
    "What arrived of it stays on S3, and a pipe cannot resume it: remove it with 's3upload abort', "
    "or upload a file that holds the same"
)
BLOCK: Final = 1024**2


class Buffer:
    """A file in memory, as a source."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.size = len(data)
        self.modified = datetime.now(timezone.utc)
        self._data = data

    def read(self, offset: int, length: int) -> bytes:
        """Exactly these bytes."""
        return self._data[offset : offset + length]

    def check(self) -> None:
        """It never changes."""

    def moved(self) -> bool:
        """It never does."""
        return False


def upload_stream(stream: BinaryIO, name: str, uri: str, options: Options) -> Outcome:
    """Upload all that a stream gives.

    Args:
        stream: Of bytes; read once, at most ``max_concurrency`` parts and two ahead of S3.
        name: The file's.
        uri: A folder, or one key.
        options: How to upload; ``part_size`` times 10,000 is the most that a stream may give.

    Raises:
        ObjectExistsError: ``verify``, and the key has an object, which a longer stream is not
            compared with.
        UploadError: As :func:`s3upload_widget.uploader.upload_file` says.
    """
    part_size = plan_parts(0, options.part_size, limits=options.limits).part_size
    read = partial(_read_fully, stream, part_size)
    first, second = read(), b""
    if len(first) == part_size:
        second = read()
    if not second:
        return upload([(Buffer(name, first), "")], uri, options)[0]
    pieces = deque([first, second])
    return _upload_long(lambda: pieces.popleft() if pieces else read(), name, uri, options)


def _upload_long(read: Callable[[], bytes], name: str, uri: str, options: Options) -> Outcome:
    bucket, place = parse_uri(uri)
    store = Store(bucket, options.client, extra_args=options.extra_args)
    picked = describe(name, "", 0, datetime.now(timezone.utc))
    wanted = choose_key(picked, place)
    store.require_bucket()
    key = key_chooser(store, [wanted], options)(wanted)
    if options.if_exists != "overwrite":
        _require_free(store, key)
    upload = store.create_multipart_upload(key, content_type=store.content_type(picked.type))
    with threads(options) as executor, progress_bar(name, None, options) as advance:
        stats = UploadStats(advance)
        try:
            return StreamUpload(store, key, upload, options, stats).run(read, name, executor)
        except BaseException as error:
            add_note(error, LEFT)
            raise


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
    key: str
    upload: MultipartUpload
    options: Options
    stats: UploadStats
    started: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    size: int = 0
    sha256: list[str] = field(default_factory=list)
    md5: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self, read: Callable[[], bytes], name: str, executor: Executor) -> Outcome:
        """Send all parts, complete and verify."""
        digest = hashlib.sha256()
        on_the_wire: deque[Future[None]] = deque()
        try:
            while body := read():
                if len(on_the_wire) == self.options.max_concurrency:
                    on_the_wire.popleft().result()
                digest.update(body)
                on_the_wire.append(executor.submit(self._hashed(body)))
            for each in on_the_wire:
                each.result()
        except BaseException:
            self.stopped.set()
            raise
        return Outcome(self._complete(name, digest.hexdigest()), self.stats)

    def _hashed(self, body: bytes) -> Callable[[], None]:
        """Hash the next part; returns what sends it."""
        number = len(self.sha256) + 1
        if number > self.options.limits.max_parts:
            most = self.options.limits.max_parts
            msg = f"the stream gives more than {most} parts: upload it with a larger part_size"
            raise RefusedError(msg)
        self.size += len(body)
        self.sha256.append(sha256_of(body))
        # Other servers than AWS may repeat a SHA-256 that they never compared.
        needed = not (self.upload.sha256 and self.store.on_aws)
        of_md5 = md5_of(body) if needed else ""
        self.md5.extend(filter(None, [of_md5]))
        return partial(self._send, number, body, self.sha256[-1], of_md5)

    def _send(self, number: int, body: bytes, sha256: str, md5: str) -> None:
        upload_id = self.upload.upload_id
        send = partial(self.store.upload_part, self.key, upload_id, number, body)
        retrying(partial(send, sha256=sha256, md5=md5), self.stopped)
        self.stats.count_part(number, len(body), sent=True)

    def _complete(self, name: str, whole: str) -> UploadedFile:
        part_size = plan_parts(0, self.options.part_size, limits=self.options.limits).part_size
        parts = PartPlan(self.size, part_size)
        picked = describe(name, "", self.size, self.started)
        plan = FilePlan(
            picked=picked,
            key=self.key,
            parts=parts,
            content_type=self.store.content_type(picked.type),
            must_not_exist=self.options.if_exists != "overwrite",
            read_back=self.options.read_back,
            started=self.started,
        )
        hashes = Hashes(parts=parts, sha256=self.sha256, md5=self.md5)
        known = self.options.sha256
        try:
            return complete(
                self.store, plan, self.upload, hashes, Sent(), whole=whole, sha256=known
            )
        except PartsMissingError as missing:
            lost = ", ".join(map(str, missing.part_numbers))
            msg = f"S3 took parts {lost} of {self.store.destination(self.key)} and shows others"
            raise IntegrityError(msg) from None


def _read_fully(stream: BinaryIO, size: int) -> bytes:
    """The next ``size`` bytes, less only at the end: a pipe gives little at a time."""
    pieces: list[bytes] = []
    missing = size
    while missing and (piece := stream.read(min(missing, BLOCK))):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)
