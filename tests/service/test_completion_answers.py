"""What S3 answers to Complete proves nothing by itself: HEAD decides, and is asked again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from s3upload_widget import protocol
from s3upload_widget.checksums import md5, multipart_etag
from s3upload_widget.errors import S3Error
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from support.clients.scripts import send
from support.clients.sender import DATA, SMALL, Sender, failed, verified_by
from support.files import make_file
from support.proxy.faults import FOREVER, Answer, Fault, Match, StripResponseHeaders

if TYPE_CHECKING:
    from pathlib import Path

    from s3upload_widget.results import UploadedFile
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

OF_NOTHING = "<CompleteMultipartUploadResult/>"
MD5_OF_MD5S = multipart_etag([md5(DATA[start : start + 8]) for start in (0, 8, 16)])
LOGIN = "<html><head><title>Log in</title></head><body><form/></body></html>"
FOREIGN = f"&quot;{'f' * 32}-3&quot;"


def made(etag: str) -> str:
    """What S3 answers to Complete."""
    return OF_NOTHING.replace("/>", f"><ETag>{etag}</ETag></CompleteMultipartUploadResult>")


ANSWERS = {
    "200 with nothing": Answer(200, "", empty=True),
    "200 without ETag": Answer(200, "", document=OF_NOTHING),
    "200 with a foreign ETag": Answer(200, "", document=made(FOREIGN)),
    "200 with a login page": Answer(200, "", document=LOGIN),
    "202": Answer(202, "", empty=True),
    "204": Answer(204, "", empty=True),
}
each_answer = pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)


@pytest.fixture
def watched(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, uploaded: list[UploadedFile]
) -> Service:
    """A service that looks for an object twice."""
    return service_of(ministack.at(proxy.url), bucket, uploaded)


def service_of(
    server: S3Server, bucket: str, uploaded: list[UploadedFile], looks: int = 2
) -> Service:
    store = Store(bucket, server.client, looks=looks)
    return Service(store, limits=SMALL, on_uploaded=uploaded.append)


def sent(service: Service, if_exists: str = "") -> Sender:
    sender = Sender(service, DATA, if_exists=if_exists)
    sender.open()
    sender.send()
    return sender


def completing(answer: Answer) -> Fault:
    return Fault(answer, Match(operation="CompleteMultipartUpload"))


@each_answer
def test_complete_that_made_no_object_is_no_success(
    watched: Service,
    proxy: FaultyProxy,
    ministack: S3Server,
    bucket: str,
    uploaded: list[UploadedFile],
    answer: Answer,
) -> None:
    sender = sent(watched)
    proxy.play(completing(answer))

    reply = sender.complete()

    assert uploaded == []
    assert failed(reply) == "s3"
    assert f"answered that s3://{bucket}/run7.csv is complete, and shows no object" in str(reply)
    assert "its 3 parts are still there" in str(reply)
    assert ministack.parts_there(bucket) == {1, 2, 3}
    assert verified_by(sender.complete()) == "sha256"
    assert len(proxy.puts()) == 3
    assert ministack.body(bucket, "run7.csv") == DATA


@each_answer
def test_what_complete_said_of_an_object_that_is_right_does_not_matter(
    watched: Service, proxy: FaultyProxy, uploaded: list[UploadedFile], answer: Answer
) -> None:
    sender = sent(watched)
    proxy.play(completing(replace(answer, stored=True)))

    assert verified_by(sender.complete()) == "sha256"
    assert uploaded[0].etag


def test_the_next_run_of_a_script_finishes_and_sends_no_part(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    server, file = ministack.at(proxy.url), make_file(tmp_path / "run7.bin", 5000)
    proxy.play(completing(Answer(200, "", document=OF_NOTHING)))

    with pytest.raises(S3Error, match="shows no object"):
        send(server, file, f"s3://{bucket}/")

    parts = len(proxy.puts())
    assert send(server, file, f"s3://{bucket}/").uploaded.verified_by == "sha256"
    assert len(proxy.puts()) == parts
    assert ministack.body(bucket, "run7.bin") == file.read_bytes()


def test_where_the_parts_are_gone_too_it_says_so(
    watched: Service, proxy: FaultyProxy, uploaded: list[UploadedFile]
) -> None:
    sender = sent(watched)
    proxy.play(
        completing(Answer(200, "", document=OF_NOTHING)),
        Fault(Answer(404, "NoSuchUpload"), Match(operation="ListParts", nth=2)),
    )

    reply = sender.complete()

    assert failed(reply) == "integrity"
    assert "its parts are gone too: upload the file again" in str(reply)
    assert uploaded == []


@each_answer
@pytest.mark.parametrize("other", [DATA[::-1], DATA + b"!"], ids=["bytes", "size"])
def test_another_object_under_the_key_is_never_taken(
    watched: Service,
    proxy: FaultyProxy,
    ministack: S3Server,
    bucket: str,
    uploaded: list[UploadedFile],
    other: bytes,
    answer: Answer,
) -> None:
    sender = sent(watched, "overwrite")
    proxy.play(
        completing(answer),
        # It arrives after the look before Complete.
        Fault(Answer(404, ""), Match(operation="HeadObject", nth=1)),
    )
    ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=other)

    assert failed(sender.complete()) == "integrity"
    assert uploaded == []
    assert ministack.body(bucket, "run7.csv") == other


@pytest.mark.parametrize("if_exists", ["", "overwrite"])
def test_an_object_that_is_shown_late_is_waited_for(
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    uploaded: list[UploadedFile],
    if_exists: str,
) -> None:
    sender = sent(service_of(ministack.at(proxy.url), bucket, uploaded, looks=6), if_exists)
    looks = Match(operation="HeadObject")
    proxy.play(Fault(Answer(404, ""), looks, times=3))

    assert verified_by(sender.complete()) == "sha256"
    assert uploaded[0].size == len(DATA)


@pytest.mark.parametrize("old", [DATA[::-1], b"older"], ids=["same size", "another size"])
def test_the_object_of_before_that_is_shown_still_is_no_other_object(
    watched: Service,
    proxy: FaultyProxy,
    ministack: S3Server,
    bucket: str,
    uploaded: list[UploadedFile],
    old: bytes,
) -> None:
    ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=old)
    sender = sent(watched, "overwrite")
    proxy.play(completing(Answer(200, "", document=OF_NOTHING)))

    reply = sender.complete()

    assert failed(reply) == "s3"
    assert "shows only the object that was there before" in str(reply)
    assert verified_by(sender.complete()) == "sha256"
    assert ministack.body(bucket, "run7.csv") == DATA
    assert len(uploaded) == 1


def test_one_put_that_is_shown_late_is_not_sent_again(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    server, file = ministack.at(proxy.url), make_file(tmp_path / "run7.bin", 100)
    late = Fault(Answer(404, ""), Match(operation="HeadObject"), times=3)
    proxy.play(late)

    assert send(server, file, f"s3://{bucket}/").uploaded.verified_by == "sha256"
    assert len(proxy.puts()) == 1


DENIED = Fault(Answer(403, "AccessDenied"), Match(operation="HeadObject"), times=FOREVER)


@each_answer
def test_where_nobody_may_look_an_answer_without_the_right_etag_is_no_success(
    watched: Service, proxy: FaultyProxy, uploaded: list[UploadedFile], answer: Answer
) -> None:
    sender = sent(watched)
    proxy.play(completing(answer), DENIED)

    reply = sender.complete()

    assert failed(reply) in {"access_denied", "integrity"}
    assert uploaded == []


@pytest.mark.parametrize("etag", ["&quot;" + "f" * 32 + "&quot;", "W/&quot;1&quot;"])
def test_an_etag_of_another_form_is_no_answer_to_complete(
    watched: Service, proxy: FaultyProxy, uploaded: list[UploadedFile], etag: str
) -> None:
    sender = sent(watched)
    proxy.play(completing(Answer(200, "", document=made(etag))), DENIED)

    reply = sender.complete()

    assert isinstance(reply, protocol.Failed)
    assert "allow s3:GetObject, then resume" in reply.message
    assert uploaded == []


def test_an_object_that_arrives_while_parts_are_sent_is_seen_before_complete(
    watched: Service, proxy: FaultyProxy, ministack: S3Server, bucket: str
) -> None:
    """Some servers ignore the condition that nothing may be there."""
    sender = sent(watched)
    ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=b"other")

    assert failed(sender.complete()) == "exists"

    assert not proxy.of("CompleteMultipartUpload")
    assert ministack.body(bucket, "run7.csv") == b"other"


@pytest.mark.parametrize("quote", ["", "&quot;"], ids=["unquoted", "quoted"])
@pytest.mark.parametrize("told", ["", MD5_OF_MD5S, MD5_OF_MD5S.upper(), f"W/{MD5_OF_MD5S}"])
def test_an_etag_that_is_empty_or_written_otherwise_in_one_answer_is_the_same(
    watched: Service, proxy: FaultyProxy, uploaded: list[UploadedFile], told: str, quote: str
) -> None:
    """Ceph 16 shows an empty one when it completes, and no checksum but the ETag."""
    sender = sent(watched)
    document = made(f"{quote}{told}{quote}")
    proxy.play(
        completing(Answer(200, "", document=document, stored=True)),
        Fault(StripResponseHeaders(("x-amz-checksum-*",)), times=FOREVER),
    )

    assert verified_by(sender.complete()) == "md5"
    assert uploaded[0].etag == f'"{MD5_OF_MD5S}"'


def test_an_etag_that_only_complete_shows_is_a_proof_and_is_kept(
    watched: Service, proxy: FaultyProxy, uploaded: list[UploadedFile]
) -> None:
    sender = sent(watched)
    nothing = StripResponseHeaders(("etag", "x-amz-checksum-*"))
    proxy.play(Fault(nothing, Match(operation="HeadObject"), times=FOREVER))

    assert verified_by(sender.complete()) == "sha256"
    assert uploaded[0].etag == f'"{MD5_OF_MD5S}"'
