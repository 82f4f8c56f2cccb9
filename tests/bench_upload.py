"""How fast a verified upload is beside the same browser that sends the same slices unverified.

Run by ``make bench``. Both send the same file to the same sink through the same lanes, one after
the other, so that what else the machine does touches both; read the ratios, not the rates.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from s3upload_widget import UploadWidget
from support.files import make_file
from support.page.bridge import Bridge
from support.page.browser import Browsing, PageErrors, run_chromium
from support.page.uploading import MiB, pick, show
from support.proxy.proxy import FaultyProxy
from support.servers.servers import S3Server, run_ministack
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = 1024 * MiB
LANES = 6
ROUNDS = 3
LINKS = {"unlimited": 1e12, "1 Gbit/s": 125e6, "100 Mbit/s in all": 12.5e6}

BARE = """async ([url, lanes, size]) => {
  const file = document.querySelector("#bare").files[0];
  const starts = Array.from({ length: Math.ceil(file.size / size) }, (_, part) => part * size);
  const put = (start) => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.onload = resolve;
    request.onerror = reject;
    request.upload.onprogress = () => {};
    request.open("PUT", `${url}/bare?partNumber=${start / size + 1}&uploadId=x`);
    request.send(file.slice(start, start + size));
  });
  const lane = async () => {
    for (let start = starts.shift(); start !== undefined; start = starts.shift()) await put(start);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}"""


def bare(chromium: Browsing, bridge: Bridge, sink: FaultyProxy, file: Path) -> float:
    """Seconds that the browser takes for the slices alone."""
    with chromium.page(PageErrors()) as page:
        page.set_default_timeout(0)
        page.goto(f"{bridge.origin}/empty")
        page.set_content('<input type="file" id="bare">')
        page.set_input_files("#bare", str(file))
        started = time.monotonic()
        page.evaluate(BARE, [sink.url, LANES, 16 * MiB])
        return time.monotonic() - started


def ours(
    sha256: bool, server: S3Server, bucket: str
) -> Callable[[Browsing, Bridge, FaultyProxy, Path], float]:
    """The widget's upload, from the pick to the last part's answer."""

    def measure(chromium: Browsing, bridge: Bridge, sink: FaultyProxy, file: Path) -> float:
        widget = UploadWidget(
            bucket, client=server.client, browser_endpoint_url=sink.url, sha256=sha256
        )
        sink.forget()
        parts = -(-file.stat().st_size // (16 * MiB))
        with chromium.page(PageErrors()) as page:
            show(page, bridge, widget)
            started = time.monotonic()
            pick(page, file)
            until(lambda: sum(put.complete for put in sink.puts()) >= parts, 900, "all parts", 0.01)
            return time.monotonic() - started

    return measure


def main() -> None:
    """Print a line for each link and way."""
    with (
        tempfile.TemporaryDirectory() as folder,
        run_ministack(Path(folder)) as server,
        server.bucket() as bucket,
        FaultyProxy() as sink,
        Bridge() as bridge,
    ):
        ways = {
            "bare": bare,
            "parts' SHA-256": ours(False, server, bucket),
            "and the file's": ours(True, server, bucket),
        }
        for link, rate in LINKS.items():
            size = int(min(SIZE, rate * 20)) // MiB * MiB
            file = make_file(Path(folder) / "bench.bin", size)
            sink.pace_total(rate)
            seconds: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(ROUNDS):
                for name, measure in ways.items():
                    with run_chromium() as chromium:
                        seconds[name].append(measure(chromium, bridge, sink, file))
            report(link, size, {name: statistics.median(taken) for name, taken in seconds.items()})


def report(link: str, size: int, seconds: dict[str, float]) -> None:
    """Print the rates on one link, and each as a ratio to the bare one."""
    for name, taken in seconds.items():
        ratio = seconds["bare"] / taken
        sys.stdout.write(
            f"{link:18} {name:16} {size / 1e6 / taken:6.0f} MB/s  {ratio:.2f} of bare\n"
        )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
