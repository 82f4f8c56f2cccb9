"""A thousand small files: looked at by lists, signed and completed together, in a page that lives."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect

from s3upload_widget import UploadWidget, protocol
from s3upload_widget.s3 import Store
from s3upload_widget.s3.listing import KEYS_A_PAGE
from s3upload_widget.service import Service
from support.clients.sender import ORIGIN, Sender
from support.files import sha256_of_object
from support.page.browser import drop_files
from support.page.uploading import asked, pick, show
from support.proxy.faults import FOREVER, Answer, Fault, Match
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.page.browser import PageErrors
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

MANY: Final = 250
CROWD: Final = 900
THRONG: Final = 10_000
BEAT: Final = 20
"""Milliseconds."""
LONGEST: Final = 1_000
"""Milliseconds that no task of the page may take, where others use the machine too."""


@pytest.mark.parametrize("denied", [False, True], ids=["listed", "the list is denied"])
def test_what_a_pick_asks_of_s3(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, *, denied: bool
) -> None:
    ministack.client.put_object(Bucket=bucket, Key="raw/003.csv", Body=b"longer")
    service = Service(Store(bucket, ministack.at(proxy.url).client), prefix="raw")
    senders = [Sender(service, b"x", f"{n:03}.csv", f"file_{n:04}") for n in range(60)]
    picks = [sender.as_pick() for sender in senders]
    if denied:
        proxy.play(
            Fault(Answer(403, "AccessDenied"), Match(operation="ListObjectsV2"), times=FOREVER)
        )

    reply = service.handle(protocol.PickFiles(origin=ORIGIN, files=picks))

    assert isinstance(reply, protocol.FilesPicked)
    refused = [answer for answer in reply.files if isinstance(answer, protocol.RefusedFile)]
    assert [answer.code for answer in refused] == ["exists"]
    spoken = Counter(exchange.operation for exchange in proxy.exchanges)
    assert spoken["ListObjectsV2"] == 1
    # That of the key that is taken, and one that shows whether anybody may look at all.
    assert spoken["HeadObject"] == (60 if denied else 2)


def test_files_are_completed_together_each_with_an_answer_of_its_own(
    ministack: S3Server, bucket: str
) -> None:
    arrived: list[str] = []
    service = Service(
        Store(bucket, ministack.client), on_uploaded=lambda file: arrived.append(file.key)
    )
    good, lost = (Sender(service, name.encode(), name, f"{name}_0001") for name in ("good", "lost"))
    for sender in (good, lost):
        sender.pick()
    good.send(1)
    stranger = replace(good, file_id="stranger_1")
    stranger.plan = good.plan
    request = protocol.CompleteFiles(
        files=[sender.as_complete() for sender in (good, lost, stranger)]
    )

    for _ in range(2):
        reply = service.handle(request)
        assert isinstance(reply, protocol.FilesCompleted)
        kinds = [type(answer) for answer in reply.files]
        assert kinds == [
            protocol.MultipartUploadCompleted,
            protocol.PartsMissing,
            protocol.RefusedFile,
        ]
    assert arrived == ["good"]


def many(folder: Path, count: int, size: int) -> list[Path]:
    """Files of different bytes, a hundred in each folder."""
    paths = []
    for number in range(count):
        path = folder / f"{number // 100:02}" / f"{number:05}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((number.to_bytes(4, "big") * (size // 4 + 1))[:size])
        paths.append(path)
    return paths


def told(bridge: Bridge, kind: str) -> int:
    """How many requests of a kind a page had, however often each was sent."""
    contents = [message.data.get("content", {}) for message in bridge.heard]
    return len({c["rid"] for c in contents if c.get("request", {}).get("kind") == kind})


def until_all(page: Page, widget: UploadWidget, count: int, timeout: float) -> None:
    """Wait until so many files have arrived; the page's own calls keep Playwright going."""

    def arrived() -> bool:
        page.evaluate("0")
        return widget.state in {"done", "failed"} and len(widget.files) == count

    until(arrived, timeout, lambda: f"{count} files; {widget!r} {widget.error}", 0.3)
    assert widget.error == ""
    assert len(widget.value) == count


