"""How files come in: by the button, by a drop, and what is kept from coming in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from s3upload_widget import UploadWidget
from support.files import make_file
from support.page.browser import drag_files, drop_files
from support.page.uploading import show, until_done

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.servers.servers import S3Server

pytestmark = pytest.mark.usefixtures("network_may_fail")


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


@pytest.mark.parametrize(
    "event",
    [
        pytest.param("new DragEvent('drop', { bubbles: true, dataTransfer: files })", id="drop"),
        pytest.param(
            "new ClipboardEvent('paste', { bubbles: true, clipboardData: files })", id="paste"
        ),
    ],
)
def test_files_come_in_on_a_page_over_plain_http_too(
    page: Page, bridge: Bridge, widget: UploadWidget, event: str
) -> None:
    show(page, bridge, widget, insecure=True)
    assert not page.evaluate("isSecureContext")

    page.evaluate(
        f"""() => {{
          const files = new DataTransfer();
          files.items.add(new File(["0123456789"], "run7.bin"));
          document.querySelector(".s3up").dispatchEvent({event});
        }}"""
    )

    until_done(widget)
    expect(page.locator(".s3up-notice")).to_be_empty()


def test_a_drop_that_the_browser_cannot_read_is_said_to_be_so(
    page: Page, bridge: Bridge, widget: UploadWidget, tmp_path: Path
) -> None:
    show(page, bridge, widget)
    page.evaluate(
        """() => {
          DataTransferItem.prototype.webkitGetAsEntry = () => {
            throw new DOMException("played by the test", "NotReadableError");
          };
        }"""
    )

    drop_files(page, ".s3up", [make_file(tmp_path / "run7.bin", 1000)])

    expect(page.locator(".s3up-notice")).to_contain_text("NotReadableError")
    assert page.evaluate("engine.files.length") == 0


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
    assert page.locator(".s3up-zone input").get_attribute("accept") == ".bin"

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

    page.evaluate(
        "addEventListener('dragover', ({ dataTransfer: d }) => { shown = d.dropEffect; })"
    )
    file = make_file(tmp_path / "run7.bin", 1)
    drag_files(page, ".s3up", [file], ("dragEnter", "dragOver"))
    page.wait_for_function("globalThis.shown !== undefined")
    assert page.evaluate("shown") == "none"
    drop_files(page, ".s3up", [file])

    widget.disabled = False
    expect(page.get_by_role("button", name="Later")).to_be_enabled()
    expect(page.locator(".s3up-row")).to_have_count(0)


def test_one_file_that_cannot_be_read_does_not_keep_the_others_out(
    page: Page, bridge: Bridge, widget: UploadWidget
) -> None:
    page.add_init_script(
        """globalThis.showOpenFilePicker = async () => [
            { name: "gone.bin", getFile: async () => { throw new DOMException("", "NotFoundError") } },
            { name: "run7.bin", getFile: async () => new File(["0123456789"], "run7.bin") },
        ]"""
    )
    show(page, bridge, widget)

    page.get_by_role("button", name="Upload").click()

    until_done(widget)
    expect(page.locator(".s3up-notice")).to_contain_text("gone.bin")
