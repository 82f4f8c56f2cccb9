"""How a file is proven: whatever is lost, missing, denied or changed on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3upload_widget import protocol
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from support.clients.sender import DATA, SINGLE, Sender, failed, service_at, verified_by
from support.proxy.faults import Answer, Fault, LoseResponse, Match
from support.waiting import until

if TYPE_CHECKING:
    from s3upload_widget.results import UploadedFile
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

ALWAYS = 1_000


def arrived(sender: Sender) -> str:
    """Send what is missing until nothing is."""
    reply = sender.complete()
    if isinstance(reply, protocol.PartsMissing):
        sender.send(*reply.part_numbers)
        return ""
    return verified_by(reply)


def test_parts_that_did_not_arrive_are_asked_for(watched: Service) -> None:
    sender = Sender(watched, DATA)
    sender.open()
    sender.send(2)

    assert sender.complete() == protocol.PartsMissing(file_id="file_0001", part_numbers=[1, 3])

    sender.send(1, 3)
    assert verified_by(sender.complete()) == "sha256"


@pytest.mark.parametrize("server", ["ministack", "seaweed"])
@pytest.mark.parametrize("remembered", [True, False], ids=["remembered", "not remembered"])
def test_a_part_that_was_read_differently_since_is_asked_for(
    server: str, remembered: bool, request: pytest.FixtureRequest
) -> None:
    s3: S3Server = request.getfixturevalue(server)
    with s3.bucket() as bucket:
        service = Service(Store(bucket, s3.client), part_size=5 << 20)
        sender = Sender(service, b"x" * (5 << 20) + b"old")
        sender.open()
        sender.send()
        sender.data = b"x" * (5 << 20) + b"new"
        if not remembered:
            service._files.get(sender.file_id).sent.signed.clear()

        reply = sender.complete()

        assert isinstance(reply, protocol.PartsMissing)
        assert 2 in reply.part_numbers
        # SeaweedFS keeps the old part too, with a time in whole seconds: then it is asked for
        # until the newest one is known.
        assert until(lambda: arrived(sender)) == "sha256"
        assert s3.body(bucket, "run7.csv") == sender.data


@pytest.mark.parametrize("losses", [1, ALWAYS], ids=["one answer", "every answer for a while"])
def test_an_answer_to_complete_that_was_lost_does_not_matter(
    watched: Service,
    proxy: FaultyProxy,
    ministack: S3Server,
    bucket: str,
    uploaded: list[UploadedFile],
    losses: int,
) -> None:
    sender = Sender(watched, DATA)
    sender.open()
    sender.send()
    proxy.play(Fault(LoseResponse(), Match(operation="CompleteMultipartUpload"), times=losses))

    reply = sender.complete()
    if isinstance(reply, protocol.Failed):
        assert reply.retryable
        proxy.clear_faults()
        reply = sender.complete()

    assert verified_by(reply) == "sha256"
    assert ministack.body(bucket, "run7.csv") == DATA
    assert len(uploaded) == 1
    assert uploaded[0].etag


def test_where_nobody_may_look_a_lost_answer_to_complete_is_no_reason_to_send_it_all_again(
    watched: Service, proxy: FaultyProxy, ministack: S3Server, bucket: str
) -> None:
    sender = Sender(watched, DATA)
    sender.open()
    sender.send()
    proxy.play(
        Fault(LoseResponse(), Match(operation="CompleteMultipartUpload", nth=1)),
        Fault(Answer(404, "NoSuchUpload"), Match(operation="CompleteMultipartUpload", nth=2)),
        Fault(Answer(403, "AccessDenied"), Match(operation="HeadObject"), times=ALWAYS),
    )

    reply = sender.complete()

    assert failed(reply) == "access_denied"
    assert "allow s3:GetObject, then resume" in str(reply)
    assert ministack.body(bucket, "run7.csv") == DATA
    proxy.clear_faults()
    assert verified_by(sender.complete()) == "sha256"


def test_an_upload_that_is_gone_and_left_no_object_has_to_begin_again(
    watched: Service, ministack: S3Server, bucket: str
) -> None:
    sender = Sender(watched, DATA)
    sender.open()
    sender.send()
    ministack.empty(bucket)

    assert failed(sender.complete()) == "no_such_upload"

    sender.abort()
    assert verified_by(sender.upload()) == "sha256"


def test_an_upload_that_is_gone_is_not_taken_for_another_object(
    watched: Service, ministack: S3Server, bucket: str
) -> None:
    sender = Sender(watched, DATA)
    sender.open()
    sender.send()
    ministack.empty(bucket)
    ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=DATA[::-1])

    assert failed(sender.complete()) == "exists"

    assert ministack.body(bucket, "run7.csv") == DATA[::-1]


@pytest.mark.parametrize(("second", "expected"), [(DATA, "sha256"), (DATA[::-1], "exists")])
def test_of_two_kernels_on_one_key_the_second_compares(
    ministack: S3Server, bucket: str, second: bytes, expected: str
) -> None:
    senders = [Sender(service_at(ministack, bucket), data) for data in (DATA, second)]
    for sender in senders:
        sender.open()
        sender.send()

    assert verified_by(senders[0].complete()) == "sha256"
    reply = senders[1].complete()

    assert expected == (failed(reply) if expected == "exists" else verified_by(reply))
    assert ministack.body(bucket, "run7.csv") == DATA


def test_a_role_that_may_only_upload_proves_parts_by_the_answer_to_complete(
    watched: Service, proxy: FaultyProxy
) -> None:
    proxy.play(Fault(Answer(403, "AccessDenied"), Match(operation="HeadObject"), times=ALWAYS))

    assert verified_by(Sender(watched, DATA).upload()) == "sha256"


def test_where_nobody_may_look_what_was_not_signed_is_not_there(
    watched: Service, proxy: FaultyProxy
) -> None:
    proxy.play(Fault(Answer(403, "AccessDenied"), Match(operation="HeadObject"), times=ALWAYS))
    sender = Sender(watched, SINGLE)
    sender.open()

    assert sender.complete() == protocol.PartsMissing(file_id="file_0001", part_numbers=[1])


def test_a_file_that_changed_while_it_was_hashed_is_not_complete(watched: Service) -> None:
    sender = Sender(watched, SINGLE)
    sender.open()
    sender.send()
    hashed = sender.checksums_of(1)

    reply = watched.handle(
        protocol.CompleteMultipartUpload(
            file_id=sender.file_id,
            parts_sha256=[hashed.sha256],
            parts_md5=[],
            sha256="0" * 64,
            taken=False,
            etag="",
        )
    )

    assert failed(reply) == "file_changed"


@pytest.mark.parametrize(
    ("sha256", "md5"),
    [
        pytest.param(["A" * 43 + "="] * 2, [], id="too few"),
        pytest.param(["A" * 43 + "="] * 4, [], id="too many"),
        pytest.param(["A" * 43 + "="] * 3, ["A" * 22 + "=="], id="too few MD5s"),
        pytest.param(["A" * 43 + "="] * 3, [""] * 3, id="empty MD5s"),
    ],
)
def test_checksums_of_another_plan_are_refused(
    watched: Service, sha256: list[str], md5: list[str]
) -> None:
    sender = Sender(watched, DATA)
    sender.open()

    reply = watched.handle(
        protocol.CompleteMultipartUpload(
            file_id=sender.file_id,
            parts_sha256=sha256,
            parts_md5=md5,
            sha256="",
            taken=False,
            etag="",
        )
    )

    assert failed(reply) == "invalid_message"


def test_without_the_files_own_sha256_the_object_is_proven_all_the_same(
    ministack: S3Server, bucket: str
) -> None:
    service = service_at(ministack, bucket, sha256=False)
    sender = Sender(service, DATA)

    reply = sender.upload()

    assert not sender.plan.hash_file
    assert isinstance(reply, protocol.MultipartUploadCompleted)
    assert (reply.verified_by, reply.sha256) == ("sha256", "")
