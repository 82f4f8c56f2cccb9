"""Two scripts that upload to one key at once: each ends well, or says what arrived instead."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from typing import TYPE_CHECKING, Final

import pytest

from s3upload_widget.errors import ObjectExistsError
from support.clients.scripts import send
from support.files import make_file, sha256_of_file, sha256_of_object
from support.proxy.faults import FOREVER, Fault, Gate, Match
from support.waiting import until

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from s3upload_widget.uploader import Outcome
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

KiB: Final = 1 << 10
PARTS: Final = 10
KEY: Final = "run7.bin"


def both(
    server: S3Server, proxy: FaultyProxy, bucket: str, first: Path, second: Path, held: str
) -> list[Future[Outcome]]:
    """Let two scripts come to the same operation, and only then go on; neither finds the other's."""
    gates = {step: Gate() for step in ("CreateMultipartUpload", held)}
    proxy.play(*(Fault(gate, Match(operation=step), FOREVER) for step, gate in gates.items()))
    behind = server.at(proxy.url)
    with ThreadPoolExecutor(2) as pool:
        scripts = [
            pool.submit(send, behind, file, f"s3://{bucket}/{KEY}", max_concurrency=2)
            for file in (first, second)
        ]
        try:
            for step, gate in gates.items():
                until(partial(are_at, proxy, step), 60, "two scripts at one point")
                gate.opened.set()
        finally:
            for gate in gates.values():
                gate.opened.set()
        wait(scripts)
    return scripts


def are_at(proxy: FaultyProxy, step: str) -> bool:
    return len(proxy.of(step)) == 2


@pytest.mark.parametrize("held", ["CreateMultipartUpload", "CompleteMultipartUpload"])
def test_two_that_send_the_same_bytes_both_end_well(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path, held: str
) -> None:
    file = make_file(tmp_path / KEY, PARTS * KiB - 7)

    outcomes = [script.result() for script in both(ministack, proxy, bucket, file, file, held)]

    assert [each.uploaded.sha256 for each in outcomes] == [sha256_of_file(file)] * 2
    assert sha256_of_object(ministack.client, bucket, KEY) == sha256_of_file(file)
    sent = [put.part_number for put in proxy.puts()]
    assert set(sent) == set(range(1, PARTS + 1))
    assert len(sent) <= 2 * PARTS
    assert ministack.upload_ids(bucket) == []


@pytest.mark.parametrize("held", ["CreateMultipartUpload", "CompleteMultipartUpload"])
def test_of_two_that_send_other_bytes_the_loser_says_that_others_arrived(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path, held: str
) -> None:
    (tmp_path / "other").mkdir()
    files = [
        make_file(tmp_path / KEY, PARTS * KiB - 7, seed=1),
        make_file(tmp_path / "other" / KEY, PARTS * KiB - 7, seed=2),
    ]

    scripts = both(ministack, proxy, bucket, files[0], files[1], held)

    [won] = [script.result() for script in scripts if script.exception() is None]
    [lost] = [script.exception() for script in scripts if script.exception() is not None]
    assert isinstance(lost, ObjectExistsError), lost
    assert f"s3://{bucket}/{KEY}" in str(lost)
    assert sha256_of_object(ministack.client, bucket, KEY) == won.uploaded.sha256
    assert sorted(put.part_number for put in proxy.puts()) == sorted([*range(1, PARTS + 1)] * 2)
