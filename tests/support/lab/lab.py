"""A real JupyterLab, kept away from the settings and kernels of whoever runs the tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from support.lab.notebook import Notebook
from support.servers.ports import free_port
from support.servers.servers import ended
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from playwright.sync_api import Page

_START_SECONDS: Final = 300.0
_SETTINGS: Final = {
    "apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
}


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab without a password, on loopback."""

    url: str
    directory: Path
    """Where its notebooks lie."""
    home: Path
    """All its folders."""
    process: subprocess.Popen[bytes]

    @property
    def settings(self) -> Path:
        """What its user has set."""
        return self.home / "settings"

    @contextmanager
    def notebook(
        self,
        page: Page,
        *cells: str,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        kernel: str = "python3",
    ) -> Iterator[Notebook]:
        """Open a new notebook with these code cells, in the light theme; none has run yet.

        Its kernel, and what other kernels there are, end with the block.

        Args:
            page: Shows it.
            cells: The cells' sources.
            settings: What a user has set, by plugin: such as
                ``{"apputils-extension/kernels-settings": {"commsOverSubshells": "disabled"}}``.
            kernel: One that was added, or the Python of the tests.
        """
        self._write_settings({**_SETTINGS, **(settings or {})})
        notebook = self.new_notebook(page, *cells, kernel=kernel)
        try:
            notebook.open()
            yield notebook
        finally:
            notebook.close()
            self._end_kernels()

    def new_notebook(self, page: Page, *cells: str, kernel: str = "python3") -> Notebook:
        """Write a notebook that outlives this run of the server; nobody has opened it yet."""
        return Notebook(page, self.write_notebook(*cells, kernel=kernel))

    def write_notebook(self, *cells: str, kernel: str = "python3") -> str:
        """Write a notebook, and tell where a browser opens it."""
        name = f"{uuid.uuid4().hex[:8]}.ipynb"
        (self.directory / name).write_text(json.dumps(_ipynb(cells, kernel)))
        # A workspace of its own, or else Lab opens again what the last test had open.
        return f"{self.url}/lab/workspaces/{name[:8]}/tree/{name}"

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(self.url).port or 80

    def add_kernel(self, name: str, *python_path: Path) -> None:
        """Offer the Python of the tests once more, with folders before what is installed."""
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {
            "argv": command,
            "display_name": name,
            "language": "python",
            "env": {"PYTHONPATH": os.pathsep.join(map(str, python_path))},
        }
        folder = self.home / "data" / "kernels" / name
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(json.dumps(spec))

    def _write_settings(self, settings: Mapping[str, Mapping[str, Any]]) -> None:
        for stored in self.settings.rglob("*.jupyterlab-settings"):
            stored.unlink()
        for plugin, wanted in settings.items():
            file = self.settings / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(wanted))

    def kernels(self) -> list[str]:
        """The ids of its kernels."""
        return [kernel["id"] for kernel in self._request("GET", "/api/kernels")]

    def _end_kernels(self) -> None:
        for kernel in self.kernels():
            self._request("DELETE", f"/api/kernels/{kernel}")

    def _request(self, method: str, path: str) -> Any:
        request = urllib.request.Request(self.url + path, method=method)  # noqa: S310  our own
        with urllib.request.urlopen(request, timeout=120) as response:  # noqa: S310  our own
            return json.loads(response.read() or b"[]")


@contextmanager
def run_lab(
    home: Path,
    environment: Mapping[str, str],
    *,
    port: int = 0,
    prefix: str = "",
    options: Sequence[str] = (),
) -> Iterator[Lab]:
    """Run JupyterLab.

    Args:
        home: Holds all its folders; those of an earlier run are found again.
        environment: What its kernels find beside the usual, such as ``AWS_ENDPOINT_URL``.
        port: Where; any free one if left out.
        prefix: The path of all its addresses, such as ``/user/ada``.
        options: More of its command line.
    """
    url = f"http://127.0.0.1:{port or free_port()}{prefix}"
    directory, log = home / "work", home / "lab.log"
    directory.mkdir(exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*_command(url, directory), *options],
            env={**os.environ, **_folders(home), **environment},
            stdout=output,
            stderr=output,
        )
        with ended(process):
            lab = Lab(url, directory, home, process)
            until(lambda: _answers(lab), _START_SECONDS, log.read_text)
            yield lab


def _command(url: str, directory: Path) -> list[str]:
    where = urlsplit(url)
    return [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *("--ip=127.0.0.1", f"--port={where.port}", "--ServerApp.port_retries=0"),
        f"--ServerApp.base_url={where.path}/",
        *("--IdentityProvider.token=", "--ServerApp.password="),
        *("--ServerApp.disable_check_xsrf=True", f"--ServerApp.root_dir={directory}"),
        "--LabApp.expose_app_in_browser=True",
    ]


def _folders(home: Path) -> dict[str, str]:
    return {
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "MPLCONFIGDIR": str(home / "matplotlib"),
    }


def _answers(lab: Lab) -> bool:
    if lab.process.poll() is not None:
        msg = f"JupyterLab ended at once:\n{(lab.home / 'lab.log').read_text()}"
        raise RuntimeError(msg)
    try:
        with urllib.request.urlopen(f"{lab.url}/api/status", timeout=30):  # noqa: S310  our own
            return True
    except OSError:  # urllib wraps no error of the answer, such as a time that is up
        return False


def _ipynb(cells: Sequence[str], kernel: str) -> dict[str, Any]:
    return {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": f"cell-{number}",
                "metadata": {},
                "outputs": [],
                "source": source,
            }
            for number, source in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"display_name": kernel, "name": kernel}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
