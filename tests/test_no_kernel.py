"""What a page says while no kernel answers it, or one that does not understand it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from s3upload_widget import UploadWidget
from support.files import make_file
from support.uploading import QUICK, MiB, asked, assert_arrived, pick, show, until_done
from support.view import LONG, row
from support.waiting import until
from test_adoption import show_in_place, widget_of

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from support.bridge import Bridge
    from support.browser import PageErrors
    from support.proxy import FaultyProxy
    from support.servers import S3Server

PART = 5 * MiB
SOON = {**QUICK, "kernelMissingMs": 500, "kernelDoubtMs": 200, "kernelSilentMs": 400}


@pytest.fixture
def widget(bridge: Bridge, ministack: S3Server, bucket: str) -> UploadWidget:
    return UploadWidget(bucket, client=ministack.client)


def zone(page: Page) -> Locator:
    return page.locator(".s3up-zone")


def test_where_no_kernel_answers_the_page_says_what_to_do_and_goes_on_when_one_does(
    page: Page, bridge: Bridge, ministack: S3Server, widget: UploadWidget, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 10)
    bridge.hold()
    show(page, bridge, widget, tuning=SOON)
    expect(zone(page)).to_contain_text("No kernel answers. Run the cell", timeout=LONG)
    expect(zone(page)).not_to_contain_text("Connecting")

    pick(page, file)
    expect(row(page, "run7.bin")).to_contain_text("No kernel answers", timeout=LONG)
    expect(row(page, "run7.bin")).not_to_contain_text("a cell is running")
    bridge.release()
    until_done(widget)

    assert_arrived(ministack, widget, file)
    expect(zone(page)).not_to_contain_text("No kernel answers")


def test_after_a_restart_the_page_says_that_nothing_has_to_be_picked_again(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    page_errors: PageErrors,
    tmp_path: Path,
) -> None:
    page_errors.expect_network()
    page_errors.expect("Cannot send")
    file = make_file(tmp_path / "run7.bin", 16 * PART)
    proxy.pace_total(20 * MiB)
    show(page, bridge, widget_of(ministack, bucket, proxy), tuning=SOON)
    pick(page, file)
    until(lambda: any(put.complete for put in proxy.puts()), 30, "a part")

    bridge.restart_kernel()
    expect(zone(page)).to_contain_text("nothing has to be picked again", timeout=LONG)
    proxy.pace_total(1e12)
    expect(row(page, "run7.bin")).to_contain_text("nothing has to be picked again", timeout=LONG)
    widget = widget_of(ministack, bucket, proxy)
    show_in_place(page, bridge, widget)
    until_done(widget)

    assert_arrived(ministack, widget, file)
    expect(zone(page)).not_to_contain_text("picked again")


def test_a_page_of_another_release_says_so_alone_and_asks_for_nothing(
    page: Page,
    bridge: Bridge,
    widget: UploadWidget,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("s3upload_widget.conversation.VERSION", 99)
    show(page, bridge, widget, tuning=SOON)
    expect(zone(page)).to_contain_text("different releases", timeout=LONG)
    expect(zone(page)).not_to_contain_text("Connecting")

    pick(page, make_file(tmp_path / "run7.bin", 10))

    expect(row(page, "run7.bin")).to_have_count(0)
    assert asked(bridge, "pick_files") == []
    expect(zone(page)).not_to_contain_text("No kernel")
