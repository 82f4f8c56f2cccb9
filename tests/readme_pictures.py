"""The README's pictures: the demo's widget with one file done, one under way and one paused.

``python tests/readme_pictures.py`` writes ``docs/light.png`` and ``docs/dark.png`` anew.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from headless_demo import MAKE_FILE, SHOTS, SHOW_WIDGET, Notebook, demo
from support import ROOT
from support.files import make_file
from support.page.browser import PageErrors, run_chromium

if TYPE_CHECKING:
    from playwright.sync_api import Page

DOCS: Final = ROOT / "docs"
MiB: Final = 2**20
PACE: Final = 12 * MiB
"""Bytes a second: on loopback no file would be under way for long enough."""


def take(folder: Path) -> None:
    """Drive the demo up to the moment, and take both pictures."""
    small = make_file(folder / "calibration.csv", 3 * MiB)
    large = make_file(folder / "run7.h5", 256 * MiB)
    waiting = make_file(folder / "run8.h5", 192 * MiB)
    with (
        demo(folder) as url,
        run_chromium() as chromium,
        chromium.page(
            PageErrors(), viewport={"width": 860, "height": 900}, device_scale_factor=2
        ) as page,
    ):
        page.set_default_timeout(60_000)
        notebook = Notebook(page)
        notebook.open(url)
        for theme in SHOTS.values():  # loaded once, they change at once
            notebook.show_in(theme)
        notebook.run(MAKE_FILE)
        notebook.run(SHOW_WIDGET)
        page.set_input_files(".s3up input[type=file]", [small])
        until_row(page, small, "[data-state=done]")
        limit_uploads(page, PACE)
        page.set_input_files(".s3up input[type=file]", [large, waiting])
        until_row(page, waiting, ":is([data-state=queued], [data-state=uploading])")
        page.get_by_role("button", name=f"Pause {waiting.name}").click()
        page.wait_for_function(
            "name => parseInt(document.querySelector("
            "`.s3up-row[data-name='${name}'] .s3up-percent`).textContent) >= 57",
            arg=large.name,
        )
        for name, theme in SHOTS.items():
            notebook.show_in(theme)
            notebook.show_cell(SHOW_WIDGET).screenshot(path=DOCS / f"{name}.png")


def until_row(page: Page, path: Path, state: str) -> None:
    """Wait until the file's row is in a state."""
    page.wait_for_selector(f'.s3up-row[data-name="{path.name}"]{state}')


def limit_uploads(page: Page, rate: float) -> None:
    """Let the page send so many bytes a second."""
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": rate}
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", limits)


if __name__ == "__main__":
    DOCS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        take(Path(temporary))
