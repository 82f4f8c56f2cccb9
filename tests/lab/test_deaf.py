"""In a real JupyterLab: a page that cannot be heard, or was too slow to hear, says so or is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from support.files import make_file
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.lab.lab import Lab
    from support.page.browser import PageErrors

CELL = """
from ipywidgets import VBox
from s3upload_widget import UploadWidget
many = [UploadWidget({bucket!r}, f"e{{n:02}}") for n in range(12)]
VBox(many)
"""
SLOWER = 20
LONG = 300_000
GIVEN_UP = r"\[anywidget\] Failed to initialize model\."
"""anywidget's own, of a model whose code was not loaded within two seconds."""
GIVE_UP_AT_ONCE = """
const timeout = AbortSignal.timeout.bind(AbortSignal);
AbortSignal.timeout = (ms) => timeout(ms === 2000 ? 0 : ms);
"""


@pytest.mark.seconds(15)
def test_widgets_whose_models_anywidget_gave_up_hear_the_kernel(
    lab: Lab, page: Page, page_errors: PageErrors, bucket: str, tmp_path: Path
) -> None:
    page_errors.expect(GIVEN_UP)
    page.add_init_script(GIVE_UP_AT_ONCE)
    file = make_file(tmp_path / "run7.bin", 2_000_000)
    with lab.notebook(page, CELL.format(bucket=bucket)) as notebook:
        notebook.run_cell(0, wait=False)
        expect(notebook.widgets.get_by_text("to s3://")).to_have_count(12, timeout=LONG)

        notebook.widgets.first.locator("input[type=file]").first.set_input_files(str(file))

        until(lambda: notebook.evaluate("many[0].state") == "'done'", 120, "the file on S3")
        notebook.evaluate("setattr(many[0], 'description', 'Give me data')")
        expect(notebook.widgets.first.get_by_text("Give me data")).to_be_visible(timeout=LONG)
        notebook.reload()
        expect(notebook.widgets.get_by_text("to s3://")).to_have_count(12, timeout=LONG)
    assert any("Failed to initialize model" in error for error in page_errors.all)


@pytest.mark.seconds(40)
def test_many_widgets_of_a_slow_page_hear_the_kernel(
    lab: Lab, page: Page, page_errors: PageErrors, bucket: str, tmp_path: Path
) -> None:
    page_errors.expect(GIVEN_UP)
    file = make_file(tmp_path / "run7.bin", 2_000_000)
    throttle = page.context.new_cdp_session(page)
    with lab.notebook(page, CELL.format(bucket=bucket)) as notebook:
        throttle.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        notebook.run_cell(0, wait=False)
        expect(notebook.widgets).to_have_count(12, timeout=LONG)
        throttle.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        welcomed = notebook.widgets.get_by_text("to s3://")
        expect(welcomed).to_have_count(12, timeout=LONG)

        notebook.widgets.first.locator("input[type=file]").first.set_input_files(str(file))

        until(lambda: notebook.evaluate("many[0].state") == "'done'", 120, "the file on S3")


WITHOUT_SUBSHELLS = """async () => {
    const { kernel } = panel.sessionContext.session;
    const { content } = await kernel.requestListSubshell({}).done;
    for (const subshell_id of content.subshell_id)
        await kernel.requestDeleteSubshell({ subshell_id }).done;
}"""


def test_a_page_whose_subshell_is_gone_says_that_the_idle_kernel_does_not_hear_it(
    lab: Lab, page: Page, bucket: str, tmp_path: Path
) -> None:
    page.add_init_script("globalThis.s3upload_widget_tuning = { kernelDeafMs: 2000 }")
    cell = f"from s3upload_widget import UploadWidget\nw = UploadWidget({bucket!r})\nw"
    with lab.notebook(page, cell) as notebook:
        notebook.run_cell(0)
        expect(notebook.widgets.get_by_text("to s3://")).to_be_visible(timeout=LONG)
        page.evaluate(WITHOUT_SUBSHELLS)

        file = make_file(tmp_path / "run7.bin", 2_000_000)
        notebook.widgets.first.locator("input[type=file]").first.set_input_files(str(file))

        row = notebook.widgets.locator(".s3up-row")
        expect(row).to_contain_text("The kernel is idle, but does not hear this page", timeout=LONG)
        expect(row).not_to_contain_text("a cell is running")
