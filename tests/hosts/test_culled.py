"""JupyterLab at a hub's path, which culls idle kernels: what that does to an upload."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect

from support.files import make_file, sha256_of_file, sha256_of_object
from support.lab.lab import run_lab
from support.page.uploading import MiB
from support.proxy.tunnel import Tunnel
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from support.lab.lab import Lab
    from support.lab.notebook import Notebook
    from support.page.browser import PageErrors
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

PREFIX: Final = "/user/ada"
IDLE: Final = 15
"""Seconds until a kernel is culled: no machine takes as long from its start to the first cell."""
CULLING: Final = (
    f"--MappingKernelManager.cull_idle_timeout={IDLE}",
    "--MappingKernelManager.cull_interval=1",
    "--MappingKernelManager.cull_connected=True",
)
PART: Final = 5 * MiB
PARTS: Final = 13
SLOW: Final = 2.5 * MiB
LONG: Final = 120_000
CELL: Final = """
from s3upload_widget import UploadWidget
w = UploadWidget({!r}, browser_endpoint_url={!r}, part_size={}, max_concurrency=3)
w
"""
GONE: Final = "run the cell again: nothing has to be picked again"


@pytest.fixture(scope="module")
def lab(ministack: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("lab")
    with run_lab(home, ministack.environment, prefix=PREFIX, options=CULLING) as running:
        yield running


@pytest.fixture(autouse=True)
def _two_parts_are_signed_ahead(page: Page) -> None:
    """Whoever has no kernel soon has nothing to send."""
    page.add_init_script("globalThis.s3upload_widget_tuning = {windowSeconds: 0, windowMin: 2}")


@pytest.fixture(autouse=True)
def _lab_may_complain(page_errors: PageErrors) -> None:
    page_errors.expect_network()
    page_errors.expect("WebSocket", "Failed to fetch", "NetworkError", "Canceled")
    page_errors.expect("Could not restore the debugger", "not established", "Cannot send")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return make_file(tmp_path / "run7.bin", PARTS * PART)


def stored(proxy: FaultyProxy) -> int:
    """How many parts S3 took."""
    return sum(put.complete for put in proxy.puts())


def begin(notebook: Notebook, proxy: FaultyProxy, file: Path, parts: int) -> None:
    proxy.pace_total(SLOW)
    notebook.run_cell(0)
    notebook.widgets.get_by_text("to s3://").first.wait_for(timeout=LONG)
    notebook.widgets.locator("input[type=file]").first.set_input_files(str(file))
    until(lambda: stored(proxy) >= parts, 90, "parts on S3")


def until_culled(lab: Lab) -> None:
    until(lambda: lab.kernels() == [], 90, lab.kernels, 0.2)


def run_again(notebook: Notebook) -> None:
    """As a user does, whom JupyterLab asks for a kernel."""
    notebook.new_kernel()
    notebook.run_cell(0)


def assert_arrived_once(
    notebook: Notebook, server: S3Server, proxy: FaultyProxy, bucket: str, file: Path
) -> None:
    done = notebook.widgets.locator(".s3up-row[data-state=done]")
    until(lambda: done.count() == 1, 90, notebook.widgets.inner_text, 0.1)
    assert notebook.evaluate("[file.name for file in w.value]") == "['run7.bin']"
    assert sha256_of_object(server.client, bucket, file.name) == sha256_of_file(file)
    taken = sorted(put.part_number for put in proxy.puts() if put.complete)
    assert taken == list(range(1, PARTS + 1))
    assert server.upload_ids(bucket) == []


def test_a_kernel_that_is_culled_while_the_hub_is_out_of_reach_costs_no_part(
    lab: Lab, page: Page, ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path
) -> None:
    cell = CELL.format(bucket, proxy.url, PART)
    with (
        Tunnel(lab.url) as tunnel,
        replace(lab, url=tunnel.url + PREFIX).notebook(page, cell) as notebook,
    ):
        begin(notebook, proxy, file, 2)
        tunnel.go_offline()
        until_culled(lab)
        assert stored(proxy) < PARTS
        tunnel.go_online()

        expect(notebook.widgets.first).to_contain_text(GONE, timeout=LONG)
        proxy.clear_faults()
        run_again(notebook)

        assert_arrived_once(notebook, ministack, proxy, bucket, file)


def test_an_upload_that_moves_keeps_its_kernel_and_one_that_is_paused_survives_it(
    lab: Lab, page: Page, ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path
) -> None:
    """Ten parts take longer than a kernel may be idle."""
    with lab.notebook(page, CELL.format(bucket, proxy.url, PART)) as notebook:
        begin(notebook, proxy, file, 10)
        assert len(lab.kernels()) == 1

        notebook.widgets.get_by_role("button", name="Pause run7.bin", exact=True).click()
        until_culled(lab)
        notebook.widgets.get_by_role("button", name="Resume run7.bin", exact=True).click()
        expect(notebook.widgets.first).to_contain_text(GONE, timeout=LONG)
        proxy.clear_faults()
        run_again(notebook)

        assert_arrived_once(notebook, ministack, proxy, bucket, file)
