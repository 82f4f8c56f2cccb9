"""Two tabs of one browser, on one widget or two: they share what the browser remembers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect

from support.files import make_file
from support.page.desk import PART, Desk
from support.page.uploading import QUICK, MiB

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator

    from support.page.browser import PageErrors

PARTS: Final = 20
LANES: Final = 2
LONG: Final = 60_000
PATIENT: Final = {**QUICK, "stallMs": 30_000, "lookMs": 300}


@pytest.fixture
def tab(desk: Desk, page_errors: PageErrors) -> Desk:
    """Another tab of the desk's browser, which shows nothing yet; of the same widget."""
    page_errors.expect_network()
    second = desk.page.context.new_page()
    page_errors.watch(second)
    return replace(desk, page=second)


def send(desk: Desk, folder: Path) -> Path:
    """Have a page send a file, until two parts are on S3 and the next are on their way."""
    file = make_file(folder / "run7.bin", PARTS * PART)
    desk.proxy.pace_total(10 * MiB)
    desk.show(PATIENT)
    desk.pick(file)
    desk.stop_at(2)
    return file


def held(tab: Desk) -> Locator:
    """Find the words by which the offer tells that another page is sending."""
    return tab.page.locator('.s3up-offer[data-name="run7.bin"] .s3up-held')


def take_over(tab: Desk, file: Path) -> None:
    with tab.page.expect_file_chooser() as chooser:
        tab.press("Continue run7.bin")
    chooser.value.set_files(file)


def expect_told(desk: Desk) -> None:
    """Wait until the page says that another one goes on with the file."""
    desk.expect_state("run7.bin", "failed")
    expect(desk.row("run7.bin")).to_contain_text("Another page took over run7.bin")


def test_one_tab_sends_the_other_shows_it_as_held_and_takes_it_over(
    desk: Desk, tab: Desk, tmp_path: Path
) -> None:
    desk.widget.max_concurrency = LANES
    file = send(desk, tmp_path)

    tab.show(PATIENT)
    expect(held(tab)).to_have_text(
        "Another page seems to be uploading it: Continue takes it over.", timeout=LONG
    )
    desk.expect_state("run7.bin", "uploading")

    take_over(tab, file)
    expect_told(desk)
    desk.proxy.clear_faults()
    desk.until_done()

    tab.expect_state("run7.bin", "done")
    desk.assert_arrived(file)
    every = desk.stored()
    assert set(every) == set(range(1, PARTS + 1))
    assert len(every) - len(set(every)) <= LANES  # at most those that were on their way
    assert desk.upload_ids() == []


def test_so_it_is_where_each_tab_has_a_widget_of_its_own(
    desk: Desk, tab: Desk, tmp_path: Path
) -> None:
    file = send(desk, tmp_path)
    tab = tab.with_new_widget()

    tab.show(PATIENT)
    expect(held(tab)).to_be_visible(timeout=LONG)
    desk.expect_state("run7.bin", "uploading")
    take_over(tab, file)
    expect_told(desk)

    desk.press("Resume run7.bin")
    expect_told(tab)
    desk.proxy.clear_faults()
    desk.until_done()

    desk.assert_arrived(file)
    assert set(desk.stored()) == set(range(1, PARTS + 1))
    assert desk.upload_ids() == []


def test_what_a_closed_tab_was_sending_is_held_by_nobody(
    desk: Desk, tab: Desk, tmp_path: Path
) -> None:
    send(desk, tmp_path)
    tab = tab.with_new_widget()
    tab.show(PATIENT)
    expect(held(tab)).to_be_visible(timeout=LONG)

    desk.page.close()

    expect(held(tab)).to_have_count(0, timeout=LONG)
    expect(tab.page.locator('.s3up-offer[data-name="run7.bin"]')).to_be_visible()
    assert len(desk.upload_ids()) == 1
