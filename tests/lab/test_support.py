"""The JupyterLab that tests drive: cells run, the kernel answers, nothing leaks to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.waiting import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from support.lab.lab import Lab
    from support.servers.servers import S3Server

COUNTER = """
import anywidget, traitlets
class Counter(anywidget.AnyWidget):
    _esm = '''export default { render({ model, el }) {
      el.innerHTML = '<div class="s3up"><button>more</button></div>';
      el.querySelector("button").onclick = () => model.send("more");
    } }'''
    count = traitlets.Int(0).tag(sync=True)
w = Counter()
w.on_msg(lambda w, content, buffers: w.set_trait("count", w.count + 1))
w
"""
CELLS = (COUNTER, "print('second')")


def test_cells_run_and_the_kernel_answers(lab: Lab, page: Page, ministack: S3Server) -> None:
    with lab.notebook(page, *CELLS) as notebook:
        notebook.run_all()
        notebook.widgets.get_by_role("button", name="more").click()
        until(lambda: notebook.evaluate("w.count") == "1")
        notebook.execute("import os; endpoint = os.environ['AWS_ENDPOINT_URL']")

        assert notebook.output(1).strip() == "second"
        assert notebook.evaluate("endpoint") == repr(ministack.endpoint_url)
        with pytest.raises(AssertionError, match="NameError"):
            notebook.evaluate("nobody")


def test_the_widget_is_there_again_after_a_reload(lab: Lab, page: Page) -> None:
    with lab.notebook(page, *CELLS) as notebook:
        notebook.run_cell(0)
        notebook.widgets.wait_for()

        notebook.reload()

        notebook.widgets.wait_for()
        assert notebook.evaluate("w.count") == "0"


def test_views_themes_and_restarts_are_a_call_away(lab: Lab, page: Page) -> None:
    with lab.notebook(page, *CELLS) as notebook:
        notebook.run_cell(0)
        notebook.new_view(0)
        notebook.widgets.nth(1).wait_for()
        notebook.set_theme("dark")
        notebook.restart_kernel()
        until(lambda: notebook.evaluate("'w' in globals()") == "False")

    with lab.notebook(page, *CELLS) as notebook:
        assert notebook.page.locator("body").get_attribute("data-jp-theme-light") == "true"
        assert notebook.widgets.count() == 0


def test_a_users_settings_hold_for_one_notebook(lab: Lab, page: Page) -> None:
    plugin = "apputils-extension/kernels-settings"
    told = f"""async () => (await jupyterapp.serviceManager.settings.fetch(
        "@jupyterlab/{plugin.replace("/", ":")}")).raw"""

    with lab.notebook(page, settings={plugin: {"commsOverSubshells": "disabled"}}):
        assert "disabled" in page.evaluate(told)
    with lab.notebook(page):
        assert "disabled" not in page.evaluate(told)
