"""Thousands of files in one view: what is in sight is drawn, and nothing else is lost by that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from s3upload_widget import UploadWidget
from support.page.uploading import show
from support.page.view import LONG, row

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.servers.servers import S3Server


@pytest.fixture(autouse=True)
def _two_thousand_files(page: Page, bridge: Bridge, ministack: S3Server, bucket: str) -> None:
    """They wait for the kernel, which is busy."""
    show(page, bridge, UploadWidget(bucket, client=ministack.client))
    bridge.hold()
    page.evaluate("""() => engine.pick(Array.from({ length: 2000 }, (_, number) =>
      ({ file: new File(["x".repeat(1000)], `${number}.bin`), path: `${number}.bin` })))""")
    expect(page.locator(".s3up-row").first).to_be_visible(timeout=LONG)


def scroll_to_the_end(page: Page) -> None:
    """As far as it goes: rows that are drawn for the first time may be higher than thought."""
    page.get_by_role("list", name="Files").evaluate(
        "list => { list.scrollTop = list.scrollHeight; }"
    )
    expect(row(page, "1999.bin")).to_be_in_viewport(timeout=LONG)


def test_only_rows_in_sight_are_drawn_and_all_files_are_summed(page: Page) -> None:
    expect(page.locator(".s3up-sums")).to_contain_text("of 2.0 MB")
    expect(page.locator(".s3up-ready")).to_have_text("0 of 2,000 files")
    rows = page.locator(".s3up-row")
    assert rows.count() < 30
    expect(rows.first).to_have_attribute("aria-posinset", "1")
    expect(rows.first).to_have_attribute("aria-setsize", "2000")

    scroll_to_the_end(page)

    assert rows.count() < 30
    expect(row(page, "1999.bin")).to_have_attribute("aria-posinset", "2000")
    expect(row(page, "0.bin")).to_have_count(0)


def test_the_focus_stays_on_a_row_that_is_scrolled_out_of_sight(page: Page) -> None:
    button = page.get_by_role("button", name="Discard 2.bin", exact=True)
    button.focus()

    scroll_to_the_end(page)

    expect(button).to_be_focused()
    expect(row(page, "9.bin")).to_have_count(0)
    expect(page.get_by_role("button", name="Pause 1.bin", exact=True)).to_be_attached()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Pause 2.bin", exact=True)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Discard 1.bin", exact=True)).to_be_focused()


def test_tab_leads_through_rows_that_are_drawn_on_the_way(page: Page) -> None:
    page.get_by_role("button", name="Discard 0.bin", exact=True).focus()

    for number in range(1, 31):
        for action in ("Pause", "Discard"):
            page.keyboard.press("Tab")
            button = page.get_by_role("button", name=f"{action} {number}.bin", exact=True)
            expect(button).to_be_focused()

    expect(row(page, "30.bin")).to_be_in_viewport()
    assert page.locator(".s3up-row").count() < 30
