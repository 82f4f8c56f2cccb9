"""What was begun or is there keeps its own properties: that is said, and nothing else is claimed."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

import pytest

from support.clients.scripts import begin, send
from support.files import make_file
from support.proxy.faults import Answer, Fault, Match

if TYPE_CHECKING:
    from pathlib import Path

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

KiB = 1 << 10
WANTED: dict[str, Any] = {"Metadata": {"run": "7"}, "ServerSideEncryption": "AES256"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of five parts."""
    path = tmp_path / "run7.csv"
    path.write_bytes(os.urandom(5 * KiB))
    return path


def test_an_upload_that_is_resumed_is_said_to_keep_its_own_before_a_part_is_sent(
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    file: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    begin(ministack, bucket, "k", file, [1, 2])
    proxy.play(Fault(Answer(400, "InvalidPart"), Match(operation="UploadPart"), times=100))

    with pytest.raises(Exception, match="InvalidPart"):
        send(ministack.at(proxy.url), file, f"s3://{bucket}/k", extra_args=WANTED)

    assert "extra_args (Metadata, ServerSideEncryption) are not applied" in caplog.text
    assert "restart=True starts over with them" in caplog.text


def test_an_upload_that_starts_over_has_them_and_warns_of_nothing(
    ministack: S3Server, bucket: str, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    begin(ministack, bucket, "k", file, [1, 2])

    with caplog.at_level(logging.WARNING):
        send(ministack, file, f"s3://{bucket}/k", extra_args=WANTED, restart=True)

    head = ministack.client.head_object(Bucket=bucket, Key="k")
    assert head["Metadata"] == {"run": "7"}
    assert "not applied" not in caplog.text


@pytest.mark.parametrize("size", [10, 5 * KiB])
def test_an_equal_object_is_said_to_keep_its_own(
    ministack: S3Server, bucket: str, tmp_path: Path, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = make_file(tmp_path / "run7.csv", size)
    send(ministack, path, f"s3://{bucket}/k", extra_args={"ContentType": "text/x-own"})

    with caplog.at_level(logging.WARNING):
        again = send(ministack, path, f"s3://{bucket}/k", extra_args={"ContentType": "text/other"})

    assert again.stats.kept == 1
    assert again.uploaded.content_type == "text/x-own"
    assert "if_exists='overwrite' sends it with them" in caplog.text


@pytest.mark.parametrize("extra_args", [None, {"RequestPayer": "requester"}])
def test_where_nothing_is_lost_nothing_is_said(
    ministack: S3Server,
    bucket: str,
    file: Path,
    caplog: pytest.LogCaptureFixture,
    extra_args: dict[str, Any] | None,
) -> None:
    begin(ministack, bucket, "k", file, [1, 2])

    with caplog.at_level(logging.WARNING):
        send(ministack, file, f"s3://{bucket}/k", extra_args=extra_args)

    assert "not applied" not in caplog.text


def test_no_content_type_is_claimed_of_a_resumed_upload_that_s3_does_not_show(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path
) -> None:
    begin(ministack, bucket, "run7.csv", file, [1, 2])
    proxy.play(Fault(Answer(403, "AccessDenied"), Match(operation="HeadObject"), times=100))

    done = send(ministack.at(proxy.url), file, f"s3://{bucket}/")

    assert done.uploaded.content_type == ""
