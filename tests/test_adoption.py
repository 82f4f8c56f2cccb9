"""A new widget goes on with what the page is sending, without any file picked again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3upload_widget import UploadWidget
from support.files import make_file
from support.uploading import QUICK, MiB, assert_arrived, pick, show, states, until_done
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.bridge import Bridge
    from support.browser import PageErrors
    from support.proxy import FaultyProxy
    from support.servers import S3Server

PART = 5 * MiB


@pytest.fixture(autouse=True)
def _cut_requests_are_no_surprise(page_errors: PageErrors) -> None:
    page_errors.expect_network()
    page_errors.expect("Cannot send")


def widget_of(server: S3Server, bucket: str, proxy: FaultyProxy, prefix: str = "") -> UploadWidget:
    return UploadWidget(
        bucket, prefix, client=server.client, browser_endpoint_url=proxy.url, part_size=PART
    )


def show_in_place(page: Page, bridge: Bridge, widget: UploadWidget) -> None:
    """Run the cell again: its output is cleared, then the new widget is shown."""
    page.evaluate("removeView()")
    bridge.url(widget)
    page.evaluate("(id) => mount(id, 1)", widget.model_id)


@pytest.mark.parametrize("restarted", [True, False], ids=["kernel restarted", "cell run again"])
def test_a_running_upload_goes_on_under_the_new_widget(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    restarted: bool,
) -> None:
    file = make_file(tmp_path / "run7.bin", 16 * PART)
    proxy.pace_total(20 * MiB)
    show(page, bridge, widget_of(ministack, bucket, proxy), tuning=QUICK)
    pick(page, file)
    until(lambda: len([put for put in proxy.puts() if put.complete]) >= 3, 30, "three parts")

    if restarted:
        bridge.restart_kernel()
    widget = widget_of(ministack, bucket, proxy)
    show_in_place(page, bridge, widget)
    until(lambda: widget.files, 20, "the file in the new widget")
    proxy.pace_total(1e12)
    until_done(widget)

    assert_arrived(ministack, widget, file)
    assert states(page) == {"run7.bin": "done"}
    stored = [len([put for put in proxy.puts(part) if put.complete]) for part in range(1, 17)]
    assert stored == [1] * 16
    assert ministack.upload_ids(bucket) == []


def test_what_is_discarded_under_a_new_kernel_is_deleted_too(
    page: Page, bridge: Bridge, ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    proxy.pace_total(20 * MiB)
    show(page, bridge, widget_of(ministack, bucket, proxy), tuning=QUICK)
    pick(page, make_file(tmp_path / "run7.bin", 16 * PART))
    until(lambda: len([put for put in proxy.puts() if put.complete]) >= 3, 30, "three parts")
    page.evaluate("engine.pause()")

    bridge.restart_kernel()
    show_in_place(page, bridge, widget_of(ministack, bucket, proxy))
    assert len(ministack.upload_ids(bucket)) == 1
    page.get_by_role("button", name="Discard run7.bin").click()
    page.get_by_role("button", name="Discard run7.bin").click()

    until(lambda: ministack.upload_ids(bucket) == [], 20, "nothing left on S3")
    until(lambda: states(page) == {}, what=lambda: states(page))


def test_two_widgets_of_one_place_do_not_steal_from_each_other(
    page: Page, bridge: Bridge, ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    first, second = (widget_of(ministack, bucket, proxy) for _ in range(2))
    proxy.pace_total(20 * MiB)
    show(page, bridge, first, tuning=QUICK)
    pick(page, make_file(tmp_path / "run7.bin", 6 * PART))
    until(lambda: first.state == "uploading", what="an upload")

    bridge.url(second)
    page.evaluate("(id) => mount(id, 1)", second.model_id)
    until(lambda: page.locator(".s3up").count() == 2, what="two widgets")
    until_done(first)

    assert second.files == ()
    assert page.locator(".s3up-row").count() == 1
