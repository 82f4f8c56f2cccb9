"""What decides whether an object is the picked file, whatever became of it since the pick."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3upload_widget import protocol
from s3upload_widget.checksums import sha256
from s3upload_widget.parts import Limits
from support.clients.comparing import KEY, OTHER, planned, refused, service_at
from support.clients.sender import Sender, failed, verified_by
from support.page.uploading import MiB
from support.servers.existing import even, make_of_parts

if TYPE_CHECKING:
    from s3upload_widget.results import UploadedFile
    from s3upload_widget.service import Service
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server


@pytest.fixture
def server(moto: S3Server) -> S3Server:
    return moto


@pytest.fixture
def service(
    moto: S3Server, proxy: FaultyProxy, bucket: str, uploaded: list[UploadedFile]
) -> Service:
    return service_at(moto.at(proxy.url), bucket, on_uploaded=uploaded.append)


@pytest.mark.parametrize("made", ["at once", "of parts"])
def test_other_bytes_of_the_same_size_are_a_conflict(
    service: Service, moto: S3Server, bucket: str, made: str
) -> None:
    if made == "at once":
        moto.client.put_object(Bucket=bucket, Key=KEY, Body=OTHER)
    else:
        make_of_parts(moto, bucket, KEY, even(20 * MiB, OTHER), OTHER)
    sender = planned(service)

    reply, cuts = sender.compare()

    # Of an object of parts whose sizes nobody tells, only reading it back can say more.
    code = "exists" if made == "at once" else "incomparable"
    assert "other bytes" in refused(reply, code)
    assert len(cuts) == 1


def test_what_is_encrypted_and_has_no_checksum_is_a_conflict_at_the_pick(
    service: Service, moto: S3Server, bucket: str
) -> None:
    moto.client.put_object(Bucket=bucket, Key=KEY, Body=b"hello", ServerSideEncryption="aws:kms")

    answer = Sender(service, b"hello").pick()

    assert isinstance(answer, protocol.RefusedFile)
    assert answer.code == "incomparable"
    assert "S3 reports no checksum to compare it by" in answer.message


def test_what_is_encrypted_and_has_a_checksum_is_compared(
    service: Service, moto: S3Server, bucket: str
) -> None:
    moto.client.put_object(
        Bucket=bucket,
        Key=KEY,
        Body=b"hello",
        ServerSideEncryption="aws:kms",
        ChecksumAlgorithm="SHA256",
    )

    assert verified_by(planned(service, b"hello").compare()[0]) == "sha256"


def test_an_object_that_vanished_since_the_pick_is_uploaded(
    service: Service, moto: S3Server, bucket: str
) -> None:
    moto.client.put_object(Bucket=bucket, Key=KEY, Body=b"hello")
    sender = planned(service, b"hello")
    moto.client.delete_object(Bucket=bucket, Key=KEY)

    assert sender.compare() == (protocol.ObjectGone(file_id=sender.file_id), [])

    sender.send()
    verified_by(sender.complete())
    assert moto.body(bucket, KEY) == b"hello"


@pytest.mark.parametrize("newer", [b"hallo", b"hello, world"], ids=["same size", "another size"])
def test_an_object_that_was_replaced_since_the_pick_decides(
    service: Service, moto: S3Server, bucket: str, newer: bytes
) -> None:
    moto.client.put_object(Bucket=bucket, Key=KEY, Body=b"hello")
    sender = planned(service, b"hello")
    moto.client.put_object(Bucket=bucket, Key=KEY, Body=newer)

    assert f"{len(newer)} bytes" in refused(sender.compare()[0])


def test_a_lying_page_proves_nothing_of_an_object_of_another_size(
    service: Service, moto: S3Server, bucket: str, uploaded: list[UploadedFile]
) -> None:
    moto.client.put_object(Bucket=bucket, Key=KEY, Body=b"hello")
    sender = planned(service, b"hello")
    moto.client.put_object(Bucket=bucket, Key=KEY, Body=b"hello, world")
    sender.data = b"hello, world"

    refused(sender.ask_to_compare(12))
    assert uploaded == []


def test_checksums_of_another_cut_break_the_protocol(
    service: Service, moto: S3Server, bucket: str
) -> None:
    moto.client.put_object(Bucket=bucket, Key=KEY, Body=b"hello")
    sender = planned(service, b"hello")
    claim = protocol.CompareObject(
        file_id=sender.file_id,
        part_size=1,
        parts_sha256=[sha256(b"hello")],
        parts_md5=[],
        sha256="",
    )

    assert failed(service.handle(claim)) == "invalid_message"


def test_without_the_whole_files_checksum_none_is_told(
    moto: S3Server, bucket: str, uploaded: list[UploadedFile]
) -> None:
    service = service_at(moto, bucket, sha256=False, on_uploaded=uploaded.append)
    moto.client.put_object(Bucket=bucket, Key=KEY, Body=b"hello")

    planned(service, b"hello").compare()

    assert [file.sha256 for file in uploaded] == [""]


def test_only_a_file_of_which_nothing_is_sent_is_compared(
    ministack: S3Server, moto: S3Server, bucket: str, service: Service
) -> None:
    discarded = Sender(service, b"hello")
    discarded.pick()
    discarded.abort()
    assert failed(discarded.ask_to_compare(5)) == "invalid_message"

    small = Limits(min_part_size=4, max_part_size=64, max_parts=100, default_part_size=8)
    with ministack.bucket() as other:
        opened = Sender(service_at(ministack, other, limits=small), b"0123456789")
        opened.open()
        assert failed(opened.ask_to_compare(8)) == "invalid_message"


def test_a_server_that_is_down_is_asked_again(
    service: Service, moto: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    moto.client.put_object(Bucket=bucket, Key=KEY, Body=b"hello")
    sender = planned(service, b"hello")
    proxy.go_offline()

    reply = sender.ask_to_compare(5)

    assert isinstance(reply, protocol.Failed)
    assert reply.retryable
    proxy.go_online()
    assert verified_by(sender.ask_to_compare(5)) == "md5"


@pytest.mark.parametrize("if_exists", ["overwrite", "rename"])
def test_only_verify_compares(
    service: Service, moto: S3Server, bucket: str, if_exists: str
) -> None:
    moto.client.put_object(Bucket=bucket, Key=KEY, Body=b"hello")

    answer = Sender(service, b"hello", if_exists=if_exists).pick()

    assert isinstance(answer, protocol.PlannedFile)
    assert not answer.compare
    assert answer.key == (KEY if if_exists == "overwrite" else "run7-1.csv")


def test_a_file_that_is_overwritten_after_all_is_not_compared(
    service: Service, moto: S3Server, bucket: str
) -> None:
    moto.client.put_object(Bucket=bucket, Key=KEY, Body=b"hello")
    sender = planned(service, b"hallo")
    refused(sender.compare()[0])
    sender.if_exists = "overwrite"

    answer = sender.pick()

    assert isinstance(answer, protocol.PlannedFile)
    assert not answer.compare
    sender.send()
    verified_by(sender.complete())
    assert moto.body(bucket, KEY) == b"hallo"
