"""The browser or the Jupyter server is killed in the middle of an upload: it is finished."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect

from s3upload_widget import UploadWidget
from support.files import make_file, sha256_of_file, sha256_of_object
from support.lab.lab import run_lab
from support.page.browser import run_profile
from support.page.uploading import (
    QUICK,
    STANDSTILL,
    MiB,
    assert_arrived,
    pick,
    show,
    until_done,
)
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from support.lab.notebook import Notebook
    from support.page.bridge import Bridge
    from support.page.browser import Browsing, PageErrors
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

PART: Final = 5 * MiB
PARTS: Final = 13
SLOW: Final = 8 * MiB
LONG: Final = 120_000
EVERY: Final = set(range(1, PARTS + 1))
CELL: Final = """
from s3upload_widget import UploadWidget
w = UploadWidget({!r}, browser_endpoint_url={!r}, part_size={})
w
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return make_file(tmp_path / "run7.bin", PARTS * PART - 7)


def until_stored(proxy: FaultyProxy, count: int) -> None:
    until(
        lambda: sum(put.complete for put in proxy.puts()) >= count,
        60,
        lambda: [(put.part_number, put.status) for put in proxy.puts()],
    )


def go_on(page: Page, file: Path) -> None:
    """Before anything is picked the upload is offered: Continue, and choose the same file."""
    offer = page.locator(f'.s3up-offer[data-name="{file.name}"]')
    expect(offer).to_contain_text("on S3", timeout=LONG)
    with page.expect_file_chooser() as chooser:
        offer.get_by_role("button", name="Continue").click()
    chooser.value.set_files(file)


def test_a_killed_browser_offers_the_upload_and_sends_only_what_is_missing(
    chromium: Browsing,
    page_errors: PageErrors,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    file: Path,
    tmp_path: Path,
) -> None:
    page_errors.expect_network()
    widget = UploadWidget(
        bucket, client=ministack.client, browser_endpoint_url=proxy.url, part_size=PART
    )
    profile = tmp_path / "profile"
    proxy.pace_total(SLOW)
    with run_profile(chromium, profile, page_errors) as (page, process):
        show(page, bridge, widget, tuning={**QUICK, "stallMs": 30_000})
        pick(page, file)
        until_stored(proxy, 3)
        proxy.pace_total(STANDSTILL)
        os.kill(process, signal.SIGKILL)
        proxy.clear_faults()
        proxy.silence()

    there = ministack.parts_there(bucket)
    proxy.forget()
    with run_profile(chromium, profile, page_errors) as (page, _):
        # Nobody can answer this picker without a screen; as in Firefox, the older one serves.
        page.add_init_script("delete globalThis.showOpenFilePicker")
        show(page, bridge, widget, tuning={**QUICK, "stallMs": 30_000})
        go_on(page, file)
        until_done(widget)

    assert_arrived(ministack, widget, file)
    assert len(there) >= 3
    assert sorted(put.part_number for put in proxy.puts()) == sorted(EVERY - there)
    assert ministack.upload_ids(bucket) == []


@pytest.fixture
def notebook(
    page: Page,
    page_errors: PageErrors,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    file: Path,
) -> Iterator[Notebook]:
    """Shown by a page that began to upload, whose Jupyter server was killed and runs again."""
    page_errors.expect_network()
    page_errors.expect("WebSocket", "Failed to fetch", "NetworkError", "Cannot send", "Canceled")
    home = tmp_path / "lab"
    home.mkdir()
    proxy.pace_total(SLOW)
    with run_lab(home, ministack.environment) as lab:
        notebook = lab.new_notebook(page, CELL.format(bucket, proxy.url, PART))
        notebook.open()
        notebook.run_cell(0)
        notebook.widgets.locator("input[type=file]").first.set_input_files(str(file))
        until_stored(proxy, 2)
        lab.process.kill()
        lab.process.wait()
        until_stored(proxy, 4)
    with run_lab(home, ministack.environment, port=lab.port):
        yield notebook
        notebook.close()


def until_done_in(notebook: Notebook) -> None:
    done = notebook.widgets.locator(".s3up-row[data-state=done]")
    until(lambda: done.count() == 1, 90, notebook.widgets.inner_text, 0.1)
    assert notebook.evaluate("[file.name for file in w.value]") == "['run7.bin']"


def test_a_page_that_outlives_the_jupyter_server_goes_on_without_a_pick(
    notebook: Notebook, ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path
) -> None:
    notebook.new_kernel()
    notebook.run_cell(0)
    proxy.clear_faults()
    until_done_in(notebook)

    assert sha256_of_object(ministack.client, bucket, file.name) == sha256_of_file(file)
    assert sorted(put.part_number for put in proxy.puts()) == sorted(EVERY)
    assert ministack.upload_ids(bucket) == []


def test_a_page_that_is_reloaded_after_the_jupyter_server_was_killed_offers_what_is_missing(
    notebook: Notebook, ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path
) -> None:
    notebook.reload(save=False)
    proxy.silence()
    there = ministack.parts_there(bucket)
    proxy.forget()
    proxy.clear_faults()
    notebook.run_cell(0)
    notebook.widgets.wait_for()
    go_on(notebook.page, file)
    until_done_in(notebook)

    assert sha256_of_object(ministack.client, bucket, file.name) == sha256_of_file(file)
    assert sorted(put.part_number for put in proxy.puts()) == sorted(EVERY - there)
    assert ministack.upload_ids(bucket) == []
