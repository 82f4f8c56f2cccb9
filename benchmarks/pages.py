"""Runs in a browser: the product, the bare browser, Uppy 6 and Uppy 5."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

from benchmarks.chromium import Chromium
from benchmarks.kernel import Kernel
from benchmarks.machine import Usage
from benchmarks.running import MiB, Run, Store, peers_page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LANES: Final = 6
PART: Final = 16 * MiB
PATIENCE: Final = 900
_SETTLE: Final = 0.5
"""Seconds for a fresh browser to come to rest."""


def peer(
    client: str,
    store: Store,
    files: Sequence[Path],
    *,
    url: str = "",
    lanes: int = LANES,
    part_size: int = PART,
) -> Run:
    """Upload by ``bare``, ``uppy6`` or ``uppy5``: parts, and what the client itself asks of S3.

    Args:
        client: Which.
        store: Where to.
        files: What.
        url: The store's, where there is something before it.
        lanes: PUTs at once, of ``bare``.
        part_size: Bytes, of ``bare``.
    """
    task = {"url": url or store.url, "lanes": lanes, "partSize": part_size}
    with peers_page() as address, Chromium() as browser:
        browser.open(address, "globalThis.run")
        browser.pick("#files", *files)
        time.sleep(_SETTLE)
        store.forget()
        with Usage(browser.pid) as usage:
            started = time.time()
            taken = browser.evaluate(f"run({json.dumps(client)}, {json.dumps(task)})") / 1000
        return _run(store, files, started, taken, usage)


def product(
    store: Store,
    files: Sequence[Path],
    options: dict[str, Any] | None = None,
    *,
    keep: bool = False,
) -> Run:
    """Upload by the widget, from the pick to the state ``done``, all of it verified.

    Args:
        store: Where to.
        files: What.
        options: The widget's.
        keep: Whether the store keeps what it had: for a resume.

    Raises:
        RuntimeError: The upload failed, or proved less than a checksum.
    """
    if not keep:
        store.forget()
    with Kernel(store.url, options or {}) as kernel, Chromium() as browser:
        browser.open(kernel.url, "globalThis.engine")
        time.sleep(_SETTLE)
        store.reset()
        with Usage(browser.pid) as usage, Usage(kernel.pid) as kernels:
            started = time.time()
            browser.pick(".s3up input[type=file]", *files)
            ended = kernel.wait(PATIENCE)
            taken = ended.at - started
        usage.cpu["kernel"] = sum(kernels.cpu.values())
        if ended.state != "done" or ended.files != len(files) or "size" in ended.verified_by:
            raise RuntimeError(ended)
        return _run(store, files, started, taken, usage)


def _run(store: Store, files: Sequence[Path], started: float, taken: float, usage: Usage) -> Run:
    stats = store.stats()
    return Run(
        seconds=taken,
        size=sum(file.stat().st_size for file in files),
        files=len(files),
        cpu=usage.cpu,
        grown=usage.grown,
        first=stats["first_byte"] - started,
        tail=started + taken - stats["last_put"],
        most_puts=stats["most_puts"],
        requests=stats["requests"],
    )
