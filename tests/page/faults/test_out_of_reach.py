"""S3 is out of the kernel's reach for a while, or answers nothing: the upload goes on by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from s3upload_widget import UploadWidget
from support.files import make_file
from support.page.uploading import (
    QUICK,
    MiB,
    asked,
    assert_arrived,
    pick,
    show,
    until_done,
)
from support.proxy.faults import Answer, CutRequest, Fault, Gate, LoseResponse, Match
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from s3upload_widget.protocol import Transport
    from support.page.bridge import Bridge
    from support.page.browser import PageErrors
    from support.proxy.faults import Action
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

PART: Final = 5 * MiB
PARTS: Final = 8
PATIENT: Final = {**QUICK, "stallMs": 30_000}
"""A machine that is busy with other tests is no stalled connection."""


@pytest.fixture
def widget(
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    behind: FaultyProxy,
    bucket: str,
    transport: Transport,
) -> UploadWidget:
    """Page and kernel reach S3 by ways of their own; parts go by that of ``proxy``."""
    client = ministack.at((proxy if transport == "relay" else behind).url).client
    return UploadWidget(
        bucket,
        client=client,
        browser_endpoint_url=proxy.url,
        part_size=PART,
        transport=transport,
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return make_file(tmp_path / "run7.bin", PARTS * PART - 7)


def puts_of_each(proxy: FaultyProxy) -> list[int]:
    return [len(proxy.puts(number)) for number in range(1, PARTS + 1)]


def test_a_pick_waits_until_the_kernel_reaches_s3(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    behind: FaultyProxy,
    widget: UploadWidget,
    file: Path,
) -> None:
    show(page, bridge, widget, tuning=PATIENT)
    behind.go_offline()
    pick(page, file)
    until(lambda: widget.waiting_for == "network", 60, lambda: (widget, widget.waiting_for))

    behind.go_online()
    until_done(widget)

    assert_arrived(ministack, widget, file)
    assert puts_of_each(proxy) == [1] * PARTS


def test_while_s3_takes_its_time_nobody_says_that_the_kernel_does_not_listen(
    page: Page, bridge: Bridge, behind: FaultyProxy, widget: UploadWidget, file: Path
) -> None:
    gate = Gate()
    behind.play(Fault(gate, Match(operation="CreateMultipartUpload")))
    show(page, bridge, widget, tuning={**PATIENT, "kernelSilentMs": 20_000, "kernelDoubtMs": 300})
    page.evaluate(
        """() => {
          globalThis.seen = new Set();
          engine.subscribe(() => {
            for (const upload of engine.files) seen.add(engine.progressOf(upload).waiting_for);
          });
        }"""
    )
    pick(page, file)
    until(lambda: behind.of("CreateMultipartUpload"), 30, "a request that S3 is slow to answer")

    before = len(asked(bridge, "report_progress"))
    until(lambda: len(asked(bridge, "report_progress")) > before + 10, 60, "reports meanwhile")
    gate.opened.set()
    until_done(widget)

    assert page.evaluate("[...seen]") == [""]


def test_parts_are_signed_and_sent_without_the_kernel_reaching_s3(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    behind: FaultyProxy,
    widget: UploadWidget,
    file: Path,
) -> None:
    """To sign asks nobody; only to complete does."""
    proxy.pace_total(10 * MiB)
    show(page, bridge, widget, tuning=PATIENT)
    pick(page, file)
    until(lambda: any(put.complete for put in proxy.puts()), 30, "a first part on S3")

    behind.go_offline()
    until(lambda: all(proxy.puts(n) for n in range(1, PARTS + 1)), 60, "every part sent")
    until(lambda: widget.waiting_for == "network", 60, lambda: (widget, widget.waiting_for))
    behind.go_online()
    until_done(widget)

    assert_arrived(ministack, widget, file)
    assert puts_of_each(proxy) == [1] * PARTS


@pytest.mark.parametrize(
    "action", [CutRequest(10), LoseResponse(), Answer(500, "InternalError", stored=True)], ids=repr
)
def test_a_complete_that_failed_on_its_way_is_asked_again(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    behind: FaultyProxy,
    widget: UploadWidget,
    bucket: str,
    file: Path,
    action: Action,
) -> None:
    fault = Fault(action, Match(operation="CompleteMultipartUpload"), times=3)
    behind.play(fault)
    show(page, bridge, widget, tuning=PATIENT)

    pick(page, file)
    until_done(widget)

    assert_arrived(ministack, widget, file)
    assert behind.played(fault) >= 1
    assert puts_of_each(proxy) == [1] * PARTS
    assert ministack.upload_ids(bucket) == []


@pytest.mark.parametrize("transport", ["auto", "relay"])
def test_an_upload_that_somebody_aborted_begins_anew_by_itself(
    page: Page,
    page_errors: PageErrors,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    bucket: str,
    file: Path,
) -> None:
    page_errors.expect_network()
    proxy.pace_total(10 * MiB)
    show(page, bridge, widget, tuning=PATIENT)
    pick(page, file)
    until(lambda: any(put.complete for put in proxy.puts()), 30, "a first part on S3")

    [(_, gone)] = ministack.upload_ids(bucket)
    ministack.empty(bucket)
    proxy.clear_faults()
    until_done(widget)

    assert_arrived(ministack, widget, file)
    anew = sorted(put.part_number for put in proxy.puts() if put.upload_id != gone)
    assert anew == list(range(1, PARTS + 1))
    assert ministack.upload_ids(bucket) == []
