"""A new widget goes on with what the page is sending, without any file picked again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3upload_widget.errors import NotOwnerError
from support.files import make_file
from support.page.desk import PART, UNPACED, Desk
from support.page.uploading import MiB, restart_kernel, states
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from support.page.browser import PageErrors


@pytest.fixture(autouse=True)
def _cut_requests_are_no_surprise(page_errors: PageErrors) -> None:
    page_errors.expect_network()
    page_errors.expect("Cannot send")


def made_in(cell: str, desk: Desk) -> Desk:
    """The same desk, whose widget a cell of this name has made."""
    desk.widget.set_trait("_cell", cell)
    return desk


@pytest.mark.parametrize("restarted", [True, False], ids=["kernel restarted", "cell run again"])
def test_a_running_upload_goes_on_under_the_new_widget(
    desk: Desk, tmp_path: Path, restarted: bool
) -> None:
    made_in("" if restarted else "cell 1", desk)
    file = make_file(tmp_path / "run7.bin", 16 * PART)
    desk.proxy.pace_total(20 * MiB)
    desk.show()
    desk.pick(file)
    desk.stop_at(3)
    # What is yet to be signed, only a kernel can do that knows the file: it is planned anew.
    desk.page.wait_for_function("""() => {
        const { parts } = engine.files[0].active;
        return parts.stored + parts.inFlight.length + parts.ready === parts.total;
    }""")

    if restarted:
        restart_kernel(desk.page, desk.bridge)
    newer = made_in(desk.widget._cell, desk.with_new_widget())
    newer.show_in_place()
    if not restarted:
        until(lambda: desk.widget.state == "failed", 60, lambda: desk.widget.state)
        assert desk.widget.error == "another widget of the page took over run7.bin"
        with pytest.raises(NotOwnerError):
            desk.widget.result(0)
        desk.widget.abort()
    desk.proxy.pace_total(UNPACED)
    until(lambda: newer.widget.files, 60, "the file in the new widget")
    newer.until_done()

    newer.assert_arrived(file)
    assert states(desk.page) == {"run7.bin": "done"}
    assert desk.stored() == list(range(1, 17))
    assert desk.upload_ids() == []


@pytest.mark.parametrize("cells", [("", ""), ("cell 1", "cell 2")], ids=["no cells", "two cells"])
def test_a_living_widget_that_nobody_shows_keeps_its_files_and_is_drawn_again(
    desk: Desk, tmp_path: Path, cells: tuple[str, str]
) -> None:
    """Its output is cleared, or its box shows another widget; then one of the same place comes."""
    arrived: list[str] = []
    desk.widget.on_complete(lambda file: arrived.append(file.name))
    made_in(cells[0], desk)
    file = make_file(tmp_path / "run7.bin", 8 * PART)
    desk.proxy.pace_total(20 * MiB)
    desk.show()
    desk.pick(file)
    desk.stop_at(2)

    other = made_in(cells[1], desk.with_new_widget(accept=".csv"))
    other.show_in_place()
    desk.page.wait_for_function("() => models.size === 2")
    assert states(desk.page) == {}
    desk.page.evaluate("(id) => showAgain(id)", desk.widget.model_id)
    assert list(states(desk.page)) == ["run7.bin"]
    desk.proxy.pace_total(UNPACED)
    desk.until_done()

    desk.assert_arrived(file)
    assert arrived == ["run7.bin"]
    assert other.widget.files == ()
    assert desk.stored() == list(range(1, 9))


def test_a_widget_whose_files_were_taken_over_is_drawn_again(desk: Desk, tmp_path: Path) -> None:
    made_in("cell 1", desk)
    desk.proxy.pace_total(20 * MiB)
    desk.show()
    desk.pick(make_file(tmp_path / "run7.bin", 8 * PART))
    desk.stop_at(1)
    newer = made_in("cell 1", desk.with_new_widget())
    newer.show_in_place()
    desk.proxy.pace_total(UNPACED)
    until(lambda: newer.widget.files, 60, "the file in the new widget")

    desk.page.evaluate("(id) => showAgain(id)", desk.widget.model_id)

    until(lambda: desk.page.locator(".s3up-primary").count() == 2, what="two widgets")
    newer.until_done()


def test_what_is_discarded_under_a_new_kernel_is_deleted_too(desk: Desk, tmp_path: Path) -> None:
    desk.proxy.pace_total(20 * MiB)
    desk.show()
    desk.pick(make_file(tmp_path / "run7.bin", 16 * PART))
    desk.stop_at(3)
    desk.page.evaluate("engine.pause()")

    restart_kernel(desk.page, desk.bridge)
    desk.with_new_widget().show_in_place()
    assert len(desk.upload_ids()) == 1
    desk.confirm("Discard run7.bin")

    until(lambda: desk.upload_ids() == [], 60, "nothing left on S3")
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
