"""What the page's engine does where two things happen at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from s3upload_widget import UploadWidget
from support.faults import Answer, Fault, Match
from support.files import make_file
from support.uploading import (
    QUICK,
    MiB,
    asked,
    assert_arrived,
    pick,
    show,
    states,
    until_done,
)
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from s3upload_widget import PickedFile
    from support.bridge import Bridge
    from support.browser import PageErrors
    from support.proxy import FaultyProxy
    from support.servers import S3Server

PART = 5 * MiB

DISCARD_WHILE_HASHING = """async () => {
    const hashing = () => {
        const parts = engine.files[0].active?.parts;
        return parts && [3, 4, 5, 6, 7, 8].some((number) => parts.step(number) === "hashing");
    };
    while (!hashing()) await new Promise((resolve) => setTimeout(resolve, 0));
    await engine.abort();
}"""


@pytest.fixture
def widget(bridge: Bridge, ministack: S3Server, proxy: FaultyProxy, bucket: str) -> UploadWidget:
    """Its page reaches S3 through the proxy, its kernel does so directly."""
    return UploadWidget(
        bucket, client=ministack.client, browser_endpoint_url=proxy.url, part_size=PART
    )


def test_a_file_that_is_discarded_while_it_is_hashed_holds_up_no_other(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    proxy.pace_total(20 * MiB)
    show(page, bridge, widget, tuning=QUICK)
    pick(page, make_file(tmp_path / "run7.bin", 20 * PART))
    page.evaluate(DISCARD_WHILE_HASHING)
    proxy.pace_total(1e12)

    file = make_file(tmp_path / "run8.bin", 3 * PART)
    pick(page, file)
    until_done(widget)

    assert_arrived(ministack, widget, file)


def test_a_file_that_is_discarded_before_it_has_a_key_can_be_picked_again(
    page: Page, bridge: Bridge, ministack: S3Server, widget: UploadWidget, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 2 * PART)
    show(page, bridge, widget, tuning=QUICK)
    bridge.hold()
    pick(page, file)
    page.evaluate("engine.abort()")
    until(lambda: states(page) == {}, what=lambda: states(page))
    bridge.release()
    until(lambda: asked(bridge, "abort_multipart_upload"), what="the key given back")

    (tmp_path / "elsewhere").mkdir()
    again = file.rename(tmp_path / "elsewhere" / "run7.bin")
    pick(page, again)
    until_done(widget)

    assert_arrived(ministack, widget, again)


def test_a_part_that_cannot_be_signed_just_now_is_signed_later(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    page_errors: PageErrors,
    tmp_path: Path,
) -> None:
    page_errors.expect_network()
    widget = UploadWidget(bucket, client=ministack.at(proxy.url).client)
    file = make_file(tmp_path / "run7.bin", MiB)
    proxy.play(Fault(Answer(500, "InternalError"), Match(operation="PutObject", nth=1)))
    # The second signature needs a look at the object; botocore itself tries three times.
    matches = [Match(operation="HeadObject", nth=nth) for nth in (2, 3, 4)]
    heads = [Fault(Answer(503, "SlowDown"), match) for match in matches]
    proxy.play(*heads)
    show(page, bridge, widget, tuning=QUICK)

    pick(page, file)
    until_done(widget)

    assert_arrived(ministack, widget, file)
    assert [proxy.played(head) for head in heads] == [1, 1, 1]


def test_a_refusal_of_any_length_does_not_silence_the_reports(
    page: Page, bridge: Bridge, ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    def refuse(_: PickedFile) -> str:
        raise ValueError("no" * 5000)

    widget = UploadWidget(bucket, client=ministack.client, key=refuse)
    show(page, bridge, widget, tuning=QUICK)

    pick(page, make_file(tmp_path / "run7.bin", MiB))
    until(lambda: widget.files and widget.files[0].state == "failed", what=lambda: widget.files)
    page.evaluate("engine.abort()")

    until(lambda: widget.files == (), what=lambda: widget.files)


def test_reports_that_the_kernel_refuses_come_no_oftener_than_others(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    proxy.pace_total(4 * MiB)
    show(page, bridge, widget, tuning={"reportMs": 200})
    # What is no number is sent as null, and no report with that is understood.
    page.evaluate("""() => {
      engine.rate.sample(0, Date.now() - 10_000);
      globalThis.trouble = setInterval(() => {
        engine.rate.sample(NaN);
        engine.progressed();
      }, 5);
    }""")
    file = make_file(tmp_path / "run7.bin", 3 * PART)
    began = time.monotonic()

    pick(page, file)
    until(lambda: len(widget.value) == 1, 60, "the file")
    took = time.monotonic() - began

    assert len(asked(bridge, "report_progress")) <= 2 + took / 0.2
    replies = [message.data.get("content", {}).get("reply", {}) for message in bridge.told]
    assert "failed" in {reply.get("kind") for reply in replies}
    page.evaluate("clearInterval(trouble); engine.rate.reset()")
    until_done(widget)
    assert_arrived(ministack, widget, file)
