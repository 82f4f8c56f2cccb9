"""``upload_stream``: a file is written to S3 while it is made, or there is none."""

from __future__ import annotations

import io
import os
import tarfile
import tracemalloc
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from s3upload_widget import upload_stream
from s3upload_widget.errors import (
    AccessDeniedError,
    NoSuchBucketError,
    ObjectExistsError,
    RefusedError,
    S3Error,
    S3UnavailableError,
)
from s3upload_widget.uploader import Options
from s3upload_widget.uploader.stream_upload import ASKED, REMOVED, StreamWriter
from support.clients.scripts import SMALL, begin
from support.files import sha256_of_object
from support.proxy.faults import FOREVER, Answer, Fault, Gate, Match
from support.servers.servers import one_of
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

KiB = 1 << 10
MiB = 1 << 20

each_server = one_of("ministack", "seaweed", "moto")


@pytest.fixture
def lab(each_server: S3Server) -> Iterator[str]:
    with each_server.bucket() as bucket:
        yield bucket


def writer(
    server: S3Server, bucket: str, key: str = "raw/a.bin", *, skip: bool = False, **more: Any
) -> StreamWriter:
    """In parts of 1 KiB."""
    options = Options(**{"client": server.client, "limits": SMALL, "progress": False, **more})
    return StreamWriter(key.rpartition("/")[2], f"s3://{bucket}/{key}", options, skip=skip)


def write(opened: StreamWriter, data: bytes, piece: int = 300) -> None:
    for start in range(0, len(data), piece):
        assert opened.write(data[start : start + piece]) == len(data[start : start + piece])


def write_lines(opened: StreamWriter, name: str) -> None:
    """As a thread of several does: each line by one call."""
    for number in range(200):
        line = f"{name} {number:099}\n".encode()
        assert opened.write(line) == len(line)


def break_off(opened: StreamWriter, data: bytes) -> None:
    """A producer that fails after these bytes."""
    with opened:
        write(opened, data)
        raise ZeroDivisionError


def close_and_break_off(opened: StreamWriter, data: bytes) -> None:
    with opened:
        write(opened, data)
        opened.close()
        with pytest.raises(ValueError, match="closed"):
            opened.write(b"more")
        raise ZeroDivisionError


def write_on(opened: StreamWriter) -> int:
    """A producer that heeds no error of S3's; how many it got."""
    refused = 0
    for _ in range(20):
        try:
            opened.write(bytes(500))
        except S3Error:  # noqa: PERF203 - that is what it does
            refused += 1
    return refused


@pytest.mark.parametrize("size", [0, 1, 5 * MiB, 5 * MiB + 1, 16 * MiB + 7])
def test_what_was_written_is_on_s3_when_the_block_ends(
    each_server: S3Server, lab: str, size: int
) -> None:
    data, told = os.urandom(size), [0]
    with upload_stream(
        f"s3://{lab}/raw/run7.csv",
        client=each_server.client,
        part_size=5 * MiB,
        progress=False,
        on_progress=lambda done, _: told.append(done),
    ) as opened:
        write(opened, data, MiB - 1)
        assert opened.tell() == size
        assert each_server.keys(lab) == []

    file = opened.uploaded
    assert (file.uri, file.size) == (f"s3://{lab}/raw/run7.csv", size)
    assert (file.name, file.content_type) == ("run7.csv", "text/csv")
    assert sha256_of_object(each_server.client, lab, "raw/run7.csv") == file.sha256
    assert file.verify() == "sha256"
    assert told[-1] == size
    assert each_server.upload_ids(lab) == []


def test_tables_and_archives_are_written_by_their_own_libraries(
    ministack: S3Server, bucket: str
) -> None:
    table = pd.DataFrame({"n": range(5000), "x": [str(n * 7919) for n in range(5000)]})

    with writer(ministack, bucket, "a.parquet") as opened:
        table.to_parquet(opened)
    with opened.uploaded.open() as read:
        assert pd.read_parquet(read).equals(table)

    with writer(ministack, bucket, "a.csv") as opened:
        table.to_csv(opened, index=False)
    assert ministack.body(bucket, "a.csv") == table.to_csv(index=False).encode()

    with writer(ministack, bucket, "a.zip") as opened, zipfile.ZipFile(opened, "w") as archive:
        archive.writestr("a", bytes(5 * KiB))
        archive.writestr("b", "sunny")
    with zipfile.ZipFile(io.BytesIO(ministack.body(bucket, "a.zip"))) as archive:
        assert (archive.testzip(), archive.read("b")) == (None, b"sunny")

    for mode in ("w", "w|gz"):
        key = f"{len(mode)}.tar"
        with writer(ministack, bucket, key) as opened, tarfile.open(None, mode, opened) as tar:
            member = tarfile.TarInfo("a")
            member.size = 5 * KiB
            tar.addfile(member, io.BytesIO(os.urandom(5 * KiB)))
        stored = io.BytesIO(ministack.body(bucket, key))
        with tarfile.open(fileobj=stored) as tar:
            assert tar.getnames() == ["a"]


