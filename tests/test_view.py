"""What people see of their uploads and do with them, in a real browser on a plain page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect

from s3upload_widget import UploadWidget
from support.browser import drag_files, drop_files
from support.files import make_file, sha256_of_file, sha256_of_object
from support.uploading import QUICK, MiB, assert_arrived, pick, show, states, until_done
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from support.bridge import Bridge
    from support.browser import Browsing, PageErrors
    from support.proxy import FaultyProxy
    from support.servers import S3Server

PART: Final = 5 * MiB
SLOW: Final = 2 * MiB
"""Bytes a second: what was picked is still under way when a test acts."""
LONG: Final = 60_000.0
"""Milliseconds, for what depends on S3."""
HOSTILE: Final = '<img src=x onerror="document.body.dataset.hit=1">'


@pytest.fixture
def widget(bridge: Bridge, ministack: S3Server, proxy: FaultyProxy, bucket: str) -> UploadWidget:
    """Its page reaches S3 through the proxy, which may be slow."""
    return UploadWidget(
        bucket, "raw", client=ministack.client, browser_endpoint_url=proxy.url, part_size=PART
    )


def row(page: Page, name: str, view: int = 0) -> Locator:
    """Find a file's row in one of the views."""
    inside = page.locator(".s3up").nth(view).locator(".s3up-row")
    return inside.and_(page.locator(f"[data-name={name!r}]"))


def expect_state(page: Page, name: str, state: str) -> None:
    """Wait until a file's row is in a state."""
    expect(row(page, name)).to_have_attribute("data-state", state, timeout=LONG)


def press(page: Page, label: str) -> None:
    """Press a button by its accessible name."""
    page.get_by_role("button", name=label, exact=True).click()


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

    pick(page, make_file(tmp_path / "run7.bin", 3 * PART))
    expect_state(page, "run7.bin", "uploading")
    expect(row(page, "run7.bin")).to_contain_text(re.compile(r"\d+ of 16 MB · .+/s · \d+ s left"))
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
    expect(row(page, "run7.bin")).to_contain_text("Waiting for the kernel (a cell is running)")
    bridge.release()
    expect_state(page, "run7.bin", "done")


def test_the_keyboard_alone_picks_pauses_resumes_and_discards(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    bucket: str,
    tmp_path: Path,
) -> None:
    proxy.pace_total(SLOW)
    show(page, bridge, widget)
    file = make_file(tmp_path / "run7.bin", 8 * PART)

    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Upload", exact=True)).to_be_focused()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(file)
    expect_state(page, "run7.bin", "uploading")
    expect(page.locator(".s3up-fill")).not_to_have_attribute("style", re.compile(r"\b0%"))
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


def test_discard_asks_before_it_deletes_what_was_sent(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    bucket: str,
    tmp_path: Path,
) -> None:
    proxy.pace_total(SLOW)
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
    press(page, "Discard run7.bin")
    press(page, "Discard run7.bin")

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
    expect(row(page, "run7.bin")).to_contain_text("Exists already on S3")

    press(page, f"{choice} run7.bin")

    key = {"Overwrite": "raw/run7.bin", "Keep both": "raw/run7-1.bin"}.get(choice)
    if key is None:
        expect(page.locator(".s3up-row")).to_have_count(0)
    else:
        until(lambda: widget.value, 60, lambda: widget.error)
        digest = sha256_of_object(ministack.client, bucket, key)
        assert digest == sha256_of_file(file)
    old = ministack.client.get_object(Bucket=bucket, Key="raw/run7.bin")["Body"].read()
    assert (old == b"others'") == (choice != "Overwrite")


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


