"""A file that is paused in the middle of a step neither gets stuck nor decides for the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from s3upload_widget import UploadWidget
from s3upload_widget.checksums import sha256
from support.files import make_file
from support.uploading import QUICK, MiB, asked, assert_arrived, pick, show, until_done
from support.view import LONG, expect_state, press, row
from test_resume import begin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from support.bridge import Bridge
    from support.proxy import FaultyProxy
    from support.servers import S3Server

PART = 5 * MiB

HOLD = """(offset) => {
    const { hash } = engine.hashers;
    engine.hashers.hash = async (lane, part) => {
        if (part.offset === offset && globalThis.letGo === undefined)
            await new Promise((resolve) => { globalThis.letGo = resolve; });
        return hash(lane, part);
    };
}"""
"""Keep whoever hashes the part that begins there waiting, once."""


@pytest.fixture
def widget(bridge: Bridge, ministack: S3Server, proxy: FaultyProxy, bucket: str) -> UploadWidget:
    """Its page reaches S3 through the proxy, its kernel does so directly."""
    return UploadWidget(
        bucket, client=ministack.client, browser_endpoint_url=proxy.url, part_size=PART
    )


@pytest.fixture
def begun(ministack: S3Server, bucket: str, tmp_path: Path) -> Callable[..., Path]:
    """Make a file of five parts that are all on S3, some of them with other bytes."""

    def make(*differing: int) -> Path:
        file = make_file(tmp_path / "run7.bin", 5 * PART)
        upload_id = begin(ministack, bucket, file, (1, 2, 3, 4, 5), PART)
        for number in differing:
            ministack.client.upload_part(
                Bucket=bucket,
                Key=file.name,
                UploadId=upload_id,
                PartNumber=number,
                Body=b"x" * PART,
                ChecksumSHA256=sha256(b"x" * PART),
            )
        return file

    return make


def pick_and_hold(page: Page, file: Path, number: int) -> None:
    """Pick a file, and keep the comparing of one part waiting; all others are compared."""
    page.evaluate(HOLD, (number - 1) * PART)
    pick(page, file)
    page.wait_for_function(
        """() => {
            const parts = engine.files[0]?.active?.parts;
            return parts && parts.stored + parts.differing === 4 && globalThis.letGo;
        }"""
    )


def pause_and_resume(page: Page) -> None:
    press(page, "Pause run7.bin")
    expect_state(page, "run7.bin", "paused")
    press(page, "Resume run7.bin")
    expect_state(page, "run7.bin", "uploading")


def test_a_part_compared_across_a_pause_may_be_the_last_one(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    begun: Callable[..., Path],
) -> None:
    file = begun()
    show(page, bridge, widget, tuning=QUICK)
    pick_and_hold(page, file, 4)

    pause_and_resume(page)
    page.evaluate("letGo()")
    until_done(widget)

    assert_arrived(ministack, widget, file)
    assert len(proxy.puts()) == 0


def test_a_part_compared_across_a_pause_may_be_what_the_user_is_asked_about(
    page: Page, bridge: Bridge, widget: UploadWidget, begun: Callable[..., Path]
) -> None:
    file = begun(4)
    show(page, bridge, widget, tuning=QUICK)
    pick_and_hold(page, file, 4)

    pause_and_resume(page)
    page.evaluate("letGo()")

    expect(row(page, "run7.bin")).to_contain_text("1 differs", timeout=LONG)


def test_only_the_button_that_asks_has_differing_parts_sent_again(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    begun: Callable[..., Path],
) -> None:
    file = begun(2)
    show(page, bridge, widget, tuning=QUICK)
    pick_and_hold(page, file, 4)

    pause_and_resume(page)
    page.evaluate("letGo()")
    expect(row(page, "run7.bin")).to_contain_text("1 differs", timeout=LONG)
    pick(page, file)
    page.evaluate("engine.resume()")
    page.evaluate("engine.resume([engine.files[0].id])")
    assert page.evaluate("engine.files[0].state.problem?.code") == "differs"
    assert len(proxy.puts()) == 0

    press(page, "Resume run7.bin")
    page.wait_for_function("engine.files[0].state.name !== 'failed'")
    until_done(widget)
    assert_arrived(ministack, widget, file)
    assert [put.part_number for put in proxy.puts()] == [2]


def test_a_file_that_is_paused_before_it_has_a_key_stays_paused(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    file = make_file(tmp_path / "run7.bin", 3 * PART)
    show(page, bridge, widget, tuning=QUICK)
    bridge.hold()
    pick(page, file)
    press(page, "Pause run7.bin")
    expect_state(page, "run7.bin", "paused")

    bridge.release()
    page.wait_for_function("engine.files[0].state.work !== undefined")

    assert page.evaluate("engine.files[0].state.name") == "paused"
    assert asked(bridge, "create_multipart_upload") == []
    press(page, "Resume run7.bin")
    until_done(widget)
    assert_arrived(ministack, widget, file)


def test_a_pause_before_there_is_a_key_can_be_taken_back(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    file = make_file(tmp_path / "run7.bin", 3 * PART)
    show(page, bridge, widget, tuning=QUICK)
    bridge.hold()
    pick(page, file)
    press(page, "Pause run7.bin")
    press(page, "Resume run7.bin")

    bridge.release()
    until_done(widget)

    assert_arrived(ministack, widget, file)
