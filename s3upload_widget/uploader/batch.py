"""All files of a script: the key of each, the threads and the progress bar.

What happens to one of them is in :mod:`s3upload_widget.uploader.file_upload`.
"""

from __future__ import annotations

import logging
import mimetypes
import os
import unicodedata
from collections import Counter, deque
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from s3upload_widget import keys
from s3upload_widget.errors import (
    ObjectExistsError,
    RefusedError,
    S3Error,
    UploadError,
    WorkerError,
)
from s3upload_widget.keys import names, object_key, parse_uri, shown
from s3upload_widget.options import (
    MAX_CONCURRENCY,
    READ_BACK,
    check_choices,
    check_read_back,
)
from s3upload_widget.parts import S3_LIMITS, Limits, PartPlan, plan_parts
from s3upload_widget.redaction import scrub
from s3upload_widget.results import PickedFile
from s3upload_widget.s3 import ObjectFound, Store
from s3upload_widget.transfer import FilePlan
from s3upload_widget.uploader.file_upload import FileUpload, SendOptions
from s3upload_widget.uploader.folders import Failure, display
from s3upload_widget.uploader.key_lists import FreeKeys, Proofs, SentFile
from s3upload_widget.uploader.lanes import Lanes, run_on_lanes
from s3upload_widget.uploader.part_queue import InlineExecutor
from s3upload_widget.uploader.progress import UploadStats, progress_bar
from s3upload_widget.uploader.remote_parts import Elsewhere, RemoteSource
from s3upload_widget.uploader.resume import list_keys_with_uploads
from s3upload_widget.uploader.sources import absolute, open_source
from s3upload_widget.workers import DaemonExecutor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from types_boto3_s3 import S3Client

    from s3upload_widget.results import UploadedFile
    from s3upload_widget.transfer import IfExists
    from s3upload_widget.uploader.sources import FilePath, Source

    Files: TypeAlias = Sequence[tuple[FilePath | Source, str]]

logger = logging.getLogger("s3upload_widget")

KEPT: Final = (
    "What arrived is kept on S3: upload the same file again, here or anywhere, and it is continued"
)


