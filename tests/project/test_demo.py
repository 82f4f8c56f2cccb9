"""The demo as `make demo` starts it, and as it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil
import pytest
from matplotlib.image import imread

from headless_demo import client_of
from s3upload_widget.demo import NOTEBOOK
from support import ROOT
from support.lab.headless import run_file
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TESTS = ROOT / "tests"
COMMAND = (sys.executable, "-m", "s3upload_widget.demo", "--no-browser")


GREEN = 1_000
"""Pixels of the bar of uploads that are done; JupyterLab's splash screen covers it."""


class Demo:
    """A demo that was started, and what it printed so far."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        assert process.stdout is not None
        self.process = process
        self.folder = folder
        self.printed = process.stdout.readline()

    @property
    def url(self) -> str:
        return next(word for word in self.printed.split() if word.startswith("http://"))

    def family(self) -> list[psutil.Process]:
        """Its own process and all below."""
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    def start_kernel(self) -> None:
        """Start a kernel, as opening the notebook does."""
        at = urlsplit(self.url)
        request = urllib.request.Request(
            f"http://{at.netloc}/api/kernels?{at.query}", data=b"{}", method="POST"
        )
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            assert answer.status == 201

    def end(self, by: signal.Signals) -> tuple[int, str]:
        """End it by a signal; its exit code, and what it printed besides its first line."""
        self.process.send_signal(by)
        rest, _ = self.process.communicate(timeout=120)
        return self.process.returncode, rest


@contextmanager
def demo(folder: Path, **environment: str) -> Iterator[Demo]:
    """Start the demo; it is ended at the latest with the block."""
    with subprocess.Popen(
        [*COMMAND, "--data", folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | environment,
    ) as process:
        try:
            yield Demo(process, folder)
        finally:
            process.terminate()


def green_pixels(picture: Path) -> int:
    """How much of a picture is green, as the bar of uploads that are done."""
    red, green, blue = (imread(picture)[..., colour] for colour in range(3))
    return int(((green > red + 0.2) & (green > blue + 0.2)).sum())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def running(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo with a kernel, for the tests that only look."""
    with demo(tmp_path_factory.mktemp("demo") / "data", HOME=str(home)) as started:
        started.start_kernel()
        yield started


def test_its_url_shows_the_notebook(running: Demo) -> None:
    assert urlsplit(running.url).path == "/lab/tree/upload.ipynb"
    with urllib.request.urlopen(running.url, timeout=120) as answer:  # noqa: S310
        assert answer.status == 200


def test_the_users_own_configuration_stays_untouched(running: Demo, home: Path) -> None:
    assert any("ipykernel_launcher" in process.cmdline() for process in running.family())
    assert not {".jupyter", ".ipython", ".aws", ".local"} & {path.name for path in home.iterdir()}


def test_what_it_stores_is_only_the_users_to_read(running: Demo) -> None:
    folders = [running.folder, running.folder / "jupyter", running.folder / "s3"]

    assert [folder.stat().st_mode & 0o077 for folder in folders] == [0, 0, 0]


def test_a_port_that_is_taken_is_said_with_jupyterlabs_own_words(
    running: Demo, tmp_path: Path
) -> None:
    port = str(urlsplit(running.url).port)

    second = subprocess.run(
        [*COMMAND, "--data", tmp_path, "--port", port], capture_output=True, text=True, check=False
    )

    assert second.returncode == 1
    assert f"port {port} is already in use" in second.stderr


def test_objects_the_notebook_and_the_url_survive_a_restart(tmp_path: Path) -> None:
    notebook = tmp_path / "notebooks" / NOTEBOOK.name
    with demo(tmp_path) as first:
        client_of(tmp_path).put_object(Bucket="lab-data", Key="run7.bin", Body=b"seven")
        notebook.write_text(notebook.read_text().replace("From this page", "Edited"))

    with demo(tmp_path) as second:
        body = client_of(tmp_path).get_object(Bucket="lab-data", Key="run7.bin")["Body"].read()

    assert body == b"seven"
    assert "Edited" in notebook.read_text()
    assert "Edited" not in NOTEBOOK.read_text()
    assert second.url == first.url


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_well_and_has_printed_one_line(tmp_path: Path, by: signal.Signals) -> None:
    with demo(tmp_path) as started:
        assert started.end(by) == (0, "")


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_it(tmp_path: Path, by: signal.Signals) -> None:
    with demo(tmp_path) as started:
        started.start_kernel()
        family = started.family()
        arguments = " ".join(argument for process in family for argument in process.cmdline())
        assert all(name in arguments for name in ("weed", "jupyterlab", "ipykernel_launcher"))

        started.end(by)

        until(lambda: not any(process.is_running() for process in family), timeout=60)


def test_the_notebook_says_what_to_do_while_its_file_is_not_uploaded(tmp_path: Path) -> None:
    notebook = run_file(NOTEBOOK, folder=tmp_path)

    told = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"][-2:]
    assert [outputs[0].text for outputs in told] == [
        "Upload measurements.csv above, then run this cell again.\n",
        "Upload measurements.csv above, then run the last two cells again.\n",
    ]


def test_the_notebook_is_kept_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text())["cells"]

    assert not [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]


@pytest.mark.server
@pytest.mark.seconds(40)
def test_the_headless_demo_uploads_reads_back_and_compares(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, TESTS / "headless_demo.py", "--data", tmp_path, "--size", "40"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert "have the same SHA-256" in done.stdout
    pictures = sorted((tmp_path / "screenshots").iterdir())
    assert [path.name for path in pictures] == ["dark.png", "light.png"]
    assert [path.name for path in pictures if green_pixels(path) < GREEN] == []
