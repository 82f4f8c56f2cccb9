"""What goes wrong between the page and S3 does not stop an upload, and changes no byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.files import make_file
from support.page.desk import PART, UNPACED, Desk
from support.page.uploading import MiB
from support.proxy.exchanges import Exchanges
from support.proxy.faults import (
    FOREVER,
    NO_CORS,
    Answer,
    CutRequest,
    Delay,
    Fault,
    FlipBit,
    LoseResponse,
    Match,
    Stall,
)
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from s3upload_widget import UploadWidget
    from support.proxy.faults import Action

pytestmark = pytest.mark.usefixtures("network_may_fail")

PATIENCE = 310_000
"""Milliseconds after which a part that stands is given up, even if all of it has left."""
SECOND = Match(operation="UploadPart", part_number=2)


@pytest.mark.parametrize(
    "action",
    [
        Answer(503, "SlowDown"),
        Answer(500, "InternalError"),
        Answer(500, "InternalError", cors=False),
        Answer(500, "InternalError", stored=True),
        Answer(403, "AccessDenied", "Request has expired"),
        Answer(403, "AccessDenied", "Request has expired", cors=False),
        Answer(400, "ExpiredToken"),
        Answer(400, "RequestTimeout"),
        CutRequest(PART // 2),
        CutRequest(0),
        LoseResponse(),
        Stall(PART // 2),
        FlipBit(PART // 2, 3),
        Delay(request=0.5, response=0.5),
        NO_CORS,
    ],
    ids=repr,
)
def test_a_fault_on_one_part_is_survived(desk: Desk, tmp_path: Path, action: Action) -> None:
    file = make_file(tmp_path / "run7.bin", 4 * PART)
    fault = Fault(action, SECOND)
    desk.proxy.play(fault)
    desk.page.clock.install()
    desk.show()

    desk.pick(file)
    if isinstance(action, Stall):
        until(lambda: desk.proxy.played(fault) and len(desk.stored()) == 3, 60, "the others")
        desk.page.clock.fast_forward(PATIENCE)
    desk.until_done()

    desk.assert_arrived(file)
    assert desk.proxy.played(fault) == 1
    others = [len(desk.proxy.puts(part)) for part in (1, 3, 4)]
    assert others == [1, 1, 1]


def test_a_url_that_expired_while_it_waited_is_signed_again(desk: Desk, tmp_path: Path) -> None:
    file = make_file(tmp_path / "run7.bin", 3 * PART)
    every_first = tuple(
        Fault(
            Answer(403, "AccessDenied", "Request has expired"),
            Match(operation="UploadPart", part_number=part, nth=1),
        )
        for part in (1, 2, 3)
    )
    desk.proxy.play(*every_first)
    desk.show()

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    signed = [part["part_number"] for each in desk.asked("presign_parts") for part in each["parts"]]
    assert [(signed.count(part), len(desk.proxy.puts(part))) for part in (1, 2, 3)] == [(2, 2)] * 3


@pytest.mark.parametrize("transport", ["auto", "relay"])
def test_the_network_may_be_gone_for_a_while(
    desk: Desk, widget: UploadWidget, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 8 * PART)
    desk.proxy.pace_total(10 * MiB)
    desk.show()
    desk.pick(file)
    desk.until_stored(1)

    desk.proxy.go_offline()
    desk.until_state("waiting")
    assert widget.waiting_for == "network"
    stored = set(desk.stored())
    before = widget.progress
    desk.proxy.go_online()
    desk.proxy.pace_total(UNPACED)
    desk.until_done()

    desk.assert_arrived(file)
    assert 0 < before <= widget.progress
    assert [desk.stored().count(part) for part in stored] == [1] * len(stored)


def test_slow_down_halves_the_lanes(desk: Desk, tmp_path: Path) -> None:
    file = make_file(tmp_path / "run7.bin", 12 * PART)
    desk.proxy.play(Fault(Answer(503, "SlowDown"), Match(operation="UploadPart"), times=4))
    desk.proxy.play(Fault(Delay(response=0.2), Match(operation="UploadPart"), times=FOREVER))
    desk.show()

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    told = [put.finished for put in desk.proxy.puts() if put.status == 503]
    after = Exchanges(put for put in desk.proxy.puts() if put.started > max(told))
    assert after.max_in_flight() < 6


def test_an_answer_that_stays_the_same_fails_the_file_and_resume_goes_on(
    desk: Desk, widget: UploadWidget, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 3 * PART)
    desk.proxy.play(Fault(Answer(500, "InternalError"), SECOND, times=FOREVER))
    desk.show()
    desk.pick(file)
    desk.until_state("failed")
    assert "run7.bin" in widget.error
    assert "part 2" in widget.error
    assert "500 InternalError" in widget.error

    desk.proxy.clear_faults()
    widget.resume()
    desk.until_state("uploading", "done")
    desk.until_done()

    desk.assert_arrived(file)
    assert [len(desk.proxy.puts(part)) for part in (1, 3)] == [1, 1]
