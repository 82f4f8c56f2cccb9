"""In a real JupyterLab: what callbacks and observers print appears below the cell of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from support.files import make_file
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.lab.lab import Lab

CELL = "from s3upload_widget import UploadWidget\nw = UploadWidget({!r})\nw"
PRINTING = (
    'w.observe(lambda change: print(change["new"]), names="state")\n'
    "w.on_complete(lambda file: print(file.uri, file.sha256))"
)
CAPTURING = (
    "from ipywidgets import Output, VBox\n"
    "ends, states = Output(), Output()\n"
    "w.on_complete(ends.capture()(lambda file: print('captured', file.name)))\n"
    "w.observe(states.capture()(lambda change: print('seen', change['new'])), 'state')\n"
    "VBox([ends, states])"
)


def test_callbacks_print_below_the_cell_that_registered_them(
    lab: Lab, page: Page, bucket: str, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 12_000_000)
    with lab.notebook(page, CELL.format(bucket), PRINTING, CAPTURING) as notebook:
        notebook.run_all()
        notebook.widgets.wait_for()

        notebook.widgets.locator("input[type=file]").first.set_input_files(str(file))

        until(lambda: "run7.bin" in notebook.output(1), 120, lambda: notebook.output(1))
        until(lambda: "done" in notebook.output(1), 60, lambda: notebook.output(1))
        captured = page.locator(".jp-Cell").nth(2)
        expect(captured).to_contain_text("captured run7.bin")
        expect(captured).to_contain_text("seen done")