LANES: Final = 8
"""Parts at a time to begin with, where the user does not say and the threads are here."""
COMPRESSED: Final = {
    "gzip": "application/gzip",
    "bzip2": "application/x-bzip2",
    "xz": "application/x-xz",
    "compress": "application/x-compress",
}
OTHER: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of :func:`s3upload_widget.uploader.upload_file`."""

    client: S3Client | None = None
    if_exists: IfExists = "verify"
    sha256: bool = True
    part_size: int | None = None
    max_concurrency: int | None = None
    extra_args: Mapping[str, Any] | None = None
    executor: Executor | None = None
    progress: bool = True
    on_progress: Callable[[int, int], object] | None = None
    restart: bool = False
    read_back: int = READ_BACK
    limits: Limits = S3_LIMITS

    @property
    def elsewhere(self) -> bool:
        """Whether parts are read and sent by workers of other processes, maybe of other machines."""
        here = (DaemonExecutor, InlineExecutor, ThreadPoolExecutor)
        return self.executor is not None and not isinstance(self.executor, here)

    @property
    def calls(self) -> int:
        """Calls on their way to workers, at most."""
        return self.max_concurrency or MAX_CONCURRENCY

    @property
    def lanes(self) -> int:
        """Parts at a time; of workers each hashes one while it sends another."""
        return 2 * self.calls if self.elsewhere else self.max_concurrency or LANES

    @property
    def growing(self) -> bool:
        """Whether there are more parts at a time where that helps."""
        return self.max_concurrency is None and self.executor is None

    def __post_init__(self) -> None:
        """Refuse values that are not valid.

        Raises:
            RefusedError: An option is not valid.
        """
        check_choices(
            self.if_exists, LANES if self.max_concurrency is None else self.max_concurrency
        )
        check_read_back(self.read_back)
        plan_parts(0, self.part_size, limits=self.limits)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A file that is on S3, and what was done for it."""

    uploaded: UploadedFile
    stats: UploadStats


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file to upload, and the key it would like to have."""

    path: str
    """As it was named, for people."""
    source: Source
    picked: PickedFile
    key: str


def upload(files: Files, uri: str, options: Options) -> list[Outcome]:
    """Upload files, and count what was done for each.

    Args:
        files: Each with its path inside a folder that was named; ``""`` if it was named itself.
        uri: A folder, or one key.
        options: How to upload.

    Raises:
        UploadError: As :func:`s3upload_widget.uploader.upload_file` says.
    """
    return all_uploaded(upload_each(files, uri, options))


def all_uploaded(results: Sequence[Outcome | Failure]) -> list[Outcome]:
    """All outcomes.

    Raises:
        Exception: The first failure; the others are named in its notes, and logged.
    """
    failures = [each for each in results if isinstance(each, Failure)]
    if not failures:
        return [each for each in results if isinstance(each, Outcome)]
    first, *others = failures
    if len(results) > 1:
        there = "; the others are on S3" if len(failures) < len(results) else ""
        add_note(first.error, f"{len(failures)} of {len(results)} files failed{there}")
    for each in others:
        add_note(first.error, f"also failed: {each}")
        logger.warning("not on S3: %s", each)
    raise first.error


def upload_each(files: Files, uri: str, options: Options) -> list[Outcome | Failure]:
    """Upload files; one that fails stops no other. The arguments are those of :func:`upload`.

    Returns:
        For each file, in order, what was done or why it is not on S3.

    Raises:
        UploadError: Nothing can be uploaded there at all.
    """
    bucket, place = parse_uri(uri)
    store = Store(bucket, options.client, extra_args=options.extra_args)
    with workers(options) as elsewhere:
        opened = [_open(path, inside, place, elsewhere) for path, inside in files]
        return _upload_opened(store, opened, options)


def _upload_opened(
    store: Store, opened: Sequence[OpenFile | Failure], options: Options
) -> list[Outcome | Failure]:
    wanted = [each for each in opened if isinstance(each, OpenFile)]
    if not wanted:
        return [each for each in opened if isinstance(each, Failure)]
    choose = key_chooser(store, [each.key for each in wanted], options)
    store.require_bucket()
    name = wanted[0].picked.name if len(wanted) == 1 else f"{len(wanted)} files"
    total = sum(each.source.size for each in wanted)
    with (
        threads(options) as executor,
        progress_bar(name, total, shown=options.progress, tell=options.on_progress) as advance,
    ):
        send_options = SendOptions(
            executor=executor,
            lanes=Lanes(options.lanes, MAX_CONCURRENCY if options.growing else options.lanes),
            sha256=options.sha256,
            restart=options.restart,
            keys_with_uploads=_keys_with_uploads(store, wanted, options),
            free_keys=_free_keys(store, wanted, options),
            limits=options.limits,
            properties=tuple(store.object_args),
        )
        alone = replace(send_options, executor=InlineExecutor(), lanes=Lanes(1, 1), many=True)
        tasks: list[Task] = []
        for each in wanted:
            beside = len(wanted) > 1 and _plan_parts(each.source.size, options).single
            sending = alone if beside else send_options
            begin = partial(_send_one, store, options, sending, advance, each, choose)
            tasks.append(Task(each.path, each.source.size, beside, begin))
        done = iter(_run_all(tasks, store, send_options))
        return [each if isinstance(each, Failure) else next(done) for each in opened]


@dataclass(frozen=True, slots=True)
class Unproven:
    """A file that was sent, and is to be proven beside others."""

    sent: SentFile
    stats: UploadStats


Ended: TypeAlias = "Outcome | Unproven | Failure"


@dataclass(frozen=True, slots=True)
class Task:
    """The upload of one file."""

    path: str
    size: int
    beside: bool
    """Whether it runs on one thread, beside others; else on all threads, alone."""
    send: Callable[[], Outcome | Unproven]

    def run(self) -> Ended:
        """Send the file; whatever error that raises is this file's."""
        try:
            return self.send()
        except Exception as error:  # noqa: BLE001
            return Failure(self.path, error)


