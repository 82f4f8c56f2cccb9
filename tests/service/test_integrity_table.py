"""Server by server, and whatever is lost or damaged on the way: by what a file is proven.

The strongest that the server's own answers allow, never less than that without being named, and
never a file that has other bytes.
"""

from __future__ import annotations

import contextlib
import http.client
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import pytest

from s3upload_widget import protocol
from s3upload_widget.errors import IntegrityError
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from support.clients import scripts
from support.clients.sender import Sender, failed
from support.files import make_file
from support.proxy.faults import (
    FOREVER,
    Answer,
    Fault,
    FlipBit,
    LoseResponse,
    Match,
    StripRequestHeaders,
    StripResponseHeaders,
)
from support.proxy.proxy import FaultyProxy
from support.waiting import until

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from s3upload_widget.results import UploadedFile
    from support.servers.servers import S3Server

PART: Final = 5 << 20
SEVERAL: Final = b"x" * PART + b"tail"
SINGLE: Final = b"hello"
SHA256: Final = ("x-amz-checksum-*", "x-amz-sdk-checksum-*")


def always(operation: str, action: Answer | LoseResponse | StripResponseHeaders) -> Fault:
    return Fault(action, Match(operation=operation), times=FOREVER)


def once(operation: str, action: Answer | LoseResponse | FlipBit, part: int = 0) -> Fault:
    return Fault(action, Match(operation=operation, part_number=part))


NO_SHA256: Final = (
    Fault(StripRequestHeaders(SHA256), times=FOREVER),
    Fault(StripResponseHeaders(SHA256), times=FOREVER),
)
"""A server of some years ago: it neither takes nor tells any checksum but MD5."""


@dataclass(frozen=True)
class Path:
    """A row: what happens on the way, and by what each server proves the file all the same."""

    name: str
    proven: dict[str, str]
    """Server → ``verified_by``. moto echoes SHA-256 and checks nothing of it: damage ends there."""
    faults: tuple[Fault, ...] = ()
    data: bytes = SEVERAL


SERVERS: Final = ("ministack", "seaweed", "moto")
"""Only moto, which checks no signature, lets a proxy take out what was signed."""


def proven_by(by: str, *servers: str) -> dict[str, str]:
    return dict.fromkeys(servers or SERVERS, by)


STRONG: Final = proven_by("sha256")
REAL: Final = proven_by("sha256", "ministack", "seaweed")
WEAK: Final = proven_by("md5", "moto")
DENIED: Final = always("HeadObject", Answer(403, "AccessDenied"))

TABLE: Final = (
    Path("plain", STRONG),
    Path("plain, one part", STRONG, data=SINGLE),
    Path("plain, a full part", STRONG, data=b"x" * PART),
    Path("plain, empty", STRONG, data=b""),
    Path("no SHA-256", WEAK, NO_SHA256),
    Path("no SHA-256, one part", WEAK, NO_SHA256, data=SINGLE),
    Path("checksums not told", REAL | WEAK, (Fault(StripResponseHeaders(SHA256), times=FOREVER),)),
    Path("a part damaged", REAL, (once("UploadPart", FlipBit(at_byte=2), 1),)),
    Path("one part damaged", REAL, (once("PutObject", FlipBit(at_byte=2)),), data=SINGLE),
    Path("a part damaged, no SHA-256", WEAK, (*NO_SHA256, once("UploadPart", FlipBit(), 1))),
    Path("Complete's answer lost", STRONG, (once("CompleteMultipartUpload", LoseResponse()),)),
    Path(
        "Complete's answer lost, no SHA-256",
        WEAK,
        (*NO_SHA256, once("CompleteMultipartUpload", LoseResponse())),
    ),
    Path(
        "Complete answers 200 with an error",
        STRONG,
        (once("CompleteMultipartUpload", Answer(200, "InternalError")),),
    ),
    Path(
        "Complete answers 200 with an error, carried out",
        STRONG,
        (once("CompleteMultipartUpload", Answer(200, "InternalError", stored=True)),),
    ),
    Path(
        "uploads not listed, 403",
        STRONG,
        (always("ListMultipartUploads", Answer(403, "AccessDenied")),),
    ),
    Path(
        "uploads not listed, 501",
        STRONG,
        (always("ListMultipartUploads", Answer(501, "NotImplemented")),),
    ),
    Path(
        "HEAD denied",
        # moto's answer to Complete tells no SHA-256.
        REAL | WEAK,
        (DENIED,),
    ),
    Path("HEAD denied, no SHA-256", WEAK, (*NO_SHA256, DENIED)),
    Path("HEAD denied, one part", proven_by("size"), (DENIED,), data=SINGLE),
)


@dataclass(frozen=True)
class Place:
    """A server, and the one way to it that page and kernel have."""

    name: str
    server: S3Server
    wire: FaultyProxy
    store: Store

    def sender(self, key: str, data: bytes) -> tuple[Sender, list[UploadedFile]]:
        """A page with one file, and what arrives."""
        arrived: list[UploadedFile] = []
        service = Service(self.store, part_size=PART, on_uploaded=arrived.append)
        return Sender(service, data, name=key), arrived


