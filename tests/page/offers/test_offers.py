"""After a reload the page offers to go on with what was begun: Continue, Later, Discard."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from support.files import make_file
from support.page.desk import PART, UNPACED, Desk
from support.page.offers import FAST, Begun, choose, offer, remembered
from support.page.uploading import QUICK, MiB, states
from support.page.view import LONG
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path


SEES_ONCE = {**QUICK, "lookMs": 3_600_000}


def test_continue_asks_for_the_same_file_and_sends_the_rest(desk: Desk, begun: Begun) -> None:
    desk.show(FAST)
    size = begun.file.stat().st_size

    expect(offer(desk)).to_contain_text("of 42 MB on S3", timeout=LONG)
    expect(offer(desk)).to_contain_text(re.compile(r"started .+ · last part "))
    percent = len(begun.there) * PART * 100 // size
    expect(offer(desk).locator(".s3up-percent")).to_have_text(f"{percent} %")
    assert desk.sent() == []
    choose(desk, "Continue run7.bin", begun.file)
    desk.until_done()

    desk.assert_arrived(begun.file)
    assert set(desk.sent()) == begun.rest
    assert len(desk.proxy.puts()) == 9 - len(begun.there)
    expect(offer(desk)).to_have_count(0)
    until(lambda: remembered(desk.page) == [], 30, "the browser forgets it")
    assert desk.upload_ids() == []


def test_closing_the_picker_changes_nothing(desk: Desk, begun: Begun) -> None:
    desk.show(FAST)

    with desk.page.expect_file_chooser() as chooser:
        desk.press("Continue run7.bin")
    chooser.value.element.dispatch_event("cancel")

    expect(offer(desk).get_by_role("button")).to_have_text(["Continue", "Later", "Discard"])
    assert desk.parts_there() == begun.there
    assert states(desk.page) == {}


def test_later_keeps_all_and_a_resume_button_stays(desk: Desk, begun: Begun) -> None:
    desk.show(FAST)

    desk.press("Later run7.bin")
    expect(offer(desk).get_by_role("button")).to_have_text(["Resume", "Discard"])
    choose(desk, "Resume run7.bin", begun.file)
    desk.until_done()

    desk.assert_arrived(begun.file)
    assert set(desk.sent()) == begun.rest


def test_discard_asks_then_deletes_and_forgets(desk: Desk, begun: Begun) -> None:
    desk.show(FAST)
    assert [each["uri"] for each in remembered(desk.page)] == [f"s3://{desk.bucket}/raw/run7.bin"]

    desk.press("Discard run7.bin")
    desk.press("Keep run7.bin")
    assert desk.parts_there() == begun.there
    desk.confirm("Discard run7.bin")

    expect(offer(desk)).to_have_count(0, timeout=LONG)
    assert desk.upload_ids() == []
    until(lambda: remembered(desk.page) == [], 30, "the browser forgets it")


def test_what_goes_on_is_discarded_though_the_kernel_has_not_answered_yet(
    desk: Desk, begun: Begun
) -> None:
    desk.show(FAST)
    expect(offer(desk)).to_be_visible(timeout=LONG)
    desk.bridge.hold()
    choose(desk, "Continue run7.bin", begun.file)
    expect(desk.page.locator(".s3up-row")).to_have_count(1)

    desk.press("Discard run7.bin")
    assert desk.parts_there() == begun.there
    expect(desk.page.locator(".s3up-question")).to_be_visible()
    desk.press("Discard run7.bin")
    desk.bridge.release()

    expect(desk.page.locator(".s3up-row")).to_have_count(0, timeout=LONG)
    until(lambda: desk.upload_ids() == [], 60, "nothing left on S3")
    until(lambda: remembered(desk.page) == [], what="nothing remembered")
    expect(offer(desk)).to_have_count(0)


def test_a_file_of_another_size_is_refused_at_once(
    desk: Desk, tmp_path: Path, begun: Begun
) -> None:
    other = make_file(tmp_path / "run8.bin", 3 * PART)
    desk.show(FAST)
    before = len(desk.asked("pick_files"))

    choose(desk, "Continue run7.bin", other)

    row = desk.row("run8.bin")
    expect(row).to_contain_text(
        "run8.bin is another file: it has 16 MB, but the original (run7.bin) has 42 MB."
    )
    assert len(desk.asked("pick_files")) == before
    assert desk.parts_there() == begun.there
    desk.press("Back run8.bin")
    choose(desk, "Continue run7.bin", begun.file)
    desk.until_done()
    desk.assert_arrived(begun.file)
    assert set(desk.sent()) == begun.rest


@pytest.mark.parametrize("transport", ["auto", "relay"])
def test_a_file_of_other_bytes_is_refused_and_may_start_over(
    desk: Desk, tmp_path: Path, begun: Begun
) -> None:
    other = make_file(tmp_path / "run8.bin", begun.file.stat().st_size, seed=8)
    desk.show(FAST)

    choose(desk, "Continue run7.bin", other)

    row = desk.row("run8.bin")
    expect(row).to_contain_text(
        "run8.bin is another file: it matches none of the parts", timeout=LONG
    )
    expect(row.get_by_role("button", name="Discard")).to_have_count(0)
    assert desk.parts_there() == begun.there
    assert desk.sent() == []
    desk.press("Start over run8.bin")
    desk.until_state("done")
    desk.assert_arrived(other)
    assert [uploaded.key for uploaded in desk.widget.value] == ["raw/run8.bin"]
    assert desk.upload_ids() == []
    until(lambda: remembered(desk.page) == [], 30, "the browser forgets it")


def test_an_offer_whose_upload_has_vanished_starts_afresh_and_says_so(
    desk: Desk, begun: Begun
) -> None:
    desk.show(SEES_ONCE)
    expect(offer(desk)).to_have_count(1, timeout=LONG)
    [(key, upload_id)] = desk.upload_ids()
    desk.server.client.abort_multipart_upload(Bucket=desk.bucket, Key=key, UploadId=upload_id)
    desk.proxy.pace_total(MiB)

    choose(desk, "Continue run7.bin", begun.file)

    expect(desk.page.locator(".s3up-row")).to_contain_text("It starts over", timeout=LONG)
    desk.proxy.pace_total(UNPACED)
    desk.until_done()
    desk.assert_arrived(begun.file)
    assert set(desk.sent()) == set(range(1, 10))
