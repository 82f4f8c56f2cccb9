"""The main job and a resume, as a user of any host does them."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from support.files import sha256_of_file, sha256_of_object
from support.lab.notebook import FIND_PANEL, RUN_CELL
from support.page.uploading import MiB
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from support.hosts.hosts import Host
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

LONG: Final = 120_000
SLOW: Final = 4 * MiB
UNPACED: Final = 1e12
CLASSIC_IS_READY: Final = """() => {
  const notebook = globalThis.Jupyter?.notebook;
  const isReady = notebook?._fully_loaded && notebook.kernel?.is_connected();
  const found = globalThis.requirejs?.s.contexts._.config.map?.["*"] ?? {};
  return Boolean(isReady && notebook.kernel.widget_manager && found.anywidget);
}"""
"""Its extensions are loaded when they are: a widget that is made before them is shown nowhere."""


def upload(page: Page, host: Host, *files: Path) -> None:
    """Open the host's page, and pick these files."""
    page.goto(host.url, timeout=LONG)
    pick(page, *files)


def pick(page: Page, *files: Path) -> None:
    """Pick files once the widget is there and the kernel has welcomed it."""
    page.locator(".s3up").first.wait_for(timeout=LONG)
    page.locator(".s3up").get_by_text("to s3://").first.wait_for(timeout=LONG)
    page.locator(".s3up input[type=file]").first.set_input_files([str(file) for file in files])


def run_first_cell(page: Page) -> None:
    """Run the first cell of a notebook as soon as its kernel is idle."""
    page.wait_for_function(FIND_PANEL, timeout=LONG)
    page.evaluate(RUN_CELL, [0, False])


def save(page: Page) -> None:
    """Save the notebook, so that a reload finds the widget in its output."""
    page.evaluate('() => jupyterapp.commands.execute("docmanager:save")')


def run_first_cell_of_classic(page: Page) -> None:
    """The same in nbclassic."""
    page.wait_for_function(CLASSIC_IS_READY, timeout=LONG)
    # While it asks the kernel for widgets that are there already, it loses the views of new ones.
    page.evaluate("() => Jupyter.notebook.kernel.widget_manager._loadFromKernel()")
    page.evaluate("() => Jupyter.notebook.execute_cells([0])")


def save_classic(page: Page) -> None:
    """The same in nbclassic; returns when it is saved."""
    page.evaluate("() => Jupyter.notebook.save_notebook()")


def answer_from_disk(page: Page, pattern: str, file: Path) -> None:
    """Answer requests to a CDN. A route of Playwright's would abort the look at the store."""
    session = page.context.new_cdp_session(page)
    body = b64encode(file.read_bytes()).decode()
    headers = [
        {"name": "Content-Type", "value": "text/javascript"},
        {"name": "Access-Control-Allow-Origin", "value": "*"},
    ]

    def answer(event: dict[str, Any]) -> None:
        session.send(
            "Fetch.fulfillRequest",
            {
                "requestId": event["requestId"],
                "responseCode": 200,
                "responseHeaders": headers,
                "body": body,
            },
        )

    session.on("Fetch.requestPaused", answer)
    session.send("Fetch.enable", {"patterns": [{"urlPattern": pattern}]})


def assert_stored(server: S3Server, bucket: str, *files: Path) -> None:
    """Each file's object is equal to it, and nothing unfinished is left."""
    for file in files:
        found = sha256_of_object(server.client, bucket, f"raw/{file.name}")
        assert found == sha256_of_file(file)
    assert server.upload_ids(bucket) == []


def resume_after_reload(
    page: Page,
    host: Host,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    file: Path,
    *,
    start: Callable[[], object] | None = None,
    before_reload: Callable[[], object] = lambda: None,
    after_reload: Callable[[], object] = lambda: None,
) -> None:
    """Reload the page while it sends, press Continue, and see only the missing parts sent."""
    proxy.pace_total(SLOW)
    (start or (lambda: page.goto(host.url, timeout=LONG)))()
    pick(page, file)
    until(lambda: _stored(proxy) >= 2, 60, "parts on S3")
    before_reload()
    page.reload(timeout=LONG)
    proxy.silence()
    proxy.pace_total(UNPACED)
    after_reload()

    resume = page.locator(".s3up").first.get_by_role("button", name="Continue")
    resume.first.wait_for(timeout=LONG)
    with page.expect_file_chooser(timeout=LONG) as chooser:
        resume.first.click()
    chooser.value.set_files(str(file))

    assert host.until_arrived(1) == {file.name: sha256_of_file(file)}
    assert_stored(server, bucket, file)
    taken = Counter(put.part_number for put in proxy.puts() if put.complete)
    assert set(taken.values()) == {1}, taken


def _stored(proxy: FaultyProxy) -> int:
    return sum(put.complete for put in proxy.puts())
