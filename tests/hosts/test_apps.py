"""Panel 1.10 and Solara 1.58, each with the main job and a resume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect

from support.files import sha256_of_file
from support.hosts.hosts import APPS, ENVIRONMENTS, run_host
from support.hosts.jobs import (
    LONG,
    answer_from_disk,
    assert_stored,
    resume_after_reload,
    upload,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from support.hosts.hosts import Host
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

COMMANDS: Final = {
    "panel": ("-m", "panel", "serve", "--port", "{port}", str(APPS / "panel_app.py")),
    "solara": (
        *("-m", "solara", "run", "--port", "{port}", "--no-open", "--production"),
        str(APPS / "solara_app.py"),
    ),
}
PATHS: Final = {"panel": "/panel_app", "solara": "/"}
CDN: Final = "https://unpkg.com/anywidget@*"
ANYWIDGET: Final = ENVIRONMENTS / "apps/share/jupyter/nbextensions/anywidget/index.js"


EACH: Final = pytest.mark.parametrize("host", ["panel", "solara"], indirect=True)
DIRECT: Final = pytest.mark.parametrize("transport", ["direct"], indirect=True)


@pytest.fixture
def host(
    request: pytest.FixtureRequest, page: Page, tmp_path: Path, environment: dict[str, str]
) -> Iterator[Host]:
    """Panel has its pages load anywidget from a CDN, which is played here."""
    name: str = request.param
    home = tmp_path / "home"
    home.mkdir()
    answer_from_disk(page, CDN, ANYWIDGET)
    with run_host("apps", COMMANDS[name], home, environment, path=PATHS[name]) as running:
        yield running


def assert_files_arrive(
    host: Host, page: Page, server: S3Server, bucket: str, files: list[Path]
) -> None:
    upload(page, host, *files)

    assert host.until_arrived(3) == {file.name: sha256_of_file(file) for file in files}
    assert_stored(server, bucket, *files)
    assert host.reports("error") == []


@DIRECT
@EACH
def test_files_arrive(
    host: Host, page: Page, server: S3Server, bucket: str, files: list[Path]
) -> None:
    assert_files_arrive(host, page, server, bucket, files)


@DIRECT
@EACH
def test_a_reload_in_the_middle_is_resumed(
    host: Host, page: Page, server: S3Server, proxy: FaultyProxy, bucket: str, files: list[Path]
) -> None:
    resume_after_reload(page, host, server, proxy, bucket, files[0])


@pytest.mark.parametrize("transport", ["relay"], indirect=True)
@pytest.mark.parametrize("host", ["solara"], indirect=True)
def test_files_arrive_through_python(
    host: Host, page: Page, server: S3Server, bucket: str, files: list[Path]
) -> None:
    assert_files_arrive(host, page, server, bucket, files)


@pytest.mark.parametrize("transport", ["relay"], indirect=True)
@pytest.mark.parametrize("host", ["panel"], indirect=True)
def test_panel_passes_no_binary_messages_and_the_page_says_so(
    host: Host, page: Page, files: list[Path]
) -> None:
    upload(page, host, files[0])

    row = page.locator(".s3up-row").first
    expect(row).to_contain_text("passes no binary messages", timeout=LONG)
