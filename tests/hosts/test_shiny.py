"""Shiny 1.8 with shinywidgets 0.8: its session lives in one loop and one context."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from support.files import sha256_of_file
from support.hosts.hosts import APPS, run_host
from support.hosts.jobs import assert_stored, resume_after_reload, upload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from support.hosts.hosts import Host
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

import pytest

COMMAND = ("-m", "shiny", "run", "--port", "{port}", str(APPS / "shiny_app.py"))


@pytest.fixture
def host(tmp_path: Path, environment: dict[str, str]) -> Iterator[Host]:
    (tmp_path / "home").mkdir()
    with run_host("apps", COMMAND, tmp_path / "home", environment) as running:
        yield running


def test_files_arrive_and_a_callback_sets_a_reactive_value(
    host: Host, page: Page, server: S3Server, bucket: str, files: list[Path]
) -> None:
    upload(page, host, *files)

    assert host.until_arrived(3) == {file.name: sha256_of_file(file) for file in files}
    assert_stored(server, bucket, *files)
    expect(page.locator("#listed")).to_contain_text("run7.bin", timeout=20_000)
    expect(page.locator("#state")).to_have_text("state: done", timeout=20_000)
    assert host.reports("error") == []


@pytest.mark.parametrize("transport", ["direct"], indirect=True)
def test_a_reload_in_the_middle_is_resumed(
    host: Host, page: Page, server: S3Server, proxy: FaultyProxy, bucket: str, files: list[Path]
) -> None:
    resume_after_reload(page, host, server, proxy, bucket, files[0])