def _run_all(tasks: Sequence[Task], store: Store, options: SendOptions) -> list[Outcome | Failure]:
    """Run all tasks: first those that go side by side on one thread each, then the others."""
    beside_all = [task for task in tasks if task.beside]
    beside = _run_beside(beside_all, store, options) if beside_all else iter(())
    ended = [next(beside) if task.beside else task.run() for task in tasks]
    return [_result(task, each) for task, each in zip(tasks, ended, strict=True)]


def _run_beside(tasks: Sequence[Task], store: Store, options: SendOptions) -> Iterator[Ended]:
    proofs = Proofs(store, len(tasks))
    left = deque(enumerate(tasks))
    ended: dict[int, Ended] = {}

    def step() -> int | None:
        try:
            number, task = left.popleft()
        except IndexError:
            return None
        ended[number] = result = task.run()
        if isinstance(result, Unproven):
            proofs.add(result.sent)
        proofs.ended()
        return task.size

    try:
        largest = max((task.size for task in tasks), default=0)
        run_on_lanes(step, options.executor, options.lanes, largest)
    finally:
        left.clear()  # of an interrupt the threads hear here
    return iter([ended[number] for number in range(len(tasks))])


def _result(task: Task, ended: Ended) -> Outcome | Failure:
    if not isinstance(ended, Unproven):
        return ended
    try:
        return Outcome(ended.sent.proven.result(), ended.stats)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this file's
        return Failure(task.path, error)


def _send_one(
    store: Store,
    options: Options,
    send_options: SendOptions,
    advance: Callable[[int], object],
    wanted: OpenFile,
    choose_key: Callable[[str], str],
) -> Outcome | Unproven:
    source = wanted.source
    plan = FilePlan(
        picked=wanted.picked,
        key=choose_key(wanted.key),
        parts=_plan_parts(source.size, options),
        content_type=store.content_type(wanted.picked.type),
        must_not_exist=options.if_exists != "overwrite",
        read_back=options.read_back,
        started=datetime.now(timezone.utc),
    )
    stats = UploadStats(advance)
    upload = FileUpload(store, source, plan, send_options, stats)
    try:
        sent = upload.send() if send_options.many else upload.upload()
        return Unproven(sent, stats) if isinstance(sent, SentFile) else Outcome(sent, stats)
    except (S3Error, WorkerError, KeyboardInterrupt) as error:
        if not (plan.parts.single or upload.refused):
            add_note(error, KEPT)
            done = f"{stats.parts_done} of its {plan.parts.count} parts are on S3"
            place = store.destination(plan.key)
            logger.warning("%s is not complete: %s. %s", place, done, KEPT)
        raise


def _plan_parts(size: int, options: Options) -> PartPlan:
    return plan_parts(size, options.part_size, limits=options.limits)


def _open(
    path: FilePath | Source, inside: str, place: str, elsewhere: Elsewhere | None
) -> OpenFile | Failure:
    """The file, or the error that it has: one that fails does not hold up the others."""
    named = display(path)
    try:
        source = open_source(path)
        if elsewhere and isinstance(path, (str, os.PathLike)):
            source = RemoteSource(source, absolute(path), elsewhere)
        picked = describe(source.name, inside, source.size, source.modified)
        return OpenFile(named, source, picked, choose_key(picked, place))
    except (UploadError, OSError) as error:
        return Failure(named, error)
    except Exception as error:  # noqa: BLE001 - each file system has errors of its own
        msg = f"{shown(named)} cannot be read: {scrub(f'{type(error).__name__}: {error}')}"
        return Failure(named, RefusedError(msg))


