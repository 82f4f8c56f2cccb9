"""All files of a script: the key of each, the threads and the progress bar.

What happens to one of them is in :mod:`s3upload_widget.uploader.file_upload`.
"""

from __future__ import annotations

import logging
import mimetypes
import unicodedata
from collections import Counter
from concurrent.futures import Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from s3upload_widget import keys
from s3upload_widget.errors import ObjectExistsError, RefusedError, S3Error, UploadError
from s3upload_widget.keys import names, object_key, parse_uri, shown
from s3upload_widget.options import READ_BACK, check_choices, check_read_back
from s3upload_widget.parts import S3_LIMITS, Limits, PartPlan, plan_parts
from s3upload_widget.redaction import scrub
from s3upload_widget.results import PickedFile
from s3upload_widget.s3 import ObjectFound, Store
from s3upload_widget.transfer import FilePlan
from s3upload_widget.uploader.file_upload import FileUpload, SendOptions, UploadStats
from s3upload_widget.uploader.folders import Failure, display
from s3upload_widget.uploader.part_queue import InlineExecutor
from s3upload_widget.uploader.resume import list_keys_with_uploads
from s3upload_widget.uploader.sources import open_source
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


COMPRESSED: Final = {
    "gzip": "application/gzip",
    "bzip2": "application/x-bzip2",
    "xz": "application/x-xz",
    "compress": "application/x-compress",
}
OF_REQUESTS: Final = {"ExpectedBucketOwner", "RequestPayer"}
"""What ``extra_args`` say of each request, and not of the object."""
OTHER: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of :func:`s3upload_widget.uploader.upload_file`."""

    client: S3Client | None = None
    if_exists: IfExists = "verify"
    sha256: bool = True
    part_size: int | None = None
    max_concurrency: int = 8
    extra_args: Mapping[str, Any] | None = None
    executor: Executor | None = None
    progress: bool = True
    restart: bool = False
    read_back: int = READ_BACK
    limits: Limits = S3_LIMITS

    def __post_init__(self) -> None:
        """Refuse values that are not valid.

        Raises:
            RefusedError: An option is not valid.
        """
        check_choices(self.if_exists, self.max_concurrency)
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
    opened = [_open(path, inside, place) for path, inside in files]
    wanted = [each for each in opened if isinstance(each, OpenFile)]
    if not wanted:
        return [each for each in opened if isinstance(each, Failure)]
    choose = key_chooser(store, [each.key for each in wanted], options)
    store.require_bucket()
    name = wanted[0].picked.name if len(wanted) == 1 else f"{len(wanted)} files"
    total = sum(each.source.size for each in wanted)
    with threads(options) as executor, progress_bar(name, total, options) as advance:
        send_options = SendOptions(
            executor=executor,
            max_concurrency=options.max_concurrency,
            sha256=options.sha256,
            restart=options.restart,
            keys_with_uploads=_keys_with_uploads(store, wanted, options),
            limits=options.limits,
            properties=tuple(sorted(set(options.extra_args or ()) - OF_REQUESTS)),
        )
        alone = replace(send_options, executor=InlineExecutor(), max_concurrency=1)
        tasks: list[Task] = []
        for each in wanted:
            beside = len(wanted) > 1 and _plan_parts(each.source.size, options).single
            one = partial(_upload_one, store, options, alone if beside else send_options, advance)
            tasks.append(Task(each.path, beside, partial(one, each, partial(choose, each.key))))
        done = iter(_run_all(tasks, executor))
        return [each if isinstance(each, Failure) else next(done) for each in opened]


@dataclass(frozen=True, slots=True)
class Task:
    """The upload of one file."""

    path: str
    beside: bool
    """Whether it runs on one thread, beside others; else on all threads, alone."""
    run: Callable[[], Outcome]


def _run_all(tasks: Sequence[Task], executor: Executor) -> list[Outcome | Failure]:
    """Run all tasks: some side by side on one thread each, the others one by one on all threads."""
    futures = [executor.submit(task.run) if task.beside else Future() for task in tasks]
    try:
        for task, future in zip(tasks, futures, strict=True):
            if not task.beside:
                _run_into(future, task.run)
        wait(futures)
    except BaseException:
        for future in futures:
            future.cancel()
        raise
    return [_result(task, future) for task, future in zip(tasks, futures, strict=True)]


def _result(task: Task, future: Future[Outcome]) -> Outcome | Failure:
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this file's
        return Failure(task.path, error)


def _run_into(future: Future[Outcome], do: Callable[[], Outcome]) -> None:
    try:
        future.set_result(do())
    except Exception as error:  # noqa: BLE001 - the future reports it
        future.set_exception(error)


def _upload_one(
    store: Store,
    options: Options,
    send_options: SendOptions,
    advance: Callable[[int], object],
    wanted: OpenFile,
    choose_key: Callable[[], str],
) -> Outcome:
    source = wanted.source
    plan = FilePlan(
        picked=wanted.picked,
        key=choose_key(),
        parts=_plan_parts(source.size, options),
        content_type=store.content_type(wanted.picked.type),
        must_not_exist=options.if_exists != "overwrite",
        read_back=options.read_back,
        started=datetime.now(timezone.utc),
    )
    stats = UploadStats(advance)
    try:
        return Outcome(FileUpload(store, source, plan, send_options, stats).upload(), stats)
    except (S3Error, KeyboardInterrupt) as error:
        if not plan.parts.single:
            add_note(error, KEPT)
            logger.warning("%s is not complete. %s", store.destination(plan.key), KEPT)
        raise


def _plan_parts(size: int, options: Options) -> PartPlan:
    return plan_parts(size, options.part_size, limits=options.limits)


def _open(path: FilePath | Source, inside: str, place: str) -> OpenFile | Failure:
    """The file, or the error that it has: one that fails does not hold up the others."""
    named = display(path)
    try:
        source = open_source(path)
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
    if options.executor is not None:
        yield options.executor
        return
    with DaemonExecutor(options.max_concurrency, name="s3upload") as own:
        yield own


@contextmanager
def progress_bar(
    name: str, total: int | None, options: Options
) -> Iterator[Callable[[int], object]]:
    """What shows that more bytes are done; ``total`` is None where nobody knows it."""
    from tqdm.auto import tqdm  # noqa: PLC0415 - it looks for a notebook, which takes a while

    disabled = not options.progress
    with tqdm(
        total=total, desc=name, unit="B", unit_scale=True, unit_divisor=1024, disable=disabled
    ) as bar:
        yield bar.update


def add_note(error: BaseException, text: str) -> None:
    """Add a note to what a traceback shows; needs Python 3.11."""
    if add_note := getattr(error, "add_note", None):
        add_note(text)
