"""Whatever becomes of the messages between page and kernel, each part is sent once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.files import make_file
from support.page.lane import unreliable
from support.page.uploading import QUICK, MiB, assert_arrived, pick, show, until_done
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from s3upload_widget import UploadWidget
    from support.page.bridge import Bridge
    from support.page.browser import PageErrors
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

PART = 5 * MiB
PARTS = 13
OFTEN = {**QUICK, "stallMs": 30_000, "resendMs": [100, 200, 400, 800]}
EACH_ONCE = [[200]] * PARTS


def statuses(proxy: FaultyProxy) -> list[list[int]]:
    """What each PUT of each part was answered."""
    return [[put.status for put in proxy.puts(number)] for number in range(1, PARTS + 1)]


@pytest.mark.parametrize("seed", range(8))
def test_messages_may_be_lost_late_doubled_and_out_of_order(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    tmp_path: Path,
    seed: int,
) -> None:
    file = make_file(tmp_path / "run7.bin", PARTS * PART - 7, seed)
    show(page, bridge, widget, tuning=OFTEN)
    bridge.to_kernel.fate = unreliable(seed)
    bridge.to_page.fate = unreliable(seed + 100)

    pick(page, file)
    until_done(widget)

    assert_arrived(ministack, widget, file)
    assert statuses(proxy) == EACH_ONCE
    assert ministack.upload_ids(widget.value[0].bucket) == []


@pytest.mark.parametrize("seed", range(4))
def test_so_may_they_while_an_upload_that_is_gone_begins_anew(
    page: Page,
    page_errors: PageErrors,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    bucket: str,
    tmp_path: Path,
    seed: int,
) -> None:
    page_errors.expect_network()
    file = make_file(tmp_path / "run7.bin", PARTS * PART - 7, seed)
    proxy.pace_total(20 * MiB)
    show(page, bridge, widget, tuning=OFTEN)
    pick(page, file)
    until(lambda: any(put.complete for put in proxy.puts()), 30, "a first part on S3")

    bridge.to_kernel.fate = unreliable(seed)
    bridge.to_page.fate = unreliable(seed + 100)
    [(_, gone)] = ministack.upload_ids(bucket)
    ministack.empty(bucket)
    proxy.pace_total(1e12)
    until_done(widget)

    assert_arrived(ministack, widget, file)
    anew = [put for put in proxy.puts() if put.upload_id != gone]
    assert sorted(put.part_number for put in anew) == list(range(1, PARTS + 1))
    assert ministack.upload_ids(bucket) == []
