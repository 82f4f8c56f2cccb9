"""What goes wrong between the page and S3 does not stop an upload, and changes no byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3upload_widget import UploadWidget
from support.exchanges import Exchanges
from support.faults import (
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
from support.files import make_file
from support.uploading import (
    QUICK,
    MiB,
    asked,
    assert_arrived,
    pick,
    show,
    until_done,
    until_state,
)
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.bridge import Bridge
    from support.browser import PageErrors
    from support.faults import Action
    from support.proxy import FaultyProxy
    from support.servers import S3Server

PART = 5 * MiB
SECOND = Match(operation="UploadPart", part_number=2)


@pytest.fixture
def widget(bridge: Bridge, ministack: S3Server, proxy: FaultyProxy, bucket: str) -> UploadWidget:
    """Its page reaches S3 through the faulty proxy, its kernel does so directly."""
    return UploadWidget(
        bucket, client=ministack.client, browser_endpoint_url=proxy.url, part_size=PART
    )


@pytest.fixture(autouse=True)
def _failed_requests_are_no_surprise(page_errors: PageErrors) -> None:
    page_errors.expect_network()


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
def test_a_fault_on_one_part_is_survived(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    tmp_path: Path,
    action: Action,
) -> None:
    file = make_file(tmp_path / "run7.bin", 4 * PART)
    fault = Fault(action, SECOND)
    proxy.play(fault)
    show(page, bridge, widget, tuning=QUICK)

    pick(page, file)
    until_done(widget)

    assert_arrived(ministack, widget, file)
    assert proxy.played(fault) == 1
    others = [len(proxy.puts(part)) for part in (1, 3, 4)]
    assert others == [1, 1, 1]


def test_a_url_that_expired_while_it_waited_is_signed_again(
    page: Page, bridge: Bridge, ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    widget = UploadWidget(
        bucket, client=ministack.client, browser_endpoint_url=proxy.url, part_size=PART
    )
    file = make_file(tmp_path / "run7.bin", 3 * PART)
    every_first = tuple(
        Fault(
            Answer(403, "AccessDenied", "Request has expired"),
            Match(operation="UploadPart", part_number=part, nth=1),
        )
        for part in (1, 2, 3)
    )
    proxy.play(*every_first)
    show(page, bridge, widget, tuning=QUICK)

    pick(page, file)
    until_done(widget)

    assert_arrived(ministack, widget, file)
    signed = [
        part["part_number"] for each in asked(bridge, "presign_parts") for part in each["parts"]
    ]
    assert [(signed.count(part), len(proxy.puts(part))) for part in (1, 2, 3)] == [(2, 2)] * 3


def test_the_network_may_be_gone_for_a_while(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    file = make_file(tmp_path / "run7.bin", 8 * PART)
    proxy.pace_total(10 * MiB)
    show(page, bridge, widget, tuning=QUICK)
    pick(page, file)
    until(lambda: any(put.complete for put in proxy.puts()), what="a first part on S3")

    proxy.go_offline()
    until_state(widget, "waiting")
    assert widget.waiting_for == "network"
    stored = {put.part_number for put in proxy.puts() if put.complete}
    before = widget.progress
    proxy.go_online()
    proxy.pace_total(1e12)
    until_done(widget)

    assert_arrived(ministack, widget, file)
    assert 0 < before <= widget.progress
    assert [len([p for p in proxy.puts(part) if p.complete]) for part in stored] == [1] * len(
        stored
    )


def test_slow_down_halves_the_lanes(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    file = make_file(tmp_path / "run7.bin", 12 * PART)
    proxy.play(Fault(Answer(503, "SlowDown"), Match(operation="UploadPart"), times=4))
    proxy.play(Fault(Delay(response=0.2), Match(operation="UploadPart"), times=FOREVER))
    show(page, bridge, widget, tuning=QUICK)

    pick(page, file)
    until_done(widget)

    assert_arrived(ministack, widget, file)
    told = [put.finished for put in proxy.puts() if put.status == 503]
    after = Exchanges(put for put in proxy.puts() if put.started > max(told))
    assert after.max_in_flight() < 6


def test_an_answer_that_stays_the_same_fails_the_file_and_resume_goes_on(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    file = make_file(tmp_path / "run7.bin", 3 * PART)
    proxy.play(Fault(Answer(500, "InternalError"), SECOND, times=FOREVER))
    show(page, bridge, widget, tuning=QUICK)
    pick(page, file)
    until_state(widget, "failed")
    assert "run7.bin" in widget.error
    assert "part 2" in widget.error
    assert "500 InternalError" in widget.error

    proxy.clear_faults()
    widget.resume()
    until_state(widget, "uploading", "done")
    until_done(widget)

    assert_arrived(ministack, widget, file)
    assert [len(proxy.puts(part)) for part in (1, 3)] == [1, 1]
