"""The whole file's checksum is made beside the sending: no part waits for the file's order."""

from __future__ import annotations

import hashlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from s3upload_widget.uploader.part_reader import WAITING, FileDigest
from s3upload_widget.uploader.sources import LocalFile
from support.clients.scripts import assert_is_there, send
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

KiB = 1 << 10


class SlowToBegin(LocalFile):
    """A file whose first part is read only when a test allows it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.first_may_be_read = threading.Event()
        self.offsets: list[int] = []

    def read(self, offset: int, length: int) -> bytes:
        """The same bytes, the first of them late."""
        self.offsets.append(offset)
        if offset == 0:
            assert self.first_may_be_read.wait(60)
        return super().read(offset, length)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of 20 parts."""
    path = tmp_path / "run7.bin"
    path.write_bytes(os.urandom(19 * KiB + 1))
    return path


def test_parts_are_sent_while_an_earlier_one_is_still_read(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path
) -> None:
    source = SlowToBegin(file)
    with ThreadPoolExecutor(1) as beside:
        upload = beside.submit(
            send, ministack.at(proxy.url), source, f"s3://{bucket}/k", max_concurrency=4
        )
        try:
            until(lambda: sum(put.complete for put in proxy.of("UploadPart")) >= WAITING)
        finally:
            source.first_may_be_read.set()
        assert_is_there(ministack, upload.result().uploaded, file)


def test_no_more_parts_are_read_than_may_wait_for_an_earlier_one(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path
) -> None:
    source, lanes = SlowToBegin(file), 3
    with ThreadPoolExecutor(1) as beside:
        upload = beside.submit(
            send, ministack.at(proxy.url), source, f"s3://{bucket}/k", max_concurrency=lanes
        )
        try:
            until(lambda: sum(put.complete for put in proxy.of("UploadPart")) >= WAITING)
            ahead = len(source.offsets)
        finally:
            source.first_may_be_read.set()
        assert_is_there(ministack, upload.result().uploaded, file)

    assert ahead <= WAITING + lanes


@pytest.mark.parametrize("seed", range(5))
def test_parts_that_come_in_any_order_make_one_digest(seed: int) -> None:
    parts = {number: os.urandom(number) for number in range(1, 50)}
    order = sorted(parts, key=lambda number: hashlib.sha256(bytes([seed, number])).digest())
    digest = FileDigest(waiting=len(parts))

    with ThreadPoolExecutor(4) as lanes:
        list(lanes.map(lambda number: digest.add(number, parts[number]), order))

    assert digest.hexadecimal() == hashlib.sha256(b"".join(parts.values())).hexdigest()
    digest.stop()


def test_whoever_waits_for_room_is_woken_by_a_stop_or_by_the_part_whose_turn_it_is() -> None:
    digest = FileDigest(waiting=1)
    digest.add(2, b"b")
    digest.make_room(1)
    with ThreadPoolExecutor(1) as lane:
        waiting = lane.submit(digest.make_room, 3)
        assert not waiting.done()
        digest.add(1, b"a")
        waiting.result(60)
    assert digest.hexadecimal() == hashlib.sha256(b"ab").hexdigest()

    digest.add(5, b"e")
    with ThreadPoolExecutor(1) as lane:
        waiting = lane.submit(digest.make_room, 6)
        digest.stop()
        waiting.result(60)
