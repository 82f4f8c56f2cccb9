"""A part whose answer is lost or late is looked for, and not sent again where S3 has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect

from support.files import make_file
from support.page.desk import PART, Desk
from support.page.uploading import QUICK
from support.page.view import LONG, row
from support.proxy.faults import (
    FOREVER,
    NO_CORS,
    Answer,
    Buffer,
    CutRequest,
    Fault,
    Gate,
    Match,
)
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from s3upload_widget import UploadWidget
    from support.proxy.faults import Action

pytestmark = pytest.mark.usefixtures("network_may_fail")

SENT: Final = Match(method="PUT")
PATIENCE: Final = 310_000
"""Milliseconds after which the first try of a part is given up though all of it has left."""
SLACK: Final = 1.3
"""By how much the time may exceed what the store alone needs …"""
BUSY: Final = 15.0
"""… and seconds for a machine that runs other tests."""


def puts_of_each(desk: Desk) -> list[int]:
    numbers = desk.sent()
    return [numbers.count(number) for number in sorted(set(numbers))]


def seconds(desk: Desk) -> float:
    """From the pick to the proof."""
    [done] = desk.widget.value
    taken: float = (done.finished - done.started).total_seconds()
    return taken


def waiting(desk: Desk) -> int:
    """How many parts have left as a whole, and wait for their answers."""
    found: int = desk.page.evaluate(
        """() => {
            const parts = engine.files[0].active?.parts;
            return parts?.isSent ? parts.inFlight.length : 0;
        }"""
    )
    return found


def until_waiting(desk: Desk, count: int) -> None:
    until(lambda: waiting(desk) == count, 60, lambda: f"{count} parts that wait: {waiting(desk)}")


@pytest.mark.parametrize("size", [1000, 4 * PART], ids=["one PUT", "4 parts"])
@pytest.mark.parametrize(
    "action",
    [
        NO_CORS,
        Answer(499, "", stored=True),
        Answer(502, "BadGateway", stored=True),
        Answer(504, "", cors=False, stored=True),
    ],
    ids=repr,
)
def test_what_s3_has_though_the_page_read_no_answer_is_sent_once(
    desk: Desk, tmp_path: Path, size: int, action: Action
) -> None:
    file = make_file(tmp_path / "run7.bin", size)
    desk.proxy.play(Fault(action, SENT, FOREVER))
    desk.show()

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert set(puts_of_each(desk)) == {1}


def test_a_store_that_takes_long_behind_a_gateway_that_swallows_all_gets_each_part_once(
    desk: Desk, tmp_path: Path
) -> None:
    """As 45 seconds behind nginx, where a page has 30 seconds of patience for a part that stands."""
    file = make_file(tmp_path / "run7.bin", 4 * PART)
    desk.proxy.play(Fault(Buffer(seconds=9), SENT, FOREVER))
    desk.show({**QUICK, "stallMs": 6000, "silenceMs": 400})

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert puts_of_each(desk) == [1] * 4


def test_a_slow_way_behind_a_gateway_that_swallows_all_gets_each_part_once(
    desk: Desk, tmp_path: Path
) -> None:
    """As 2.5 MB/s behind nginx: six parts of 16 MiB need 40 seconds."""
    file = make_file(tmp_path / "run7.bin", 13 * PART)
    buffer = Fault(Buffer(rate=6 * PART / 8), SENT, FOREVER)
    desk.proxy.play(buffer)
    desk.show({**QUICK, "stallMs": 6000, "silenceMs": 400})

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert puts_of_each(desk) == [1] * 13
    assert seconds(desk) <= SLACK * 13 / 6 * 8 + BUSY


def test_a_store_that_is_slower_than_its_gateway_is_patient_gets_each_part_once(
    desk: Desk, tmp_path: Path
) -> None:
    """As 75 seconds behind a gateway that answers 504 after 60, which no page may read."""
    file = make_file(tmp_path / "run7.bin", 4 * PART)
    desk.proxy.play(Fault(Buffer(seconds=13, gives_up=12), SENT, FOREVER))
    desk.show({**QUICK, "stallMs": 6000, "silenceMs": 2400, "probeMs": 6000})

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert puts_of_each(desk) == [1] * 4
    assert seconds(desk) <= SLACK * 13 + BUSY


def test_a_part_that_was_given_up_gets_more_patience_and_fewer_go_at_once(
    desk: Desk, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 3 * PART)
    desk.proxy.play(Fault(Buffer(seconds=FOREVER), SENT, 3))
    desk.page.clock.install()
    desk.show()
    desk.pick(file)
    until_waiting(desk, 3)

    gate = Gate(answer=True)
    desk.proxy.play(Fault(gate, SENT, FOREVER))
    desk.page.clock.fast_forward(PATIENCE)
    until(lambda: len(desk.proxy.puts()) > 3, 60, "another try")
    until_waiting(desk, 1)
    desk.page.clock.fast_forward(PATIENCE)
    assert waiting(desk) == 1

    gate.opened.set()
    desk.until_done()
    desk.assert_arrived(file)
    assert puts_of_each(desk) == [2] * 3
    again = desk.proxy.puts()[3:]
    assert again[-1].started > again[0].finished


def test_a_service_worker_that_hides_all_progress_has_no_part_cut(
    desk: Desk, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 4 * PART)
    desk.proxy.pace_total(4 * PART / 6)
    desk.page.goto(f"{desk.bridge.origin}/empty")
    desk.page.evaluate("navigator.serviceWorker.register('/service-worker.js').then(() => 1)")
    desk.page.wait_for_function("navigator.serviceWorker.controller !== null")
    desk.show({**QUICK, "stallMs": 3000, "silenceMs": 400})

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert puts_of_each(desk) == [1] * 4
    assert desk.page.evaluate("engine.files[0].state.work.parts.showsProgress") is False


def test_parts_get_through_where_short_requests_do_not(desk: Desk, tmp_path: Path) -> None:
    """A policy of the page or a filter may allow the bucket's addresses alone."""
    file = make_file(tmp_path / "run7.bin", 3 * PART)
    desk.proxy.play(Fault(CutRequest(), Match(method="HEAD"), FOREVER))
    desk.proxy.play(Fault(Buffer(seconds=2), SENT, FOREVER))
    desk.show({**QUICK, "stallMs": 3000, "silenceMs": 400, "outageProbeMs": 200})

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert max(puts_of_each(desk)) <= 2


