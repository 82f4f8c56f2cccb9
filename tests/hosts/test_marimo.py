"""marimo 0.25: cells run again when the page sets a trait, and threads need a kernel."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from support.files import sha256_of_file
from support.hosts.hosts import APPS, run_host
from support.hosts.jobs import assert_stored, resume_after_reload, upload
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from support.hosts.hosts import Host
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

COMMAND = ("-m", "marimo", "-q", "run", "--headless", "--no-token", "--port", "{port}", "app.py")


GROUPS = ("array", "dictionary", "batch", "form")


@contextmanager
def run_app(name: str, folder: Path, environment: dict[str, str]) -> Iterator[Host]:
    home = folder / "home"
    home.mkdir()
    shutil.copy(APPS / name, home / "app.py")
    with run_host("apps", COMMAND, home, environment) as running:
        yield running


@pytest.fixture
def host(tmp_path: Path, environment: dict[str, str]) -> Iterator[Host]:
    with run_app("marimo_app.py", tmp_path, environment) as running:
        yield running


@pytest.fixture
def groups(tmp_path: Path, environment: dict[str, str]) -> Iterator[Host]:
    with run_app("marimo_groups_app.py", tmp_path, environment) as running:
        yield running


def test_files_arrive_and_the_cells_that_read_them_run_again(
    host: Host, page: Page, server: S3Server, bucket: str, files: list[Path]
) -> None:
    upload(page, host, *files)

    assert host.until_arrived(3) == {file.name: sha256_of_file(file) for file in files}
    assert_stored(server, bucket, *files)
    until(lambda: len(host.reports("uris")[-1]) == 3, 20, lambda: host.reports("uris"))
    until(lambda: len(host.reports("names")[-1]) == 3, 20, lambda: host.reports("names"))
    assert sorted(host.reports("names")[-1]) == sorted(file.name for file in files)
    assert host.reports("error") == []


@pytest.mark.parametrize("transport", ["direct"], indirect=True)
def test_waiting_in_a_cell_says_at_once_what_works_here(
    host: Host, page: Page, bucket: str
) -> None:
    page.goto(host.url)

    until(lambda: len(host.reports("waited")) == 2, 60, host.output.read_text)
    for name, text, seconds in host.reports("waited"):
        assert name == "CannotWaitError"
        assert "marimo" in text
        assert "mo.Thread" in text
        assert seconds < 1
    until(lambda: host.reports("copied"), 20, host.output.read_text)
    assert host.reports("copied") == [f"UploadWidget(s3://{bucket}/raw/)"]


@pytest.mark.parametrize("transport", ["direct"], indirect=True)
def test_a_reload_in_the_middle_is_resumed(
    host: Host, page: Page, server: S3Server, proxy: FaultyProxy, bucket: str, files: list[Path]
) -> None:
    resume_after_reload(page, host, server, proxy, bucket, files[0])


@pytest.mark.parametrize("transport", ["direct"], indirect=True)
def test_cells_run_again_when_a_file_arrives_by_a_widget_of_a_group(
    groups: Host, page: Page, bucket: str, files: list[Path]
) -> None:
    page.goto(groups.url)
    expect(page.locator(".s3up").get_by_text("to s3://")).to_have_count(4, timeout=60_000)

    for n in range(len(GROUPS)):
        page.locator(".s3up").nth(n).locator("input[type=file]").first.set_input_files(files[1])
    expect(page.locator(".s3up-row").get_by_text("On S3, verified")).to_have_count(
        4, timeout=60_000
    )
    page.get_by_role("button", name="Submit").click()

    expected = {group: [f"s3://{bucket}/{group}/{files[1].name}"] for group in GROUPS}
    until(lambda: latest(groups) == expected, 30, groups.log.read_text)


def latest(host: Host) -> dict[str, object]:
    """What the cell of each group reported last."""
    return {group: host.reports(group)[-1] for group in GROUPS}
