"""The view and what surrounds it: the keyboard, screen readers, hostile names, themes and widths."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect

from support.files import make_file
from support.page.uploading import pick, show, until_done
from support.page.view import LONG, PART, SLOW, expect_state, press, row
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from s3upload_widget import UploadWidget
    from support.page.bridge import Bridge
    from support.page.browser import Browsing, PageErrors
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

pytestmark = pytest.mark.usefixtures("network_may_fail")

SETTLED: Final = re.compile(r"^(done|failed)$")
HOSTILE: Final = '<img src=x onerror="document.body.dataset.hit=1">'


def test_the_keyboard_alone_picks_pauses_resumes_and_discards(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    bucket: str,
    tmp_path: Path,
) -> None:
    proxy.pace_total(SLOW / 4)
    # Playwright only asks for choosers once somebody listens, and does not wait for the answer.
    page.on("filechooser", lambda _: None)
    show(page, bridge, widget)
    file = make_file(tmp_path / "run7.bin", 8 * PART)

    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Upload", exact=True)).to_be_focused()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(file)
    expect_state(page, "run7.bin", "uploading")
    bar = page.get_by_role("progressbar", name="Progress of run7.bin")
    expect(bar).not_to_have_attribute("aria-valuenow", "0", timeout=LONG)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect_state(page, "run7.bin", "paused")
    expect(page.get_by_role("button", name="Resume run7.bin")).to_be_focused()
    page.keyboard.press("Enter")
    expect_state(page, "run7.bin", "uploading")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Keep run7.bin")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")

    expect(page.locator(".s3up-row")).to_have_count(0, timeout=LONG)
    expect(page.get_by_role("button", name="Upload", exact=True)).to_be_focused()
    assert ministack.upload_ids(bucket) == []


@pytest.mark.parametrize(
    "name",
    [f"{HOSTILE}.csv", "{{7*7}}${7*7}.csv", "a b\tc\nd.csv", "x" * 240 + ".csv"],
    ids=["markup", "templates", "white space", "long"],
)
def test_a_hostile_name_is_text_and_breaks_no_layout(
    page: Page, bridge: Bridge, widget: UploadWidget, name: str
) -> None:
    page.set_viewport_size({"width": 340, "height": 600})
    show(page, bridge, widget)

    page.evaluate("path => engine.pick([{ file: new File(['x'], path), path }])", name)

    expect(page.locator(".s3up-row")).to_have_attribute("data-name", name)
    shown = re.sub(r"[\t\n]", "\ufffd", name)
    assert page.locator(".s3up-name").first.text_content() == shown
    expect(page.locator(".s3up-row")).to_have_attribute("data-state", SETTLED, timeout=LONG)
    assert page.locator(".s3up img").count() == 0
    assert page.evaluate("document.body.dataset.hit") is None
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_marks_that_turn_a_name_around_are_shown_as_what_they_are(
    page: Page, bridge: Bridge, widget: UploadWidget
) -> None:
    show(page, bridge, widget)

    page.evaluate(
        r"engine.pick([{ file: new File(['x'], 'a\u202Evsc.exe'), path: 'a\u202Evsc.exe' }])"
    )

    expect(page.locator(".s3up-name").first).to_have_text("a\ufffdvsc.exe")
    expect(page.locator(".s3up-row")).to_have_attribute("data-state", SETTLED, timeout=LONG)


def test_changes_of_state_are_announced_and_numbers_are_not(
    page: Page, bridge: Bridge, proxy: FaultyProxy, widget: UploadWidget, tmp_path: Path
) -> None:
    proxy.pace_total(2 * SLOW)
    # A machine that stands still for a second is no kernel that is busy.
    show(page, bridge, widget, tuning={"kernelSilentMs": 60_000})
    page.evaluate("""() => {
      globalThis.said = [];
      const region = document.querySelector(".s3up output");
      new MutationObserver(() => said.push(region.textContent)).observe(region, { childList: true });
    }""")

    pick(page, make_file(tmp_path / "run7.bin", 3 * PART))
    expect_state(page, "run7.bin", "done")

    said = page.evaluate("said")
    assert said[-1] == "run7.bin: On S3, verified"
    assert "run7.bin: Uploading" in said
    assert len(said) <= 6
    assert not [text for text in said if "%" in text or "MB" in text]


def test_keys_pressed_on_a_control_stay_there_but_the_notebooks_own_pass(
    page: Page, bridge: Bridge, widget: UploadWidget, tmp_path: Path
) -> None:
    show(page, bridge, widget)
    pick(page, make_file(tmp_path / "run7.bin", 1))
    expect_state(page, "run7.bin", "done")
    page.evaluate("""() => {
      globalThis.heard = [];
      document.addEventListener("keydown", ({ key }) => heard.push(key));
    }""")

    page.get_by_role("button", name="Copy the address of run7.bin").focus()
    for key in ("d", "d", "b", "ArrowDown", "Escape", "Shift+Enter"):
        page.keyboard.press(key)

    assert page.evaluate("heard") == ["Escape", "Enter"]
    controls = page.locator(".s3up :is(button, input, [tabindex])")
    marked = page.locator(".s3up [data-lm-suppress-shortcuts=true]")
    assert controls.count() == marked.count() > 2


def test_the_page_shows_no_secret(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    proxy.pace_total(SLOW / 2)
    show(page, bridge, widget)
    pick(page, make_file(tmp_path / "run7.bin", 4 * PART))
    until(proxy.puts, 60)
    [(_, upload_id)] = ministack.upload_ids(bucket)

    shown = page.evaluate("document.querySelector('.s3up').outerHTML")

    for secret in (upload_id, "X-Amz-", "Signature", ministack.access_key, proxy.url):
        assert secret not in shown
    press(page, "Pause run7.bin")
    expect_state(page, "run7.bin", "paused")


@pytest.mark.parametrize("height", [300, 900])
def test_a_height_given_by_the_layout_makes_the_list_scroll(
    page: Page, bridge: Bridge, widget: UploadWidget, tmp_path: Path, height: int
) -> None:
    show(page, bridge, widget)
    page.locator(".view").evaluate("(el, height) => { el.style.height = `${height}px`; }", height)

    pick(page, *[make_file(tmp_path / f"{number}.bin", 1) for number in range(20)])
    until_done(widget, 20)

    panel, last = page.locator(".s3up-panel"), row(page, "19.bin")
    until(lambda: panel.evaluate("el => el.offsetHeight") == height, what="a full panel")
    page.locator(".s3up-list").last.evaluate("el => { el.scrollTop = el.scrollHeight; }")
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport()


@pytest.mark.parametrize("width", [300, 640, 1000])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_at_any_width(
    chromium: Browsing,
    page_errors: PageErrors,
    bridge: Bridge,
    widget: UploadWidget,
    tmp_path: Path,
    width: int,
    theme: str,
) -> None:
    viewport = {"width": width + 48, "height": 600}
    with chromium.page(page_errors, viewport=viewport) as page:
        show(page, bridge, widget, theme=theme)
        pick(page, make_file(tmp_path / f"{'run7-' * 20}.bin", 1), make_file(tmp_path / "b.bin", 1))
        until_done(widget, 2)

        expect(page.locator(".s3up-ready")).to_have_text("2 of 2 files")

        spills = page.locator(".s3up").evaluate("""root => {
          const right = root.getBoundingClientRect().right + 0.5;
          return [...root.querySelectorAll(":not(.s3up-head, .s3up-tail)")]
            .filter((el) => el.getBoundingClientRect().right > right).map((el) => el.className);
        }""")
        assert spills == []


def test_after_a_button_for_all_the_focus_stays_among_those_buttons(
    page: Page, bridge: Bridge, proxy: FaultyProxy, widget: UploadWidget, tmp_path: Path
) -> None:
    proxy.pace_total(SLOW / 2)
    show(page, bridge, widget)
    pick(page, *[make_file(tmp_path / f"run{n}.bin", 4 * PART, seed=n) for n in (1, 2)])

    page.get_by_role("button", name="Pause all").press("Enter")

    expect(page.get_by_role("button", name="Resume all")).to_be_focused()
