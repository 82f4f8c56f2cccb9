"""Pause, resume, abort and clear, from the page and from Python."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from support.files import make_file, sha256_of_file
from support.page.desk import PART, UNPACED, Desk
from support.page.uploading import MiB, states
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from s3upload_widget import UploadWidget
    from support.proxy.proxy import FaultyProxy


@pytest.fixture
def widget(widget: UploadWidget, proxy: FaultyProxy) -> UploadWidget:
    """Its uploads are slow enough to be interrupted: a part a second, and few at once."""
    proxy.pace_total(5 * MiB)
    widget.max_concurrency = 2
    return widget


@pytest.mark.parametrize("transport", ["auto", "relay"])
def test_pause_keeps_what_is_sent_and_resume_sends_only_the_rest(
    desk: Desk, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 20 * PART)
    desk.show()
    desk.pick(file)
    desk.until_stored(1)

    desk.press("Pause run7.bin")
    desk.until_state("paused")
    desk.until_silent()
    sent = len(desk.proxy.puts())
    there = desk.parts_there()
    assert 0 < len(there) < 20

    desk.proxy.pace_total(UNPACED)
    assert len(desk.proxy.puts()) == sent
    desk.press("Resume run7.bin")
    desk.until_done()

    desk.assert_arrived(file)
    assert len(desk.proxy.puts()) - sent == 20 - len(there)


def test_a_cell_pauses_and_resumes_one_file_by_its_key(
    desk: Desk, widget: UploadWidget, tmp_path: Path
) -> None:
    files = [make_file(tmp_path / f"run{n}.bin", 6 * PART, seed=n) for n in (1, 2)]
    desk.show()
    desk.pick(*files)
    desk.until_state("uploading")

    widget.pause("run2.bin")
    desk.expect_state("run2.bin", "paused")
    desk.proxy.pace_total(UNPACED)
    until(
        lambda: (
            [(status.name, status.state) for status in widget.files]
            == [("run1.bin", "done"), ("run2.bin", "paused")]
        ),
        60,
        lambda: widget.files,
    )
    assert len(widget.value) == 1

    widget.resume("run2.bin")
    desk.until_done(2)
    desk.assert_arrived(*files)


@pytest.mark.parametrize("transport", ["auto", "relay"])
def test_discard_deletes_what_s3_holds_and_the_row(
    desk: Desk, widget: UploadWidget, tmp_path: Path
) -> None:
    desk.show()
    desk.pick(make_file(tmp_path / "run7.bin", 20 * PART))
    desk.until_stored(1)
    assert len(desk.upload_ids()) == 1

    desk.confirm("Discard run7.bin")
    until(lambda: states(desk.page) == {}, 30, lambda: states(desk.page))

    assert desk.upload_ids() == []
    assert desk.server.keys(desk.bucket) == []
    until(lambda: widget.files == (), what=lambda: widget.files)
    assert widget.state == "idle"


def test_what_is_being_discarded_is_not_offered_to_be_resumed(desk: Desk, tmp_path: Path) -> None:
    desk.show()
    desk.pick(make_file(tmp_path / "run7.bin", 20 * PART))
    desk.until_stored(1)
    desk.page.evaluate("engine.listAnew()")

    desk.bridge.hold()
    desk.confirm("Discard run7.bin")
    expect(desk.row("run7.bin")).to_contain_text("Waiting for Python")
    assert desk.page.locator(".s3up-offer").count() == 0

    desk.bridge.release()
    until(lambda: states(desk.page) == {}, 30, lambda: states(desk.page))
    assert desk.page.locator(".s3up-offer").count() == 0
    assert desk.upload_ids() == []


def test_abort_from_a_cell_deletes_what_s3_holds(desk: Desk, tmp_path: Path) -> None:
    desk.show()
    desk.pick(make_file(tmp_path / "run7.bin", 20 * PART))
    desk.until_stored(1)

    desk.widget.abort()

    until(lambda: desk.upload_ids() == [], what="no upload left")
    until(lambda: states(desk.page) == {}, what=lambda: states(desk.page))
    assert desk.server.keys(desk.bucket) == []


def test_clear_takes_finished_rows_away_and_leaves_s3_alone(
    desk: Desk, widget: UploadWidget, tmp_path: Path
) -> None:
    desk.show()
    desk.pick(make_file(tmp_path / "run7.bin", 1))
    desk.until_done()
    until(lambda: states(desk.page) == {"run7.bin": "done"}, what=lambda: states(desk.page))

    widget.clear()

    assert (widget.value, widget.files) == ((), ())
    until(lambda: states(desk.page) == {}, what=lambda: states(desk.page))
    assert desk.server.keys(desk.bucket) == ["run7.bin"]


def test_what_is_cleared_before_the_page_knows_that_it_is_done_leaves_the_page_too(
    desk: Desk, widget: UploadWidget, tmp_path: Path
) -> None:
    def clear(change: dict[str, Any]) -> None:
        if change["new"]:
            widget.clear()

    widget.observe(clear, names="value")
    desk.show()

    desk.pick(*(make_file(tmp_path / name, 1) for name in ("run7.bin", "run8.bin")))

    until(
        lambda: len(desk.server.keys(desk.bucket)) == 2, 60, lambda: desk.server.keys(desk.bucket)
    )
    until(lambda: states(desk.page) == {}, what=lambda: states(desk.page))
    assert (widget.value, widget.files) == ((), ())


def test_max_concurrency_acts_while_parts_are_sent(desk: Desk, tmp_path: Path) -> None:
    desk.widget.max_concurrency = 1
    file = make_file(tmp_path / "run7.bin", 12 * PART)
    desk.show()
    desk.pick(file)
    until(lambda: len(desk.proxy.puts()) >= 3, what="three parts")
    assert desk.proxy.puts().max_in_flight() == 1

    desk.widget.max_concurrency = 4
    until(lambda: desk.proxy.puts().max_in_flight() >= 4, 60, "four at once")
    desk.proxy.pace_total(UNPACED)
    desk.until_done()

    assert desk.proxy.puts().max_in_flight() == 4
    desk.assert_arrived(file)


def test_a_file_that_is_picked_twice_is_sent_once(desk: Desk, tmp_path: Path) -> None:
    file = make_file(tmp_path / "run7.bin", 8 * PART)
    desk.show()
    desk.pick(file)
    desk.until_stored(1)

    desk.pick(file)
    desk.proxy.pace_total(UNPACED)
    desk.until_done()

    desk.assert_arrived(file)
    until(lambda: states(desk.page) == {"run7.bin": "done"}, what=lambda: states(desk.page))
    assert len(desk.proxy.puts()) == 8


def test_what_has_no_room_yet_can_be_tried_again(
    desk: Desk, widget: UploadWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3upload_widget.service.file_records.MAX_UNFINISHED", 1)
    files = [make_file(tmp_path / f"run{n}.bin", 4 * PART, seed=n) for n in (1, 2)]
    desk.show()
    desk.pick(*files)
    retry = desk.page.get_by_role("button", name="Retry run2.bin")
    retry.wait_for()
    desk.proxy.pace_total(UNPACED)
    until(lambda: len(widget.value) == 1, 60, what=lambda: widget.files)

    retry.click()
    until(lambda: len(widget.value) == 2, 60, what=lambda: widget.files)

    desk.assert_arrived(*files)


def test_of_two_files_with_one_name_the_second_asks(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first = make_file(tmp_path / "run7.bin", 8 * PART, seed=1)
    second = make_file(tmp_path / "other" / "run7.bin", 8 * PART, seed=2)
    os.utime(second, (0, 0))
    desk.show()
    desk.pick(first)
    desk.until_state("uploading")

    desk.pick(second)
    desk.press("Keep both run7.bin")
    desk.proxy.pace_total(UNPACED)
    desk.until_done(2)

    assert sorted(uploaded.key for uploaded in desk.widget.value) == ["run7-1.bin", "run7.bin"]
    by_key = {uploaded.key: uploaded.sha256 for uploaded in desk.widget.value}
    assert by_key == {"run7.bin": sha256_of_file(first), "run7-1.bin": sha256_of_file(second)}
