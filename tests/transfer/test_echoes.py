"""A SHA-256 that a server repeats and never checked is no proof, whoever asks, however often."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from s3upload_widget import upload_file, upload_stream
from s3upload_widget.checksums import sha256
from s3upload_widget.errors import IntegrityError, ObjectExistsError
from support.clients.comparing import planned, service_at
from support.clients.sender import Sender, failed
from support.files import make_file
from support.proxy.faults import FOREVER, Fault, FlipBit, Match, StripRequestHeaders
from support.proxy.proxy import FaultyProxy
from support.servers.existing import listed_parts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.servers.servers import S3Server

MiB = 1 << 20
DAMAGED = (
    Fault(FlipBit(at_byte=2), Match(method="PUT", key="run7.csv")),
    # No digest guards the way: what is left is what the server tells afterwards.
    Fault(StripRequestHeaders(("content-md5",)), Match(method="PUT"), times=FOREVER),
)


@pytest.fixture
def echoing(moto: S3Server) -> Iterator[tuple[S3Server, FaultyProxy, str]]:
    """A server that checks nothing, and the wire to it."""
    with moto.bucket() as bucket, FaultyProxy(moto.endpoint_url) as wire:
        yield moto.at(wire.url), wire, bucket


def test_a_script_that_runs_again_does_not_call_damage_verified(
    echoing: tuple[S3Server, FaultyProxy, str], tmp_path: Path
) -> None:
    server, wire, bucket = echoing
    file, uri = make_file(tmp_path / "run7.csv", 100), f"s3://{bucket}/"
    wire.play(*DAMAGED)

    with pytest.raises(IntegrityError):
        upload_file(file, uri, client=server.client, part_size=5 * MiB, progress=False)

    for _ in range(2):
        with pytest.raises(ObjectExistsError, match="with other bytes"):
            upload_file(file, uri, client=server.client, part_size=5 * MiB, progress=False)


def test_of_an_encrypted_object_that_differs_no_more_is_claimed_than_its_size(
    echoing: tuple[S3Server, FaultyProxy, str], tmp_path: Path
) -> None:
    server, wire, bucket = echoing
    file, uri = make_file(tmp_path / "run7.csv", 100), f"s3://{bucket}/"
    encrypted = {"ServerSideEncryption": "aws:kms"}
    wire.play(*DAMAGED)

    def send() -> str:
        client = server.client
        return upload_file(
            file, uri, client=client, extra_args=encrypted, progress=False
        ).verified_by

    assert send() == "size"  # its ETag may be anything, so nothing is wrong for sure
    with pytest.raises(ObjectExistsError, match="with other bytes"):
        send()


def test_a_damaged_part_is_sent_again_also_where_its_sha256_is_told_as_sent(
    echoing: tuple[S3Server, FaultyProxy, str], tmp_path: Path
) -> None:
    server, wire, bucket = echoing
    file, uri = make_file(tmp_path / "run7.csv", 5 * MiB + 1), f"s3://{bucket}/"
    wire.play(DAMAGED[1], Fault(FlipBit(at_byte=2), Match(method="PUT", part_number=1)))

    upload_file(file, uri, client=server.client, part_size=5 * MiB, progress=False)

    assert len(wire.puts()) == 3
    assert server.body(bucket, "run7.csv") == file.read_bytes()


def test_a_damaged_part_of_a_stream_is_sent_again_when_its_producer_repeats_itself(
    echoing: tuple[S3Server, FaultyProxy, str],
) -> None:
    server, wire, bucket = echoing
    data, uri = os.urandom(10 * MiB), f"s3://{bucket}/run7.csv"
    wire.play(DAMAGED[1], Fault(FlipBit(at_byte=2), Match(method="PUT", part_number=2)))

    def write() -> None:
        options: dict[str, Any] = {"client": server.client, "part_size": 5 * MiB, "progress": False}
        with upload_stream(uri, skip=True, **options) as stream:
            stream.write(data)

    with pytest.raises(IntegrityError):
        write()
    ((key, upload_id),) = server.upload_ids(bucket)
    there = server.client.list_parts(Bucket=bucket, Key=key, UploadId=upload_id)["Parts"]
    echo = listed_parts(
        (part["ETag"], sha256(data[start : start + 5 * MiB]), 5 * MiB)
        for start, part in zip((0, 5 * MiB), there, strict=True)
    )
    wire.play(Fault(echo, Match(operation="ListParts")))
    write()

    assert sorted(put.part_number for put in wire.puts()) == [1, 2, 2]
    assert server.body(bucket, "run7.csv") == data


def test_a_page_that_picks_the_file_again_is_told_of_other_bytes(
    echoing: tuple[S3Server, FaultyProxy, str],
) -> None:
    server, wire, bucket = echoing
    wire.play(*DAMAGED)
    first = Sender(service_at(server, bucket), b"hello")
    assert failed(first.upload()) == "integrity"

    again = planned(service_at(server, bucket), b"hello")

    assert failed(again.compare()[0]) == "exists"


def test_every_part_that_goes_elsewhere_than_to_aws_has_its_md5(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    behind = ministack.at(proxy.url)
    file = make_file(tmp_path / "run7.csv", 5 * MiB + 1)

    upload_file(file, f"s3://{bucket}/", client=behind.client, part_size=5 * MiB, progress=False)

    assert len(proxy.puts()) == 2
    assert all(put.request.headers.get("content-md5") for put in proxy.puts())


def test_the_md5_of_the_whole_is_no_evidence_against_parts(
    rclone: S3Server, tmp_path: Path
) -> None:
    """rclone tells it of an object of parts too, and of those parts only in Complete's answer."""
    file = make_file(tmp_path / "run7.csv", 5 * MiB + 1)
    with rclone.bucket() as bucket:
        uri = f"s3://{bucket}/"
        proofs = [
            upload_file(
                file, uri, client=rclone.client, part_size=5 * MiB, progress=False
            ).verified_by
            for _ in range(2)
        ]

    assert proofs == ["md5", "md5"]
