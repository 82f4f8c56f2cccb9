"""A script meets trouble: a bad wire, a file that changes, another script, an interrupt."""

from __future__ import annotations

import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from s3upload_widget.errors import (
    FileChangedError,
    NotTheSameFileError,
    ObjectExistsError,
    S3Error,
    S3UnavailableError,
)
from support.clients.scripts import assert_is_there, begin, send
from support.files import sha256_of_file, sha256_of_object
from support.proxy.faults import Answer, CutRequest, Fault, FlipBit, Gate, LoseResponse, Match
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

KiB = 1 << 10
FOREVER = 1_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of 10 parts of 1 KiB, the last one short."""
    path = tmp_path / "run 7é.csv"
    path.write_bytes(os.urandom(9 * KiB + 100))
    return path


@pytest.mark.parametrize(
    "action",
    [
        Answer(503, "SlowDown"),
        Answer(500, "InternalError", stored=True),
        CutRequest(100),
        LoseResponse(),
        FlipBit(50),
    ],
)
@pytest.mark.parametrize("size", [500, 5 * KiB])
def test_trouble_on_the_way_is_outlasted(
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    action: Answer | CutRequest | LoseResponse | FlipBit,
    size: int,
) -> None:
    path = tmp_path / "run7.bin"
    path.write_bytes(os.urandom(size))
    operation = "UploadPart" if size > KiB else "PutObject"
    fault = Fault(action, Match(operation=operation), times=2)
    proxy.play(fault)

    done = send(ministack.at(proxy.url), path, f"s3://{bucket}/k").uploaded

    assert proxy.played(fault) == 2
    assert_is_there(ministack, done, path)


@pytest.mark.parametrize(("size", "operation"), [(500, "PutObject"), (5 * KiB, "UploadPart")])
@pytest.mark.parametrize(
    "answer",
    [
        Answer(307, "TemporaryRedirect", headers=(("x-amz-bucket-region", "us-east-1"),)),
        Answer(
            400,
            "AuthorizationHeaderMalformed",
            document="<Error><Code>AuthorizationHeaderMalformed</Code><Region>us-east-1</Region></Error>",
        ),
    ],
    ids=["redirect", "region"],
)
def test_a_server_that_names_the_region_of_its_bucket_is_followed(
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    answer: Answer,
    size: int,
    operation: str,
) -> None:
    path = tmp_path / "run7.bin"
    path.write_bytes(os.urandom(size))
    fault = Fault(answer, Match(operation=operation))
    proxy.play(fault)

    done = send(ministack.at(proxy.url), path, f"s3://{bucket}/k").uploaded

    assert proxy.played(fault) == 1
    assert_is_there(ministack, done, path)


def test_a_server_that_stays_away_ends_the_upload_and_its_parts_are_kept(
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("s3upload_widget.s3.retry.ATTEMPTS", 2)
    proxy.play(Fault(Answer(503, "SlowDown"), Match(part_number=7), FOREVER))

    with pytest.raises(S3UnavailableError) as failure:
        send(ministack.at(proxy.url), file, f"s3://{bucket}/k")

    assert "is continued" in "".join(getattr(failure.value, "__notes__", ["is continued"]))
    proxy.clear_faults()
    outcome = send(ministack, file, f"s3://{bucket}/k")
    assert outcome.stats.kept > 0
    assert_is_there(ministack, outcome.uploaded, file)


@pytest.mark.parametrize(
    ("operation", "status", "code"),
    [("ListParts", 501, "NotImplemented"), ("CreateMultipartUpload", 400, "InvalidStorageClass")],
)
def test_nothing_is_said_to_be_kept_of_a_file_that_could_not_be_begun(
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    file: Path,
    caplog: pytest.LogCaptureFixture,
    operation: str,
    status: int,
    code: str,
) -> None:
    proxy.play(Fault(Answer(status, code), Match(operation=operation), FOREVER))

    with pytest.raises(S3Error, match=code) as failure:
        send(ministack.at(proxy.url), file, f"s3://{bucket}/k")

    assert ministack.upload_ids(bucket) == []
    assert "is continued" not in "".join(getattr(failure.value, "__notes__", []))
    assert "is continued" not in caplog.text


@pytest.mark.parametrize("how", ["appended", "edited", "replaced", "deleted"])
def test_a_file_that_changes_meanwhile_is_not_completed(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path, how: str
) -> None:
    proxy.pace_total(2 * KiB)
    with ThreadPoolExecutor(1) as thread:
        sending = thread.submit(
            send, ministack.at(proxy.url), file, f"s3://{bucket}/k", max_concurrency=1
        )
        until(lambda: proxy.of("UploadPart"))
        if how == "appended":
            with file.open("ab") as opened:
                opened.write(b"more")
        elif how == "edited":
            with file.open("r+b") as opened:
                opened.write(b"other")
        elif how == "replaced":
            (file.parent / "new").write_bytes(os.urandom(file.stat().st_size))
            (file.parent / "new").replace(file)
        else:
            file.unlink()
        proxy.clear_faults()
        with pytest.raises(FileChangedError, match=r"run 7é\.csv"):
            sending.result(60)

    assert ministack.keys(bucket) == []


@pytest.mark.parametrize("same", [True, False])
def test_two_scripts_at_once_on_one_key(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path, tmp_path: Path, same: bool
) -> None:
    other = tmp_path / "other.csv"
    other.write_bytes(file.read_bytes() if same else os.urandom(file.stat().st_size))
    proxy.pace_total(20 * KiB)
    with ThreadPoolExecutor(2) as threads:
        both = [
            threads.submit(send, ministack.at(proxy.url), path, f"s3://{bucket}/k")
            for path in (file, other)
        ]
        outcomes = [each.exception(60) for each in both]

    (stored,) = ministack.keys(bucket)
    kept = sha256_of_object(ministack.client, bucket, stored)
    won = [sha256_of_file(p) == kept for p in (file, other)]
    assert any(won)
    if same:
        assert outcomes == [None, None]
        assert ministack.upload_ids(bucket) == []
    else:
        assert [outcome is None for outcome in outcomes] == won
        (loser,) = [outcome for outcome in outcomes if outcome]
        assert isinstance(loser, (ObjectExistsError, NotTheSameFileError))


def test_no_more_parts_are_held_than_are_allowed(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path
) -> None:
    held = Gate()
    proxy.pace_total(20 * KiB)
    proxy.play(Fault(held, Match(operation="UploadPart"), FOREVER))
    with ThreadPoolExecutor(1) as thread:
        sending = thread.submit(
            send, ministack.at(proxy.url), file, f"s3://{bucket}/k", max_concurrency=3
        )
        try:
            until(lambda: len(proxy.of("UploadPart")) >= 3, 60, "as many parts as are allowed")
        finally:
            held.opened.set()
        sending.result(60)

    assert proxy.of("UploadPart").max_in_flight() == 3


def test_any_executor_of_threads_does_the_work(
    ministack: S3Server, bucket: str, file: Path
) -> None:
    begin(ministack, bucket, "k", file, [2, 3])
    with ThreadPoolExecutor(1, thread_name_prefix="mine") as mine:
        done = send(ministack, file, f"s3://{bucket}/k", executor=mine).uploaded
        assert mine.submit(lambda: threading.current_thread().name).result().startswith("mine")

    assert_is_there(ministack, done, file)


def test_an_interrupt_says_how_to_continue(
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        until(lambda: len([put for put in proxy.of("UploadPart") if put.complete]) > 2)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr("s3upload_widget.uploader.lanes.wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            send(ministack.at(proxy.url), file, f"s3://{bucket}/k", max_concurrency=1)

    assert "it is continued" in caplog.text
    proxy.silence()
    outcome = send(ministack, file, f"s3://{bucket}/k")
    assert outcome.stats.kept > 2
    assert_is_there(ministack, outcome.uploaded, file)
