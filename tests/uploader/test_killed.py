"""A script that is killed again and again loses no part that S3 has."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

import pytest

from support.clients.scripts import send, start
from support.files import make_file, sha256_of_object
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

KiB: Final = 1 << 10
PARTS: Final = 160
KILLS: Final = 10


def parts_on_s3(server: S3Server, bucket: str) -> set[int]:
    """The part numbers that S3 holds, in whichever upload."""
    return {
        part["PartNumber"]
        for key, upload_id in server.upload_ids(bucket)
        for part in server.client.list_parts(Bucket=bucket, Key=key, UploadId=upload_id).get(
            "Parts", []
        )
    }


def bytes_sent(proxy: FaultyProxy) -> int:
    return sum(put.body_bytes for put in proxy.puts())


@pytest.mark.parametrize("seed", [7])
@pytest.mark.seconds(30)
def test_ten_kills_cost_no_part_that_arrived(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path, seed: int
) -> None:
    path = make_file(tmp_path / "run7.bin", PARTS * KiB - 100, seed)
    draw = random.Random(seed)  # noqa: S311 - repeatable, no secret
    uri = f"s3://{bucket}/raw/run7.bin"
    watched = ministack.at(proxy.url)
    proxy.pace_total(24 * KiB)
    for _ in range(KILLS):
        held = parts_on_s3(ministack, bucket)
        proxy.forget()
        threshold = draw.randrange(8 * KiB)
        script = start(watched, path, uri)
        with script:
            until(lambda: bytes_sent(proxy) > threshold, 120)  # noqa: B023 - called at once
            script.kill()
        proxy.silence()
        sent = [put.part_number for put in proxy.puts()]
        assert not held & set(sent)
        assert len(sent) == len(set(sent))
        assert held <= parts_on_s3(ministack, bucket)

    held = parts_on_s3(ministack, bucket)
    proxy.clear_faults()
    proxy.forget()
    outcome = send(watched, path, uri)

    assert outcome.stats.kept == len(held) > KILLS
    assert {put.part_number for put in proxy.puts()} == set(range(1, PARTS + 1)) - held
    assert len(proxy.puts()) == PARTS - len(held)
    assert outcome.uploaded.sha256 == sha256_of_object(ministack.client, bucket, "raw/run7.bin")
    assert parts_on_s3(ministack, bucket) == set()
