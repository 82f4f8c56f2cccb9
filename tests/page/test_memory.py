"""The page's memory does not grow with the file."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from typing_extensions import Self

from s3upload_widget import UploadWidget
from support.files import make_sparse_file
from support.page.browser import run_chromium
from support.page.uploading import MiB, pick, show
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from support.page.bridge import Bridge
    from support.page.browser import Browsing, PageErrors
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

GiB = 1024 * MiB


@pytest.mark.seconds(60)
def test_four_gibibytes_take_hardly_more_memory_than_one(
    bridge: Bridge,
    ministack: S3Server,
    sink: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    page_errors: PageErrors,
) -> None:
    peaks = []
    for size in (1 * GiB, 4 * GiB):
        file = make_sparse_file(tmp_path / f"{size}.bin", size)
        widget = UploadWidget(bucket, client=ministack.client, browser_endpoint_url=sink.url)
        sink.forget()
        with run_chromium() as chromium, chromium.page(page_errors) as page:
            show(page, bridge, widget)
            with _Peak(chromium) as peak:
                pick(page, file)
                until(
                    lambda: sum(put.body_bytes for put in sink.puts() if put.complete) >= size,  # noqa: B023
                    600,
                    lambda: f"all bytes in the sink; {widget!r} {widget.error}",  # noqa: B023
                    interval=0.5,
                )
            peaks.append(peak.bytes)

    assert peaks[1] - peaks[0] <= 128 * MiB


class _Peak:
    """The most memory that a Chromium's pages and main process took, sampled."""

    def __init__(self, chromium: Browsing) -> None:
        self._chromium = chromium
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.bytes = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.25):
            memory = self._chromium.memory()
            self.bytes = max(self.bytes, memory.get("browser", 0) + memory.get("renderer", 0))
