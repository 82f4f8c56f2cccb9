"""No last percent without a word: while S3 completes, the page and Python say so, below 100 %."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from playwright.sync_api import expect

from s3upload_widget import UploadWidget
from support.files import make_file
from support.page.uploading import QUICK, assert_arrived, pick, show, until_done
from support.page.view import LONG, PART, expect_state, row
from support.proxy.faults import FOREVER, Fault, Gate, Match
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

COMPLETE: Final = Match(operation="CompleteMultipartUpload")


def test_while_completion_is_held_it_verifies_and_nothing_is_at_100_percent(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    widget = UploadWidget(bucket, client=ministack.at(proxy.url).client, part_size=PART)
    file = make_file(tmp_path / "run7.bin", 3 * PART)
    gate = Gate()
    proxy.play(Fault(gate, COMPLETE, FOREVER))
    show(page, bridge, widget, tuning=QUICK)
    pick(page, file)

    expect_state(page, "run7.bin", "completing")
    state = row(page, "run7.bin").locator(".s3up-state")
    expect(state).to_have_text("Verifying on S3")
    bars = page.get_by_role("progressbar")
    expect(page.get_by_role("progressbar", name="Progress of run7.bin")).to_have_attribute(
        "aria-valuenow", "99", timeout=LONG
    )
    assert {bar.get_attribute("aria-valuenow") for bar in bars.all()} == {"99"}
    expect(row(page, "run7.bin").locator(".s3up-percent")).to_have_text("99 %")
    until(lambda: widget.progress > 0.9, 30, lambda: widget.progress)
    assert widget.state in {"completing", "uploading"}
    assert widget.progress < 1
    assert widget.value == ()
    assert len(proxy.puts()) == 3

    gate.opened.set()
    until_done(widget)
    assert widget.progress == 1
    expect_state(page, "run7.bin", "done")
    assert_arrived(ministack, widget, file)
