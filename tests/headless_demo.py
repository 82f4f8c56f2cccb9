"""The demo, driven by itself: its notebook in a real browser, a CSV and a large file uploaded.

Prints what it did, one line each, and ends with 1 when anything differs from what it should be.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from playwright.sync_api import expect

from s3upload_widget.s3 import connect
from support.files import make_file, sha256_of_file, sha256_of_object
from support.page.browser import PageErrors, run_chromium

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Locator, Page
    from types_boto3_s3 import S3Client

BUCKET: Final = "lab-data"
MAKE_FILE, SHOW_WIDGET, LOOK, READ, PLOT = range(5)
"""The notebook's code cells."""
UPLOAD_SECONDS: Final = 300
SHOTS: Final = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


class Steps:
    """Prints each step with the time it took."""

    def __init__(self) -> None:
        self._start = self._last = time.monotonic()

    def done(self, what: str) -> None:
        """Say that a step is done."""
        now = time.monotonic()
        print(f"{now - self._start:6.1f} s  (+{now - self._last:4.1f})  {what}", flush=True)  # noqa: T201
        self._last = now


class Notebook:
    """The demo's notebook, open in a page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, url: str) -> None:
        """Load JupyterLab, light, with the notebook's kernel idle."""
        self.page.goto(url)
        self.page.wait_for_function("window.jupyterapp?.shell.currentWidget?.sessionContext")
        self.page.evaluate(
            "async () => { await jupyterapp.restored;"
            "await jupyterapp.shell.currentWidget.sessionContext.ready;"
            "jupyterapp.shell.collapseLeft() }"
        )
        self.show_in("JupyterLab Light")

    def show_in(self, theme: str) -> None:
        """Change JupyterLab's theme, and wait until its splash screen is gone."""
        self.page.evaluate(
            "theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", theme
        )
        self.page.wait_for_selector(f'body[data-jp-theme-name="{theme}"]', state="attached")
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")

    def run(self, number: int) -> None:
        """Run a code cell, counted from 0, to its end.

        Raises:
            AssertionError: It ended with an error.
        """
        failed = self.page.evaluate(
            """async number => {
                const notebook = jupyterapp.shell.currentWidget.content;
                const cells = notebook.widgets.filter(cell => cell.model.type === "code");
                notebook.activeCellIndex = notebook.widgets.indexOf(cells[number]);
                await jupyterapp.commands.execute("notebook:run-cell");
                const outputs = cells[number].model.sharedModel.getOutputs();
                return outputs.filter(output => output.output_type === "error");
            }""",
            number,
        )
        assert not failed, f"cell {number} failed: {failed[0]['ename']}: {failed[0]['evalue']}"

    def output(self, number: int) -> str:
        """The text below a code cell."""
        return self._outputs(number).inner_text()

    def wait_for_output(self, number: int, selector: str) -> None:
        """Wait until something stands below a code cell, and scroll there."""
        self._outputs(number).locator(selector).first.scroll_into_view_if_needed()

    def show_cell(self, number: int) -> Locator:
        """Scroll to a code cell, which JupyterLab may have taken off the page meanwhile."""
        self.page.evaluate(
            """async number => {
                const notebook = jupyterapp.shell.currentWidget.content;
                const cells = notebook.widgets.filter(cell => cell.model.type === "code");
                await notebook.scrollToItem(notebook.widgets.indexOf(cells[number]), "start");
            }""",
            number,
        )
        return self.page.locator(".jp-CodeCell").nth(number)

    def ask_kernel(self, expression: str) -> Any:
        """Evaluate an expression in the kernel; it must be what JSON can carry."""
        text = self.page.evaluate(
            """async code => {
                const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
                const future = kernel.requestExecute({ code, store_history: false });
                let text = "";
                future.onIOPub = message => { text += message.content.text ?? "" };
                await future.done;
                return text;
            }""",
            f"import json; print(json.dumps({expression}))",
        )
        return json.loads(text)

    def _outputs(self, number: int) -> Locator:
        return self.page.locator(".jp-CodeCell").nth(number).locator(".jp-Cell-outputArea")