def describe(name: str, inside: str, size: int, modified: datetime) -> PickedFile:
    """A file as it is picked."""
    normal = unicodedata.normalize("NFC", name)
    return PickedFile(
        name=normal,
        path=unicodedata.normalize("NFC", inside) or normal,
        size=size,
        type=media_type(normal),
        last_modified=modified,
    )


def media_type(name: str) -> str:
    """The MIME type of a file's bytes by its name; ``""`` if it has none.

    ``a.csv.gz`` is no CSV: no Content-Encoding goes with it that would say how to make it one.
    """
    of_content, encoding = mimetypes.guess_type(name)
    return COMPRESSED.get(encoding, OTHER) if encoding else of_content or ""


def choose_key(picked: PickedFile, place: str) -> str:
    """The key that a file would like to have at a place, which is one key or a folder."""
    if place and not place.endswith("/"):
        return object_key(picked, prefix="", key=place)
    return object_key(picked, prefix=place, key=None)


def _keys_with_uploads(
    store: Store, wanted: Sequence[OpenFile], options: Options
) -> frozenset[str]:
    """Keys with an unfinished upload, listed where a file goes as one PUT and may resume it."""
    least = options.limits.min_part_size
    small = [each.key for each in wanted if each.source.size <= least]
    return list_keys_with_uploads(store, small) if small and not options.restart else frozenset()


def _free_keys(store: Store, wanted: Sequence[OpenFile], options: Options) -> FreeKeys:
    """Lists of keys without an object, where files of one part would each be looked at before."""
    if options.if_exists != "verify":
        return FreeKeys(store)
    single = (each.key for each in wanted if _plan_parts(each.source.size, options).single)
    return FreeKeys(store, single)


def key_chooser(store: Store, wanted: Sequence[str], options: Options) -> Callable[[str], str]:
    """A function that gives each file its final key, when its turn comes.

    Raises:
        RefusedError: Two files would have the same key.
    """
    key, times = Counter(wanted).most_common(1)[0]
    if times > 1:
        msg = f"{times} files would go to {store.destination(key)}: rename them, or upload apart"
        raise RefusedError(msg)
    if options.if_exists != "rename":
        return str
    return partial(_free_key, store, {key: key for key in wanted})


def _free_key(store: Store, claims: dict[str, str], key: str) -> str:
    """The first name of ``key`` that is free; ``claims`` says which file of the batch has which."""
    for name in names(key):
        # Another file of this batch may be on its way there, and not be on S3 yet.
        mine = claims.setdefault(name, key) == key
        if mine and not isinstance(store.head_object(name), ObjectFound):
            return name
    msg = f"{store.destination(key)} and {keys.MAX_NAMES - 1} other names of it exist: give another"
    raise ObjectExistsError(msg)


@contextmanager
def threads(options: Options) -> Iterator[Executor]:
    """The caller's threads, or own ones, for which neither an interrupt nor Python's end waits."""
    if options.executor is not None and not options.elsewhere:
        yield options.executor
        return
    most = MAX_CONCURRENCY if options.growing else options.lanes
    with DaemonExecutor(most, name="s3upload") as own:
        yield own


@contextmanager
def workers(options: Options) -> Iterator[Elsewhere | None]:
    """What makes calls on the workers of the caller's executor; None where all is done here."""
    if options.executor is None or not options.elsewhere:
        yield None
        return
    growing = options.max_concurrency is None
    elsewhere = Elsewhere(options.executor, options.calls, growing=growing)
    try:
        yield elsewhere
    finally:
        elsewhere.close()


def add_note(error: BaseException, text: str) -> None:
    """Add a note to what a traceback shows; needs Python 3.11."""
    if add_note := getattr(error, "add_note", None):
        add_note(text)
