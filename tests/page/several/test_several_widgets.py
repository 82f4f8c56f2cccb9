"""Several widgets of one place in one page leave each other's uploads alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from s3upload_widget import UploadWidget
from support.files import make_file
from support.page.uploading import (
    QUICK,
    STANDSTILL,
    MiB,
    asked,
    assert_arrived,
    pick,
    restart_kernel,
    show,
    until_done,
)
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.page.browser import PageErrors
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

PART = 5 * MiB
PATIENT = {**QUICK, "stallMs": 30_000}


@pytest.fixture(autouse=True)
def _cut_requests_are_no_surprise(page_errors: PageErrors) -> None:
    page_errors.expect_network()
    page_errors.expect("Cannot send")


def widget_of(server: S3Server, bucket: str, proxy: FaultyProxy) -> UploadWidget:
    return UploadWidget(
        bucket, client=server.client, browser_endpoint_url=proxy.url, part_size=PART
    )


def add(page: Page, bridge: Bridge, widget: UploadWidget) -> None:
    """Show another widget in the page."""
    bridge.url(widget)
    page.evaluate("(id) => mount(id, 1)", widget.model_id)


def test_what_one_widget_sends_no_other_one_offers(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    first, second = (widget_of(ministack, bucket, proxy) for _ in range(2))
    file = make_file(tmp_path / "run7.bin", 20 * PART)
    proxy.pace_total(10 * MiB)
    show(page, bridge, first, tuning=PATIENT)
    pick(page, file)
    until(lambda: any(put.complete for put in proxy.puts()), 60, "a part")

    looks = len(asked(bridge, "list_unfinished"))
    add(page, bridge, second)
    until(lambda: len(asked(bridge, "list_unfinished")) > looks, 30, "the other one's look")

    offers = page.locator(".s3up").nth(1).locator(".s3up-offer")
    until(lambda: [put for put in proxy.puts() if put.complete][4:], 60, "more parts")
    expect(offers).to_have_count(0)
    proxy.pace_total(1e12)
    until_done(first)
    assert_arrived(ministack, first, file)
    expect(offers).to_have_count(0)


def test_after_a_restart_the_cell_that_is_run_takes_what_nobody_shows_first(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    first, second = (widget_of(ministack, bucket, proxy) for _ in range(2))
    files = [make_file(tmp_path / f"run{n}.bin", 6 * PART, seed=n) for n in (1, 2)]
    proxy.pace_total(10 * MiB)
    show(page, bridge, first, tuning=PATIENT)
    pick(page, files[0])
    add(page, bridge, second)
    page.locator(".s3up").nth(1).locator("input[type=file]").first.set_input_files(files[1])
    until(lambda: {first.state, second.state} == {"uploading"}, 60, lambda: (first, second))

    proxy.pace_total(STANDSTILL)
    restart_kernel(page, bridge)
    page.evaluate("removeView()")  # the second cell's output: it is run again
    again = widget_of(ministack, bucket, proxy)
    add(page, bridge, again)
    until(lambda: [each.name for each in again.files] == ["run2.bin"], 60, lambda: again.files)
    proxy.pace_total(1e12)

    until_done(again)
    assert_arrived(ministack, again, files[1])