@contextmanager
def demo(folder: Path) -> Iterator[str]:
    """Run ``python -m s3upload_widget.demo`` and give its URL; it must end by Ctrl-C alone."""
    config = folder / "jupyter" / "config" / "jupyter_lab_config.json"
    config.parent.mkdir(parents=True)
    config.write_text('{"LabApp": {"expose_app_in_browser": true}}')
    command = [sys.executable, "-m", "s3upload_widget.demo", "--no-browser", "--data", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert "http://" in line, f"the demo does not start: {line}"
            yield next(word for word in line.split() if word.startswith("http://"))
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == 0, f"the demo ended with {process.returncode}"


def upload(page: Page, paths: Sequence[Path]) -> None:
    """Pick files in the widget and wait until each is complete."""
    page.set_input_files(".s3up input[type=file]", paths)
    for path in paths:
        row = f'.s3up-row[data-name="{path.name}"]'
        ended = page.wait_for_selector(
            f'{row}:is([data-state="done"], [data-state="failed"])', timeout=UPLOAD_SECONDS * 1000
        )
        assert ended is not None
        assert ended.get_attribute("data-state") == "done", ended.inner_text()


def compare(client: S3Client, notebook: Notebook, paths: Sequence[Path]) -> None:
    """Compare each file with its object, and with what the widget's ``value`` says of it."""
    told = notebook.ask_kernel(
        "{file.name: [file.key, file.sha256, file.size] for file in w.value}"
    )
    for path in paths:
        expected = sha256_of_file(path)
        key, sha256, size = told[path.name]
        assert sha256_of_object(client, BUCKET, key) == expected, f"{path.name} differs on S3"
        assert sha256 == expected, f"{path.name}: w.value tells another SHA-256"
        assert size == path.stat().st_size, f"{path.name}: w.value tells another size"


def screenshots(notebook: Notebook, folder: Path) -> None:
    """Save what is to be seen, in both themes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, theme in SHOTS.items():
        notebook.show_in(theme)
        widget = notebook.show_cell(SHOW_WIDGET).locator(".s3up-row")
        expect(widget.last).to_be_in_viewport()
        notebook.page.screenshot(path=folder / f"{name}.png")


def client_of(folder: Path) -> S3Client:
    """A client of the demo's S3 server."""
    place = json.loads((folder / "s3" / "server.json").read_text())
    return connect(
        endpoint_url=f"http://127.0.0.1:{place['ports']['s3']}",
        access_key=place["access_key"],
        secret_key=place["secret_key"],
        region="us-east-1",
    )


def drive(folder: Path, shots: Path, size: int) -> None:
    """Do it all."""
    steps, errors = Steps(), PageErrors()
    large = make_file(folder / "random.bin", size)
    steps.done(f"made {large.name}, {size / 2**20:.0f} MiB")
    with demo(folder) as url:
        steps.done("started the demo")
        with (
            run_chromium() as chromium,
            chromium.page(errors, viewport={"width": 1100, "height": 2300}) as page,
        ):
            page.set_default_timeout(180_000)
            notebook = Notebook(page)
            notebook.open(url)
            steps.done("opened the notebook")
            notebook.run(MAKE_FILE)
            csv = Path(notebook.output(MAKE_FILE).strip())
            steps.done(f"ran the cell that makes {csv.name}, {csv.stat().st_size / 1e6:.1f} MB")
            notebook.run(SHOW_WIDGET)
            steps.done("ran the cell that shows the widget")
            upload(page, [csv, large])
            steps.done(f"uploaded {csv.name} and {large.name}")
            notebook.run(LOOK)
            notebook.run(READ)
            notebook.run(PLOT)
            notebook.wait_for_output(PLOT, "img")
            steps.done("read the CSV back by its uri and plotted a column")
            compare(client_of(folder), notebook, [csv, large])
            steps.done("compared: files, objects and w.value have the same SHA-256")
            screenshots(notebook, shots)
            steps.done(f"saved screenshots in {shots}")
            assert not errors.unexpected, f"the page complains: {errors.unexpected}"
    steps.done("ended the demo")


def main() -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".demo"), help="folder for everything")
    parser.add_argument("--size", type=int, default=256, help="MiB of the large file")
    options = parser.parse_args()
    folder = (options.data / "headless").absolute()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    drive(folder, options.data / "screenshots", options.size * 2**20)
    return 0


if __name__ == "__main__":
    sys.exit(main())
