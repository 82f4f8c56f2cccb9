"""Uploads in a real JupyterLab while the kernel runs a cell, and while nobody hears it."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect

from support.files import make_file, sha256_of_file, sha256_of_object
from support.lab.kernels import old_ipykernel
from support.page.uploading import MiB
from support.proxy.faults import Fault, Gate, Match
from support.proxy.tunnel import Tunnel
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page, WebSocket

    from support.lab.lab import Lab
    from support.lab.notebook import Notebook
    from support.page.browser import PageErrors
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

PART: Final = 5 * MiB
OLD: Final = "ipykernel-6"
CONNECTION: Final = "panel.sessionContext.session.kernel.connectionStatus"
HELD: Final = """
import pathlib, time
while not pathlib.Path({flag!r}).exists():
    time.sleep(0.05)
ended = time.time()
"""
HALF_A_FIGURE: Final = """
%matplotlib inline
import pathlib, time
import matplotlib.pyplot as plt
plt.plot([1, 2])
while not pathlib.Path({flag!r}).exists():
    time.sleep(0.05)
plt.plot([2, 1])
lines = len(plt.gca().lines)
"""


@pytest.fixture(scope="module", autouse=True)
def _old_kernel(lab: Lab) -> None:
    lab.add_kernel(OLD, old_ipykernel())


def cell(bucket: str, proxy: FaultyProxy, part_size: int | None = None) -> str:
    return (
        "from s3upload_widget import UploadWidget\n"
        f"w = UploadWidget({bucket!r}, browser_endpoint_url={proxy.url!r}, part_size={part_size})\n"
        "w"
    )


def begin(notebook: Notebook, file: Path) -> None:
    notebook.run_cell(0)
    notebook.widgets.wait_for()
    notebook.widgets.locator("input[type=file]").first.set_input_files(str(file))


def running(notebook: Notebook) -> bool:
    """Whether the second cell runs. A kernel's status is idle too where only a subshell is."""
    return "[*]" in notebook.page.locator(".jp-InputPrompt").nth(1).inner_text()


def stored(proxy: FaultyProxy) -> int:
    """How many parts S3 took."""
    return sum(put.complete for put in proxy.puts())


def puts_of_each(proxy: FaultyProxy, parts: int) -> list[int]:
    return [len(proxy.puts(number)) for number in range(1, parts + 1)]


class Comms:
    """Counts what a page sends to widgets' comms."""

    def __init__(self, page: Page) -> None:
        self.sent = 0
        self.to_sign: set[bytes] = set()
        """Numbers of the parts that the page asked to have signed."""
        page.on("websocket", self._watch)

    def _watch(self, websocket: WebSocket) -> None:
        websocket.on("framesent", self._count)

    def _count(self, frame: bytes | str) -> None:
        data = frame.encode() if isinstance(frame, str) else frame
        self.sent += b'"comm_msg"' in data
        if b'"presign_parts"' in data:
            self.to_sign.update(re.findall(rb'"part_number": ?(\d+)', data))


