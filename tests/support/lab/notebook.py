"""One open notebook: its cells, its kernel and its page, as a user and as the kernel sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Locator, Page

_READY_MS: Final = 180_000
THEMES: Final = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}

FIND_PANEL: Final = """() => {
  const shown = window.jupyterapp ? [...jupyterapp.shell.widgets("main")] : [];
  const panel = shown.find((each) => each.sessionContext && each.context);
  if (!panel?.context.isReady || !panel.sessionContext.isReady) return false;
  window.panel = panel;
  const kernel = panel.sessionContext.session?.kernel;
  return kernel?.connectionStatus === "connected" && kernel.status === "idle";
}"""
EVALUATE: Final = """async (expression) => {
  const kernel = panel.sessionContext.session.kernel;
  const request = { code: "", store_history: false, user_expressions: { it: expression } };
  return (await kernel.requestExecute(request).done).content.user_expressions.it;
}"""
EXECUTE: Final = """async (code) => {
  const kernel = panel.sessionContext.session.kernel;
  const request = { code, store_history: false, stop_on_error: false };
  return (await kernel.requestExecute(request).done).content;
}"""
RUN_CELL: Final = """([index, wait]) => {
  panel.content.activeCellIndex = index;
  panel.content.deselectAll();
  const done = jupyterapp.commands.execute("notebook:run-cell");
  return wait ? done : undefined;
}"""


class Notebook:
    """A notebook in a page of JupyterLab."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self._url = url

    @property
    def widgets(self) -> Locator:
        """The root of every view of our widget."""
        return self.page.locator(".s3up")

    def open(self) -> None:
        """Load the page and wait for the notebook and its kernel."""
        # Lab asks before a page with unsaved changes goes; a user who reloads says yes.
        self.page.on("dialog", _accept)
        self.page.goto(self._url, timeout=_READY_MS)
        self._wait()

    def close(self) -> None:
        """Leave the page to others."""
        self.page.remove_listener("dialog", _accept)

    def reload(self, *, save: bool = True) -> None:
        """Refresh the page as F5 does, saved before or not."""
        if save:
            self.command("docmanager:save")
        self.page.reload(timeout=_READY_MS)
        self._wait()

    def run_all(self, *, wait: bool = True) -> None:
        """Run every cell; returns when the last has ended, or at once."""
        self._execute("notebook:run-all-cells", wait=wait)

    def run_cell(self, index: int, *, wait: bool = True) -> None:
        """Run one cell, counted from 0; returns when it has ended, or at once."""
        self.page.evaluate(RUN_CELL, [index, wait])

    def output(self, index: int) -> str:
        """Tell what a cell's output reads, as text."""
        return self.page.locator(".jp-Cell").nth(index).locator(".jp-OutputArea").inner_text()

    def evaluate(self, expression: str) -> str:
        """Evaluate an expression in the kernel and return its ``repr``.

        Raises:
            AssertionError: The expression raised; says what.
        """
        answer = self.page.evaluate(EVALUATE, expression)
        assert answer["status"] == "ok", f"{expression}: {answer['ename']}: {answer['evalue']}"
        return str(answer["data"]["text/plain"])

    def execute(self, code: str) -> None:
        """Run statements in the kernel, in no cell.

        Raises:
            AssertionError: They raised; says what.
        """
        answer = self.page.evaluate(EXECUTE, code)
        assert answer["status"] == "ok", f"{answer['ename']}: {answer['evalue']}"

    def command(self, name: str, **arguments: Any) -> None:
        """Execute one of JupyterLab's commands and wait for its end."""
        self.page.evaluate(
            "([name, args]) => jupyterapp.commands.execute(name, args)", [name, arguments]
        )

    def restart_kernel(self) -> None:
        """Restart the kernel; the page stays."""
        self.page.evaluate("() => panel.sessionContext.session.kernel.restart()")

    def new_kernel(self) -> None:
        """Begin a kernel in place of one that went with its server, as Lab's menu does."""
        self.page.evaluate("() => jupyterapp.serviceManager.sessions.refreshRunning()")
        self.page.wait_for_function("() => !panel.sessionContext.session", timeout=_READY_MS)
        self.page.evaluate("() => panel.sessionContext.changeKernel({ name: 'python3' })")
        self._wait()

    def set_theme(self, theme: str) -> None:
        """Switch to ``light`` or ``dark``."""
        self.command("apputils:change-theme", theme=THEMES[theme])
        self.page.wait_for_function(
            "light => document.body.dataset.jpThemeLight === light",
            arg=str(theme == "light").lower(),
        )

    def new_view(self, index: int) -> None:
        """Show a cell's output in a panel of its own too."""
        self.page.evaluate("index => { panel.content.activeCellIndex = index }", index)
        self.command("notebook:create-output-view")

    def clear_output(self, index: int) -> None:
        """Clear a cell's output."""
        self.page.evaluate("index => { panel.content.activeCellIndex = index }", index)
        self.command("notebook:clear-cell-output")

    def _execute(self, name: str, *, wait: bool) -> None:
        script = "name => jupyterapp.commands.execute(name)"
        self.page.evaluate(script if wait else f"name => {{ ({script})(name) }}", name)

    def _wait(self) -> None:
        self.page.wait_for_function(FIND_PANEL, timeout=_READY_MS)


def _accept(dialog: Dialog) -> None:
    dialog.accept()
