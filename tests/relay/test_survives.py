"""What survives by the direct way, survives through the kernel: what the kernel's memory could change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect

from s3upload_widget import upload_file
from s3upload_widget.service import relay
from support.files import make_file, sha256_of_file
from support.page.desk import PART, UNPACED, Desk
from support.page.lane import unreliable
from support.page.uploading import QUICK, MiB, restart_kernel, states
from support.page.view import LONG
from support.proxy.faults import (
    FOREVER,
    Answer,
    Buffer,
    CutRequest,
    Fault,
    FlipBit,
    Gate,
    LoseResponse,
    Match,
)
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from support.page.browser import PageErrors
    from support.proxy.faults import Action

PARTS: Final = 6
OFTEN: Final = {**QUICK, "resendMs": [100, 200, 400, 800]}
SECOND: Final = Match(operation="UploadPart", part_number=2)
EACH: Final = Match(operation="UploadPart")

pytestmark = pytest.mark.parametrize("transport", ["relay"])


@pytest.mark.parametrize(
    "action",
    [
        Answer(503, "SlowDown"),
        Answer(500, "InternalError"),
        Answer(500, "InternalError", at_once=True),
        Answer(403, "AccessDenied", "Request has expired"),
        CutRequest(PART // 2),
        LoseResponse(),
        FlipBit(PART // 2, 3),
    ],
    ids=repr,
)
def test_a_fault_on_one_part_is_survived(desk: Desk, tmp_path: Path, action: Action) -> None:
    file = make_file(tmp_path / "run7.bin", 4 * PART)
    fault = Fault(action, SECOND)
    desk.proxy.play(fault)
    desk.show()

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert desk.proxy.played(fault) == 1
    assert [len(desk.proxy.puts(part)) for part in (1, 3, 4)] == [1, 1, 1]


@pytest.mark.parametrize(
    "action",
    [Answer(status, "", stored=True) for status in (499, 502, 504)]
    + [Buffer(seconds=1.5), Buffer(seconds=7, gives_up=6)],
    ids=repr,
)
def test_what_a_gateway_hides_or_is_slow_to_pass_on_is_sent_once(
    desk: Desk, tmp_path: Path, action: Action
) -> None:
    file = make_file(tmp_path / "run7.bin", 4 * PART)
    desk.proxy.play(Fault(action, EACH, FOREVER))
    desk.show({**QUICK, "stallMs": 300})

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert desk.sent() == [1, 2, 3, 4]


def test_while_the_answer_is_late_the_row_says_that_all_is_sent(desk: Desk, tmp_path: Path) -> None:
    gate = Gate(answer=True)
    desk.proxy.play(Fault(gate, EACH, FOREVER))
    desk.show()
    desk.pick(make_file(tmp_path / "run7.bin", 2 * PART))

    state = desk.row("run7.bin").locator(".s3up-state")
    expect(state).to_have_text("Sent, waiting for the store's answer", timeout=LONG)

    gate.opened.set()
    desk.until_done()
    assert desk.sent() == [1, 2]


def test_credentials_that_ended_are_named_and_the_rest_goes_once_they_are_renewed(
    desk: Desk, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", PARTS * PART)
    desk.proxy.play(Fault(Answer(400, "ExpiredToken"), EACH, FOREVER))
    desk.show()
    desk.pick(file)

    desk.until_state("failed")
    assert "does not accept the kernel's credentials (ExpiredToken)" in desk.widget.error
    # What the kernel is about to send for the attempt that failed would be stored, too.
    until(lambda: not desk.widget._controller._service._relay._streams, 60, "no stream left")
    desk.until_silent()
    desk.proxy.clear_faults()
    desk.press("Resume run7.bin")
    desk.until_done()

    desk.assert_arrived(file)
    assert desk.stored() == list(range(1, PARTS + 1))


@pytest.mark.parametrize("seed", range(3))
def test_messages_may_be_lost_late_doubled_and_out_of_order(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seed: int
) -> None:
    monkeypatch.setattr(relay, "REPEAT", 0.1)
    file = make_file(tmp_path / "run7.bin", PARTS * PART - 7, seed)
    desk.show(OFTEN)
    desk.bridge.to_kernel.fate = unreliable(seed)
    desk.bridge.to_page.fate = unreliable(seed + 100)

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert desk.upload_ids() == []


def test_a_restarted_kernel_sends_what_is_missing(
    desk: Desk, page_errors: PageErrors, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page_errors.expect("Cannot send")
    monkeypatch.setattr(relay, "STARVED", 0.5)
    file = make_file(tmp_path / "run7.bin", 16 * PART)
    desk.proxy.pace_total(20 * MiB)
    desk.show()
    desk.pick(file)
    desk.until_stored(3)

    restart_kernel(desk.page, desk.bridge)
    newer = desk.with_new_widget(transport="relay")
    newer.show_in_place()
    until(lambda: newer.widget.files, 60, "the file in the new widget")
    desk.proxy.pace_total(UNPACED)
    newer.until_done()

    newer.assert_arrived(file)
    assert states(desk.page) == {"run7.bin": "done"}
    assert desk.upload_ids() == []


def test_a_file_that_changes_under_way_is_told(desk: Desk, tmp_path: Path) -> None:
    file = make_file(tmp_path / "run7.bin", PARTS * PART)
    desk.proxy.pace_total(4 * MiB)
    desk.show()
    desk.pick(file)
    until(lambda: len(desk.asked("relay_frame")) >= 2, 30, "bytes on their way")

    make_file(file, PARTS * PART, seed=2)
    desk.proxy.pace_total(UNPACED)
    desk.until_state("failed")

    assert "was changed, moved or deleted" in desk.widget.error
    assert desk.widget.value == ()


def test_a_page_that_is_gone_leaves_nothing_in_the_kernel(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(relay, "STARVED", 0.5)
    desk.proxy.pace_total(2 * MiB)
    desk.show()
    desk.pick(make_file(tmp_path / "run7.bin", PARTS * PART))
    until(lambda: len(desk.asked("relay_frame")) >= 2, 30, "bytes on their way")
    streams = desk.widget._controller._service._relay._streams
    assert streams

    desk.page.goto("about:blank")
    desk.proxy.pace_total(UNPACED)

    until(lambda: not streams, 60, "no stream left")


def test_what_a_page_that_is_gone_had_sent_is_finished_by_a_script(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(relay, "STARVED", 0.5)
    file = make_file(tmp_path / "run7.bin", PARTS * PART)
    desk.proxy.pace_total(6 * MiB)
    desk.show()
    desk.pick(file)
    desk.stop_at(1)

    desk.page.goto("about:blank")
    desk.proxy.pace_total(UNPACED)
    streams = desk.widget._controller._service._relay._streams
    until(lambda: not streams, 60, "no stream left")
    there = desk.parts_there()
    desk.proxy.forget()
    client = desk.server.at(desk.proxy.url).client
    done = upload_file(file, f"s3://{desk.bucket}/", client=client, progress=False)

    assert done.sha256 == sha256_of_file(file)
    assert desk.sent() == sorted({*range(1, PARTS + 1)} - there)
    assert desk.upload_ids() == []
