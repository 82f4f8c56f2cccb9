"""While bytes would be lost the page asks before it is left, and the screen stays on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect

from support.files import make_file
from support.page.uploading import QUICK, pick, show
from support.page.view import PART, SLOW, expect_state, press
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Dialog, Page

    from s3upload_widget import UploadWidget
    from support.page.bridge import Bridge
    from support.proxy.proxy import FaultyProxy

pytestmark = pytest.mark.usefixtures("network_may_fail")

LOCKS: Final = """
globalThis.locks = { held: 0, asked: 0 };
Object.defineProperty(navigator, "wakeLock", { value: { async request() {
  locks.held += 1;
  locks.asked += 1;
  let held = true;
  return { async release() { if (held) locks.held -= 1; held = false; } };
} } });
"""
"""A headless browser has no screen to keep on."""


@pytest.fixture
def widget(widget: UploadWidget, proxy: FaultyProxy) -> UploadWidget:
    """Its uploads take long enough to be left."""
    proxy.pace_total(SLOW / 2)
    return widget


def test_the_page_asks_before_it_is_left_while_files_are_under_way_and_only_then(
    page: Page, bridge: Bridge, widget: UploadWidget, tmp_path: Path
) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    show(page, bridge, widget, tuning=QUICK)
    pick(page, make_file(tmp_path / "run7.h5", 8 * PART))
    expect_state(page, "run7.h5", "uploading")
    page.locator("body").click()  # browsers ask only where the user has done something

    page.close(run_before_unload=True)
    until(lambda: page.evaluate("1") and asked == ["beforeunload"], 60, lambda: asked)

    press(page, "Pause run7.h5")
    expect_state(page, "run7.h5", "paused")
    page.goto("about:blank")
    assert asked == ["beforeunload"]


def test_the_screen_stays_on_while_a_file_is_under_way(
    page: Page, bridge: Bridge, proxy: FaultyProxy, widget: UploadWidget, tmp_path: Path
) -> None:
    page.add_init_script(LOCKS)
    show(page, bridge, widget, tuning=QUICK)
    assert page.evaluate("locks") == {"held": 0, "asked": 0}
    pick(page, make_file(tmp_path / "run7.h5", 8 * PART))
    expect_state(page, "run7.h5", "uploading")
    assert page.evaluate("locks") == {"held": 1, "asked": 1}

    # The browser lets go of it when the page is hidden; the page asks again when it is seen.
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    until(lambda: page.evaluate("locks") == {"held": 1, "asked": 2}, what="a lock asked for again")

    press(page, "Pause run7.h5")
    until(lambda: page.evaluate("locks.held") == 0, what="no lock while paused")
    proxy.clear_faults()
    press(page, "Resume run7.h5")
    expect_state(page, "run7.h5", "done")
    until(lambda: page.evaluate("locks") == {"held": 0, "asked": 3}, what="no lock at the end")


def test_a_widget_that_is_closed_asks_nothing_and_keeps_no_screen_on(
    page: Page, bridge: Bridge, widget: UploadWidget, tmp_path: Path
) -> None:
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.add_init_script(LOCKS)
    show(page, bridge, widget, tuning=QUICK)
    pick(page, make_file(tmp_path / "run7.h5", 8 * PART))
    expect_state(page, "run7.h5", "uploading")
    until(lambda: page.evaluate("locks.held") == 1, what="a lock")
    page.locator("body").click()  # browsers ask only where the user has done something

    widget.close()

    until(lambda: page.evaluate("locks.held") == 0, what="no lock once the widget is closed")
    page.goto("about:blank")
    assert asked == []


def test_a_screen_that_cannot_be_kept_on_hinders_nothing(
    page: Page, bridge: Bridge, proxy: FaultyProxy, widget: UploadWidget, tmp_path: Path
) -> None:
    page.add_init_script(
        """Object.defineProperty(navigator, "wakeLock", { value: { async request() {
          throw new DOMException("battery is low", "NotAllowedError");
        } } });"""
    )
    proxy.clear_faults()
    show(page, bridge, widget, tuning=QUICK)

    pick(page, make_file(tmp_path / "run7.h5", 1000))

    expect_state(page, "run7.h5", "done")
    expect(page.locator(".s3up-message")).to_have_count(0)
