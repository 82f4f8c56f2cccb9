"""What is another's, a page or a file, stays so whatever the user does here meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from support.files import make_file
from support.page.uploading import (
    QUICK,
    STANDSTILL,
    MiB,
    assert_arrived,
    hold_hashing,
    pick,
    show,
    until_done,
)
from support.page.view import LONG, expect_state, press, row
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from s3upload_widget import UploadWidget
    from support.page.bridge import Bridge
    from support.page.browser import Browsing, PageErrors
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

pytestmark = pytest.mark.usefixtures("network_may_fail")

PART = 5 * MiB


@pytest.fixture
def other(chromium: Browsing, page_errors: PageErrors) -> Iterator[Page]:
    """A page with storage of its own, as another browser's."""
    with chromium.page(page_errors) as second:
        yield second


def test_discarding_a_paused_file_leaves_what_another_page_took_over(
    page: Page,
    other: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    bucket: str,
    tmp_path: Path,
) -> None:
    file = make_file(tmp_path / "run7.bin", 24 * PART)
    proxy.pace_total(20 * MiB)
    for each in (page, other):
        show(each, bridge, widget, tuning={**QUICK, "stallMs": 30_000})
    pick(page, file)
    until(lambda: [put for put in proxy.puts() if put.complete][1:], 60, "two parts")
    proxy.pace_total(STANDSTILL)
    press(page, "Pause run7.bin")
    expect_state(page, "run7.bin", "paused")
    begun = ministack.upload_ids(bucket)

    pick(other, file)
    expect(row(page, "run7.bin")).to_contain_text("Another page took over run7.bin", timeout=LONG)
    press(page, "Discard run7.bin")
    expect(row(page, "run7.bin")).to_have_count(0, timeout=LONG)

    assert ministack.upload_ids(bucket) == begun
    proxy.pace_total(1e12)
    until_done(widget)
    assert_arrived(ministack, widget, file)
    assert {put.upload_id for put in proxy.puts()} == {begun[0][1]}


def test_nothing_is_sent_into_another_files_upload_after_a_pause_while_it_is_compared(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    bucket: str,
    tmp_path: Path,
) -> None:
    theirs = ministack.client.create_multipart_upload(
        Bucket=bucket, Key="run7.bin", ChecksumAlgorithm="SHA256"
    )["UploadId"]
    ministack.client.upload_part(
        Bucket=bucket,
        Key="run7.bin",
        UploadId=theirs,
        PartNumber=5,
        Body=b"x" * PART,
        ChecksumAlgorithm="SHA256",
    )
    file = make_file(tmp_path / "run7.bin", 6 * PART)
    show(page, bridge, widget, tuning=QUICK)
    # Parts 1 and 2 are hashed before S3 is asked; this one only because S3 has it.
    hold_hashing(page, 4 * PART)
    pick(page, file)
    page.wait_for_function("globalThis.letGo !== undefined")

    press(page, "Pause run7.bin")
    expect_state(page, "run7.bin", "paused")
    press(page, "Resume run7.bin")
    until(lambda: any(put.complete for put in proxy.puts()), 60, "a part")
    page.evaluate("letGo()")
    until_done(widget)

    assert_arrived(ministack, widget, file)
    expect_state(page, "run7.bin", "done")
    assert theirs not in {put.upload_id for put in proxy.puts()}
    assert ministack.upload_ids(bucket) == [("run7.bin", theirs)]
