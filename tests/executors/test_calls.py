"""What passes between the caller and an executor: few calls at a time, all of them small."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import re
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from s3upload_widget.errors import FileChangedError
from s3upload_widget.uploader.sources import LocalFile
from support.clients.scripts import assert_is_there, send, send_all
from support.files import make_file, sha256_of_file, sha256_of_object
from support.servers.web import web_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

KiB = 1 << 10
PART = 64 * KiB
SMALL_CALL = 16 * KiB
"""Bytes, of paths, URLs and headers."""
AT_ONCE = 3


class Watched(Executor):
    """A pool of processes, and what goes there and back."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0
        self.sizes: list[int] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Pass a call on."""
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
            self.sizes.append(len(pickle.dumps((fn, args, kwargs))))
        future = self._pool.submit(fn, *args, **kwargs)
        future.add_done_callback(self._ended)
        return future

    def _ended(self, future: Future[Any]) -> None:
        with self._lock:
            self._now -= 1
            self.sizes.append(len(pickle.dumps(future.result())))


class Changing(Executor):
    """A pool, and somebody who changes a file's bytes after it was hashed, and nothing else of it."""

    def __init__(self, pool: Executor, file: Path) -> None:
        self._pool = pool
        self._file = file

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Pass a call on."""
        if args[0].sends:
            before = self._file.stat()
            self._file.write_bytes(bytes(before.st_size))
            os.utime(self._file, ns=(before.st_atime_ns, before.st_mtime_ns))
        return self._pool.submit(fn, *args, **kwargs)


@pytest.fixture(scope="module")
def pool() -> Iterator[Executor]:
    """Two workers."""
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as processes:
        yield processes


def test_nothing_of_a_file_passes_through_the_caller(
    ministack: S3Server,
    bucket: str,
    pool: Executor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = make_file(tmp_path / "run7.bin", 40 * PART - 1)
    watched = Watched(pool)

    def never(*_: object) -> bytes:
        raise AssertionError

    with monkeypatch.context() as patch:
        patch.setattr(LocalFile, "read", never)  # here; workers have modules of their own
        done = send(
            ministack,
            file,
            f"s3://{bucket}/k",
            executor=watched,
            max_concurrency=AT_ONCE,
            part_size=PART,
        ).uploaded

    assert_is_there(ministack, done, file)
    assert max(watched.sizes) < SMALL_CALL
    assert sum(watched.sizes) < file.stat().st_size / 8


def test_the_bar_of_files_that_workers_send_is_one_and_ends_full(
    ministack: S3Server,
    bucket: str,
    pool: Executor,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    files = [make_file(tmp_path / f"{number}.bin", 100 * KiB, number) for number in range(4)]

    send_all(ministack, files, f"s3://{bucket}/x/", executor=pool, progress=True)

    told = capfd.readouterr()
    steps = re.findall(r"4 files: +(\d+)%\|[^\r\n|]*\| *(\S+)/(\S+) \[", told.err)
    assert told.out == ""
    assert [int(percent) for percent, *_ in steps] == sorted(int(each[0]) for each in steps)
    assert steps[0] == ("0", "0.00", "400k")
    assert steps[-1] == ("100", "400k", "400k")


def test_workers_read_what_fsspec_reaches(
    ministack: S3Server, bucket: str, pool: Executor, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 5 * KiB)
    with web_site(file.read_bytes()) as site:
        done = send(ministack, f"{site.url}/run7.bin", f"s3://{bucket}/", executor=pool).uploaded

    assert done.sha256 == sha256_of_file(file)
    assert sha256_of_object(ministack.client, bucket, "run7.bin") == done.sha256


def test_a_file_that_changes_after_it_was_hashed_is_said_to_and_not_sent(
    ministack: S3Server, bucket: str, proxy: FaultyProxy, pool: Executor, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 5 * KiB)
    server = ministack.at(proxy.url)

    with pytest.raises(FileChangedError, match=r"run7\.bin"):
        send(server, file, f"s3://{bucket}/", executor=Changing(pool, file), max_concurrency=1)

    assert proxy.puts() == ()
    assert ministack.keys(bucket) == []


def test_no_more_calls_wait_than_max_concurrency(
    ministack: S3Server, bucket: str, pool: Executor, tmp_path: Path
) -> None:
    files = [make_file(tmp_path / f"{number}.bin", 100 + number, number) for number in range(30)]
    large = make_file(tmp_path / "large.bin", 30 * KiB, 30)
    watched = Watched(pool)

    outcomes = send_all(
        ministack,
        [*files, large],
        f"s3://{bucket}/x/",
        executor=watched,
        max_concurrency=AT_ONCE,
    )

    for outcome, path in zip(outcomes, [*files, large], strict=True):
        assert_is_there(ministack, outcome.uploaded, path)
    assert watched.most <= AT_ONCE
    assert len(watched.sizes) / 2 < 2 * (30 + 30)  # small jobs share calls