def test_many_small_files_fly(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    widget = UploadWidget(
        bucket,
        "raw",
        client=ministack.at(proxy.url).client,
        browser_endpoint_url=ministack.endpoint_url,
    )
    seen: list[float] = []
    widget.observe(lambda change: seen.append(change["new"]), names="progress")
    files = many(tmp_path, MANY, 10_000)
    show(page, bridge, widget)

    pick(page, *files)
    until_all(page, widget, MANY, 240)

    assert sorted(uploaded.name for uploaded in widget.value) == [path.name for path in files]
    assert [status.name for status in widget.files] == [path.name for path in files]
    assert {status.state for status in widget.files} == {"done"}
    assert {uploaded.verified_by for uploaded in widget.value} <= {"sha256", "md5"}
    for uploaded in widget.value[:: MANY // 10]:
        assert sha256_of_object(ministack.client, bucket, uploaded.key) == uploaded.sha256
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    # The first few by themselves, so that they are sent while the others are planned.
    assert told(bridge, "pick_files") == 2
    completed = told(bridge, "complete_files") + told(bridge, "complete_multipart_upload")
    assert completed < MANY / 2
    assert told(bridge, "presign_parts") < MANY / 2
    spoken = Counter(exchange.operation for exchange in proxy.exchanges)
    # One for each pick, one for each batch of signatures, and one that proves each batch.
    batches = told(bridge, "presign_parts") + told(bridge, "complete_files")
    assert 2 <= spoken["ListObjectsV2"] <= 2 + batches
    # To prove each; and one that is signed again, or among a few, is looked at before.
    resigned = sum(len(request["parts"]) for request in asked(bridge, "presign_parts")) - MANY
    few = sum(len(parts) for parts in signed_together(bridge) if len(parts) < KEYS_A_PAGE)
    assert spoken["HeadObject"] <= MANY + resigned + few


def signed_together(bridge: Bridge) -> list[list[object]]:
    """The parts of each request for signatures."""
    return [request["parts"] for request in asked(bridge, "presign_parts")]


def watch_long_tasks(page: Page) -> None:
    """Note the page's long tasks from now on, and by a worker's pulse when the machine ran at all."""
    page.evaluate(
        """(ms) => {
          const now = "performance.timeOrigin + performance.now()";
          const code = `const beats = []; setInterval(() => beats.push(${now}), ${ms});
            onmessage = () => postMessage(beats);`;
          globalThis.pulse = new Worker(URL.createObjectURL(new Blob([code])));
          globalThis.tasks = [];
          new PerformanceObserver((list) => {
            for (const { startTime, duration } of list.getEntries())
              tasks.push([performance.timeOrigin + startTime, duration]);
          }).observe({ type: "longtask" });
        }""",
        BEAT,
    )


def longest_task(page: Page) -> int:
    """Milliseconds of the longest task that was noted, without those in which all stood still."""
    longest: int = page.evaluate(
        """async (ms) => {
          const beats = await new Promise((resolve) => {
            pulse.onmessage = ({ data }) => resolve(data);
            pulse.postMessage("");
          });
          const during = ([start, duration]) =>
            ms * beats.filter((at) => start <= at && at <= start + duration).length;
          return Math.max(0, ...tasks.map(during));
        }""",
        BEAT,
    )
    return longest


@pytest.mark.parametrize(
    ("size", "workers"), [(256 * 1024, False), (256 * 1024 + 1, True)], ids=["small", "larger"]
)
def test_workers_start_only_for_files_that_would_block_the_page(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    bucket: str,
    tmp_path: Path,
    *,
    size: int,
    workers: bool,
) -> None:
    widget = UploadWidget(bucket, client=ministack.client)
    show(page, bridge, widget)
    page.evaluate("""() => {
      globalThis.workers = 0;
      const Own = Worker;
      globalThis.Worker = class extends Own { constructor(...all) { super(...all); workers += 1; } };
    }""")

    pick(page, *many(tmp_path, 2, size))
    until_all(page, widget, 2, 60)

    assert {uploaded.verified_by for uploaded in widget.value} == {"sha256"}
    assert (page.evaluate("workers") > 0) == workers


def test_a_crowd_of_dropped_files_leaves_the_page_alive(
    page: Page, bridge: Bridge, seaweed: S3Server, tmp_path: Path
) -> None:
    folder = tmp_path / "crowd"
    files = many(folder, CROWD, 40)
    with seaweed.bucket() as bucket:
        widget = UploadWidget(bucket, "raw", client=seaweed.client)
        show(page, bridge, widget)
        metrics = page.context.new_cdp_session(page)
        metrics.send("Performance.enable", {"timeDomain": "threadTicks"})
        watch_long_tasks(page)

        drop_files(page, ".s3up", [folder])
        until_all(page, widget, CROWD, 300)

        keys = {f"raw/{path.relative_to(tmp_path)}" for path in files}
        assert {uploaded.key for uploaded in widget.value} == keys
        assert set(seaweed.keys(bucket)) == keys
    taken = {
        each["name"]: each["value"] for each in metrics.send("Performance.getMetrics")["metrics"]
    }
    # Of the processor's time, as others use the machine too: a file took a few milliseconds,
    # and would take the more the more files there are if anything walked over all.
    assert taken["TaskDuration"] / CROWD < 0.03
    assert longest_task(page) < LONGEST


@pytest.mark.seconds(30)
def test_ten_thousand_dropped_files_never_block_the_page(
    page: Page, page_errors: PageErrors, bridge: Bridge, seaweed: S3Server, tmp_path: Path
) -> None:
    page_errors.expect_network()  # what is on the wire when the test ends
    folder = tmp_path / "crowd"
    files = many(folder, THRONG, 10_000)
    with seaweed.bucket() as bucket:
        widget = UploadWidget(bucket, "raw", client=seaweed.client)
        show(page, bridge, widget)
        watch_long_tasks(page)
        ready = page.locator(".s3up-ready")
        first = page.locator(".s3up-row").first

        bridge.hold()
        drop_files(page, ".s3up", [folder])
        expect(ready).to_have_text("0 of 10,000 files", timeout=60_000)
        expect(first).to_have_attribute("data-state", "waiting", timeout=60_000)
        bridge.release()

        def planned() -> bool:
            page.evaluate("0")
            keys = [status.key for status in widget.files]
            return len(keys) == THRONG and all(keys) and len(widget.value) > 0

        until(planned, 150, lambda: repr(widget), 0.3)
        widget.pause()
        rest = {"done", "paused"}
        until(
            lambda: page.evaluate("1") and {status.state for status in widget.files} <= rest,
            60,
            lambda: repr(widget),
        )

        keys = {f"raw/{path.relative_to(tmp_path)}" for path in files}
        assert {status.key for status in widget.files} == keys
    assert longest_task(page) < 2 * LONGEST
