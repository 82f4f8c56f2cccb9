"""Parts that go through the kernel of a real JupyterLab, while it runs cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from support.files import make_file, sha256_of_file, sha256_of_object
from support.lab.kernels import old_ipykernel
from support.page.uploading import MiB
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from support.lab.lab import Lab
    from support.page.browser import PageErrors
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

PART: Final = 8 * MiB
PARTS: Final = 12
OLD: Final = "ipykernel-6"
HELD: Final = """
import pathlib, time
while not pathlib.Path({flag!r}).exists():
    time.sleep(0.05)
ended = time.time()
"""


@pytest.fixture(scope="module", autouse=True)
def _old_kernel(lab: Lab) -> None:
    lab.add_kernel(OLD, old_ipykernel())


@pytest.fixture
def closed(ministack: S3Server) -> Iterator[str]:
    """A bucket that lets no page in."""
    with ministack.bucket(origins=()) as name:
        yield name


def cell(bucket: str, proxy: FaultyProxy) -> str:
    return (
        "import boto3\n"
        "from s3upload_widget import UploadWidget\n"
        f"client = boto3.client('s3', endpoint_url={proxy.url!r})\n"
        f"w = UploadWidget({bucket!r}, client=client, part_size={PART})\n"
        "w"
    )


def running(page: Page) -> bool:
    """Whether the second cell runs."""
    return "[*]" in page.locator(".jp-InputPrompt").nth(1).inner_text()


@pytest.mark.parametrize(("kernel", "version"), [("python3", "7"), (OLD, "6")])
def test_a_file_arrives_through_the_kernel_though_a_cell_runs_meanwhile(
    lab: Lab,
    page: Page,
    page_errors: PageErrors,
    ministack: S3Server,
    proxy: FaultyProxy,
    closed: str,
    tmp_path: Path,
    kernel: str,
    version: str,
) -> None:
    page_errors.expect_network()
    file, flag = make_file(tmp_path / "run7.bin", PARTS * PART + 1), tmp_path / "go on"
    proxy.pace_total(4 * MiB)
    cells = (cell(closed, proxy), HELD.format(flag=str(flag)))
    with lab.notebook(page, *cells, kernel=kernel) as notebook:
        notebook.run_cell(0)
        notebook.widgets.wait_for()
        assert notebook.evaluate("__import__('ipykernel').version_info[0]") == version
        notebook.widgets.locator("input[type=file]").first.set_input_files(str(file))
        until(lambda: sum(put.complete for put in proxy.puts()) > 0, 120, "a first part")
        notebook.run_cell(1, wait=False)
        until(lambda: running(page), 60, "the cell to run")
        proxy.pace_total(16 * MiB)
        if version == "6":
            deaf = "Waiting for the kernel (a cell is running)"
            notebook.widgets.get_by_text(deaf, exact=True).wait_for(timeout=120_000)
            flag.touch()
        done = notebook.widgets.locator(".s3up-row[data-state=done]")
        until(lambda: done.count() == 1, 300, notebook.widgets.inner_text, 0.1)
        flag.touch()

        way = notebook.widgets.locator(".s3up-way").inner_text()
        assert "Sent through the kernel: this page may not reach S3." in way
        until(lambda: not running(page), 60, "the end of the cell")
        late = float(notebook.evaluate("w.value[0].finished.timestamp() - ended"))
        assert (late > 0) == (version == "6")
        assert notebook.evaluate("[(file.verified_by, file.size) for file in w.value]") == (
            f"[('sha256', {file.stat().st_size})]"
        )
        assert notebook.evaluate("w.error") == "''"
    assert sha256_of_object(ministack.client, closed, file.name) == sha256_of_file(file)
    stored = sorted(put.part_number for put in proxy.puts() if put.complete)
    assert stored == list(range(1, PARTS + 2))
