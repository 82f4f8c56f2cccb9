"""Where S3 shows nothing to compare by, the object is read back; and what is said if it is not."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from s3upload_widget import upload_file
from s3upload_widget.errors import ObjectExistsError, RefusedError
from s3upload_widget.protocol import RefusedFile
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from support.clients.sender import LARGE, Sender, failed, verified_by
from support.files import make_file, sha256_of_file
from support.proxy.faults import FOREVER, Answer, Fault, LoseResponse, Match, StripResponseHeaders
from support.proxy.proxy import FaultyProxy
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from s3upload_widget.results import UploadedFile
    from support.servers.servers import S3Server

MiB = 1 << 20
PARTS = 5 * MiB + 1


@pytest.fixture
def server(juicefs: S3Server) -> S3Server:
    """Shows size and date of an object, and nothing else."""
    return juicefs


@pytest.fixture
def wire(server: S3Server) -> Iterator[FaultyProxy]:
    with FaultyProxy(server.endpoint_url) as wire:
        yield wire


def put(server: S3Server, path: Path, bucket: str, **options: Any) -> UploadedFile:
    options = {"part_size": 5 * MiB, "progress": False, **options}
    return upload_file(path, f"s3://{bucket}/", client=server.client, **options)


@pytest.mark.parametrize("size", [0, 1, PARTS], ids=["empty", "one byte", "two parts"])
def test_a_second_run_reads_back_and_sends_nothing(
    server: S3Server, wire: FaultyProxy, bucket: str, tmp_path: Path, size: int
) -> None:
    path, behind = make_file(tmp_path / "run7.bin", size), server.at(wire.url)

    first = put(behind, path, bucket)
    sent = len(wire.puts())
    second = put(behind, path, bucket)

    # What the answers to PUT and Complete show is the MD5 of what arrived.
    assert (first.verified_by, second.verified_by) == ("md5", "read")
    assert second.sha256 == sha256_of_file(path)
    assert len(wire.puts()) == sent


@pytest.mark.parametrize("at", [0, 5 * MiB], ids=["first part", "last byte"])
def test_other_bytes_that_were_read_back_are_another_object(
    server: S3Server, bucket: str, tmp_path: Path, at: int
) -> None:
    path = make_file(tmp_path / "run7.bin", PARTS)
    put(server, path, bucket)
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)

    with pytest.raises(ObjectExistsError, match="with other bytes"):
        put(server, path, bucket)


def test_what_is_too_large_is_not_read_and_the_error_says_how(
    server: S3Server, wire: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    path, behind = make_file(tmp_path / "run7.bin", 1000), server.at(wire.url)
    put(behind, path, bucket)

    with pytest.raises(ObjectExistsError, match="or read_back=1000 to have it read back"):
        put(behind, path, bucket, read_back=999)

    assert not wire.of("GetObject")
    assert put(behind, path, bucket, read_back=1000).verified_by == "read"


@pytest.mark.parametrize("read_back", [-1, 1.5, True, "1"])
def test_what_is_no_number_of_bytes_is_refused(tmp_path: Path, read_back: Any) -> None:
    with pytest.raises(RefusedError, match="read_back="):
        upload_file(make_file(tmp_path / "a", 1), "s3://lab/", read_back=read_back)


def test_parts_that_nobody_lists_are_read_back_too(moto: S3Server, tmp_path: Path) -> None:
    """An object of parts of an unlikely size, of which S3 shows the MD5 of their MD5s."""
    path = tmp_path / "run7.bin"
    path.write_bytes(os.urandom(7 * MiB + 5))
    with moto.bucket() as bucket, FaultyProxy(moto.endpoint_url) as wire:
        put(moto, path, bucket, part_size=6 * MiB + 1)
        wire.play(
            Fault(Answer(501, "NotImplemented"), Match(operation="GetObjectAttributes"), times=9),
            Fault(
                Answer(501, "NotImplemented"),
                Match(operation="HeadObject", part_number=1),
                times=FOREVER,
            ),
        )

        assert put(moto.at(wire.url), path, bucket).verified_by == "read"


LOST = Fault(LoseResponse(), Match(operation="CompleteMultipartUpload", nth=1))
"""botocore asks again, and the gateways answer that there is no such upload."""


def test_a_completion_whose_answer_was_lost_is_proven_by_reading(
    server: S3Server, wire: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    wire.play(LOST)
    path = make_file(tmp_path / "run7.bin", PARTS)

    assert put(server.at(wire.url), path, bucket).verified_by == "read"
    assert len(wire.puts()) == 2


@pytest.mark.parametrize(("read_back", "expected"), [(0, "size"), (MiB * 8, "read")])
def test_a_page_says_what_is_known_of_a_completion_whose_answer_was_lost(
    server: S3Server, wire: FaultyProxy, bucket: str, read_back: int, expected: str
) -> None:
    store = Store(bucket, server.at(wire.url).client, looks=2)
    sender = Sender(Service(store, part_size=5 * MiB, read_back=read_back), LARGE)
    sender.open()
    sender.send()
    wire.play(LOST)

    assert verified_by(sender.complete()) == expected
    assert server.body(bucket, "run7.csv") == LARGE


def test_a_gateway_that_shows_the_md5_of_the_whole_is_read_back(
    rclone: S3Server, tmp_path: Path
) -> None:
    path = make_file(tmp_path / "run7.bin", PARTS)
    with rclone.bucket() as bucket, FaultyProxy(rclone.endpoint_url) as wire:
        wire.play(LOST)

        assert put(rclone.at(wire.url), path, bucket).verified_by == "read"


@pytest.mark.parametrize("overwrite", [False, True], ids=["verify", "overwrite"])
def test_another_object_of_the_size_is_not_called_ours_after_a_lost_answer(
    server: S3Server, wire: FaultyProxy, bucket: str, *, overwrite: bool
) -> None:
    store = Store(bucket, server.at(wire.url).client, looks=2)
    sender = Sender(
        Service(store, part_size=5 * MiB, read_back=8 * MiB),
        LARGE,
        if_exists="overwrite" if overwrite else "",
    )
    sender.open()
    sender.send()
    gone = Fault(Answer(404, "NoSuchUpload"), Match(operation="CompleteMultipartUpload"))
    free = Fault(Answer(404, ""), Match(operation="HeadObject", nth=1))
    wire.play(gone, free)
    server.client.put_object(Bucket=bucket, Key="run7.csv", Body=LARGE[::-1])

    assert failed(sender.complete()) == ("no_such_upload" if overwrite else "exists")


def test_the_object_of_before_is_not_called_completed_by_its_size(
    ministack: S3Server,
) -> None:
    """The upload was aborted elsewhere, and nothing shows which bytes the object has."""
    with ministack.bucket() as bucket, FaultyProxy(ministack.endpoint_url) as wire:
        store = Store(bucket, ministack.at(wire.url).client, looks=2)
        ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=LARGE[::-1])
        sender = Sender(Service(store, part_size=5 * MiB), LARGE, if_exists="overwrite")
        sender.open()
        sender.send()
        nothing = StripResponseHeaders(("etag", "x-amz-checksum-*"))
        gone = Answer(404, "NoSuchUpload")
        wire.play(
            Fault(nothing, Match(operation="HeadObject"), times=FOREVER),
            Fault(gone, Match(operation="CompleteMultipartUpload")),
        )

        assert failed(sender.complete()) == "no_such_upload"


@pytest.mark.parametrize("size", [0, 5, len(LARGE)], ids=["empty", "one part", "two parts"])
@pytest.mark.parametrize("same", [True, False], ids=["same", "other"])
def test_a_page_that_picks_the_file_again_has_it_read_back(
    server: S3Server, wire: FaultyProxy, bucket: str, size: int, *, same: bool
) -> None:
    data = LARGE[-size:] if size else b""
    other = data[:-1] + b"!" if size else b"!"
    server.client.put_object(Bucket=bucket, Key="run7.csv", Body=data if same else other)
    arrived: list[UploadedFile] = []
    store = Store(bucket, server.at(wire.url).client)
    service = Service(
        store, part_size=5 * MiB, read_back=size, on_uploaded=arrived.append, if_exists="verify"
    )
    sender = Sender(service, data)

    answer = sender.pick()
    if not (same or size):
        assert isinstance(answer, RefusedFile)
        return
    reply, _ = sender.compare()

    assert not wire.puts()
    if same:
        assert verified_by(reply) == "read"
        assert [(file.size, file.verified_by) for file in arrived] == [(size, "read")]
    else:
        assert failed(reply) == "exists"
        assert arrived == []


def test_a_page_is_not_asked_to_hash_what_is_too_large_to_be_read_back(
    server: S3Server, wire: FaultyProxy, bucket: str
) -> None:
    server.client.put_object(Bucket=bucket, Key="run7.csv", Body=LARGE)
    service = Service(Store(bucket, server.at(wire.url).client), read_back=len(LARGE) - 1)

    answer = Sender(service, LARGE).pick()

    assert isinstance(answer, RefusedFile)
    assert "S3 reports no checksum to compare it by" in answer.message
    assert not wire.of("GetObject")


def test_reading_ends_as_soon_as_the_file_is_discarded(server: S3Server, bucket: str) -> None:
    aborted: list[object] = []
    reports: list[int] = []

    def discard(file_id: str, size: int) -> None:
        reports.append(size)
        threading.Thread(target=lambda: aborted.append(sender.abort()), daemon=True).start()
        until(lambda: service._files.get(file_id).unwanted, 30)

    service = Service(Store(bucket, server.client), read_back=len(LARGE), on_read=discard)
    server.client.put_object(Bucket=bucket, Key="run7.csv", Body=LARGE)
    sender = Sender(service, LARGE)
    sender.pick()

    reply, _ = sender.compare()

    assert failed(reply) == "aborted"
    assert len(reports) == 1
    assert 0 < reports[0] < len(LARGE)
    until(lambda: aborted, 30)


def test_an_object_above_the_limit_is_named_as_one_that_may_be_read_back(
    server: S3Server, bucket: str
) -> None:
    server.client.put_object(Bucket=bucket, Key="run7.csv", Body=LARGE)
    sender = Sender(Service(Store(bucket, server.client), read_back=1), LARGE)

    refusal = sender.refusal()
    sender.if_exists = "read"
    sender.pick()

    assert refusal.code == "incomparable"
    assert verified_by(sender.compare()[0]) == "read"
