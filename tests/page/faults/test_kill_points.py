"""The page, the kernel or a script ends at a chosen point of an upload's life; it is finished."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from s3upload_widget import UploadWidget
from support.clients.scripts import send, start
from support.files import make_file, sha256_of_file, sha256_of_object
from support.page.uploading import (
    QUICK,
    MiB,
    assert_arrived,
    pick,
    show,
    until_cut,
    until_done,
)
from support.proxy.faults import FOREVER, Fault, Gate, Match, Stall
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.page.browser import PageErrors
    from support.page.comm_messages import ToKernel, ToPage
    from support.proxy.faults import Action
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

KiB: Final = 1 << 10
PART: Final = 5 * MiB
PARTS: Final = 8
EVERY: Final = list(range(1, PARTS + 1))
HELD: Final = 4
"""The part that is on its way when the end comes at ``in a part``."""
TUNING: Final = {**QUICK, "stallMs": 3000}


@dataclass(frozen=True)
class Point:
    """Where the end comes, and what is sent afterwards."""

    name: str
    match: Match
    action: Callable[[], Action]
    sent_after: list[int]


POINTS: Final = (
    Point("before create", Match(operation="CreateMultipartUpload"), Gate, EVERY),
    Point(
        "after create",
        Match(operation="CreateMultipartUpload"),
        lambda: Gate(answer=True),
        EVERY,
    ),
    Point(
        "in a part",
        Match(operation="UploadPart", part_number=HELD),
        lambda: Stall(300, FOREVER),
        [HELD],
    ),
    Point("before complete", Match(operation="CompleteMultipartUpload"), Gate, []),
    Point(
        "after complete",
        Match(operation="CompleteMultipartUpload"),
        lambda: Gate(answer=True),
        [],
    ),
)
every_point = pytest.mark.parametrize("point", POINTS, ids=lambda point: str(point.name))


@pytest.fixture(autouse=True)
def _cut_requests_are_no_surprise(page_errors: PageErrors) -> None:
    page_errors.expect_network()
    page_errors.expect("Cannot send")


def widget_of(
    server: S3Server, bucket: str, proxy: FaultyProxy, behind: FaultyProxy
) -> UploadWidget:
    client = server.at(behind.url).client
    return UploadWidget(bucket, client=client, browser_endpoint_url=proxy.url, part_size=PART)


def end_kernel(page: Page, bridge: Bridge, behind: FaultyProxy) -> None:
    """Take widgets and network from the kernel, until nothing of it is under way."""
    bridge.restart_kernel()
    behind.go_offline()
    until_cut(page)
    until(lambda: not unanswered(bridge), 60, lambda: unanswered(bridge))
    behind.go_online()


def unanswered(bridge: Bridge) -> list[ToKernel]:
    """Requests that the kernel heard and has not replied to."""
    answered = names(bridge.told)
    return [each for each in bridge.heard if not names([each]) <= answered]


def names(messages: Sequence[ToKernel | ToPage]) -> set[str]:
    """What requests and replies are told apart by."""
    contents = [message.data.get("content", {}) for message in messages]
    return {content["rid"] for content in contents if "rid" in content}


class Held:
    """An upload that is held up at a point."""

    def __init__(self, point: Point, server: S3Server, bucket: str, *ways: FaultyProxy) -> None:
        self._point, self._server, self._bucket, self._ways = point, server, bucket, ways
        self._fault = Fault(point.action(), point.match, FOREVER)
        for way in ways:
            way.play(self._fault)

    def wait(self) -> None:
        """Return when the point is reached."""
        until(self._reached, 60, lambda: f"{self._point.name}; {self._parts()} are there")

    def _reached(self) -> bool:
        if not any(way.played(self._fault) for way in self._ways):
            return False
        if self._point.name == "after create":
            return bool(self._server.upload_ids(self._bucket))
        if self._point.name == "after complete":
            return bool(self._server.keys(self._bucket))
        return self._point.name != "in a part" or len(self._parts()) == PARTS - 1

    def _parts(self) -> set[int]:
        return {put.part_number for way in self._ways for put in way.puts() if put.complete}

    def let_go(self) -> None:
        """Hold up nothing more."""
        for way in self._ways:
            way.clear_faults()
        if isinstance(self._fault.action, Gate):
            self._fault.action.opened.set()


def stored(proxy: FaultyProxy) -> list[int]:
    """The number of each part that S3 took, as often as it took it."""
    return sorted(put.part_number for put in proxy.puts() if put.complete)


def assert_there(server: S3Server, bucket: str, widget: UploadWidget, file: Path) -> None:
    """The object is the file's, no part is left beside it, and at worst its user is asked.

    An object that was completed without anybody hearing of it is a conflict where it cannot be
    compared with the file.
    """
    until(lambda: widget.state in {"done", "failed"}, 60, lambda: (widget, widget.files))
    assert sha256_of_object(server.client, bucket, file.name) == sha256_of_file(file)
    for key, upload_id in server.upload_ids(bucket):
        # Its Create was answered to a kernel that is gone, and nobody can tell whose it is.
        left = server.client.list_parts(Bucket=bucket, Key=key, UploadId=upload_id)
        assert left.get("Parts", []) == []
    if not widget.error:
        assert_arrived(server, widget, file)
    else:
        assert f"s3://{bucket}/{file.name} exists: {file.stat().st_size} bytes" in widget.error


@every_point
def test_the_page_is_loaded_anew(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    behind: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    point: Point,
) -> None:
    file = make_file(tmp_path / "run7.bin", PARTS * PART - 7)
    widget = widget_of(ministack, bucket, proxy, behind)
    held = Held(point, ministack, bucket, proxy, behind)
    show(page, bridge, widget, tuning=QUICK)
    pick(page, file)
    held.wait()

    show(page, bridge, widget, tuning=QUICK)
    held.let_go()
    behind.silence()
    proxy.forget()
    pick(page, file)
    if point.sent_after:
        until_done(widget)

    assert_there(ministack, bucket, widget, file)
    assert stored(proxy) == sorted(put.part_number for put in proxy.puts()) == point.sent_after


@every_point
def test_the_kernel_restarts(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    behind: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    point: Point,
) -> None:
    file = make_file(tmp_path / "run7.bin", PARTS * PART - 7)
    held = Held(point, ministack, bucket, proxy, behind)
    old = widget_of(ministack, bucket, proxy, behind)  # else it might be collected, and be silent
    show(page, bridge, old, tuning=TUNING)
    pick(page, file)
    held.wait()

    end_kernel(page, bridge, behind)
    held.let_go()
    widget = widget_of(ministack, bucket, proxy, behind)
    page.evaluate("removeView()")
    bridge.url(widget)
    page.evaluate("(id) => mount(id, 1)", widget.model_id)
    until_done(widget)

    assert_there(ministack, bucket, widget, file)
    assert stored(proxy) == EVERY


@every_point
def test_a_script_is_killed(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path, point: Point
) -> None:
    file = make_file(tmp_path / "run7.bin", PARTS * KiB - 7)
    uri = f"s3://{bucket}/run7.bin"
    held = Held(point, ministack, bucket, proxy)
    with start(ministack.at(proxy.url), file, uri) as script:
        held.wait()
        script.kill()
    held.let_go()
    proxy.silence()
    proxy.forget()

    outcome = send(ministack.at(proxy.url), file, uri)

    assert outcome.uploaded.sha256 == sha256_of_file(file)
    assert sha256_of_object(ministack.client, bucket, "run7.bin") == sha256_of_file(file)
    assert stored(proxy) == sorted(put.part_number for put in proxy.puts()) == point.sent_after
