"""Conversations with the service: request → reply, on real servers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from s3upload_widget import protocol
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from support.clients.sender import DATA, SMALL, Sender, failed, service_at
from support.proxy.faults import Delay, Fault, Gate, Match

if TYPE_CHECKING:
    from s3upload_widget.results import UploadedFile
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server


@pytest.fixture
def service(ministack: S3Server, bucket: str) -> Service:
    return Service(Store(bucket, ministack.client), prefix="raw", limits=SMALL)


@pytest.fixture
def watched(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, uploaded: list[UploadedFile]
) -> Service:
    """A service whose every request to S3 passes the proxy, in a folder."""
    watched = ministack.at(proxy.url)
    return service_at(watched, bucket, prefix="raw", on_uploaded=uploaded.append)


def test_a_picked_file_gets_its_key_its_plan_and_the_place_it_goes_to(
    service: Service, ministack: S3Server, bucket: str
) -> None:
    plan = Sender(service, DATA).pick()

    assert plan == protocol.PlannedFile(
        file_id="file_0001",
        key="raw/run7.csv",
        uri=f"s3://{bucket}/raw/run7.csv",
        part_size=8,
        parts_total=3,
        hash_file=True,
        md5=True,
        compare=False,
        store=ministack.endpoint_url,
        endpoint=ministack.endpoint_url,
    )


@pytest.mark.parametrize("server", ["ministack", "seaweed"])
@pytest.mark.parametrize(
    "size", [0, 1, 5 << 20, (5 << 20) + 1], ids=["empty", "a byte", "a part", "two parts"]
)
def test_a_file_arrives_and_is_proven_by_its_sha256(
    server: str, size: int, request: pytest.FixtureRequest
) -> None:
    s3: S3Server = request.getfixturevalue(server)
    uploaded: list[UploadedFile] = []
    with s3.bucket() as bucket:
        sender = Sender(
            Service(
                Store(bucket, s3.client),
                prefix="raw",
                part_size=5 << 20,
                on_uploaded=uploaded.append,
            ),
            b"x" * size,
        )

        reply = sender.upload()

        assert isinstance(reply, protocol.MultipartUploadCompleted)
        assert reply.verified_by == "sha256"
        assert s3.body(bucket, "raw/run7.csv") == sender.data
        (file,) = uploaded
        assert (file.uri, file.sha256) == (reply.uri, reply.sha256)
        assert (file.size, file.content_type, file.name) == (size, "text/csv", "run7.csv")
        assert file.started <= file.finished
        head = s3.client.head_object(Bucket=bucket, Key=file.key)
        assert (head["ETag"], head["ContentType"]) == (file.etag, "text/csv")


def test_every_request_asked_again_gets_the_same_answer(
    watched: Service, proxy: FaultyProxy, uploaded: list[UploadedFile]
) -> None:
    sender = Sender(watched, DATA)

    assert sender.pick() == sender.pick()
    create = protocol.CreateMultipartUpload(file_id=sender.file_id, refused=[])
    assert watched.handle(create) == watched.handle(create)
    sender.send()
    assert sender.complete() == sender.complete()
    assert sender.pick() == sender.plan

    assert len(uploaded) == 1
    for operation in ("CreateMultipartUpload", "CompleteMultipartUpload", "HeadBucket"):
        assert len(proxy.of(operation)) == 1


def test_the_same_request_many_times_at_once_is_carried_out_once(
    watched: Service, proxy: FaultyProxy, uploaded: list[UploadedFile]
) -> None:
    sender = Sender(watched, DATA)
    create = protocol.CreateMultipartUpload(file_id=sender.file_id, refused=[])
    slow = Delay(response=0.2)
    proxy.play(Fault(slow, Match(operation="HeadObject")))
    proxy.play(Fault(slow, Match(operation="CreateMultipartUpload")))
    proxy.play(Fault(slow, Match(operation="CompleteMultipartUpload")))

    with ThreadPoolExecutor(8) as threads:

        def at_once(ask: Any) -> list[Any]:
            return [future.result() for future in [threads.submit(ask) for _ in range(8)]]

        picked = at_once(sender.pick)
        created = at_once(lambda: watched.handle(create))
        sender.send()
        completed = at_once(sender.complete)

    for replies in (picked, created, completed):
        assert replies == [replies[0]] * 8
    assert isinstance(completed[0], protocol.MultipartUploadCompleted)
    assert len(uploaded) == 1
    for operation in ("CreateMultipartUpload", "CompleteMultipartUpload"):
        assert len(proxy.of(operation)) == 1
    assert len(proxy.of("HeadObject")) == 3  # at the pick, directly before Complete, and after it


def test_a_file_whose_s3_call_takes_long_holds_up_no_other(
    watched: Service, proxy: FaultyProxy
) -> None:
    slow, quick = (Sender(watched, DATA, name, name) for name in ("slow_file", "quick_file"))
    slow.open()
    slow.send()
    gate = Gate()
    proxy.play(Fault(gate, Match(operation="ListParts", key="slow_file")))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(slow.complete)
        try:
            assert isinstance(quick.upload(), protocol.MultipartUploadCompleted)
            assert not waiting.done()
        finally:
            gate.opened.set()
        assert isinstance(waiting.result(), protocol.MultipartUploadCompleted)


def test_parts_are_signed_for_nobody_but_this_services_files(service: Service) -> None:
    sender, stranger = Sender(service, DATA), Sender(service, DATA, file_id="stranger_1")
    sender.open()
    stranger.plan = sender.plan

    (refused,) = stranger.presign(1)
    reply = service.handle(
        protocol.PresignParts(
            parts=[
                sender.checksums_of(1),
                protocol.PartChecksums(
                    file_id=sender.file_id,
                    part_number=4,
                    sha256=sender.checksums_of(1).sha256,
                    md5="",
                    refused=[],
                    perhaps_stored=False,
                ),
            ],
            origins=[],
        )
    )

    assert isinstance(refused, protocol.RefusedPart)
    assert refused.code == "unknown_file"
    assert isinstance(reply, protocol.PartsPresigned)
    good, bad = reply.parts
    assert isinstance(good, protocol.PresignedPart)
    assert isinstance(bad, protocol.RefusedPart)
    assert (bad.code, bad.part_number) == ("refused", 4)


def test_a_file_of_several_parts_is_not_signed_before_its_upload_is_open(service: Service) -> None:
    sender = Sender(service, DATA)
    sender.pick()

    (refused,) = sender.presign(1)

    assert isinstance(refused, protocol.RefusedPart)
    assert refused.code == "no_such_upload"


def test_a_discarded_file_is_gone_from_s3_and_may_be_discarded_again(
    service: Service, ministack: S3Server, bucket: str
) -> None:
    sender = Sender(service, DATA)
    sender.open()
    sender.send(1)

    assert sender.abort() == sender.abort() == protocol.MultipartUploadAborted(file_id="file_0001")

    assert ministack.upload_ids(bucket) == []
    (refused,) = sender.presign(2)
    assert isinstance(refused, protocol.RefusedPart)
    assert refused.code == "aborted"
    assert failed(sender.complete()) == "aborted"
    assert isinstance(sender.upload(), protocol.MultipartUploadCompleted)


def test_discarding_a_file_of_one_part_asks_nobody(watched: Service, proxy: FaultyProxy) -> None:
    sender = Sender(watched, b"1")
    sender.open()
    proxy.forget()

    assert isinstance(sender.abort(), protocol.MultipartUploadAborted)

    assert list(proxy.exchanges) == []


def test_a_complete_file_is_not_discarded(
    service: Service, ministack: S3Server, bucket: str
) -> None:
    sender = Sender(service, DATA)
    sender.upload()

    assert failed(sender.abort()) == "refused"
    assert ministack.body(bucket, "raw/run7.csv") == DATA


def test_a_file_that_nobody_knows_has_nothing_to_discard(service: Service) -> None:
    assert isinstance(Sender(service, DATA).abort(), protocol.MultipartUploadAborted)
