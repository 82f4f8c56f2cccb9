"""Runs through the kernel, in a real JupyterLab, beside the upload of its own file browser."""

from __future__ import annotations

import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.chromium import Chromium
from benchmarks.machine import Usage
from benchmarks.running import Run, Store
from support.lab.lab import run_lab
from support.lab.notebook import EVALUATE, EXECUTE, FIND_PANEL, RUN_CELL

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

_PATIENCE: Final = 900
_ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "us-east-1",
    "NO_PROXY": "127.0.0.1",
}
_WIDGET: Final = """from s3upload_widget import UploadWidget
w = UploadWidget("bench", transport="relay")
w"""
_PRINTS: Final = """import time
while not w.value:
    print(time.time(), flush=True)
    time.sleep(0.1)"""
_LATE: Final = """() => {
  globalThis.late = [];
  let last = "";
  new MutationObserver(() => {
    const area = document.querySelectorAll(".jp-Cell")[1]?.querySelector(".jp-OutputArea");
    const line = area?.innerText.trim().split("\\n").at(-1);
    if (!line || line === last) return;
    last = line;
    late.push(Date.now() / 1000 - Number(line));
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
_FILE_BROWSER: Final = """async () => {
  const browser = [...jupyterapp.shell.widgets("left")].find(({ id }) => id === "filebrowser");
  await browser.model.upload(document.querySelector("#bench").files[0]);
}"""
_ROW: Final = 'document.querySelectorAll(".s3up-row[data-state=done]").length === 1'
_ACCEPT: Final = 'document.querySelector(".jp-Dialog .jp-mod-accept")'


def through_the_kernel(store: Store, file: Path) -> Run:
    """Upload by the widget's relay, while another cell prints."""
    store.forget()
    with _notebook(store, _WIDGET, _PRINTS) as browser:
        browser.call(RUN_CELL, [0, True])
        browser.until('document.querySelector(".s3up input[type=file]")')
        browser.call(EXECUTE, "w.check()")  # loads boto3
        kernel = int(browser.call(EVALUATE, "__import__('os').getpid()")["data"]["text/plain"])
        browser.call(_LATE)
        browser.call(RUN_CELL, [1, False])
        with Usage(browser.pid) as usage, Usage(kernel) as kernels:
            started = time.time()
            browser.pick(".s3up input[type=file]", file)
            browser.until(_ROW, _PATIENCE)
            taken = time.time() - started
        prints = tuple(browser.evaluate("late"))
    usage.cpu["kernel"] = sum(kernels.cpu.values())
    return replace(_run(store, file, taken, usage.cpu, kernels.grown), prints=prints)


def by_the_file_browser(store: Store, file: Path) -> Run:
    """Upload by JupyterLab's file browser to the server's disk, and by boto3 from there."""
    store.forget()
    with _notebook(store, "") as browser:
        browser.call(EXECUTE, "import boto3; client = boto3.client('s3')")
        browser.evaluate(
            "document.body.insertAdjacentHTML('beforeend', '<input type=file id=bench>')"
        )
        browser.pick("#bench", file)
        browser.call(f"() => {{ globalThis.sent = ({_FILE_BROWSER})() }}")
        browser.until(_ACCEPT)
        with Usage(browser.pid) as usage:
            started = time.time()
            browser.evaluate(f"{_ACCEPT}.click()")
            browser.evaluate("sent")
            browser.call(EXECUTE, f"client.upload_file({file.name!r}, 'bench', 'b')")
            taken = time.time() - started
    return _run(store, file, taken, usage.cpu, 0)


@contextmanager
def _notebook(store: Store, *cells: str) -> Iterator[Chromium]:
    with tempfile.TemporaryDirectory() as home:
        environment = {**_ENVIRONMENT, "AWS_ENDPOINT_URL": store.url}
        with run_lab(Path(home), environment) as lab, Chromium() as browser:
            browser.open(lab.write_notebook(*cells), f"({FIND_PANEL})()")
            yield browser


def _run(store: Store, file: Path, taken: float, cpu: Counter[str], grown: int) -> Run:
    stats = store.stats()
    if stats["bytes"] < file.stat().st_size:
        raise RuntimeError(stats)
    return Run(
        seconds=taken,
        size=file.stat().st_size,
        cpu=cpu,
        grown=grown,
        most_puts=stats["most_puts"],
        requests=stats["requests"],
    )
