"""What a page says while no kernel answers it, or one that does not understand it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from support.files import make_file
from support.page.desk import PART, UNPACED, Desk
from support.page.uploading import QUICK, MiB
from support.page.view import LONG

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from playwright.sync_api import Locator

    from support.page.browser import PageErrors

SOON = {**QUICK, "kernelMissingMs": 500, "kernelDoubtMs": 200, "kernelSilentMs": 400}


def zone(desk: Desk) -> Locator:
    return desk.page.locator(".s3up-zone")


def test_where_no_kernel_answers_the_page_says_what_to_do_and_goes_on_when_one_does(
    desk: Desk, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 10)
    desk.bridge.hold()
    desk.show(SOON)
    expect(zone(desk)).to_contain_text("Python does not answer. If this", timeout=LONG)
    expect(zone(desk)).not_to_contain_text("Connecting")

    desk.pick(file)
    expect(desk.row("run7.bin")).to_contain_text("Python does not answer", timeout=LONG)
    expect(desk.row("run7.bin")).not_to_contain_text("a cell is running")
    desk.bridge.release()
    desk.until_done()

    desk.assert_arrived(file)
    expect(zone(desk)).not_to_contain_text("Python does not answer")


def test_after_a_restart_the_page_says_that_nothing_has_to_be_picked_again(
    desk: Desk, page_errors: PageErrors, tmp_path: Path
) -> None:
    page_errors.expect_network()
    page_errors.expect("Cannot send")
    file = make_file(tmp_path / "run7.bin", 16 * PART)
    desk.proxy.pace_total(20 * MiB)
    desk.show(SOON)
    desk.pick(file)
    desk.until_stored(1)

    desk.bridge.restart_kernel()
    expect(zone(desk)).to_contain_text("they resume", timeout=LONG)
    desk.proxy.pace_total(UNPACED)
    expect(desk.row("run7.bin")).to_contain_text("they resume", timeout=LONG)
    newer = desk.with_new_widget()
    newer.show_in_place()
    newer.until_done()

    newer.assert_arrived(file)
    expect(zone(desk)).not_to_contain_text("they resume")


def test_a_page_of_another_release_says_so_alone_and_asks_for_nothing(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3upload_widget.widget.controller.VERSION", 99)
    desk.show(SOON)
    expect(zone(desk)).to_contain_text("different releases", timeout=LONG)
    expect(zone(desk)).not_to_contain_text("Connecting")

    desk.pick(make_file(tmp_path / "run7.bin", 10))

    expect(desk.row("run7.bin")).to_have_count(0)
    assert desk.asked("pick_files") == []
    expect(zone(desk)).not_to_contain_text("No kernel")
