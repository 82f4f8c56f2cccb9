"""What other pages and other people have begun: offered, watched, taken over."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from support.files import make_file
from support.page.desk import PART, UNPACED, Desk
from support.page.offers import FAST, Begun, choose, offer
from support.page.uploading import MiB
from support.page.view import LONG
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.page.browser import Browsing, PageErrors


@pytest.fixture
def other(desk: Desk, chromium: Browsing, page_errors: PageErrors) -> Iterator[Desk]:
    """A page with storage of its own, as another browser's."""
    with chromium.page(page_errors) as page:
        yield replace(desk, page=page)


def test_another_browser_is_offered_what_this_kernel_began(other: Desk, begun: Begun) -> None:
    other.show(FAST)
    expect(offer(other)).to_contain_text("of 42 MB on S3", timeout=LONG)
    choose(other, "Continue run7.bin", begun.file)
    other.until_done()

    other.assert_arrived(begun.file)
    assert set(other.sent()) == begun.rest


def test_uploads_of_others_stand_behind_one_line(desk: Desk) -> None:
    for key in ("raw/theirs.bin", "raw/more/theirs.bin", "elsewhere.bin"):
        created = desk.server.client.create_multipart_upload(Bucket=desk.bucket, Key=key)
        desk.server.client.upload_part(
            Bucket=desk.bucket,
            Key=key,
            UploadId=created["UploadId"],
            PartNumber=1,
            Body=b"x" * PART,
        )
    desk.show(FAST)

    expect(desk.page.locator(".s3up-others")).to_contain_text(
        "2 unfinished uploads by others", timeout=LONG
    )
    expect(offer(desk, "theirs.bin")).to_have_count(0)
    desk.page.get_by_role("button", name="Show", exact=True).click()
    theirs = offer(desk, "theirs.bin")
    expect(theirs).to_have_count(2)
    expect(theirs.first).to_contain_text(
        re.compile(r"5.2 MB on S3 · started .* · in progress else")
    )
    expect(theirs.first.get_by_role("button")).to_have_text(["Discard"])
    theirs.first.get_by_role("button").click()
    expect(theirs.first).to_contain_text("Delete what somebody else uploaded?")
    assert len(desk.upload_ids()) == 3
    theirs.first.get_by_role("button", name="Discard").click()
    expect(theirs).to_have_count(1, timeout=LONG)
    assert len(desk.upload_ids()) == 2


def test_what_another_page_is_sending_can_be_taken_over(
    desk: Desk, other: Desk, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 24 * PART)
    desk.proxy.pace_total(3 * MiB)
    desk.show(FAST)
    desk.pick(file)
    desk.until_stored(3)

    other.show(FAST)
    expect(offer(other)).to_contain_text("Another page seems to be uploading it", timeout=LONG)
    early = offer(other).locator(".s3up-facts").inner_text()
    expect(offer(other).locator(".s3up-facts")).not_to_have_text(early, timeout=LONG)
    choose(other, "Continue run7.bin", file)
    expect(desk.page.locator(".s3up-row")).to_contain_text(
        "Another page took over run7.bin", timeout=LONG
    )
    desk.proxy.pace_total(UNPACED)
    desk.until_done()

    desk.assert_arrived(file)
    # What the first page had in flight when the second one asked may arrive twice.
    assert len(desk.stored()) - len(set(desk.stored())) <= 2


def test_a_page_that_is_there_already_shows_what_another_one_begins_until_it_is_done(
    desk: Desk, other: Desk, tmp_path: Path
) -> None:
    other.show({**FAST, "lookMs": 200})
    expect(other.page.get_by_text("to s3://")).to_be_visible(timeout=LONG)
    desk.proxy.pace_total(MiB)
    desk.show(FAST)

    desk.pick(make_file(tmp_path / "run7.bin", 12 * PART))

    expect(offer(other)).to_contain_text("Another page seems to be uploading it", timeout=LONG)
    desk.proxy.pace_total(UNPACED)
    desk.until_done()
    expect(offer(other)).to_have_count(0, timeout=LONG)


def test_a_page_does_not_watch_what_it_is_sending_itself(desk: Desk, tmp_path: Path) -> None:
    desk.proxy.pace_total(20 * MiB)
    desk.show({**FAST, "lookMs": 100})
    desk.pick(make_file(tmp_path / "run7.bin", 24 * PART))
    desk.until_stored(1)
    desk.page.evaluate("engine.refresh()")
    looks = len(desk.asked("list_unfinished"))

    desk.until_stored(9)

    assert len(desk.asked("list_unfinished")) == looks


def test_views_that_come_and_go_do_not_make_the_page_look_more_often(
    desk: Desk, other: Desk, tmp_path: Path
) -> None:
    desk.proxy.pace_total(5 * MiB)
    desk.show(FAST)
    desk.pick(make_file(tmp_path / "run7.bin", 40 * PART))
    desk.until_stored(1)

    other.show({**FAST, "lookMs": 2000})
    for _ in range(6):
        other.page.evaluate("engine.refresh()")
    looks, began = len(desk.asked("list_unfinished")), time.monotonic()
    until(lambda: len(desk.asked("list_unfinished")) >= looks + 3, 60, "more looks")

    took = time.monotonic() - began
    other.page.goto("about:blank")
    desk.page.goto("about:blank")
    assert took >= 3  # with a timer for each view it would be less than 2