def test_while_the_answer_is_late_the_row_says_that_all_is_sent(
    desk: Desk, widget: UploadWidget, tmp_path: Path
) -> None:
    gate = Gate(answer=True)
    desk.proxy.play(Fault(gate, SENT, FOREVER))
    desk.show({**QUICK, "stallMs": 30_000})
    desk.pick(make_file(tmp_path / "run7.bin", 2 * PART))

    state = row(desk.page, "run7.bin").locator(".s3up-state")
    expect(state).to_have_text("Sent, waiting for the store's answer", timeout=LONG)
    assert "no bytes" not in row(desk.page, "run7.bin").inner_text()
    assert widget.waiting_for == ""

    gate.opened.set()
    desk.until_done()
    assert puts_of_each(desk) == [1, 1]


def test_bytes_that_were_refused_count_no_more(
    desk: Desk, widget: UploadWidget, tmp_path: Path
) -> None:
    """As where a proxy's limit is below the size of a part: it reads the head, and drops the rest."""
    desk.proxy.play(Fault(Answer(413, "", cors=False), SENT, FOREVER))
    desk.show()
    desk.pick(make_file(tmp_path / "run7.bin", 6 * PART))

    until(lambda: widget.bytes_done > 0, 30, "bytes that left")
    until(lambda: 0 <= widget.bytes_done <= PART, 30, lambda: widget.bytes_done)

    desk.proxy.clear_faults()
    desk.until_done()
