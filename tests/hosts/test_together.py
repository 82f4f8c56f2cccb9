"""JupyterLab with jupyter-collaboration 5: two browsers show one notebook, and so one widget."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect

from support.files import make_file, sha256_of_file
from support.hosts.hosts import APPS, ENVIRONMENTS, run_host
from support.hosts.jobs import LONG, SLOW, UNPACED, assert_stored, pick, run_first_cell, save
from support.page.uploading import MiB
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from support.hosts.hosts import Host
    from support.page.browser import Browsing, PageErrors
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

COMMAND: Final = (
    *("-m", "jupyterlab", "--no-browser", "--allow-root", "--LabApp.expose_app_in_browser=True"),
    *("--ServerApp.ip=127.0.0.1", "--ServerApp.port={port}", "--ServerApp.base_url=/user/ada/"),
    *("--IdentityProvider.token=", "--ServerApp.password=", "--ServerApp.disable_check_xsrf=True"),
)
PATH: Final = "/user/ada/lab/tree/app.ipynb"
HELD: Final = "Another page seems to be uploading it"


@pytest.fixture(params=["direct"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def host(tmp_path: Path, environment: dict[str, str]) -> Iterator[Host]:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(APPS / "notebook.ipynb", home / "app.ipynb")
    # As is each that was made here: of others, a browser that did not run the cell shows the text.
    trust = ENVIRONMENTS / "jupyter" / "bin" / "jupyter-trust"
    subprocess.run(
        [trust, "app.ipynb"], cwd=home, env={**os.environ, "HOME": str(home)}, check=True
    )
    with run_host("jupyter", COMMAND, home, environment, path=PATH) as running:
        yield running


@pytest.fixture
def pages(
    host: Host, page: Page, chromium: Browsing, page_errors: PageErrors
) -> Iterator[tuple[Page, Page]]:
    """Ada ran the cell when Bob had the notebook open already."""
    page.on("dialog", lambda dialog: dialog.accept())
    with chromium.page(page_errors) as bobs:
        bobs.goto(host.url, timeout=LONG)
        bobs.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=LONG)
        page.goto(host.url, timeout=LONG)
        run_first_cell(page)
        yield page, bobs


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    return (
        make_file(tmp_path / "adas.bin", 40 * MiB, seed=1),
        make_file(tmp_path / "bobs.bin", 30 * MiB + 1, seed=2),
    )


def stored(proxy: FaultyProxy, file: Path) -> int:
    return sum(put.complete for put in proxy.puts() if put.path.endswith(file.name))


def assert_nothing_was_sent_twice(proxy: FaultyProxy) -> None:
    sent = Counter((put.path, put.part_number) for put in proxy.puts() if put.complete)
    assert set(sent.values()) == {1}, sent


def test_each_browser_sends_what_was_picked_in_it_and_shows_what_the_other_sends(
    host: Host,
    pages: tuple[Page, Page],
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    two: tuple[Path, Path],
) -> None:
    (adas, bobs), (first, second) = pages, two
    proxy.pace_total(SLOW)
    pick(adas, first)
    until(lambda: stored(proxy, first) >= 1, 60, "a part on S3")

    offer = bobs.locator('.s3up-offer[data-name="adas.bin"]')
    expect(offer).to_contain_text(HELD, timeout=LONG)
    expect(offer).to_contain_text("of 42 MB on S3")
    pick(bobs, second)
    until(lambda: stored(proxy, second) >= 1, 60, "a part of the second file")
    proxy.pace_total(UNPACED)

    assert host.until_arrived(2) == {file.name: sha256_of_file(file) for file in two}
    assert_stored(server, bucket, *two)
    assert_nothing_was_sent_twice(proxy)
    expect(adas.locator('.s3up-row[data-state="done"]')).to_have_count(1, timeout=LONG)
    expect(bobs.locator('.s3up-row[data-state="done"]')).to_have_count(1, timeout=LONG)
    expect(offer).to_have_count(0, timeout=LONG)
    assert host.reports("error") == []


def test_a_browser_that_is_reloaded_leaves_the_other_ones_upload_alone(
    host: Host,
    pages: tuple[Page, Page],
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    two: tuple[Path, Path],
) -> None:
    (adas, bobs), (first, second) = pages, two
    proxy.pace_total(SLOW)
    pick(adas, first)
    pick(bobs, second)
    until(lambda: stored(proxy, first) >= 1, 60, "a part of the first file")
    until(lambda: stored(proxy, second) >= 1, 60, "a part of the second file")

    save(adas)
    adas.reload(timeout=LONG)
    assert host.until_arrived(1) == {second.name: sha256_of_file(second)}
    proxy.pace_total(UNPACED)

    resume = adas.locator('.s3up-offer[data-name="adas.bin"]').get_by_role(
        "button", name="Continue"
    )
    with adas.expect_file_chooser(timeout=LONG) as chooser:
        resume.click(timeout=LONG)
    chooser.value.set_files(str(first))

    assert host.until_arrived(2) == {file.name: sha256_of_file(file) for file in two}
    assert_stored(server, bucket, *two)
    assert_nothing_was_sent_twice(proxy)
