"""In a real JupyterLab: the page is loaded anew, and the upload that it left is offered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
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

PART = 5 * MiB
TOTAL = 12
LONG = 180_000


@pytest.fixture(autouse=True)
def _cut_requests_are_no_surprise(page_errors: PageErrors) -> None:
    page_errors.expect_network()
    # Lab itself, when it is loaded anew or a kernel restarts.
    page_errors.expect("Could not restore the debugger", "Canceled", "WebSocket", "not established")


def cell(bucket: str, proxy: FaultyProxy) -> str:
    return (
        "from s3upload_widget import UploadWidget\n"
        f"w = UploadWidget({bucket!r}, 'raw', browser_endpoint_url={proxy.url!r},\n"
        f"                 part_size={PART}, max_concurrency=2)\n"
        "w"
    )


def left_while_sending(
    notebook: Notebook, server: S3Server, proxy: FaultyProxy, bucket: str, file: Path, *, save: bool
) -> set[int]:
    """Load the page anew when some parts are on S3. Their numbers."""
    notebook.run_cell(0)
    notebook.widgets.wait_for()
    proxy.pace_total(15 * MiB)
    notebook.widgets.locator("input[type=file]").set_input_files(str(file))
    until(lambda: len([put for put in proxy.puts() if put.complete]) >= 3, 120, "three parts")
    # So that parts are left, however long the machine takes until the page is gone.
    proxy.pace_total(MiB)
    notebook.reload(save=save)
    proxy.silence()
    proxy.pace_total(1e12)
    proxy.forget()
    [(key, upload_id)] = server.upload_ids(bucket)
    listed = server.client.list_parts(Bucket=bucket, Key=key, UploadId=upload_id)["Parts"]
    return {part["PartNumber"] for part in listed}


def go_on(notebook: Notebook, page: Page, file: Path) -> None:
    offer = notebook.widgets.locator(f'.s3up-offer[data-name="{file.name}"]')
    expect(offer).to_contain_text("on S3", timeout=LONG)
    with page.expect_file_chooser() as chooser:
        offer.get_by_role("button", name="Continue").click()
    chooser.value.set_files(file)
    done = notebook.widgets.locator(".s3up-row[data-state=done]")
    expect(done).to_have_count(1, timeout=LONG)


def assert_only_the_rest_was_sent(
    server: S3Server, proxy: FaultyProxy, bucket: str, file: Path, there: set[int]
) -> None:
    sent = [put.part_number for put in proxy.puts()]
    assert sorted(sent) == sorted(set(range(1, TOTAL + 1)) - there)
    assert sha256_of_object(server.client, bucket, f"raw/{file.name}") == sha256_of_file(file)
    assert server.upload_ids(bucket) == []


@pytest.mark.parametrize("saved", [True, False], ids=["saved", "not saved, shown again"])
def test_after_a_refresh_the_living_kernels_widget_offers_to_go_on(
    lab: Lab,
    page: Page,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    saved: bool,
) -> None:
    file = make_file(tmp_path / "run7.bin", TOTAL * PART)
    with lab.notebook(page, cell(bucket, proxy), "w") as notebook:
        there = left_while_sending(notebook, ministack, proxy, bucket, file, save=saved)
        if not saved:
            notebook.run_cell(1)
        notebook.widgets.first.wait_for()
        go_on(notebook, page, file)
        assert notebook.evaluate("(w.state, len(w.value), w.error)") == "('done', 1, '')"

    assert_only_the_rest_was_sent(ministack, proxy, bucket, file, there)


def test_a_new_kernel_in_a_new_page_offers_what_the_browser_remembers(
    lab: Lab, page: Page, ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", TOTAL * PART)
    with lab.notebook(page, cell(bucket, proxy)) as notebook:
        there = left_while_sending(notebook, ministack, proxy, bucket, file, save=True)
        notebook.restart_kernel()
        notebook.run_cell(0)
        notebook.widgets.wait_for()
        go_on(notebook, page, file)

    assert_only_the_rest_was_sent(ministack, proxy, bucket, file, there)
