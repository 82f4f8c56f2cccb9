"""A script beside what else there is: pages, old servers, roles that may do little."""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING

import pytest

from s3upload_widget.errors import FileChangedError, S3UnavailableError
from s3upload_widget.protocol import MultipartUploadCompleted
from s3upload_widget.s3 import Store, retrying
from s3upload_widget.service import Service
from s3upload_widget.uploader import upload_file
from s3upload_widget.uploader.part_queue import PartJob, PartQueue
from s3upload_widget.uploader.sources import LocalFile
from support.clients.scripts import SMALL, begin, send
from support.clients.sender import Sender
from support.files import make_file, sha256_of_file, sha256_of_object
from support.proxy.faults import (
    Answer,
    Fault,
    Match,
    StripRequestHeaders,
    StripResponseHeaders,
)
from support.proxy.proxy import FaultyProxy

if TYPE_CHECKING:
    from pathlib import Path

    from support.servers.servers import S3Server

KiB = 1 << 10
MiB = 1 << 20
FOREVER = 1_000
KEY = "raw/run7.csv"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of 10 parts of 1 KiB, the last one short."""
    path = tmp_path / "run7.csv"
    path.write_bytes(os.urandom(9 * KiB + 100))
    return path


def test_what_a_page_began_a_script_finishes_and_the_page_hears_of_it(
    ministack: S3Server, bucket: str, file: Path
) -> None:
    service = Service(Store(bucket, ministack.client), prefix="raw/", limits=SMALL)
    page = Sender(service, file.read_bytes())
    page.open()
    page.send(1, 2, 7)

    outcome = send(ministack, file, f"s3://{bucket}/raw/")

    assert (outcome.stats.kept, outcome.stats.sent) == (3, 7)
    assert sha256_of_object(ministack.client, bucket, KEY) == sha256_of_file(file)
    reply = page.complete()
    assert isinstance(reply, MultipartUploadCompleted), reply
    assert reply.sha256 == sha256_of_file(file)


def test_on_a_server_that_knows_no_sha256_md5_proves(moto: S3Server, tmp_path: Path) -> None:
    path = make_file(tmp_path / "run7.bin", 11 * MiB)
    with moto.bucket() as bucket, FaultyProxy(moto.endpoint_url) as old:
        begin(moto, bucket, "k", path, [2], part_size=5 * MiB, algorithm="")
        ancient = ("x-amz-checksum-*", "x-amz-sdk-checksum-*")
        old.play(
            Fault(StripRequestHeaders(ancient), times=FOREVER),
            Fault(StripResponseHeaders(ancient), times=FOREVER),
        )

        client = moto.at(old.url).client
        done = upload_file(path, f"s3://{bucket}/k", client=client, progress=False)

        assert done.verified_by == "md5"
        assert [put.part_number for put in old.puts()] in ([1, 3], [3, 1])
        assert all(put.request.headers.get("content-md5") for put in old.puts())
        assert sha256_of_object(moto.client, bucket, "k") == sha256_of_file(path)
        old.forget()
        again = upload_file(path, f"s3://{bucket}/k", client=client, progress=False)
        assert (again.verified_by, again.sha256) == ("md5", sha256_of_file(path))
        assert old.puts() == ()


def test_a_role_that_may_only_send_sends_anew_and_hears_why(
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    file: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    begin(ministack, bucket, "k", file, [1])
    for operation in ("HeadBucket", "HeadObject", "ListMultipartUploads"):
        proxy.play(Fault(Answer(403, "AccessDenied"), Match(operation=operation), FOREVER))

    outcome = send(ministack.at(proxy.url), file, f"s3://{bucket}/k")

    assert outcome.uploaded.verified_by == "sha256"
    assert outcome.stats.sent == 10
    assert "s3:ListBucketMultipartUploads" in caplog.text


def test_an_upload_that_is_aborted_meanwhile_begins_anew(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path
) -> None:
    proxy.play(Fault(Answer(404, "NoSuchUpload"), Match(operation="UploadPart", nth=4)))

    outcome = send(ministack.at(proxy.url), file, f"s3://{bucket}/k")

    assert outcome.uploaded.sha256 == sha256_of_object(ministack.client, bucket, "k")


def test_bytes_that_are_gone_are_a_changed_file(file: Path) -> None:
    source = LocalFile(file)

    with pytest.raises(FileChangedError):
        source.read(9 * KiB, KiB)
    file.unlink()
    with pytest.raises(FileChangedError):
        source.read(0, 1)
    with pytest.raises(FileChangedError):
        source.check()


def test_no_secret_is_told_when_an_upload_fails(
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("s3upload_widget.s3.retry.ATTEMPTS", 1)
    upload_id = begin(ministack, bucket, "k", file, [1])
    proxy.play(Fault(Answer(503, "SlowDown"), Match(part_number=3), FOREVER))

    with caplog.at_level(logging.INFO, "s3upload_widget"), pytest.raises(S3UnavailableError) as no:
        send(ministack.at(proxy.url), file, f"s3://{bucket}/k")

    told = caplog.text + str(no.value) + repr(no.value.__cause__)
    assert "is not complete" in told
    for secret in (upload_id, ministack.secret_key, ministack.access_key, "Signature="):
        assert secret not in told


def test_what_is_to_be_sent_is_sent_while_the_rest_is_proven() -> None:
    work = PartQueue(to_prove=[1, 2, 3, 4], to_send=[9])

    taken = [work.take() for _ in range(3)]
    work.report_proved(1, equal=False)
    work.report_proved(2, equal=True)
    taken += [work.take() for _ in range(3)]
    work.report_proved(3, equal=True)
    work.report_proved(4, equal=True)

    assert taken == [
        PartJob("prove", 1),
        PartJob("prove", 2),
        PartJob("send", 9),
        PartJob("prove", 3),
        PartJob("prove", 4),
        PartJob("send", 1),
    ]
    assert work.take() is None


def test_a_stopped_upload_does_not_try_again() -> None:
    stopped = threading.Event()
    tries: list[int] = []

    def fail() -> None:
        tries.append(1)
        stopped.set()
        raise S3UnavailableError

    with pytest.raises(S3UnavailableError):
        retrying(fail, stopped)

    assert len(tries) == 1
