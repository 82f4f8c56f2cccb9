"""A new widget goes on with what the page is sending, without any file picked again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.files import make_file
from support.page.desk import PART, UNPACED, Desk
from support.page.uploading import MiB, states
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from support.page.browser import PageErrors


@pytest.fixture(autouse=True)
def _cut_requests_are_no_surprise(page_errors: PageErrors) -> None:
    page_errors.expect_network()
    page_errors.expect("Cannot send")


@pytest.mark.parametrize("restarted", [True, False], ids=["kernel restarted", "cell run again"])
def test_a_running_upload_goes_on_under_the_new_widget(
    desk: Desk, tmp_path: Path, restarted: bool
) -> None:
    file = make_file(tmp_path / "run7.bin", 16 * PART)
    desk.proxy.pace_total(20 * MiB)
    desk.show()
    desk.pick(file)
    desk.until_stored(3)

    if restarted:
        desk.bridge.restart_kernel()
    newer = desk.with_new_widget()
    newer.show_in_place()
    until(lambda: newer.widget.files, 20, "the file in the new widget")
    desk.proxy.pace_total(UNPACED)
    newer.until_done()

    newer.assert_arrived(file)
    assert states(desk.page) == {"run7.bin": "done"}
    assert desk.stored() == list(range(1, 17))
    assert desk.upload_ids() == []


def test_what_is_discarded_under_a_new_kernel_is_deleted_too(desk: Desk, tmp_path: Path) -> None:
    desk.proxy.pace_total(20 * MiB)
    desk.show()
    desk.pick(make_file(tmp_path / "run7.bin", 16 * PART))
    desk.until_stored(3)
    desk.page.evaluate("engine.pause()")

    desk.bridge.restart_kernel()
    desk.with_new_widget().show_in_place()
    assert len(desk.upload_ids()) == 1
    desk.press("Discard run7.bin")
    desk.press("Discard run7.bin")

    until(lambda: desk.upload_ids() == [], 20, "nothing left on S3")
    until(lambda: states(desk.page) == {}, what=lambda: states(desk.page))


def test_two_widgets_of_one_place_do_not_steal_from_each_other(desk: Desk, tmp_path: Path) -> None:
    second = desk.with_new_widget().widget
    desk.proxy.pace_total(20 * MiB)
    desk.show()
    desk.pick(make_file(tmp_path / "run7.bin", 6 * PART))
    desk.until_state("uploading")

    desk.bridge.url(second)
    desk.page.evaluate("(id) => mount(id, 1)", second.model_id)
    until(lambda: desk.page.locator(".s3up").count() == 2, what="two widgets")
    desk.until_done()

    assert second.files == ()
    assert desk.page.locator(".s3up-row").count() == 1
