"""Two pages of one widget, as in two tabs or two browsers, and one file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from support.files import make_file
from support.page.desk import PART, UNPACED, Desk
from support.page.uploading import QUICK, MiB
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.page.browser import Browsing, PageErrors

PARTS = 40
LANES = 6
SLOW = 8 * MiB
PATIENT = {**QUICK, "stallMs": 30_000}


@pytest.fixture
def other(desk: Desk, chromium: Browsing, page_errors: PageErrors) -> Iterator[Desk]:
    """A page with storage of its own, as another browser's."""
    page_errors.expect_network()
    with chromium.page(page_errors, user_agent="another browser") as second:
        yield replace(desk, page=second)


def begun(desk: Desk) -> int:
    """How many PUTs a page has begun."""
    agent = desk.page.evaluate("navigator.userAgent")
    return sum(put.request.headers.get("user-agent") == agent for put in desk.proxy.puts())


def twice(desk: Desk) -> int:
    """How many parts too many S3 took."""
    found = desk.stored()
    return len(found) - len(set(found))


def until_three_more(desk: Desk) -> None:
    """Wait until three more parts are on S3."""
    here = len(set(desk.stored()))
    until(lambda: len(set(desk.stored())) >= here + 3, 60, "three more parts on S3")


def until_told(desk: Desk) -> None:
    """Wait until the page says that another one has the file."""
    desk.expect_state("run7.bin", "failed")
    expect(desk.row("run7.bin")).to_contain_text("Another page took over run7.bin")


@pytest.mark.parametrize("transport", ["auto", "relay"])
def test_who_picks_the_file_again_takes_it_over_and_it_can_be_taken_back(
    desk: Desk, other: Desk, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", PARTS * PART)
    desk.proxy.pace_total(SLOW)
    desk.show(PATIENT)
    other.show(PATIENT)
    desk.pick(file)
    desk.until_stored(2)

    other.pick(file)
    until_told(desk)
    until_three_more(desk)  # what the first page had begun is seen by then
    given_up = begun(desk)
    until_three_more(desk)
    assert begun(desk) == given_up
    assert twice(desk) <= LANES

    desk.press("Resume run7.bin")
    until_told(other)
    desk.expect_state("run7.bin", "uploading")
    desk.proxy.pace_total(UNPACED)
    desk.until_done()
    desk.expect_state("run7.bin", "done")

    desk.assert_arrived(file)
    assert len(desk.widget.value) == 1
    assert len(desk.widget.files) == 1
    assert set(desk.stored()) == set(range(1, PARTS + 1))
    assert twice(desk) <= 2 * LANES
    assert desk.upload_ids() == []


def test_resume_all_takes_nothing_back_from_another_page(
    desk: Desk, other: Desk, tmp_path: Path
) -> None:
    files = [make_file(tmp_path / f"run{n}.bin", PARTS * PART, seed=n) for n in (7, 8)]
    desk.proxy.pace_total(SLOW)
    desk.show(PATIENT)
    other.show(PATIENT)
    desk.pick(*files)
    desk.until_stored(2)
    other.pick(files[0])
    until_told(desk)

    desk.press("Pause all")
    desk.press("Resume all")

    desk.expect_state("run8.bin", "uploading")
    desk.expect_state("run7.bin", "failed")
    other.expect_state("run7.bin", "uploading")
    desk.page.goto("about:blank")
    other.page.goto("about:blank")


@pytest.mark.parametrize("transport", ["auto", "relay"])
def test_discard_leaves_what_another_page_took_over(
    desk: Desk, other: Desk, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", PARTS * PART)
    desk.proxy.pace_total(SLOW)
    desk.show(PATIENT)
    other.show(PATIENT)
    desk.pick(file)
    desk.until_stored(2)
    other.pick(file)
    until_told(desk)

    desk.press("Discard run7.bin")

    expect(desk.row("run7.bin")).to_have_count(0)
    desk.proxy.pace_total(UNPACED)
    other.expect_state("run7.bin", "done")
    desk.assert_arrived(file)
    assert twice(desk) <= LANES
