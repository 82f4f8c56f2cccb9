"""Upload files from a script: the public functions. The steps are in ``uploader/file_upload.py``."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from s3upload_widget.errors import RefusedError
from s3upload_widget.keys import parse_uri
from s3upload_widget.options import READ_BACK
from s3upload_widget.uploader.batch import Options, all_uploaded, upload, upload_each
from s3upload_widget.uploader.folders import expand_paths, summary
from s3upload_widget.uploader.stream_upload import StreamWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from concurrent.futures import Executor

    from types_boto3_s3 import S3Client

    from s3upload_widget.results import UploadedFile
    from s3upload_widget.transfer import IfExists
    from s3upload_widget.uploader.sources import FilePath

logger: Final = logging.getLogger("s3upload_widget")


def upload_file(
    path: FilePath,
    uri: str,
    *,
    client: S3Client | None = None,
    if_exists: IfExists = "verify",
    sha256: bool = True,
    part_size: int | None = None,
    max_concurrency: int | None = None,
    extra_args: Mapping[str, Any] | None = None,
    executor: Executor | None = None,
    progress: bool = True,
    on_progress: Callable[[int, int], object] | None = None,
    restart: bool = False,
    read_back: int = READ_BACK,
) -> UploadedFile:
    """Upload a file, or resume what a page or another script left unfinished of it.

    Example:
        >>> file = upload_file("run7.parquet", "s3://lab-data/raw/", progress=False)
        >>> file.uri, file.verified_by
        ('s3://lab-data/raw/run7.parquet', 'sha256')

    Args:
        path: Of a file, or any fsspec URL if fsspec is installed.
        uri: ``s3://bucket/key``; a final ``/`` means a folder, where the file keeps its name.
        client: Any boto3 S3 client; left out, boto3's default one.
        if_exists: ``verify``: an equal object is done without sending, another is an error;
            ``overwrite``; ``rename``: ``run7-1.parquet``.
        sha256: Whether the SHA-256 of the whole file is wanted, beside that of each part.
        part_size: Bytes, 5 MiB to 5 GiB; 16 MiB and growing if left out. An unfinished
            upload is resumed with the part size that it has.
        max_concurrency: Parts at a time, 1 to 64; so many are in memory, and up to four more that
            wait for the whole file's checksum. Left out, 8, and more while that makes it faster
            and they take no more than 256 MiB. Of an executor, calls at a time: left out, two for
            each worker, and 64 at most.
        extra_args: boto3's own names, passed to every verb that knows them. What is resumed, or is
            there already, keeps its own encryption, metadata, tags …: a warning is logged then.
        executor: Any of ``concurrent.futures``: Dask's, ipyparallel's, loky's, a process pool. Its
            workers read, hash and send the parts; each gets one short-lived URL for each, and needs
            no credentials, but this package and the same path (or fsspec URL). With threads
            instead, parts are sent from here on those; not on the ones that this call runs on.
        progress: Whether to show a bar.
        on_progress: Called with the bytes that are done and those of all files, from several threads
            but never by two at once.
        restart: Leave an unfinished upload as it is, and start over beside it.
        read_back: Bytes of the largest object that is read back to compare it, where the key has
            an object and S3 shows no checksum of it; 256 MiB if left out, 0 for none.

    Returns:
        The file, complete on S3 and proven equal there.

    Raises:
        ObjectExistsError: ``verify``, and the key has other bytes.
        NotTheSameFileError: The unfinished upload is another file's; nothing was changed.
        FileChangedError: The file was changed meanwhile; nothing was completed.
        RefusedError: An argument is not valid.
        S3Error: S3 refused, or stayed out of reach; what arrived is kept.
        IntegrityError: The object is not equal to the file.
        WorkerError: A worker of the executor died, or cannot read the file.
    """
    options = Options(
        client=client,
        if_exists=if_exists,
        sha256=sha256,
        part_size=part_size,
        max_concurrency=max_concurrency,
        extra_args=extra_args,
        executor=executor,
        progress=progress,
        on_progress=on_progress,
        restart=restart,
        read_back=read_back,
    )
    return upload([(path, "")], uri, options)[0].uploaded


def upload_files(
    paths: FilePath | Iterable[FilePath],
    uri: str,
    *,
    client: S3Client | None = None,
    if_exists: IfExists = "verify",
    sha256: bool = True,
    part_size: int | None = None,
    max_concurrency: int | None = None,
    extra_args: Mapping[str, Any] | None = None,
    executor: Executor | None = None,
    progress: bool = True,
    on_progress: Callable[[int, int], object] | None = None,
    restart: bool = False,
    read_back: int = READ_BACK,
) -> tuple[UploadedFile, ...]:
    """Upload files into a folder; a folder among ``paths`` with all that is in it.

    Arguments and errors are those of :func:`upload_file`. One that fails, or is not there, does not
    hold up the others: the first error is raised when all were tried, and its notes name the
    others. Where there is no file at all, a warning is logged; and where something in a folder is
    left out, such as a pipe or a link to another folder.

    Example:
        >>> import pandas as pd
        >>> files = upload_files(["run7.parquet", "notes"], "s3://lab-data/raw", progress=False)
        >>> print(pd.DataFrame(files)[["key", "size", "verified_by"]])
                         key     size verified_by
        0   raw/run7.parquet  3200000      sha256
        1  raw/notes/day.txt        7      sha256

    Args:
        paths: Of files and folders, or fsspec URLs of files; one alone will do. What is named twice,
            by itself and with its folder, goes with the folder. Links to files are followed, those
            in a folder to other folders are not.
        uri: ``s3://bucket/folder/``.
        client: As there.
        if_exists: As there.
        sha256: As there.
        part_size: As there.
        max_concurrency: As there; over all files.
        extra_args: As there.
        executor: As there.
        progress: As there; one bar for all.
        on_progress: As there.
        restart: As there.
        read_back: As there.

    Returns:
        The files in the order of ``paths``.
    """
    options = Options(
        client=client,
        if_exists=if_exists,
        sha256=sha256,
        part_size=part_size,
        max_concurrency=max_concurrency,
        extra_args=extra_args,
        executor=executor,
        progress=progress,
        on_progress=on_progress,
        restart=restart,
        read_back=read_back,
    )
    found = expand_paths(paths)
    if found.skipped:
        logger.warning("of what goes to %s, %s", uri, summary(found.skipped))
    if not (found.files or found.unreadable):
        logger.warning("nothing goes to %s: there was no file to upload", uri)
    results = upload_each(found.files, f"{str(uri).removesuffix('/')}/", options)
    outcomes = all_uploaded([*results, *found.unreadable])
    return tuple(outcome.uploaded for outcome in outcomes)


def upload_stream(
    uri: str,
    *,
    client: S3Client | None = None,
    if_exists: IfExists = "verify",
    sha256: bool = True,
    part_size: int | None = None,
    max_concurrency: int | None = None,
    extra_args: Mapping[str, Any] | None = None,
    progress: bool = True,
    on_progress: Callable[[int, int], object] | None = None,
    skip: bool = False,
    read_back: int = READ_BACK,
) -> StreamWriter:
    r"""Write a file straight to S3 while it is made: no temporary file, and no size before its end.

    Parts are hashed and sent as they fill. The object is there, proven, when the block ends; where
    the block raises, there is none.

    Example:
        >>> with upload_stream("s3://lab-data/raw/day.csv", progress=False) as f:
        ...     f.write(b"x,y\n1,2\n")
        8
        >>> f.uploaded
        UploadedFile(s3://lab-data/raw/day.csv, 8 bytes, verified by sha256)

    Args:
        uri: ``s3://bucket/key``.
        client: As in :func:`upload_file`.
        if_exists: As there; but a stream of more than one part is not compared with an object that
            is there: then ``verify`` is an error.
        sha256: As there.
        part_size: Bytes, 5 MiB to 5 GiB; 16 MiB if left out, which is enough for 160 GB.
        max_concurrency: Parts on their way at a time, 8 if left out; so many are in memory, and up
            to two more.
        extra_args: As there.
        progress: As there.
        on_progress: As there; the bytes of the whole are 0, as nobody knows them.
        skip: Whether the same bytes are written again where this failed before. Then what arrived
            is kept when the block raises, and the next run, with ``skip=True`` and this part size,
            sends no part that S3 holds already. Else what arrived is removed.
        read_back: As there.

    Returns:
        A file that is open for writing, to be used by ``with``; its ``uploaded`` is the
        :class:`UploadedFile`. It cannot be sought: ``df.to_parquet(f)``, ``df.to_csv(f)``,
        ``tarfile`` and ``zipfile`` need no more.

    Raises:
        RefusedError: An argument is not valid, or ``uri`` is no whole key.
        UploadError: While it is written and at the block's end, as of :func:`upload_file`.
    """
    name = parse_uri(uri)[1].rpartition("/")[2]
    if not name:
        msg = f"{uri} names no file: give a whole key, such as s3://bucket/run7.parquet"
        raise RefusedError(msg)
    options = Options(
        client=client,
        if_exists=if_exists,
        sha256=sha256,
        part_size=part_size,
        max_concurrency=max_concurrency,
        extra_args=extra_args,
        progress=progress,
        on_progress=on_progress,
        read_back=read_back,
    )
    return StreamWriter(name, uri, options, skip=skip)