@pytest.fixture(scope="module")
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    server: S3Server = request.getfixturevalue(request.param)
    with FaultyProxy(server.endpoint_url) as wire, server.bucket() as bucket:
        store = Store(bucket, server.at(wire.url).client)
        yield Place(request.param, server, wire, store)


@pytest.mark.parametrize(
    ("place", "path"),
    [(name, path) for name in SERVERS for path in TABLE if name in path.proven],
    ids=lambda value: getattr(value, "name", value),
    indirect=["place"],
    scope="module",
)
def test_a_file_is_proven_by_the_strongest_that_the_server_tells(place: Place, path: Path) -> None:
    place.wire.clear_faults()
    key = f"{path.name}.csv"
    sender, arrived = place.sender(key, path.data)
    place.wire.play(*path.faults)

    sender.open()
    send(sender)
    until(lambda: go_on(sender), 60, "the file proven")

    assert arrived[0].verified_by == path.proven[place.name]
    place.wire.clear_faults()
    found = place.server.body(place.store.bucket, key)
    assert found == path.data
    assert arrived[0].verify() == "sha256"
    assert key not in dict(place.server.upload_ids(place.store.bucket))


@pytest.mark.parametrize("place", SERVERS, indirect=True)
def test_what_a_server_refuses_because_of_another_object_is_never_taken(place: Place) -> None:
    place.wire.clear_faults()
    key = "taken.csv"
    place.server.client.put_object(Bucket=place.store.bucket, Key=key, Body=b"other")
    sender, arrived = place.sender(key, SINGLE)
    place.wire.play(DENIED)
    sender.open()

    assert [answer.status for answer in sender.send()] == [412]

    reply = sender.complete()
    assert isinstance(reply, protocol.Failed)
    assert (reply.code, "s3:GetObject" in reply.message) == ("exists", True)
    assert arrived == []
    place.wire.clear_faults()
    found = place.server.body(place.store.bucket, key)
    assert found == b"other"


@pytest.mark.parametrize("data", [SEVERAL, SINGLE], ids=["parts", "one part"])
@pytest.mark.parametrize("after_parts", [False, True], ids=["first", "after a file of parts"])
def test_what_a_server_stores_wrong_without_a_word_is_never_taken(
    moto: S3Server, data: bytes, *, after_parts: bool
) -> None:
    with moto.bucket() as bucket, FaultyProxy(moto.endpoint_url) as wire:
        place = Place("moto", moto, wire, Store(bucket, moto.at(wire.url).client))
        sender, arrived = place.sender("run7.csv", data)
        if after_parts:  # at whose Create the server praised itself for knowing SHA-256
            before = replace(sender, data=SEVERAL, name="before.csv", file_id="file_0000")
            assert isinstance(before.upload(), protocol.MultipartUploadCompleted)
            arrived.clear()
        wire.play(Fault(FlipBit(at_byte=2), Match(method="PUT", key="run7.csv")))

        reply = sender.upload()

        assert arrived == []
        if data == SEVERAL:  # seen in time, by the part's MD5
            assert reply == protocol.PartsMissing(file_id="file_0001", part_numbers=[1])
        else:
            assert failed(reply) == "integrity"
            assert "run7.csv" in moto.keys(bucket)  # named, and not deleted


def test_what_a_server_stores_wrong_is_never_taken_by_a_script(
    moto: S3Server, tmp_path: pathlib.Path
) -> None:
    with moto.bucket() as bucket, FaultyProxy(moto.endpoint_url) as wire:
        wire.play(Fault(FlipBit(at_byte=2), Match(method="PUT")))

        with pytest.raises(IntegrityError, match=f"s3://{bucket}/run7.csv"):
            scripts.send(
                moto.at(wire.url), make_file(tmp_path / "run7.csv", 100), f"s3://{bucket}/"
            )


@pytest.mark.parametrize("server", ["ministack", "seaweed"])
def test_a_checksum_taken_out_on_the_way_is_refused_and_not_done_without(
    server: str, request: pytest.FixtureRequest
) -> None:
    s3: S3Server = request.getfixturevalue(server)
    with s3.bucket() as bucket, FaultyProxy(s3.endpoint_url) as wire:
        place = Place(server, s3, wire, Store(bucket, s3.at(wire.url).client))
        sender, arrived = place.sender("run7.csv", SEVERAL)
        sender.open()
        wire.play(Fault(StripRequestHeaders(SHA256), Match(operation="UploadPart"), times=FOREVER))

        assert {answer.status for answer in sender.send()} <= {400, 403}

        assert isinstance(sender.complete(), protocol.PartsMissing)
        assert arrived == []


def send(sender: Sender, *numbers: int) -> None:
    """Send what S3 takes; what it refuses is asked for when the file is completed."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        sender.send(*numbers)


def go_on(sender: Sender) -> bool:
    """Complete, or send again what is asked for; whether it is complete."""
    reply = sender.complete()
    if isinstance(reply, protocol.PartsMissing):
        send(sender, *reply.part_numbers)
    elif isinstance(reply, protocol.Failed):
        assert reply.retryable, reply
    return isinstance(reply, protocol.MultipartUploadCompleted)
