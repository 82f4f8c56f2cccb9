"""A picked file whose key has an object, or gets one while the file is sent."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from s3upload_widget import protocol
from support.clients.sender import DATA, Sender, failed, plans, refusal, service_at
from support.proxy.faults import Answer, Fault, Match

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3upload_widget.service import Service
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server


@pytest.fixture
def make(ministack: S3Server, bucket: str) -> Callable[..., Service]:
    return partial(service_at, ministack, bucket)


def test_an_object_that_is_there_is_a_conflict_that_names_it(
    make: Callable[..., Service], ministack: S3Server, bucket: str
) -> None:
    ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=b"older")

    answer = Sender(make(), DATA).pick()

    assert isinstance(answer, protocol.RefusedFile)
    assert answer.code == "exists"
    for told in (f"s3://{bucket}/run7.csv", "5 bytes", " UTC", "overwrite", "keep both", "skip"):
        assert told in answer.message


@pytest.mark.parametrize("size", [3, 19], ids=["one part", "several parts"])
def test_the_user_may_overwrite(
    make: Callable[..., Service], ministack: S3Server, bucket: str, size: int
) -> None:
    ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=b"older")
    sender = Sender(make(), DATA[:size])
    assert refusal(sender) == "exists"
    sender.if_exists = "overwrite"

    assert isinstance(sender.upload(), protocol.MultipartUploadCompleted)

    body = ministack.body(bucket, "run7.csv")
    assert body == sender.data


def test_the_user_may_keep_both(
    make: Callable[..., Service], ministack: S3Server, bucket: str
) -> None:
    for name in ("run7.csv", "run7-1.csv"):
        ministack.client.put_object(Bucket=bucket, Key=name, Body=b"older")
    sender = Sender(make(), DATA)
    assert refusal(sender) == "exists"
    sender.if_exists = "rename"

    sender.upload()

    assert ministack.keys(bucket) == ["run7-1.csv", "run7-2.csv", "run7.csv"]


def test_two_files_that_are_renamed_get_two_names(
    make: Callable[..., Service], ministack: S3Server, bucket: str
) -> None:
    service = make(if_exists="rename", key="run7.csv")
    ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=b"older")
    senders = [Sender(service, DATA, file_id=f"file_000{n}") for n in range(3)]

    assert sorted(plans(service, *senders)) == ["run7-1.csv", "run7-2.csv", "run7-3.csv"]


def test_overwriting_looks_at_nothing(watched: Service, proxy: FaultyProxy) -> None:
    sender = Sender(watched, DATA, if_exists="overwrite")

    assert isinstance(sender.pick(), protocol.PlannedFile)

    assert len(proxy.of("HeadObject")) == 0


def test_where_nobody_may_look_the_upload_itself_must_not_overwrite(
    watched: Service, proxy: FaultyProxy, ministack: S3Server, bucket: str
) -> None:
    ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=b"older")
    proxy.play(Fault(Answer(403, "AccessDenied"), Match(operation="HeadObject"), times=1_000))
    single, parts = Sender(watched, b"1"), Sender(watched, DATA)

    single.open()
    assert [answer.status for answer in single.send()] == [412]
    assert failed(single.complete()) == "exists"
    single.abort()
    parts.open()
    parts.send()

    assert failed(parts.complete()) == "exists"
    assert len(ministack.upload_ids(bucket)) == 1
    assert ministack.body(bucket, "run7.csv") == b"older"


def test_an_object_that_arrives_during_the_upload_is_not_overwritten_until_the_user_says_so(
    make: Callable[..., Service], ministack: S3Server, bucket: str
) -> None:
    sender = Sender(make(), DATA)
    sender.open()
    sender.send()
    ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=b"theirs")
    assert failed(sender.complete()) == "exists"

    sender.if_exists = "overwrite"
    sender.pick()

    assert isinstance(sender.complete(), protocol.MultipartUploadCompleted)
    assert ministack.body(bucket, "run7.csv") == DATA


def test_a_file_that_changed_is_not_taken_for_the_picked_one(make: Callable[..., Service]) -> None:
    sender = Sender(make(), DATA)
    sender.open()
    sender.data = DATA + b"more"

    assert refusal(sender) == "file_changed"
