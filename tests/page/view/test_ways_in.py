"""Ways in beside the button: pastes, whole folders, many files at once, and two for one key."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from s3upload_widget import UploadWidget
from support.files import make_file
from support.page.browser import drop_files
from support.page.uploading import MiB, asked, show, states, until_done
from support.page.view import LONG, expect_state, press
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from support.lab.lab import Lab
    from support.page.bridge import Bridge
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

COPY = """async () => {
  const canvas = new OffscreenCanvas(2, 2);
  canvas.getContext("2d");
  const picture = await canvas.convertToBlob({ type: "image/png" });
  await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
}"""
"""A picture on the clipboard, as a screenshot is: who pastes it gets a file."""


def copy_picture(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.bring_to_front()
    page.evaluate(COPY)


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A folder as people have them."""
    folder = tmp_path / "day"
    kept = folder / "night" / ".ipynb_checkpoints"
    kept.mkdir(parents=True)
    for path in (folder / "a.csv", folder / "night" / "b.csv", folder / "notes.txt"):
        path.write_text(path.name)
    for path in (folder / ".DS_Store", folder / "night" / "Thumbs.db", kept / "b.csv"):
        path.write_text("nobody wants this")
    return folder


def test_what_is_pasted_while_the_widget_has_the_focus_arrives(
    page: Page, bridge: Bridge, widget: UploadWidget
) -> None:
    show(page, bridge, widget)
    copy_picture(page)
    page.get_by_role("button", name="Upload").focus()

    page.keyboard.press("Control+V")

    until_done(widget)
    assert widget.value[0].name == "image.png"
    assert widget.value[0].content_type == "image/png"


def test_what_is_pasted_with_the_pointer_over_the_widget_arrives(
    page: Page, bridge: Bridge, widget: UploadWidget
) -> None:
    show(page, bridge, widget)
    copy_picture(page)
    page.mouse.move(5, 900)
    page.keyboard.press("Control+V")
    page.locator(".s3up-zone").hover()

    page.keyboard.press("Control+V")

    until_done(widget)
    assert len(asked(bridge, "pick_files")) == 1


@pytest.mark.parametrize(
    "editor", ["<textarea>", "<input>", "<p contenteditable>text"], ids=["area", "input", "rich"]
)
def test_a_paste_into_a_text_is_the_texts(
    page: Page, bridge: Bridge, widget: UploadWidget, editor: str
) -> None:
    show(page, bridge, widget)
    copy_picture(page)
    page.evaluate(
        """(html) => {
          document.querySelector(".s3up").insertAdjacentHTML("beforeend", html);
          globalThis.taken = [];
          window.addEventListener("paste", (event) => taken.push(event.defaultPrevented));
        }""",
        editor,
    )
    page.locator(".s3up-zone").hover()
    page.locator(".s3up > :last-child").focus()

    page.keyboard.press("Control+V")

    page.wait_for_function("taken.length === 1")
    assert page.evaluate("taken") == [False]
    assert states(page) == {}


UNREADABLE = """() => {
    const denied = new DOMException("played by the test", "NotReadableError");
    const lock = (entry) => {
        if (entry.name === "locked.csv") entry.file = (_, reject) => reject(denied);
        const { createReader } = entry;
        entry.createReader = () => {
            const reader = createReader.call(entry);
            const { readEntries } = reader;
            reader.readEntries = (resolve, reject) => {
                if (entry.name === "closed") reject(denied);
                else readEntries.call(reader, (some) => resolve(some.map(lock)), reject);
            };
            return reader;
        };
        return entry;
    };
    const { webkitGetAsEntry } = DataTransferItem.prototype;
    DataTransferItem.prototype.webkitGetAsEntry = function () {
        return lock(webkitGetAsEntry.call(this));
    };
}"""
"""A file and a folder that the user may not read; who runs the tests may be root, who may."""


def test_a_dropped_folder_is_sifted_and_what_is_left_out_is_told(
    page: Page, bridge: Bridge, ministack: S3Server, bucket: str, mixed: Path, tmp_path: Path
) -> None:
    widget = UploadWidget(bucket, client=ministack.client, accept=".csv")
    named = make_file(tmp_path / "named.txt", 3)
    show(page, bridge, widget)

    drop_files(page, ".s3up", [mixed, named])

    notice = page.get_by_role("alert").and_(page.locator(".s3up-notice"))
    expect(notice).to_contain_text("3 system files skipped", timeout=LONG)
    expect(notice).to_contain_text("1 file of another type skipped: day/notes.txt")
    expect_state(page, "named.txt", "failed")
    expect(page.locator(".s3up-row[data-state=failed]")).to_contain_text("not of a kind taken here")
    expect_state(page, "b.csv", "done")
    expect_state(page, "a.csv", "done")
    assert set(ministack.keys(bucket)) == {"day/a.csv", "day/night/b.csv"}