@pytest.mark.seconds(100)
def test_what_is_signed_flows_on_while_an_old_kernel_is_deaf(
    lab: Lab, page: Page, ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    """512 MiB in about a minute; a cell begins after ten seconds of it, and ends after all of it.

    Where the processor is so busy that not all is hashed by then, it begins when all is: the last
    part waits for it.
    """
    parts = 32
    file, flag, begun = make_file(tmp_path / "run7.bin", parts * 16 * MiB), tmp_path / "go", Gate()
    comms = Comms(page)
    proxy.play(Fault(begun, Match(part_number=parts)))
    cells = (cell(bucket, proxy), HELD.format(flag=str(flag)))
    with lab.notebook(page, *cells, kernel=OLD) as notebook:
        proxy.pace_total(file.stat().st_size / 60)
        begin(notebook, file)
        until(lambda: sum(put.body_bytes for put in proxy.puts()) > file.stat().st_size / 6, 300)
        until(lambda: page.title() and len(comms.to_sign) == parts, 300, lambda: comms.to_sign)
        assert notebook.evaluate("__import__('ipykernel').version_info[0]") == "6"
        notebook.run_cell(1, wait=False)
        until(lambda: running(notebook), 60, "the cell to run")
        before, since = comms.sent, time.monotonic()
        begun.opened.set()

        until(lambda: stored(proxy) == parts, 600, lambda: f"all parts; {stored(proxy)} are there")
        waiting = notebook.widgets.get_by_text(
            "Waiting for the kernel (a cell is running)", exact=True
        )
        waiting.wait_for(timeout=120_000)
        assert running(notebook)
        during, seconds = comms.sent - before, time.monotonic() - since
        flag.touch()
        done = notebook.widgets.locator(".s3up-row[data-state=done]")
        until(lambda: done.count() == 1, 120, notebook.widgets.inner_text, 0.1)

        ended = float(notebook.evaluate("ended"))
        took = float(notebook.evaluate("w.value[0].finished.timestamp()")) - ended
    print(f"complete {took:.1f} s after the cell; {during} messages waited")  # noqa: T201
    offset = time.time() - time.monotonic()
    assert max(put.finished for put in proxy.puts()) + offset < ended
    assert puts_of_each(proxy, parts) == [1] * parts
    # Reports alone would be two a second; what was asked is asked again each half minute.
    assert during < 20 + seconds / 5
    assert took < 60
    assert sha256_of_object(ministack.client, bucket, file.name) == sha256_of_file(file)


def test_a_file_arrives_while_a_cell_runs_whose_half_drawn_figure_is_left_alone(
    lab: Lab, page: Page, ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 13 * PART)
    flag = tmp_path / "go on"
    cells = (cell(bucket, proxy, PART), HALF_A_FIGURE.format(flag=str(flag)))
    with lab.notebook(page, *cells) as notebook:
        notebook.run_cell(0)
        notebook.widgets.wait_for()
        assert notebook.evaluate("__import__('ipykernel').version_info[0]") == "7"
        notebook.run_cell(1, wait=False)
        until(lambda: running(notebook), 60, "the cell to run")

        notebook.widgets.locator("input[type=file]").first.set_input_files(str(file))
        done = notebook.widgets.locator(".s3up-row[data-state=done]")
        until(lambda: done.count() == 1, 180, notebook.widgets.inner_text, 0.1)
        assert running(notebook)
        found = sha256_of_object(ministack.client, bucket, file.name)
        figures = page.locator(".jp-OutputArea-output img")
        assert figures.count() == 0
        flag.touch()
        until(lambda: not running(notebook), 60, "the end of the cell")

        assert notebook.evaluate("lines") == "2"
        until(lambda: figures.count() == 1, what="one figure")
    assert found == sha256_of_file(file)
    assert puts_of_each(proxy, 13) == [1] * 13


def test_a_websocket_that_is_lost_again_and_again_costs_no_part(
    lab: Lab,
    page: Page,
    page_errors: PageErrors,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    """Only two parts are signed ahead, so that the kernel is needed all the time."""
    page_errors.expect_network()
    page_errors.expect("WebSocket", "Failed to fetch", "NetworkError", "not established")
    page.add_init_script("globalThis.s3upload_widget_tuning = {windowSeconds: 0, windowMin: 2}")
    file = make_file(tmp_path / "run7.bin", 13 * PART)
    proxy.pace_total(8 * MiB)
    with (
        Tunnel(lab.url) as tunnel,
        replace(lab, url=tunnel.url).notebook(page, cell(bucket, proxy, PART)) as notebook,
    ):
        begin(notebook, file)
        for parts in (1, 6):
            until(lambda: stored(proxy) >= parts, 180, "more parts")  # noqa: B023 - called at once
            tunnel.go_offline()
            until(lambda: page.evaluate(CONNECTION) != "connected", 60, "a lost websocket")
            row = notebook.widgets.locator(".s3up-row")
            expect(row).to_contain_text("its connection is gone", timeout=120_000)
            expect(row).not_to_contain_text("a cell is running")
            tunnel.go_online()
            until(lambda: page.evaluate(CONNECTION) == "connected", 180, "a new websocket")
        done = notebook.widgets.locator(".s3up-row[data-state=done]")
        until(lambda: done.count() == 1, 300, notebook.widgets.inner_text, 0.1)

        assert notebook.evaluate("[file.name for file in w.value]") == "['run7.bin']"
    assert sha256_of_object(ministack.client, bucket, file.name) == sha256_of_file(file)
    assert puts_of_each(proxy, 13) == [1] * 13
