"""What happens while a file is compared with an object: pauses, changes, another kernel."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from support.files import make_file
from support.page.browser import hold_reading, let_read
from support.page.desk import PART, Desk
from support.page.uploading import MiB, restart_kernel, states
from support.proxy.faults import Fault, Gate, Match
from support.servers.existing import even, make_of_parts, ours
from support.servers.servers import one_of
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from s3upload_widget import UploadWidget
    from support.page.browser import PageErrors

SIZE = 3 * 8 * MiB + 1
NAME = "run7.bin"

server = one_of("ministack", "seaweed")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return make_file(tmp_path / NAME, SIZE)


def until_comparing(desk: Desk) -> None:
    desk.expect_state(NAME, "checking")
    expect(desk.row(NAME)).to_contain_text("Comparing with the existing object")


def pick_again(desk: Desk, file: Path) -> Path:
    """Pick a file of the same name; for an input that has the very file already, it is no change."""
    folder = file.parent / "again"
    folder.mkdir()
    again = file.rename(folder / file.name)
    desk.pick(again)
    return again


def test_what_is_hashed_is_told_and_never_counted_as_done(
    desk: Desk, widget: UploadWidget, file: Path
) -> None:
    ours(desk, file)
    desk.show()
    hold_reading(desk.page)
    desk.pick(file)
    until_comparing(desk)

    let_read(desk.page, 2)

    expect(desk.row(NAME)).to_contain_text("40 %")
    until(lambda: widget.state == "checking", what="a report")
    assert (widget.bytes_done, widget.progress, widget.files[0].bytes_done) == (0, 0, 0)
    let_read(desk.page)
    desk.until_done()
    reports = [each["summary"] for each in desk.asked("report_progress")]
    assert {each["bytes_done"] for each in reports if each["state"] == "checking"} == {0}


@pytest.mark.parametrize("becomes", ["deleted", "the same", "other bytes", "another size"])
def test_the_object_as_it_is_at_last_decides(desk: Desk, file: Path, becomes: str) -> None:
    first = bytes(SIZE) if becomes == "the same" else file.read_bytes()
    make_of_parts(desk.server, desk.bucket, NAME, even(PART, first), first)
    gate = Gate()
    desk.proxy.play(Fault(gate, Match(operation="HeadObject", key=NAME, nth=3)))
    desk.show()
    desk.pick(file)
    until(lambda: len(desk.proxy.of("HeadObject")) == 3, 60, "the last look at the object")

    if becomes == "deleted":
        desk.server.client.delete_object(Bucket=desk.bucket, Key=NAME)
    else:
        newer = {"the same": file.read_bytes(), "other bytes": bytes(SIZE), "another size": b"x"}
        make_of_parts(desk.server, desk.bucket, NAME, even(PART, newer[becomes]), newer[becomes])
    gate.opened.set()

    if becomes in {"deleted", "the same"}:
        desk.until_done()
        desk.assert_arrived(file)
        assert len(desk.proxy.puts()) == (5 if becomes == "deleted" else 0)
    else:
        desk.until_state("failed")
        assert "exists" in desk.widget.error
        desk.assert_nothing_was_sent()


def test_a_comparison_can_be_paused_and_resumed(desk: Desk, file: Path) -> None:
    ours(desk, file)
    desk.show()
    hold_reading(desk.page)
    desk.pick(file)
    until_comparing(desk)
    let_read(desk.page, 1)

    desk.press(f"Pause {NAME}")
    desk.until_state("paused")
    let_read(desk.page)
    desk.press(f"Resume {NAME}")
    desk.until_done()

    desk.assert_arrived(file)
    desk.assert_nothing_was_sent()


def test_discarding_during_a_comparison_leaves_the_object(desk: Desk, file: Path) -> None:
    ours(desk, file)
    desk.show()
    hold_reading(desk.page)
    desk.pick(file)
    until_comparing(desk)

    desk.press(f"Discard {NAME}")
    until(lambda: desk.widget.files == () and not states(desk.page), what="an empty list")
    let_read(desk.page)

    assert desk.widget.value == ()
    desk.assert_nothing_was_sent()
    assert desk.body(NAME) == file.read_bytes()
    pick_again(desk, file)
    desk.until_done()


def test_a_file_that_changes_during_a_comparison_has_to_be_picked_again(
    desk: Desk, page_errors: PageErrors, file: Path
) -> None:
    page_errors.expect_network()
    ours(desk, file)
    desk.show()
    hold_reading(desk.page)
    desk.pick(file)
    until_comparing(desk)

    os.utime(file, (1, 1))
    let_read(desk.page)
    desk.until_state("failed")

    assert "was changed, moved or deleted" in desk.widget.error
    again = pick_again(desk, file)
    desk.until_done()
    desk.assert_arrived(again)
    desk.assert_nothing_was_sent()


@pytest.mark.parametrize("server", ["ministack"], indirect=True)
def test_a_kernel_that_restarts_during_a_comparison_is_asked_anew(
    desk: Desk, page_errors: PageErrors, file: Path
) -> None:
    page_errors.expect_network()
    page_errors.expect("Cannot send")
    ours(desk, file)
    desk.show()
    hold_reading(desk.page)
    desk.pick(file)
    until_comparing(desk)

    restart_kernel(desk.page, desk.bridge)
    newer = desk.with_new_widget(client=desk.server.at(desk.proxy.url).client)
    newer.show_in_place()
    let_read(desk.page)
    newer.until_done()

    newer.assert_arrived(file)
    until(lambda: states(desk.page) == {NAME: "done"}, what=lambda: states(desk.page))
    desk.assert_nothing_was_sent()


@pytest.mark.parametrize("server", ["ministack"], indirect=True)
def test_other_files_are_sent_while_a_large_one_is_compared(desk: Desk, tmp_path: Path) -> None:
    file = make_file(tmp_path / NAME, 14 * PART)  # more parts than two for each lane
    ours(desk, file)
    gate = Gate()
    desk.proxy.play(Fault(gate, Match(operation="HeadObject", key=NAME, nth=3)))
    desk.show()

    desk.pick(file, make_file(tmp_path / "new.bin", 2 * PART))
    until(lambda: [each.name for each in desk.widget.value] == ["new.bin"], 60, "the other file")

    assert states(desk.page)[NAME] == "checking"
    gate.opened.set()
    desk.until_done(2)
    assert len(desk.proxy.puts()) == 2