def test_what_several_threads_write_is_there_line_by_line(ministack: S3Server, bucket: str) -> None:
    names = ["a", "b", "c", "d"]

    with writer(ministack, bucket) as opened, ThreadPoolExecutor(4) as threads:
        list(threads.map(write_lines, [opened] * 4, names))

    lines = ministack.body(bucket, "raw/a.bin").decode().splitlines()
    for name in names:
        theirs = [line for line in lines if line.startswith(name)]
        assert theirs == [f"{name} {number:099}" for number in range(200)]
    assert len(lines) == 800
    assert opened.uploaded.size == opened.tell()
    assert ministack.upload_ids(bucket) == []


def test_what_another_thread_opens_while_the_block_raises_is_removed_too(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    held = Gate(answer=True)
    proxy.play(Fault(held, Match(operation="CreateMultipartUpload")))
    opened = writer(ministack.at(proxy.url), bucket)

    def open_gate() -> None:
        until(lambda: opened.closed, 60)
        held.opened.set()

    def fail_meanwhile(threads: ThreadPoolExecutor) -> None:
        with opened:
            threads.submit(write, opened, bytes(5 * KiB))
            until(lambda: proxy.of("CreateMultipartUpload"), 60)
            threads.submit(open_gate)
            _ = 1 / 0

    with ThreadPoolExecutor(2) as threads, pytest.raises(ZeroDivisionError):
        fail_meanwhile(threads)

    assert ministack.upload_ids(bucket) == []
    assert ministack.keys(bucket) == []


def test_arrays_are_written_as_to_any_file(ministack: S3Server, bucket: str) -> None:
    empty: Any = np.zeros((0, 3))
    filled: Any = np.arange(6, dtype="i2").reshape(2, 3)

    with writer(ministack, bucket) as opened:
        written = [opened.write(array) for array in (empty, empty[:, 0], filled)]

    assert written == [0, 0, 12]
    assert ministack.body(bucket, "raw/a.bin") == bytes(filled)


@pytest.mark.parametrize("written", [0, 700, 5 * KiB])
def test_an_exception_in_the_block_leaves_nothing(
    ministack: S3Server, bucket: str, written: int
) -> None:
    opened = writer(ministack, bucket)

    with pytest.raises(ZeroDivisionError) as caught:
        break_off(opened, os.urandom(written))

    assert (ministack.keys(bucket), ministack.upload_ids(bucket)) == ([], [])
    notes = getattr(caught.value, "__notes__", [])
    assert notes == (
        ["Nothing of it is on S3: what had arrived was removed"] if written > KiB else []
    )
    with pytest.raises(RefusedError, match="is not on S3 before the end of the with block"):
        _ = opened.uploaded


def test_a_stream_whose_completion_nobody_heard_of_is_not_said_to_be_gone(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    lost = Answer(504, "GatewayTimeout", stored=True)
    proxy.play(Fault(lost, Match(operation="CompleteMultipartUpload"), times=FOREVER))

    with (
        pytest.raises(S3UnavailableError) as raised,
        writer(ministack.at(proxy.url), bucket) as opened,
    ):
        write(opened, bytes(5 * KiB))

    assert ministack.body(bucket, "raw/a.bin") == bytes(5 * KiB)
    assert getattr(raised.value, "__notes__", []) == [ASKED.format(f"s3://{bucket}/raw/a.bin")]


def test_a_stream_whose_completion_was_refused_leaves_nothing(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    refused = Answer(403, "AccessDenied")
    proxy.play(Fault(refused, Match(operation="CompleteMultipartUpload"), times=FOREVER))

    with (
        pytest.raises(AccessDeniedError) as raised,
        writer(ministack.at(proxy.url), bucket) as opened,
    ):
        write(opened, bytes(5 * KiB))

    assert ministack.keys(bucket) == []
    assert ministack.upload_ids(bucket) == []
    assert getattr(raised.value, "__notes__", []) == [REMOVED]


def test_a_library_that_closes_the_file_makes_no_object_of_half_of_it(
    ministack: S3Server, bucket: str
) -> None:
    opened = writer(ministack, bucket)

    with pytest.raises(ZeroDivisionError):
        close_and_break_off(opened, bytes(3 * KiB))
    dropped = writer(ministack, bucket)
    with pytest.raises(RefusedError, match="in a with block"):
        dropped.write(b"x")
    del dropped

    assert (ministack.keys(bucket), ministack.upload_ids(bucket)) == ([], [])


def test_what_s3_refuses_ends_the_writing_even_if_the_error_is_swallowed(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    proxy.play(
        Fault(
            Answer(403, "AccessDenied"), Match(operation="UploadPart", part_number=2), times=FOREVER
        )
    )
    opened = writer(ministack.at(proxy.url), bucket, max_concurrency=1)
    refused: list[int] = []

    with pytest.raises(S3Error, match="s3:PutObject"), opened:
        refused.append(write_on(opened))

    assert refused[0] > 1
    assert (ministack.keys(bucket), ministack.upload_ids(bucket)) == ([], [])


def test_trouble_on_the_way_is_outlasted(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    proxy.play(Fault(Answer(503, "SlowDown"), Match(operation="UploadPart"), times=3))
    data = os.urandom(9 * KiB)

    with writer(ministack.at(proxy.url), bucket) as opened:
        write(opened, data)

    assert ministack.body(bucket, "raw/a.bin") == data


def test_a_producer_that_repeats_itself_sends_only_what_is_missing(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    data, server = os.urandom(20 * KiB + 7), ministack.at(proxy.url)
    with pytest.raises(ZeroDivisionError) as caught:
        break_off(writer(server, bucket, skip=True), data[: 12 * KiB])
    assert "write the same bytes again, with skip=True" in str(
        getattr(caught.value, "__notes__", "skip")
    )
    until(lambda: ministack.parts_there(bucket) == set(range(1, 12)), 30)  # some were on the wire
    before = len(proxy.puts())

    with writer(server, bucket, skip=True) as opened:
        write(opened, data)

    assert ministack.body(bucket, "raw/a.bin") == data
    assert opened.outcome.stats.kept == 11
    assert len(proxy.puts()) - before == 10
    assert ministack.upload_ids(bucket) == []


def test_one_that_writes_other_bytes_later_sends_those(
    ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    data = bytearray(os.urandom(6 * KiB))
    (tmp_path / "a").write_bytes(data)
    begin(ministack, bucket, "raw/a.bin", tmp_path / "a", [1, 2, 4, 6])
    data[3 * KiB] ^= 1

    with writer(ministack, bucket, skip=True) as opened:
        write(opened, bytes(data))

    stats = opened.outcome.stats
    assert (stats.kept, stats.sent, stats.resent) == (3, 3, 1)
    assert ministack.body(bucket, "raw/a.bin") == data


def test_where_uploads_are_not_listed_all_is_sent(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    data = os.urandom(3 * KiB)
    denied = Match(operation="ListMultipartUploads")
    proxy.play(Fault(Answer(501, "NotImplemented"), denied, times=FOREVER))

    with writer(ministack.at(proxy.url), bucket, skip=True) as opened:
        write(opened, data)

    assert ministack.body(bucket, "raw/a.bin") == data


@pytest.mark.parametrize("skip", [True, False])
def test_an_upload_of_something_else_is_left_as_it_is(
    ministack: S3Server, bucket: str, tmp_path: Path, *, skip: bool
) -> None:
    (tmp_path / "a").write_bytes(os.urandom(3 * KiB))
    other = begin(ministack, bucket, "raw/a.bin", tmp_path / "a", [1, 2])

    with writer(ministack, bucket, skip=skip) as opened:
        write(opened, os.urandom(3 * KiB))

    assert ministack.upload_ids(bucket) == [("raw/a.bin", other)]
    assert ministack.parts_there(bucket) == {1, 2}


def test_the_bucket_and_the_key_are_looked_at_before_much_is_written(
    ministack: S3Server, bucket: str
) -> None:
    with pytest.raises(NoSuchBucketError), writer(ministack, "no-such-bucket-here"):
        raise AssertionError
    ministack.client.put_object(Bucket=bucket, Key="raw/a.bin", Body=b"x")
    opened = writer(ministack, bucket)
    with pytest.raises(ObjectExistsError, match="a stream is not compared"), opened:
        write(opened, bytes(2 * KiB))
    assert ministack.body(bucket, "raw/a.bin") == b"x"
    assert ministack.upload_ids(bucket) == []
    with pytest.raises(RefusedError, match="give a whole key"):
        upload_stream(f"s3://{bucket}/raw/")


def test_memory_is_bounded_by_the_parts_on_their_way(ministack: S3Server, bucket: str) -> None:
    piece = bytes(64 * KiB)
    opened = writer(ministack, bucket, part_size=MiB, max_concurrency=3)
    with opened:
        opened.write(piece * 40)
        tracemalloc.start()
        try:
            for _ in range(40 * 16):
                opened.write(piece)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak < 12 * MiB
    assert opened.uploaded.size == 680 * 64 * KiB
