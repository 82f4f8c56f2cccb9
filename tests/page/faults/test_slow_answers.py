"""What S3 is slow to answer holds up nothing else, and is not asked twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3upload_widget import UploadWidget
from support.files import make_file
from support.page.uploading import QUICK, MiB, assert_arrived, pick, show, until_done
from support.proxy.faults import FOREVER, Delay, Fault, Gate, Match
from support.proxy.proxy import FaultyProxy
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.servers.servers import S3Server

pytestmark = pytest.mark.usefixtures("network_may_fail")

PART = 5 * MiB


def test_others_go_on_while_s3_does_not_answer_to_discards(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    gate = Gate()
    with FaultyProxy(ministack.endpoint_url) as behind:
        behind.play(Fault(gate, Match(operation="AbortMultipartUpload"), FOREVER))
        client = ministack.at(behind.url).client
        widget = UploadWidget(bucket, client=client, browser_endpoint_url=proxy.url, part_size=PART)
        proxy.pace_total(6 * MiB)
        show(page, bridge, widget, tuning={**QUICK, "stallMs": 30_000})
        pick(page, *(make_file(tmp_path / f"run{n}.bin", 8 * PART, seed=n) for n in range(3)))
        until(lambda: len(ministack.upload_ids(bucket)) >= 2, 60, "two uploads")

        page.evaluate("void engine.abort()")
        until(lambda: len(behind.of("AbortMultipartUpload")) >= 2, 30, "two aborts under way")
        proxy.pace_total(1e12)
        pick(page, make_file(tmp_path / "new.bin", 2 * PART))

        until(lambda: [each.name for each in widget.value] == ["new.bin"], 60, lambda: widget.files)
        gate.opened.set()
        until(lambda: ministack.upload_ids(bucket) == [], 60, "nothing unfinished")


@pytest.mark.parametrize("oldest", [0.0, 0.8])
def test_a_part_that_waits_for_its_answer_is_not_sent_again_as_the_oldest_ends(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    oldest: float,
) -> None:
    for number, seconds in ((1, oldest), (2, 8.0)):
        slow = Match(operation="UploadPart", part_number=number)
        proxy.play(Fault(Delay(response=seconds), slow, FOREVER))
    widget = UploadWidget(
        bucket, client=ministack.client, browser_endpoint_url=proxy.url, part_size=PART
    )
    file = make_file(tmp_path / "run7.bin", 2 * PART)
    show(page, bridge, widget, tuning={**QUICK, "stallMs": 6000})  # an answer may take a minute

    pick(page, file)
    until_done(widget)

    assert_arrived(ministack, widget, file)
    assert [len(proxy.puts(number)) for number in (1, 2)] == [1, 1]
