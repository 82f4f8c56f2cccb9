"""Every state that people meet the view in, brought about for real: to be looked at, or checked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from playwright.sync_api import expect

from s3upload_widget import UploadWidget
from support.files import make_file
from support.page.uploading import QUICK, MiB, pick, show
from support.page.view import LONG, PART, expect_state, press, row
from support.proxy.faults import FOREVER, Delay, Fault, Match, Outage
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

CRAWL: Final = 2 * MiB
"""Bytes a second while a picture is taken."""


@dataclass(frozen=True)
class Stage:
    """Where a scene is played."""

    page: Page
    bridge: Bridge
    server: S3Server
    proxy: FaultyProxy
    bucket: str
    folder: Path
    ends: ExitStack = field(default_factory=ExitStack)
    """What has to happen when the scene is over."""

    def widget(self, bucket: str = "", **options: Any) -> UploadWidget:
        """Make a widget whose page reaches S3 through the proxy."""
        return UploadWidget(
            bucket or self.bucket,
            "raw",
            **{
                "client": self.server.client,
                "browser_endpoint_url": self.proxy.url,
                "part_size": PART,
                **options,
            },
        )

    def show(self, widget: UploadWidget) -> None:
        """Open the page that shows a widget."""
        show(self.page, self.bridge, widget, tuning={**QUICK, "kernelSilentMs": 300})
        expect(self.page.locator(".s3up-destination")).to_contain_text("s3://", timeout=LONG)

    def file(self, name: str, size: int) -> Path:
        """Make a file of random bytes."""
        return make_file(self.folder / name, size)

    def until_stored(self, parts: int) -> None:
        """Wait until so many parts have passed the proxy."""
        until(lambda: sum(put.complete for put in self.proxy.puts()) >= parts, 90, "stored parts")


Scene: TypeAlias = Callable[[Stage], None]


def empty(stage: Stage) -> None:
    """Nothing was picked yet."""
    stage.show(stage.widget())


def uploading(stage: Stage) -> None:
    """One file is done, one of many parts is on its way, others wait for their turn."""
    stage.show(stage.widget())
    pick(stage.page, stage.file("calibration.csv", 30_000))
    expect_state(stage.page, "calibration.csv", "done")
    stage.proxy.pace_total(30 * MiB)
    pick(stage.page, *[stage.file(f"run{number}.h5", 30 * PART + 1) for number in (7, 8)])
    stage.until_stored(9)
    stage.proxy.pace_total(CRAWL)
    expect(stage.page.locator(".s3up-sums")).to_contain_text("left", timeout=LONG)


def paused(stage: Stage) -> None:
    """Some parts are on S3, and the user stopped."""
    stage.show(stage.widget())
    stage.proxy.pace_total(20 * MiB)
    pick(stage.page, stage.file("run7.h5", 24 * PART), stage.file("run8.h5", 3 * PART))
    stage.until_stored(5)
    press(stage.page, "Pause all")
    expect_state(stage.page, "run7.h5", "paused")


def discarding(stage: Stage) -> None:
    """The user is asked whether what was sent shall be deleted."""
    paused(stage)
    press(stage.page, "Discard run7.h5")


def resuming(stage: Stage) -> None:
    """Parts that were found on S3 are compared, the missing ones are sent."""
    paused(stage)
    stage.proxy.pace_total(CRAWL)
    press(stage.page, "Resume run7.h5")
    expect_state(stage.page, "run7.h5", "uploading")


def verifying(stage: Stage) -> None:
    """All bytes are on S3, and the kernel completes and verifies them."""
    complete = Match(operation="CompleteMultipartUpload")
    stage.proxy.play(Fault(Delay(request=120), complete, FOREVER))
    stage.show(stage.widget(client=stage.server.at(stage.proxy.url).client))
    pick(stage.page, stage.file("run7.h5", 3 * PART))
    expect_state(stage.page, "run7.h5", "completing")


def kernel(stage: Stage) -> None:
    """A cell is running, so nothing can be signed."""
    stage.show(stage.widget())
    stage.bridge.hold()
    pick(stage.page, stage.file("run7.parquet", 2 * PART))
    expect_state(stage.page, "run7.parquet", "waiting")


def network(stage: Stage) -> None:
    """S3 is out of reach."""
    stage.show(stage.widget())
    stage.proxy.pace_total(20 * MiB)
    pick(stage.page, stage.file("run7.h5", 24 * PART))
    stage.until_stored(4)
    stage.proxy.play(Fault(Outage(FOREVER)))
    expect_state(stage.page, "run7.h5", "waiting")


def conflict(stage: Stage) -> None:
    """Another object has the key."""
    stage.server.client.put_object(Bucket=stage.bucket, Key="raw/run7.csv", Body=b"other")
    stage.show(stage.widget())
    pick(stage.page, stage.file("run7.csv", 1000))
    expect_state(stage.page, "run7.csv", "failed")


def cors(stage: Stage) -> None:
    """The bucket has no CORS rule for this page."""
    bucket = stage.ends.enter_context(stage.server.bucket(origins=()))
    stage.show(stage.widget(bucket, browser_endpoint_url=None, transport="direct"))
    pick(stage.page, stage.file("run7.parquet", 1000))
    expect(row(stage.page, "run7.parquet").locator("pre")).to_be_visible(timeout=LONG)


def relayed(stage: Stage) -> None:
    """The bucket has no CORS rule for this page, so parts go through the kernel."""
    bucket = stage.ends.enter_context(stage.server.bucket(origins=()))
    stage.show(stage.widget(bucket, browser_endpoint_url=None))
    pick(stage.page, stage.file("run7.parquet", 1000))
    expect_state(stage.page, "run7.parquet", "done")
    press(stage.page, "Why?")


def refused(stage: Stage) -> None:
    """Files that the notebook does not want."""
    stage.show(stage.widget(max_size=500, accept=".csv"))
    pick(stage.page, stage.file("large.csv", 1000), stage.file("photo.png", 10))
    expect_state(stage.page, "photo.png", "failed")


def offers(stage: Stage) -> None:
    """The page was loaded anew while a file was on its way; somebody else began another."""
    client = stage.server.client
    other = client.create_multipart_upload(Bucket=stage.bucket, Key="raw/others.h5")
    client.upload_part(
        Bucket=stage.bucket,
        Key="raw/others.h5",
        PartNumber=1,
        UploadId=other["UploadId"],
        Body=b"part",
    )
    widget = stage.widget()
    stage.show(widget)
    stage.proxy.pace_total(20 * MiB)
    pick(stage.page, stage.file("run7.h5", 24 * PART))
    stage.until_stored(6)
    stage.page.goto("about:blank")
    stage.proxy.silence()
    stage.show(widget)
    expect(stage.page.locator(".s3up-offer")).to_have_count(1, timeout=LONG)


def others(stage: Stage) -> None:
    """What somebody else began is shown, too."""
    offers(stage)
    press(stage.page, "Show")
    expect(stage.page.locator(".s3up-offer")).to_have_count(2, timeout=LONG)


def done(stage: Stage) -> None:
    """Everything arrived."""
    stage.show(stage.widget())
    names = ("run7.parquet", "a rather long name of a table from 2026-11-22.csv", "photo.png")
    pick(stage.page, *[stage.file(name, 10_000) for name in names])
    expect(stage.page.locator(".s3up-ready")).to_have_text("3 of 3 files", timeout=LONG)


def many(stage: Stage) -> None:
    """A folder of two thousand files waits for the kernel."""
    stage.show(stage.widget())
    stage.bridge.hold()
    stage.page.evaluate("""engine.pick(Array.from({ length: 2000 }, (_, number) =>
      ({ file: new File(["x".repeat(1000)], `${number}.bin`), path: `day2/${number}.bin` })))""")
    expect(stage.page.locator(".s3up-row").first).to_have_attribute(
        "data-state", "waiting", timeout=LONG
    )


SCENES: Final[tuple[Scene, ...]] = (
    empty,
    uploading,
    paused,
    discarding,
    resuming,
    verifying,
    kernel,
    network,
    conflict,
    cors,
    relayed,
    refused,
    offers,
    others,
    done,
    many,
)


@contextmanager
def playing(stage: Stage, scene: Scene) -> Iterator[None]:
    """Bring a page to a scene, and clear the stage afterwards."""
    with stage.ends:
        try:
            scene(stage)
            yield
        finally:
            stage.page.goto("about:blank")
            stage.proxy.clear_faults()
            stage.bridge.release()
