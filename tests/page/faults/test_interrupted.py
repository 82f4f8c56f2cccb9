"""A file that is paused in the middle of a step neither gets stuck nor decides for the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from s3upload_widget.checksums import sha256
from support.files import make_file
from support.page.desk import PART, Desk
from support.page.uploading import hold_hashing
from support.page.view import LONG
from support.servers.existing import begin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def begun(desk: Desk, tmp_path: Path) -> Callable[..., Path]:
    """Make a file of five parts that are all on S3, some of them with other bytes."""

    def make(*differing: int) -> Path:
        file = make_file(tmp_path / "run7.bin", 5 * PART)
        upload_id = begin(desk, file, (1, 2, 3, 4, 5))
        for number in differing:
            desk.server.client.upload_part(
                Bucket=desk.bucket,
                Key=file.name,
                UploadId=upload_id,
                PartNumber=number,
                Body=b"x" * PART,
                ChecksumSHA256=sha256(b"x" * PART),
            )
        return file

    return make


def pick_and_hold(desk: Desk, file: Path, number: int) -> None:
    """Pick a file, and keep the comparing of one part waiting; all others are compared."""
    hold_hashing(desk.page, (number - 1) * PART)
    desk.pick(file)
    desk.page.wait_for_function(
        """() => {
            const parts = engine.files[0]?.active?.parts;
            return parts && parts.stored + parts.differing === 4 && globalThis.letGo;
        }"""
    )


def pause_and_resume(desk: Desk) -> None:
    desk.press("Pause run7.bin")
    desk.expect_state("run7.bin", "paused")
    desk.press("Resume run7.bin")
    desk.expect_state("run7.bin", "uploading")


def test_a_part_compared_across_a_pause_may_be_the_last_one(
    desk: Desk, begun: Callable[..., Path]
) -> None:
    file = begun()
    desk.show()
    pick_and_hold(desk, file, 4)

    pause_and_resume(desk)
    desk.page.evaluate("letGo()")
    desk.until_done()

    desk.assert_arrived(file)
    assert len(desk.proxy.puts()) == 0


def test_a_part_compared_across_a_pause_may_be_what_the_user_is_asked_about(
    desk: Desk, begun: Callable[..., Path]
) -> None:
    file = begun(4)
    desk.show()
    pick_and_hold(desk, file, 4)

    pause_and_resume(desk)
    desk.page.evaluate("letGo()")

    expect(desk.row("run7.bin")).to_contain_text("1 differs", timeout=LONG)


def test_only_the_button_that_asks_has_differing_parts_sent_again(
    desk: Desk, begun: Callable[..., Path]
) -> None:
    file = begun(2)
    desk.show()
    pick_and_hold(desk, file, 4)

    pause_and_resume(desk)
    desk.page.evaluate("letGo()")
    expect(desk.row("run7.bin")).to_contain_text("1 differs", timeout=LONG)
    desk.pick(file)
    desk.page.evaluate("engine.resume()")
    desk.page.evaluate("engine.resume([engine.files[0].id])")
    assert desk.page.evaluate("engine.files[0].state.name") == "differs"
    assert len(desk.proxy.puts()) == 0

    desk.press("Resume run7.bin")
    desk.until_done()
    desk.assert_arrived(file)
    assert desk.sent() == [2]


def test_a_file_that_is_paused_before_it_has_a_key_stays_paused(desk: Desk, tmp_path: Path) -> None:
    file = make_file(tmp_path / "run7.bin", 3 * PART)
    desk.show()
    desk.bridge.hold()
    desk.pick(file)
    desk.press("Pause run7.bin")
    desk.expect_state("run7.bin", "paused")

    desk.bridge.release()
    desk.page.wait_for_function("engine.files[0].state.work !== undefined")

    assert desk.page.evaluate("engine.files[0].state.name") == "paused"
    assert desk.asked("create_multipart_upload") == []
    desk.press("Resume run7.bin")
    desk.until_done()
    desk.assert_arrived(file)


def test_a_pause_before_there_is_a_key_can_be_taken_back(desk: Desk, tmp_path: Path) -> None:
    file = make_file(tmp_path / "run7.bin", 3 * PART)
    desk.show()
    desk.bridge.hold()
    desk.pick(file)
    desk.press("Pause run7.bin")
    desk.press("Resume run7.bin")

    desk.bridge.release()
    desk.until_done()

    desk.assert_arrived(file)
