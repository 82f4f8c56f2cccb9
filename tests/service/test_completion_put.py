"""How a file that went in one PUT is proven, and what happens if another object is in its place."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING

import pytest

from s3upload_widget import protocol
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from support.clients.sender import SINGLE, Sender, failed, put, verified_by
from support.proxy.faults import FOREVER, Answer, Fault, LoseResponse, Match

if TYPE_CHECKING:
    from s3upload_widget.results import UploadedFile
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

ALWAYS = 1_000


def test_an_object_of_one_part_that_did_not_arrive_is_asked_for(watched: Service) -> None:
    sender = Sender(watched, SINGLE)
    sender.open()

    assert sender.complete() == protocol.PartsMissing(file_id="file_0001", part_numbers=[1])

    sender.send()
    assert verified_by(sender.complete()) == "sha256"


def test_a_role_that_may_only_upload_claims_no_more_of_one_put_than_its_size(
    watched: Service, proxy: FaultyProxy, uploaded: list[UploadedFile]
) -> None:
    proxy.play(Fault(Answer(403, "AccessDenied"), Match(operation="HeadObject"), times=ALWAYS))

    assert verified_by(Sender(watched, SINGLE).upload()) == "size"

    assert (uploaded[0].size, uploaded[0].etag) == (5, "")


@pytest.mark.parametrize("server", ["ministack", "seaweed"])
def test_one_put_that_is_refused_as_it_had_arrived_before_is_proven(
    server: str, request: pytest.FixtureRequest
) -> None:
    s3: S3Server = request.getfixturevalue(server)
    with s3.bucket() as bucket:
        sender = Sender(Service(Store(bucket, s3.client)), SINGLE)
        sender.open()
        [part] = sender.presign(1)
        assert isinstance(part, protocol.PresignedPart)

        answers = [put(part.url, part.headers, SINGLE).status for _ in range(2)]
        sender.taken = True

        assert answers == [200, 412]
        assert verified_by(sender.complete()) == "sha256"


def test_a_page_that_hides_what_s3_said_makes_no_other_object_its_own(
    watched: Service, ministack: S3Server, bucket: str
) -> None:
    sender = Sender(watched, SINGLE)
    sender.open()
    [part] = sender.presign(1)
    assert isinstance(part, protocol.PresignedPart)
    ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=SINGLE[::-1])
    assert put(part.url, part.headers, SINGLE).status == 412

    for sender.taken in (False, True):
        assert failed(sender.complete()) == "exists"

    assert ministack.body(bucket, "run7.csv") == SINGLE[::-1]


def test_an_object_that_another_took_the_place_of_is_not_ours(
    watched: Service, ministack: S3Server, bucket: str
) -> None:
    sender = Sender(watched, SINGLE)
    sender.open()
    sender.send()
    ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=b"other")

    assert failed(sender.complete()) == "exists"
    sender.if_exists = "overwrite"
    sender.pick()
    reply = sender.complete()

    assert failed(reply) == "integrity"
    assert isinstance(reply, protocol.Failed)
    assert f"s3://{bucket}/run7.csv" in reply.message
    assert ministack.body(bucket, "run7.csv") == b"other"


def test_an_etag_that_the_page_tells_counts_only_beside_what_head_shows(
    watched: Service, proxy: FaultyProxy
) -> None:
    """Where nobody may look, nobody knows either whether the ETag of an encrypted object is an MD5."""
    sender = Sender(watched, SINGLE, etag='"00000000000000000000000000000000"')
    sender.open()
    sender.send()
    proxy.play(Fault(Answer(403, "AccessDenied"), Match(operation="HeadObject"), times=FOREVER))

    assert verified_by(sender.complete()) == "size"


def test_one_put_whose_answer_was_lost_is_sent_again_without_a_conflict(
    watched: Service, proxy: FaultyProxy
) -> None:
    sender = Sender(watched, SINGLE)
    sender.open()
    proxy.play(Fault(LoseResponse(), Match(operation="PutObject")))
    with pytest.raises((OSError, http.client.HTTPException)):
        sender.send()

    assert [answer.status for answer in sender.send()] == [200]

    assert verified_by(sender.complete()) == "sha256"


def test_one_put_is_not_signed_again_over_an_object_that_arrived_meanwhile(
    watched: Service, ministack: S3Server, bucket: str
) -> None:
    sender = Sender(watched, SINGLE)
    sender.open()
    sender.presign(1)
    ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=b"other")

    (refused,) = sender.presign(1)

    assert isinstance(refused, protocol.RefusedPart)
    assert refused.code == "exists"