def test_what_a_dropped_folder_hides_is_said_and_what_cannot_be_read_is_named(
    page: Page, bridge: Bridge, ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    widget = UploadWidget(bucket, client=ministack.client)
    folder = tmp_path / "day"
    closed = folder / "closed"
    closed.mkdir(parents=True)
    for name in ("a.csv", "locked.csv"):
        make_file(folder / name, 3)
    (folder / "link.csv").symlink_to(folder / "a.csv")
    (folder / "dangling").symlink_to(tmp_path / "nowhere")
    for name, kind in (("pipe.csv", stat.S_IFIFO), ("socket.csv", stat.S_IFSOCK)):
        os.mknod(folder / name, kind | 0o600)
    show(page, bridge, widget)
    page.evaluate(UNREADABLE)

    drop_files(page, ".s3up", [folder])

    until_done(widget, 3)
    notice = page.locator(".s3up-notice")
    expect(notice).to_contain_text("Links inside folders are not uploaded: browsers hide them")
    expect(notice).to_contain_text("Pipes look like empty files")
    expect(notice).to_contain_text("Could not be read, so not uploaded:")
    for name in ("day/locked.csv", "day/closed"):
        expect(notice).to_contain_text(name)
    sizes = {file.key: file.size for file in widget.value}
    assert sizes == {"day/a.csv": 3, "day/pipe.csv": 0, "day/socket.csv": 0}
    assert ministack.keys(bucket) == sorted(sizes)


def test_a_folder_that_is_chosen_by_the_button_is_sifted_too(
    page: Page, bridge: Bridge, ministack: S3Server, bucket: str, mixed: Path
) -> None:
    import pandas as pd  # noqa: PLC0415 - takes a second

    widget = UploadWidget(bucket, client=ministack.client, directory=True)
    show(page, bridge, widget)
    expect(page.locator(".s3up-zone")).to_contain_text("or drop a folder here")

    page.set_input_files(".s3up input[type=file]", str(mixed))

    until_done(widget, 3)
    expect(page.locator(".s3up-notice")).to_contain_text("3 system files skipped")
    table = pd.DataFrame(widget.value)
    assert sorted(table["key"]) == ["day/a.csv", "day/night/b.csv", "day/notes.txt"]
    assert set(pd.DataFrame(widget.files)["state"]) == {"done"}
    assert min(map(repr, widget.value)) == (
        f"UploadedFile(s3://{bucket}/day/a.csv, 5 bytes, verified by sha256)"
    )
    assert "FileStatus(day/a.csv, done, 5 bytes)" in repr(widget.files)


def test_an_empty_folder_is_said_to_be_empty(
    page: Page, bridge: Bridge, widget: UploadWidget, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    show(page, bridge, widget)

    drop_files(page, ".s3up", [tmp_path / "empty"])

    expect(page.locator(".s3up-notice")).to_have_text("The selection contains no file.")


def test_the_same_files_twice_are_sent_once(
    page: Page, bridge: Bridge, ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    widget = UploadWidget(bucket, client=ministack.client, browser_endpoint_url=proxy.url)
    file = make_file(tmp_path / "run7.bin", MiB)
    proxy.pace_total(100_000)
    show(page, bridge, widget)

    drop_files(page, ".s3up", [file])
    expect_state(page, "run7.bin", "uploading")
    drop_files(page, ".s3up", [file])
    proxy.clear_faults()

    until_done(widget)
    assert len(proxy.puts()) == 1
    assert [status.name for status in widget.files] == ["run7.bin"]


def same_names(page: Page, widget: UploadWidget, bridge: Bridge, folder: Path) -> Locator:
    """Drop two files that get one key; tells the second one's row, which asks."""
    paths = [folder / name / "run7.bin" for name in ("a", "b")]
    for number, path in enumerate(paths):
        path.parent.mkdir()
        make_file(path, MiB, seed=number)
    show(page, bridge, widget, tuning={"retryMs": 50, "retryCapMs": 300})
    drop_files(page, ".s3up", [path.parent for path in paths])
    second = page.locator(".s3up-row").nth(1)
    expect(second).to_contain_text("another picked file already goes to", timeout=LONG)
    return second


@pytest.mark.parametrize("choice", ["Overwrite", "Keep both", "Skip"])
def test_two_files_for_one_key_are_asked_about(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    choice: str,
) -> None:
    widget = UploadWidget(
        bucket,
        key=lambda file: file.name,
        client=ministack.client,
        browser_endpoint_url=proxy.url,
    )
    proxy.pace_total(50_000)
    second = same_names(page, widget, bridge, tmp_path)

    press(page, f"{choice} b/run7.bin")
    if choice == "Overwrite":
        expect(second).to_contain_text("once that has arrived", timeout=LONG)
        assert ministack.keys(bucket) == []
    proxy.clear_faults()

    until(lambda: widget.state == "done", 60, lambda: (widget, widget.error))
    assert len(widget.value) == (2 if choice == "Keep both" else 1)
    first, other = ((tmp_path / name / "run7.bin").read_bytes() for name in ("a", "b"))
    stored = {key: ministack.body(bucket, key) for key in ministack.keys(bucket)}
    assert (
        stored
        == {
            "Overwrite": {"run7.bin": other},
            "Keep both": {"run7.bin": first, "run7-1.bin": other},
            "Skip": {"run7.bin": first},
        }[choice]
    )


def test_in_jupyterlab_a_near_miss_and_a_paste_into_a_cell_are_not_ours(
    lab: Lab, page: Page, bucket: str, tmp_path: Path
) -> None:
    note = tmp_path / "near.html"
    note.write_text("<h1>another page</h1>")
    source = f"from s3upload_widget import UploadWidget\nw = UploadWidget({bucket!r})\nw"
    with lab.notebook(page, source, "'below'") as notebook:
        notebook.run_cell(0)
        notebook.widgets.wait_for()
        copy_picture(page)

        drop_files(page, ".jp-Cell:nth-of-type(2) .cm-content", [note])
        page.locator(".jp-Cell .cm-content").last.click()
        page.keyboard.press("Control+V")

        assert page.url.startswith(lab.url)
        notebook.widgets.get_by_role("button", name="Upload").focus()
        page.keyboard.press("Control+V")
        expect(notebook.widgets.locator(".s3up-row")).to_have_count(1, timeout=LONG)
        expect(notebook.widgets.locator(".s3up-row")).to_have_attribute(
            "data-state", "done", timeout=LONG
        )
        assert notebook.evaluate("[file.name for file in w.value]") == "['image.png']"
