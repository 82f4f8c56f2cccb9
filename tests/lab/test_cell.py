"""In a real JupyterLab: what befalls the widget's cell. Its kernel dies; keys; a layout."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Final

from playwright.sync_api import expect

from support.files import make_file, sha256_of_file, sha256_of_object
from support.page.uploading import MiB
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.lab.lab import Lab
    from support.lab.notebook import Notebook
    from support.page.browser import PageErrors
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

PART: Final = 5 * MiB
PARTS: Final = 13
SLOW: Final = 4 * MiB
SLOWER: Final = MiB // 4
"""So that parts are left, however long the machine takes for what happens meanwhile."""
LONG: Final = 180_000
CELL: Final = """
from s3upload_widget import UploadWidget
w = UploadWidget({!r}, browser_endpoint_url={!r}, part_size={})
w
"""
LAID_OUT: Final = """
from ipywidgets import Layout
from s3upload_widget import UploadWidget
w = UploadWidget({!r}, layout=Layout(width="420px", height="300px"))
w
"""
BOX: Final = "el => [el.offsetWidth, el.offsetHeight]"


def stored(proxy: FaultyProxy) -> int:
    """How many parts S3 took."""
    return sum(put.complete for put in proxy.puts())


def kill_kernel(notebook: Notebook) -> None:
    """End the kernel, and let JupyterLab begin another: a user says that this is fine."""
    notebook.execute("before = True")
    os.kill(int(notebook.evaluate("__import__('os').getpid()")), signal.SIGKILL)
    died = notebook.page.locator(".jp-Dialog").filter(has_text="appears to have died")
    died.get_by_role("button", name="Ok").click(timeout=LONG)
    notebook.page.wait_for_function(
        "() => panel.sessionContext.session.kernel.status === 'idle'", timeout=LONG
    )
    assert notebook.evaluate("'before' in globals()") == "False"


def test_the_page_sends_on_when_the_kernel_died_and_the_cell_run_again_finishes_it(
    lab: Lab,
    page: Page,
    page_errors: PageErrors,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    page_errors.expect("WebSocket", "Failed to fetch", "NetworkError", "Canceled")
    page_errors.expect("Could not restore the debugger", "not established", "Cannot send")
    page_errors.expect_network()
    file = make_file(tmp_path / "run7.bin", PARTS * PART)
    proxy.pace_total(SLOW)
    with lab.notebook(page, CELL.format(bucket, proxy.url, PART)) as notebook:
        notebook.run_cell(0)
        notebook.widgets.wait_for()
        notebook.widgets.locator("input[type=file]").first.set_input_files(str(file))
        until(lambda: stored(proxy) >= 2, 120, "parts on S3")
        proxy.pace_total(SLOWER)
        kill_kernel(notebook)
        here = stored(proxy)
        proxy.pace_total(SLOW)
        until(lambda: stored(proxy) > here, 120, "parts that arrive without the kernel")
        assert ministack.keys(bucket) == []

        notebook.run_cell(0)
        proxy.clear_faults()
        done = notebook.widgets.locator(".s3up-row[data-state=done]")
        until(lambda: done.count() == 1, 300, notebook.widgets.inner_text, 0.1)
        assert notebook.evaluate("[file.name for file in w.value]") == "['run7.bin']"

    assert sha256_of_object(ministack.client, bucket, file.name) == sha256_of_file(file)
    assert sorted(put.part_number for put in proxy.puts()) == list(range(1, PARTS + 1))
    assert ministack.upload_ids(bucket) == []


def test_the_layout_is_kept_to_and_keys_on_controls_leave_the_cell(
    lab: Lab, page: Page, bucket: str, tmp_path: Path
) -> None:
    files = [make_file(tmp_path / f"run{n}.bin", 10, seed=n) for n in range(12)]
    with lab.notebook(page, LAID_OUT.format(bucket), "1 + 1") as notebook:
        notebook.run_cell(0)
        notebook.widgets.wait_for()
        cells = page.locator(".jp-Notebook .jp-Cell")
        count = cells.count()
        notebook.widgets.locator("input[type=file]").first.set_input_files(list(map(str, files)))
        expect(notebook.widgets.locator(".s3up-ready")).to_have_text("12 of 12 files", timeout=LONG)

        assert notebook.widgets.locator("..").evaluate(BOX) == [420, 300]
        assert notebook.widgets.evaluate(BOX) == [420, 300]
        listed = notebook.widgets.locator(".s3up-list").last
        assert listed.evaluate("el => el.scrollHeight > el.clientHeight")
        for control in notebook.widgets.locator("button:visible").all()[:6]:
            control.focus()
            expect(control).to_be_focused()
            for key in ("d", "d", "a", "b", "x"):
                page.keyboard.press(key)
        assert cells.count() == count
        # The very same keys on the cell itself: without our care they would have come here.
        page.evaluate("() => { document.activeElement.blur(); panel.content.node.focus(); }")
        page.keyboard.press("b")
        expect(cells).to_have_count(count + 1)


def test_a_widget_whose_output_was_cleared_keeps_its_upload_and_is_drawn_again(
    lab: Lab, page: Page, ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", PARTS * PART)
    proxy.pace_total(SLOW)
    first = CELL.format(bucket, proxy.url, PART)
    first += "first, arrived = w, []\nw.on_complete(arrived.append)\nw"
    with lab.notebook(page, first, CELL.format(bucket, proxy.url, PART), "first") as notebook:
        notebook.run_cell(0)
        notebook.widgets.wait_for()
        notebook.widgets.locator("input[type=file]").first.set_input_files(str(file))
        until(lambda: stored(proxy) >= 2, 120, "parts on S3")
        proxy.pace_total(SLOWER)

        notebook.clear_output(0)
        notebook.run_cell(1)
        notebook.widgets.wait_for()
        notebook.run_cell(2)
        expect(notebook.widgets).to_have_count(2, timeout=LONG)
        proxy.clear_faults()
        proxy.pace_total(1e12)

        done = notebook.widgets.nth(1).locator(".s3up-row[data-state=done]")
        expect(done).to_have_count(1, timeout=LONG)
        until(lambda: notebook.evaluate("len(arrived)") == "1", 60, "the callback")
        assert notebook.evaluate("(first.state, w.state, w.files)") == "('done', 'idle', ())"

    assert sha256_of_object(ministack.client, bucket, file.name) == sha256_of_file(file)
    assert sorted(put.part_number for put in proxy.puts()) == list(range(1, PARTS + 1))
