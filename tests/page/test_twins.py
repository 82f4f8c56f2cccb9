"""Two files of one path, size and date, as camera cards and simulation runs have them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from support.files import make_file
from support.page.desk import PART
from support.page.view import LONG
from support.proxy.faults import Fault, Gate, Match

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.page.desk import Desk

pytestmark = pytest.mark.usefixtures("network_may_fail")
SIZE = 3 * PART


@pytest.fixture
def card(tmp_path: Path) -> Callable[[str, int], Path]:
    """Makes the same path on another card; ``last`` is the last byte, all others are equal."""
    data = bytearray(make_file(tmp_path / "data", SIZE).read_bytes())

    def make(name: str, last: int) -> Path:
        path = tmp_path / name / "DCIM" / "run7.bin"
        path.parent.mkdir(parents=True)
        data[-1] = last
        path.write_bytes(data)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        return path

    return make


def test_a_second_file_of_one_path_size_and_date_does_not_vanish(
    desk: Desk, card: Callable[[str, int], Path]
) -> None:
    first, second = card("one", 1), card("two", 2)
    gate = Gate()
    desk.proxy.play(Fault(gate, Match(operation="UploadPart", part_number=3)))
    desk.show()
    desk.pick(first)
    desk.until_stored(1)

    desk.pick(second)

    rows = desk.page.locator(".s3up-row")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("another picked file already goes to", timeout=LONG)
    gate.opened.set()
    rows.nth(1).get_by_role("button", name="Keep both").click()
    desk.until_done(2)
    assert desk.body("run7.bin") == first.read_bytes()
    assert desk.body("run7-1.bin") == second.read_bytes()


def test_two_such_files_of_one_pick_both_arrive(
    desk: Desk, card: Callable[[str, int], Path]
) -> None:
    first, second = card("one", 1), card("two", 2)
    desk.show()

    desk.pick(first, second)

    rows = desk.page.locator(".s3up-row")
    expect(rows).to_have_count(2)
    rows.nth(1).get_by_role("button", name="Keep both").click(timeout=LONG)
    desk.until_done(2)
    assert desk.body("run7.bin") == first.read_bytes()
    assert desk.body("run7-1.bin") == second.read_bytes()


@pytest.mark.parametrize("times", [1, 2], ids=["once more", "and its twin once more"])
def test_a_pick_that_adds_nothing_says_so(
    desk: Desk, card: Callable[[str, int], Path], times: int
) -> None:
    files = [card("one", 1), card("two", 2)][:times]
    desk.show()
    desk.proxy.pace_total(PART)
    for file in files:
        desk.pick(file)
    rows = desk.page.locator(".s3up-row")
    expect(rows).to_have_count(times)

    desk.pick(files[-1])

    notice = desk.page.locator(".s3up-notice")
    expect(notice).to_contain_text("In the list already, with the same bytes", timeout=LONG)
    expect(notice).to_contain_text("run7.bin")
    expect(rows).to_have_count(times)
