"""All files of a script: the key of each, the threads and the progress bar.

What happens to one of them is in :mod:`s3upload_widget.uploader.file_upload`.
"""

from __future__ import annotations

import logging
import mimetypes
import unicodedata
from collections import Counter
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from s3upload_widget import keys
from s3upload_widget.errors import ObjectExistsError, RefusedError, S3Error, UploadError
from s3upload_widget.keys import names, object_key, parse_uri
from s3upload_widget.options import READ_BACK, check_choices, check_read_back
from s3upload_widget.parts import S3_LIMITS, Limits, PartPlan, plan_parts
from s3upload_widget.results import PickedFile
from s3upload_widget.s3 import ObjectFound, Store
from s3upload_widget.transfer import FilePlan
from s3upload_widget.uploader.file_upload import FileUpload, SendOptions, UploadStats
from s3upload_widget.uploader.part_queue import InlineExecutor
from s3upload_widget.uploader.resume import list_keys_with_uploads
from s3upload_widget.uploader.sources import open_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from types_boto3_s3 import S3Client

    from s3upload_widget.results import UploadedFile
    from s3upload_widget.transfer import IfExists
    from s3upload_widget.uploader.sources import FilePath, Source

logger = logging.getLogger("s3upload_widget")

KEPT: Final = (
    "What arrived is kept on S3: upload the same file again, here or anywhere, and it is continued"
)


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

    source: Source
    picked: PickedFile
    key: str


def upload(files: list[tuple[FilePath, str]], uri: str, options: Options) -> list[Outcome]:
    """Upload files, and count what was done for each.

    Args:
        files: Each with its path inside a folder that was named; ``""`` if it was named itself.
        uri: A folder, or one key.
        options: How to upload.

    Raises:
        UploadError: As :func:`s3upload_widget.uploader.upload_file` says.
    """
    bucket, place = parse_uri(uri)
    store = Store(bucket, options.client, extra_args=options.extra_args)
    opened = [_open(path, inside, place) for path, inside in files]
    wanted = [each for each in opened if isinstance(each, OpenFile)]
    failed = [each for each in opened if not isinstance(each, OpenFile)]
    if not wanted:
        if failed:
            raise failed[0]
        logger.warning("nothing goes to %s: there was no file to upload", uri)
        return []
    choose = _key_chooser(store, [each.key for each in wanted], options)
    store.require_bucket()
    name = wanted[0].picked.name if len(wanted) == 1 else f"{len(wanted)} files"
    total = sum(each.source.size for each in wanted)
    with _threads(options) as executor, _progress_bar(name, total, options) as advance:
        send_options = SendOptions(
            executor=executor,
            max_concurrency=options.max_concurrency,
            sha256=options.sha256,
            restart=options.restart,
            keys_with_uploads=_keys_with_uploads(store, wanted, options),
            limits=options.limits,
        )
        alone = replace(send_options, executor=InlineExecutor(), max_concurrency=1)
        tasks = [(False, partial(_fail, error)) for error in failed]
        for each in wanted:
            beside = len(wanted) > 1 and _plan_parts(each.source.size, options).single
            one = partial(_upload_one, store, options, alone if beside else send_options, advance)
            tasks.append((beside, partial(one, each, partial(choose, each.key))))
        return _run_all(tasks, executor)


def _run_all(
    tasks: Sequence[tuple[bool, Callable[[], Outcome]]], executor: Executor
) -> list[Outcome]:
    """Run all tasks: some side by side on one thread each, the others one by one on all threads."""
    futures = [executor.submit(do) if beside else Future() for beside, do in tasks]
    try:
        for (beside, do), future in zip(tasks, futures, strict=True):
            if not beside:
                _run_into(future, do)
        wait(futures)
    except BaseException:
        for future in futures:
            future.cancel()
        raise
    errors = [error for future in futures if (error := future.exception())]
    if errors:
        if len(tasks) > 1:
            others = "; the others are on S3" if len(errors) < len(tasks) else ""
            _add_note(errors[0], f"{len(errors)} of {len(tasks)} files failed{others}")
        raise errors[0]
    return [future.result() for future in futures]


def _fail(error: UploadError | OSError) -> Outcome:
    raise error


def _run_into(future: Future[Outcome], do: Callable[[], Outcome]) -> None:
    try:
        future.set_result(do())
    except (UploadError, OSError) as error:
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
            _add_note(error, KEPT)
            logger.warning("%s is not complete. %s", store.destination(plan.key), KEPT)
        raise


def _plan_parts(size: int, options: Options) -> PartPlan:
    return plan_parts(size, options.part_size, limits=options.limits)


def _open(path: FilePath, inside: str, place: str) -> OpenFile | UploadError | OSError:
    """The file, or the error that it has: one that fails does not hold up the others."""
    try:
        source = open_source(path)
        name = unicodedata.normalize("NFC", source.name)
        picked = PickedFile(
            name=name,
            path=unicodedata.normalize("NFC", inside) or name,
            size=source.size,
            type=mimetypes.guess_type(name)[0] or "",
            last_modified=source.modified,
        )
        return OpenFile(source, picked, _key(picked, place))
    except (UploadError, OSError) as error:
        return error


def _key(picked: PickedFile, place: str) -> str:
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


def _key_chooser(store: Store, wanted: Sequence[str], options: Options) -> Callable[[str], str]:
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
def _threads(options: Options) -> Iterator[Executor]:
    """The caller's threads, or own ones; an interrupt does not wait for those."""
    if options.executor is not None:
        yield options.executor
        return
    own = ThreadPoolExecutor(options.max_concurrency, thread_name_prefix="s3upload")
    try:
        yield own
    except BaseException:
        own.shutdown(wait=False, cancel_futures=True)
        raise
    own.shutdown()


@contextmanager
def _progress_bar(name: str, total: int, options: Options) -> Iterator[Callable[[int], object]]:
    from tqdm.auto import tqdm  # noqa: PLC0415 - it looks for a notebook, which takes a while

    disabled = not options.progress
    with tqdm(
        total=total, desc=name, unit="B", unit_scale=True, unit_divisor=1024, disable=disabled
    ) as bar:
        yield bar.update


def _add_note(error: BaseException, text: str) -> None:
    """Add a note to what a traceback shows; needs Python 3.11."""
    if add_note := getattr(error, "add_note", None):
        add_note(text)
