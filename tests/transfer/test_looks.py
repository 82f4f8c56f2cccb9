"""A part that may be on S3 is looked for before it is signed again, and taken only when proven."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from s3upload_widget import protocol
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from support.clients.sender import DATA, LARGE, SINGLE, Sender, put, verified_by
from support.proxy.faults import FOREVER, Answer, Fault, Match
from support.waiting import until

if TYPE_CHECKING:
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

EACH = pytest.mark.parametrize("server", ["ministack", "seaweed"])


def asked_again(sender: Sender, *numbers: int) -> list[str]:
    """What the kernel answers for parts whose answers were lost, by the kind of each."""
    sender.perhaps_stored = True
    names = {protocol.StoredPart: "stored", protocol.PresignedPart: "signed"}
    return [names.get(type(part), "refused") for part in sender.presign(*numbers)]


def send_without_answer(sender: Sender, *numbers: int) -> None:
    for part in sender.presign(*numbers):
        assert isinstance(part, protocol.PresignedPart)
        put(part.url, part.headers, sender.part(part.part_number))


@EACH
def test_parts_that_are_there_are_told_with_one_list_and_not_signed_again(
    server: str, request: pytest.FixtureRequest
) -> None:
    s3: S3Server = request.getfixturevalue(server)
    with s3.bucket() as bucket:
        sender = Sender(Service(Store(bucket, s3.client), part_size=5 << 20), LARGE)
        sender.open()
        send_without_answer(sender, 1)

        assert asked_again(sender, 1, 2) == ["stored", "signed"]

        sender.perhaps_stored = False
        sender.send(2)
        assert verified_by(sender.complete()) == "sha256"


@EACH
@pytest.mark.parametrize("if_exists", ["", "overwrite"])
def test_one_put_that_is_there_is_told_and_not_signed_again(
    server: str, if_exists: str, request: pytest.FixtureRequest
) -> None:
    s3: S3Server = request.getfixturevalue(server)
    with s3.bucket() as bucket:
        sender = Sender(Service(Store(bucket, s3.client)), SINGLE, if_exists=if_exists)
        sender.open()
        send_without_answer(sender, 1)

        assert asked_again(sender, 1) == ["stored"]

        assert verified_by(sender.complete()) == "sha256"


def test_many_parts_cost_one_list(watched: Service, proxy: FaultyProxy) -> None:
    sender = Sender(watched, DATA)
    sender.open()
    proxy.forget()

    assert asked_again(sender, 1, 2, 3) == ["signed"] * 3

    assert len(proxy.of("ListParts")) == 1


def test_nobody_looks_for_parts_that_never_left(watched: Service, proxy: FaultyProxy) -> None:
    sender = Sender(watched, DATA)
    sender.open()
    proxy.forget()

    sender.presign(1, 2, 3)
    sender.presign(1, 2, 3)

    assert list(proxy.exchanges) == []


@pytest.mark.parametrize("data", [LARGE, SINGLE], ids=["part", "object"])
def test_what_arrived_with_other_bytes_is_not_taken(moto: S3Server, data: bytes) -> None:
    """This server repeats the SHA-256 that it was sent, and checks nothing of it."""
    with moto.bucket() as bucket:
        sender = Sender(Service(Store(bucket, moto.client), part_size=5 << 20), data)
        sender.open()
        [part] = sender.presign(1)
        assert isinstance(part, protocol.PresignedPart)
        right = sender.part(1)
        headers = {name: value for name, value in part.headers.items() if name != "content-md5"}
        put(part.url, headers, bytes([right[0] ^ 1]) + right[1:])

        assert asked_again(sender, 1) == ["signed"]


def test_an_equal_object_from_before_is_not_what_the_put_left(
    watched: Service, ministack: S3Server, bucket: str
) -> None:
    """Overwriting gives it another type, other metadata, another date."""
    ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=SINGLE)
    written = ministack.client.head_object(Bucket=bucket, Key="run7.csv")["LastModified"]
    until(lambda: datetime.now(timezone.utc) > written + timedelta(seconds=1.1))
    sender = Sender(watched, SINGLE, if_exists="overwrite")
    sender.open()
    sender.presign(1)

    assert asked_again(sender, 1) == ["signed"]


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (DATA, Answer(403, "AccessDenied")),
        (DATA, Answer(500, "InternalError")),
        (SINGLE, Answer(403, "AccessDenied")),
    ],
    ids=repr,
)
def test_where_nobody_may_look_it_is_signed_again(
    watched: Service, proxy: FaultyProxy, data: bytes, answer: Answer
) -> None:
    sender = Sender(watched, data)
    sender.open()
    for operation in ("ListParts", "HeadObject"):
        proxy.play(Fault(answer, Match(operation=operation), FOREVER))

    assert asked_again(sender, 1) == ["signed"]


def test_an_upload_that_is_gone_is_told_when_its_parts_are_looked_for(
    watched: Service, ministack: S3Server, bucket: str
) -> None:
    sender = Sender(watched, DATA)
    sender.open()
    send_without_answer(sender, 1)
    ministack.empty(bucket)

    sender.perhaps_stored = True
    [refused] = sender.presign(1)

    assert isinstance(refused, protocol.RefusedPart)
    assert refused.code == "no_such_upload"