def test_dropped_files_and_folders_arrive(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    bucket: str,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    file = make_file(tmp_path / "run7.bin", 1000)
    inner = tmp_path / "day2" / "night"
    inner.mkdir(parents=True)
    within = [make_file(inner / f"{number}.bin", number) for number in range(1, 121)]
    show(page, bridge, widget)

    drag_files(page, ".s3up-zone", [file], ("dragEnter", "dragOver"))
    expect(page.locator(".s3up-zone")).to_contain_text("Let go to upload")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p id=beside>beside</p>')")
    drag_files(page, "#beside", [file], ("dragOver",))
    expect(page.locator(".s3up-zone")).not_to_contain_text("Let go to upload")
    drop_files(page, ".s3up", [file, tmp_path / "day2"])

    until_done(widget, 121, timeout=120)
    keys = {f"raw/day2/night/{path.name}" for path in within}
    assert set(ministack.keys(bucket)) == {*keys, "raw/run7.bin"}


def test_a_drop_beside_the_widget_does_not_leave_the_page(
    page: Page, bridge: Bridge, widget: UploadWidget, tmp_path: Path
) -> None:
    note = tmp_path / "near.html"
    note.write_text("<h1>another page</h1>")
    show(page, bridge, widget)
    page.evaluate("""() => {
      document.body.insertAdjacentHTML("beforeend", "<p id=beside>beside</p>");
      globalThis.kept = [];
      window.addEventListener("dragover", (event) => kept.push(event.defaultPrevented));
    }""")

    drop_files(page, "#beside", [note])

    page.wait_for_function("kept.length > 0 && kept.every(Boolean)")
    assert [each.url.split("?")[0] for each in page.context.pages] == [f"{bridge.origin}/"]
    expect(page.locator(".s3up-row")).to_have_count(0)


def test_a_drop_that_somebody_else_takes_is_left_alone(
    page: Page, bridge: Bridge, widget: UploadWidget, tmp_path: Path
) -> None:
    show(page, bridge, widget)
    page.evaluate("""() => {
      document.body.insertAdjacentHTML("beforeend", "<p id=taker>here</p>");
      const taker = document.querySelector("#taker");
      taker.addEventListener("dragover", (event) => event.preventDefault());
      taker.addEventListener("drop", (event) => {
        event.preventDefault();
        globalThis.taken = event.dataTransfer.files[0].name;
      });
    }""")

    drop_files(page, "#taker", [make_file(tmp_path / "theirs.bin", 1)])

    page.wait_for_function("globalThis.taken === 'theirs.bin'")


def test_one_file_only_means_one(
    page: Page, bridge: Bridge, ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    widget = UploadWidget(bucket, client=ministack.client, multiple=False, accept=".bin")
    files = [make_file(tmp_path / f"{number}.bin", 1) for number in range(2)]
    show(page, bridge, widget)
    expect(page.locator(".s3up-zone")).to_contain_text("or drop a file here")
    assert page.locator(".s3up input").get_attribute("accept") == ".bin"

    drop_files(page, ".s3up", files)

    expect(page.get_by_role("alert")).to_contain_text("Only one file")
    drop_files(page, ".s3up", files[:1])
    until_done(widget)
    expect(page.locator(".s3up-notice")).to_have_text("")


def test_a_disabled_widget_takes_nothing(
    page: Page, bridge: Bridge, widget: UploadWidget, tmp_path: Path
) -> None:
    show(page, bridge, widget)
    widget.disabled = True
    widget.description = "Later"
    expect(page.get_by_role("button", name="Later")).to_be_disabled()

    drop_files(page, ".s3up", [make_file(tmp_path / "run7.bin", 1)])

    widget.disabled = False
    expect(page.get_by_role("button", name="Later")).to_be_enabled()
    expect(page.locator(".s3up-row")).to_have_count(0)


def test_two_views_show_and_steer_the_same_uploads(
    page: Page, bridge: Bridge, proxy: FaultyProxy, widget: UploadWidget, tmp_path: Path
) -> None:
    proxy.pace_total(SLOW)
    show(page, bridge, widget, views=2)
    page.locator(".s3up input[type=file]").nth(1).set_input_files(
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
    proxy.pace_total(SLOW)
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
    page_errors: PageErrors,
    ministack: S3Server,
    tmp_path: Path,
) -> None:
    page_errors.expect_network()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    with ministack.bucket(origins=()) as bucket:
        widget = UploadWidget(bucket, client=ministack.client)
        show(page, bridge, widget, tuning=QUICK)
        pick(page, make_file(tmp_path / "run7.bin", 1000))

        expect_state(page, "run7.bin", "failed")
        expect(row(page, "run7.bin").locator("pre")).to_contain_text(bridge.origin)
        press(page, "Copy the rule")
        expect(row(page, "run7.bin")).to_contain_text("Copied")
        rules = page.evaluate("navigator.clipboard.readText().then(JSON.parse)")
        ministack.client.put_bucket_cors(Bucket=bucket, CORSConfiguration=rules)
        press(page, "Resume run7.bin")

        until_done(widget)


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


def test_of_very_many_files_the_first_are_drawn_and_all_are_summed(
    page: Page, bridge: Bridge, widget: UploadWidget
) -> None:
    show(page, bridge, widget)
    bridge.hold()

    page.evaluate("""() => engine.pick(Array.from({ length: 2000 }, (_, number) =>
      ({ file: new File(["x".repeat(1000)], `${number}.bin`), path: `${number}.bin` })))""")

    expect(page.locator(".s3up-row")).to_have_count(200)
    expect(page.locator(".s3up-more")).to_have_text("and 1,800 more")
    expect(page.locator(".s3up-sums")).to_contain_text("of 2.0 MB")
    expect(page.locator(".s3up-ready")).to_have_text("0 of 2,000 files")


def test_changes_of_state_are_announced_and_numbers_are_not(
    page: Page, bridge: Bridge, proxy: FaultyProxy, widget: UploadWidget, tmp_path: Path
) -> None:
    proxy.pace_total(2 * SLOW)
    show(page, bridge, widget)
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
    proxy.pace_total(SLOW)
    show(page, bridge, widget)
    pick(page, make_file(tmp_path / "run7.bin", 4 * PART))
    until(proxy.puts, 60)
    [(_, upload_id)] = ministack.upload_ids(bucket)

    shown = page.evaluate("document.querySelector('.s3up').outerHTML")

    for secret in (upload_id, "X-Amz-", "Signature", ministack.access_key, proxy.url):
        assert secret not in shown
    press(page, "Pause run7.bin")
    expect_state(page, "run7.bin", "paused")


def test_a_height_given_by_the_layout_makes_the_list_scroll(
    page: Page, bridge: Bridge, widget: UploadWidget, tmp_path: Path
) -> None:
    show(page, bridge, widget)
    page.locator(".view").evaluate("el => { el.style.height = '300px'; }")

    pick(page, *[make_file(tmp_path / f"{number}.bin", 1) for number in range(8)])
    until_done(widget, 8)

    expect(page.locator(".s3up-row")).to_have_count(8)
    panel, last = page.locator(".s3up-panel"), row(page, "7.bin")
    assert panel.evaluate("el => el.offsetHeight") == 300
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
