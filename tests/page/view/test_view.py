"""What people see of their uploads and do with them, in a real browser on a plain page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from s3upload_widget import UploadWidget
from support.files import make_file, sha256_of_file, sha256_of_object
from support.page.uploading import QUICK, assert_arrived, pick, show, states, until_done
from support.page.view import LONG, PART, SLOW, confirm, expect_state, press, row
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

pytestmark = pytest.mark.usefixtures("network_may_fail")


def test_a_row_tells_how_far_the_file_is_and_at_last_its_address(
    page: Page,
    bridge: Bridge,
    proxy: FaultyProxy,
    bucket: str,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    proxy.pace_total(SLOW)
    show(page, bridge, widget)
    expect(page.locator(".s3up-destination")).to_have_text(re.compile(rf"{bucket}/raw/$"))

    pick(page, make_file(tmp_path / "run7.bin", 16 * PART))
    expect_state(page, "run7.bin", "uploading")
    expect(row(page, "run7.bin")).to_contain_text(re.compile(r"\d+ of 84 MB · .+/s · \d+ s left"))
    bar = page.get_by_role("progressbar", name="Progress of run7.bin")
    expect(bar).to_have_attribute("aria-valuetext", re.compile(r"^\d+ %, Uploading"))
    expect(bar).not_to_have_attribute("aria-valuenow", "0", timeout=LONG)
    proxy.clear_faults()

    expect_state(page, "run7.bin", "done")
    expect(row(page, "run7.bin")).to_contain_text("On S3, verified")
    expect(row(page, "run7.bin").locator("code")).to_have_text(f"s3://{bucket}/raw/run7.bin")
    expect(bar).to_have_attribute("aria-valuenow", "100")
    press(page, "Clear run7.bin")
    expect(page.locator(".s3up-row")).to_have_count(0)
    until(lambda: widget.files == (), what=lambda: widget.files)


def test_a_waiting_row_says_what_it_waits_for(
    page: Page, bridge: Bridge, widget: UploadWidget, tmp_path: Path
) -> None:
    show(page, bridge, widget, tuning={**QUICK, "kernelSilentMs": 200})
    expect(page.locator(".s3up-destination")).to_contain_text("raw/")
    bridge.hold()

    pick(page, make_file(tmp_path / "run7.bin", 10))

    expect_state(page, "run7.bin", "waiting")
    expect(row(page, "run7.bin")).to_contain_text("Waiting for Python, which is busy")
    bridge.release()
    expect_state(page, "run7.bin", "done")


@pytest.mark.parametrize(("way", "edge"), [("ltr", "right"), ("rtl", "left")])
def test_a_bar_grows_the_way_the_text_runs_and_needs_no_layout_for_it(
    page: Page, bridge: Bridge, widget: UploadWidget, tmp_path: Path, way: str, edge: str
) -> None:
    show(page, bridge, widget)
    pick(page, *(make_file(tmp_path / f"run{n}.bin", 10) for n in range(2)))
    until_done(widget, 2)

    moved = page.locator(".s3up-row .s3up-fill").first.evaluate(
        """(fill, way) => {
          fill.closest(".s3up").dir = way;
          fill.style.setProperty("--s3up-percent", 25);
          fill.getBoundingClientRect();
          const moving = fill.getAnimations();
          const names = moving.map(({ transitionProperty }) => transitionProperty);
          for (const animation of moving) animation.finish();
          const bar = fill.parentElement.getBoundingClientRect();
          const { left, right } = fill.getBoundingClientRect();
          return { names, left: (right - bar.left) / bar.width, right: (bar.right - left) / bar.width };
        }""",
        way,
    )

    assert moved["names"] == ["transform"]
    assert moved["left" if edge == "right" else "right"] == pytest.approx(0.25, abs=0.01)


def test_discard_asks_before_it_deletes_what_was_sent(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    bucket: str,
    tmp_path: Path,
) -> None:
    proxy.pace_total(SLOW / 2)
    show(page, bridge, widget)
    pick(page, make_file(tmp_path / "run7.bin", 8 * PART))
    expect(page.locator(".s3up-numbers")).to_contain_text("of 42 MB", timeout=LONG)
    height = row(page, "run7.bin").bounding_box()

    press(page, "Discard run7.bin")
    expect(row(page, "run7.bin")).to_contain_text("Delete what was sent?")
    assert row(page, "run7.bin").bounding_box() == height
    press(page, "Keep run7.bin")
    expect(row(page, "run7.bin")).not_to_contain_text("Delete what was sent?")
    expect(page.get_by_role("button", name="Discard run7.bin")).to_be_focused()
    assert len(ministack.upload_ids(bucket)) == 1
    confirm(page, "Discard run7.bin")

    expect(page.locator(".s3up-row")).to_have_count(0, timeout=LONG)
    assert ministack.upload_ids(bucket) == []


@pytest.mark.parametrize("choice", ["Overwrite", "Keep both", "Skip"])
def test_a_conflict_is_the_users_to_decide(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    widget: UploadWidget,
    bucket: str,
    tmp_path: Path,
    choice: str,
) -> None:
    ministack.client.put_object(Bucket=bucket, Key="raw/run7.bin", Body=b"others'")
    file = make_file(tmp_path / "run7.bin", 1000)
    show(page, bridge, widget)
    pick(page, file)
    expect_state(page, "run7.bin", "failed")
    expect(row(page, "run7.bin")).to_contain_text("An object already has this key")

    press(page, f"{choice} run7.bin")

    key = {"Overwrite": "raw/run7.bin", "Keep both": "raw/run7-1.bin"}.get(choice)
    if key is None:
        expect(page.locator(".s3up-row")).to_have_count(0)
    else:
        until(lambda: widget.value, 60, lambda: widget.error)
        digest = sha256_of_object(ministack.client, bucket, key)
        assert digest == sha256_of_file(file)
    old = ministack.body(bucket, "raw/run7.bin")
    assert (old == b"others'") == (choice != "Overwrite")


def test_two_views_show_and_steer_the_same_uploads(
    page: Page, bridge: Bridge, proxy: FaultyProxy, widget: UploadWidget, tmp_path: Path
) -> None:
    proxy.pace_total(SLOW / 2)
    show(page, bridge, widget, views=2)
    page.locator(".s3up-zone input[type=file]").nth(1).set_input_files(
        make_file(tmp_path / "run7.bin", 8 * PART)
    )
    expect(row(page, "run7.bin", 1)).to_have_attribute("data-state", "uploading", timeout=LONG)

    row(page, "run7.bin", 0).get_by_role("button", name="Pause run7.bin").click()

    for view in (0, 1):
        expect(row(page, "run7.bin", view)).to_have_attribute("data-state", "paused")
    page.evaluate("removeView()")
    expect(page.locator(".s3up")).to_have_count(1)
    press(page, "Resume run7.bin")
    proxy.clear_faults()
    expect_state(page, "run7.bin", "done")


def test_several_files_are_paused_resumed_and_cleared_together(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    proxy.pace_total(SLOW / 2)
    files = [make_file(tmp_path / f"run{number}.bin", 2 * PART) for number in range(3)]
    show(page, bridge, widget)
    pick(page, *files)
    expect_state(page, "run0.bin", "uploading")
    expect(page.locator(".s3up-sums")).to_contain_text(re.compile(r"\d+ of 31 MB"))

    press(page, "Pause all")
    until(lambda: set(states(page).values()) == {"paused"}, what=lambda: states(page))
    proxy.clear_faults()
    press(page, "Resume all")

    until_done(widget, 3)
    assert_arrived(ministack, widget, *files)
    expect(page.locator(".s3up-ready")).to_have_text("3 of 3 files")
    press(page, "Clear finished")
    expect(page.locator(".s3up-row")).to_have_count(0)


def test_a_missing_cors_rule_is_shown_to_be_copied(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    tmp_path: Path,
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    with ministack.bucket(origins=()) as bucket:
        widget = UploadWidget(bucket, client=ministack.client, transport="direct")
        show(page, bridge, widget, tuning=QUICK)
        pick(page, make_file(tmp_path / "run7.bin", 1000))

        expect_state(page, "run7.bin", "failed")
        expect(row(page, "run7.bin").locator("pre")).to_contain_text(bridge.origin)
        press(page, "Copy the rule")
        expect(row(page, "run7.bin")).to_contain_text("Copied")
        rules = page.evaluate("navigator.clipboard.readText().then(JSON.parse)")
        ministack.client.put_bucket_cors(Bucket=bucket, CORSConfiguration=rules)
        press(page, "Resume run7.bin")

        expect_state(page, "run7.bin", "done")


@pytest.mark.parametrize("insecure", [False, True], ids=["clipboard", "no clipboard"])
def test_the_address_is_copied_whole(
    page: Page, bridge: Bridge, widget: UploadWidget, tmp_path: Path, *, insecure: bool
) -> None:
    page.set_viewport_size({"width": 340, "height": 600})
    show(page, bridge, widget, insecure=insecure)
    pick(page, make_file(tmp_path / "run7.bin", 1))
    until_done(widget)

    press(page, "Copy the address of run7.bin")

    expect(row(page, "run7.bin")).to_contain_text("Copied")
    page.evaluate("document.body.append(document.createElement('textarea'))")
    page.locator("textarea").press("Control+v")
    expect(page.locator("textarea")).to_have_value(widget.value[0].uri)
