"""While bytes move the view stands still: no row jumps, and no part costs more than a colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect

from support.files import make_file, make_sparse_file
from support.page.uploading import QUICK, pick, show, until_done
from support.page.view import LONG, PART, SLOW, expect_state, press, row
from support.proxy.faults import FOREVER, Answer, Fault, Match
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from s3upload_widget import UploadWidget
    from support.page.bridge import Bridge
    from support.proxy.proxy import FaultyProxy

pytestmark = pytest.mark.usefixtures("network_may_fail")

WATCH: Final = """() => {
  globalThis.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      for (const { node, previousRect, currentRect } of entry.sources) {
        const element = node instanceof Element ? node : node?.parentElement;
        if (!element?.closest(".s3up")) continue;
        if (previousRect.y === currentRect.y) continue;
        shifts.push([element.className, previousRect.y, currentRect.y].join(" "));
      }
    }
  }).observe({ type: "layout-shift" });
}"""
"""Words that grow beside one another on their line are no jump."""


@pytest.mark.parametrize("width", [348, 800])
def test_no_row_moves_from_the_pick_to_the_end(
    page: Page,
    bridge: Bridge,
    proxy: FaultyProxy,
    widget: UploadWidget,
    tmp_path: Path,
    width: int,
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    proxy.pace_total(8 * SLOW)
    show(page, bridge, widget)
    files = [make_file(tmp_path / f"run{n}.h5", size) for n, size in enumerate((5000, 3 * PART, 9))]
    bridge.hold()  # all rows are there before any of them moves
    pick(page, *files)
    expect(page.locator(".s3up-row")).to_have_count(3)
    page.evaluate("() => document.fonts.ready")
    page.evaluate(WATCH)
    bridge.release()

    until_done(widget, 3, timeout=120)
    expect_state(page, "run1.h5", "done")
    expect(page.locator(".s3up-ready")).to_have_text("3 of 3 files")

    assert page.evaluate("shifts") == []
    page.evaluate("document.querySelector('.s3up-zone').style.marginTop = '90px'")
    page.wait_for_function("shifts.length > 0")  # the watch would have seen it


def test_the_strip_tells_what_is_stored_what_is_sent_and_what_is_to_come(
    page: Page, bridge: Bridge, proxy: FaultyProxy, widget: UploadWidget, tmp_path: Path
) -> None:
    proxy.pace_total(8 * SLOW)
    show(page, bridge, widget)
    pick(page, make_file(tmp_path / "run7.h5", 20 * PART))
    strip = row(page, "run7.h5").locator(".s3up-strip")
    until(lambda: sum(put.complete for put in proxy.puts()) >= 4, 60, "four parts")
    proxy.pace_total(SLOW)

    kinds = ("stored", "sent", "sending", "ready")
    until(lambda: all(f"--s3up-{kind})" in drawn(page) for kind in kinds), 60, lambda: drawn(page))
    press(page, "Pause run7.h5")
    expect_state(page, "run7.h5", "paused")

    until(lambda: "--s3up-sending" not in drawn(page), 30, lambda: drawn(page))
    assert "--s3up-stored" in drawn(page)
    expect(strip).to_have_attribute("aria-hidden", "true")
    page.emulate_media(forced_colors="active")
    colours = strip.evaluate(
        """el => ["stored", "rest"].map((kind) => {
          el.style.color = `var(--s3up-${kind})`;
          return getComputedStyle(el).color;
        })"""
    )
    assert colours[0] != colours[1]


def test_the_strip_marks_a_part_whose_last_try_failed_until_it_is_sent_again(
    page: Page, bridge: Bridge, proxy: FaultyProxy, widget: UploadWidget, tmp_path: Path
) -> None:
    second = Match(operation="UploadPart", part_number=2)
    proxy.play(Fault(Answer(500, "InternalError"), second, FOREVER))
    show(page, bridge, widget, tuning={"tries": 2, "retryMs": 1, "retryCapMs": 1})
    pick(page, make_file(tmp_path / "run7.h5", 3 * PART))

    expect_state(page, "run7.h5", "failed")
    until(lambda: "--s3up-failed)" in drawn(page), 30, lambda: drawn(page))
    proxy.clear_faults()
    press(page, "Resume run7.h5")
    expect_state(page, "run7.h5", "done")


def test_ten_thousand_parts_are_one_element_painted_four_times_a_second(
    page: Page, bridge: Bridge, proxy: FaultyProxy, widget: UploadWidget, tmp_path: Path
) -> None:
    proxy.pace_total(SLOW)
    show(page, bridge, widget, tuning=QUICK)
    pick(page, make_sparse_file(tmp_path / "run7.h5", 10_000 * PART))
    expect_state(page, "run7.h5", "uploading")
    bar = page.get_by_role("progressbar", name="Progress of run7.h5")
    expect(bar.locator("*")).to_have_count(1)

    paints = page.evaluate(
        """() => new Promise((resolve) => {
          const at = [];
          const observer = new MutationObserver(() => {
            at.push(performance.now());
            if (at.length < 9) return;
            observer.disconnect();
            resolve(at);
          });
          const strip = document.querySelector(".s3up-strip");
          observer.observe(strip, { attributeFilter: ["style"] });
        })"""
    )

    assert (paints[-1] - paints[0]) / 8 > 200
    assert len(drawn(page)) < 20_000
    press(page, "Pause run7.h5")
    expect(bar).to_be_visible(timeout=LONG)


def drawn(page: Page) -> str:
    """The strip's gradient."""
    return page.locator(".s3up-strip").first.get_attribute("style") or ""
