"""JupyterLab at a hub's path, Notebook 7.6, nbclassic 1.3, Voila 0.5: the main job and a resume."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from support.files import sha256_of_file
from support.hosts.hosts import APPS, run_host
from support.hosts.jobs import (
    LONG,
    assert_stored,
    pick,
    resume_after_reload,
    run_first_cell,
    run_first_cell_of_classic,
    save,
    save_classic,
)
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from support.hosts.hosts import Host
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

SERVER: Final = (
    *("--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port={port}"),
    *("--IdentityProvider.token=", "--ServerApp.password=", "--ServerApp.disable_check_xsrf=True"),
)
IN_BROWSER: Final = ".expose_app_in_browser=True"


@dataclass(frozen=True)
class Kind:
    """One kind of server, and what its users do."""

    command: tuple[str, ...]
    path: str
    run: Callable[[Page], None] = run_first_cell
    save: Callable[[Page], None] = save
    after_reload: Callable[[Page], None] = lambda _: None
    leaves_kernel: bool = False
    """Whether a reload starts another kernel beside the one that it leaves."""


KINDS: Final = {
    "hub": Kind(
        ("-m", "jupyterlab", *SERVER, "--ServerApp.base_url=/user/ada/", f"--LabApp{IN_BROWSER}"),
        "/user/ada/lab/tree/app.ipynb",
    ),
    "notebook": Kind(
        ("-m", "notebook", *SERVER, f"--JupyterNotebookApp{IN_BROWSER}"), "/notebooks/app.ipynb"
    ),
    "nbclassic": Kind(
        ("-m", "nbclassic", *SERVER),
        "/nbclassic/notebooks/app.ipynb",
        run_first_cell_of_classic,
        save_classic,
        # Where the kernel is slow to say which widgets there are, no view comes back.
        after_reload=run_first_cell_of_classic,
    ),
    # It has run the notebook already.
    "voila": Kind(
        ("-m", "voila", "--no-browser", "--port={port}", "--Voila.ip=127.0.0.1", "app.ipynb"),
        "/",
        run=lambda _: None,
        save=lambda _: None,
        leaves_kernel=True,
    ),
}


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def host(kind: Kind, tmp_path: Path, environment: dict[str, str]) -> Iterator[Host]:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(APPS / "notebook.ipynb", home / "app.ipynb")
    with run_host("jupyter", kind.command, home, environment, path=kind.path) as running:
        yield running


def open_widget(page: Page, host: Host, kind: Kind) -> None:
    page.goto(host.url, timeout=LONG)
    kind.run(page)


def test_files_arrive(
    host: Host, kind: Kind, page: Page, server: S3Server, bucket: str, files: list[Path]
) -> None:
    open_widget(page, host, kind)

    pick(page, *files)

    assert host.until_arrived(3) == {file.name: sha256_of_file(file) for file in files}
    assert_stored(server, bucket, *files)
    assert host.reports("error") == []


@pytest.mark.parametrize("transport", ["direct"], indirect=True)
def test_a_reload_in_the_middle_is_resumed(
    host: Host,
    kind: Kind,
    page: Page,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    files: list[Path],
) -> None:
    """The saved notebook's page comes back with its kernel; Voila's with another one."""
    page.on("dialog", lambda dialog: dialog.accept())

    resume_after_reload(
        page,
        host,
        server,
        proxy,
        bucket,
        files[0],
        start=lambda: open_widget(page, host, kind),
        before_reload=lambda: kind.save(page),
        after_reload=lambda: kind.after_reload(page),
    )

    if kind.leaves_kernel:
        gone = "the page that sent run7.bin is gone: pick the file again, and it resumes"
        until(lambda: gone in host.reports("error"), 60, lambda: host.reports("error"))
