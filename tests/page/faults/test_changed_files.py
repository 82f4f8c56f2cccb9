"""Files that other programs touch, cut, delete or rewrite while they are uploaded.

Chromium refuses to read them. Firefox 153 does not, so its manners are played where they matter.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import Page, expect

from support.files import make_file
from support.page.desk import PART, UNPACED, Desk, widget_of
from support.page.uploading import QUICK
from support.page.view import LONG
from support.proxy.faults import FOREVER, Answer, Fault, Match
from support.waiting import until

pytestmark = pytest.mark.usefixtures("network_may_fail")

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from s3upload_widget import UploadWidget
    from support.page.browser import Browsing, PageErrors
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

FIREFOX: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"
PATIENT: Final = QUICK | {"stallMs": 60_000}
"""Told only once a connection is given up, the user would wait for longer than a test does."""
UNGUARDED: Final = """() => {
    globalThis.Worker = undefined;
    globalThis.left = Infinity;  // bytes that the file has still; fewer than none: it is deleted
    globalThis.rewritten = undefined;
    const { slice, arrayBuffer } = Blob.prototype;
    const from = new WeakMap();
    Blob.prototype.slice = function (start = 0, end = this.size) {
        const source = this instanceof File && rewritten ? rewritten : this;
        const part = slice.call(source, start, end);
        from.set(part, (from.get(this) ?? 0) + start);
        return part;
    };
    Blob.prototype.arrayBuffer = function () {
        if (globalThis.left < 0) return Promise.reject(new DOMException("gone", "AbortError"));
        const there = Math.max(0, globalThis.left - (from.get(this) ?? 0));
        return arrayBuffer.call(there < this.size ? slice.call(this, 0, there) : this);
    };
    const { send } = XMLHttpRequest.prototype;
    XMLHttpRequest.prototype.send = function (body) {
        const end = body instanceof Blob ? (from.get(body) ?? 0) + body.size : 0;
        if (end <= globalThis.left) send.call(this, body);
    };
}"""
"""What Firefox 153 does: bytes that are cut off read as nothing and are never sent, a file that is
deleted reads as an ``AbortError``, and one that is rewritten reads as what is there now."""


@pytest.fixture
def firefox(chromium: Browsing, page_errors: PageErrors) -> Iterator[Page]:
    """A page that takes its browser for Firefox."""
    with chromium.page(page_errors, user_agent=FIREFOX) as page:
        yield page


@pytest.fixture
def unguarded(desk: Desk, firefox: Page) -> Desk:
    """A desk whose browser reads files whatever became of them."""
    desk = replace(desk, page=firefox)
    desk.show(PATIENT)
    desk.page.evaluate(UNGUARDED)
    return desk


@pytest.fixture
def widget(server: S3Server, proxy: FaultyProxy, bucket: str) -> UploadWidget:
    """Sends one part after the other: all but the first have yet to be read again."""
    return widget_of(server, proxy, bucket, max_concurrency=1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return make_file(tmp_path / "run7.bin", 5 * PART)


def pick_and_send_one(desk: Desk, file: Path) -> None:
    """Upload until one part is on S3, and others are on their way."""
    desk.proxy.pace_total(2 * PART)
    desk.pick(file)
    desk.stop_at(1)


@pytest.mark.parametrize("left", [PART, -1], ids=["cut", "deleted"])
def test_a_file_whose_bytes_are_gone_is_said_to_be_changed(
    unguarded: Desk, file: Path, left: int
) -> None:
    pick_and_send_one(unguarded, file)

    unguarded.page.evaluate("(left) => { globalThis.left = left; }", left)
    unguarded.proxy.pace_total(UNPACED)

    row = unguarded.row("run7.bin")
    expect(row).to_contain_text("changed, moved or deleted", timeout=LONG)


def test_a_file_that_was_cut_before_it_is_read_is_said_to_be_changed(
    unguarded: Desk, file: Path
) -> None:
    unguarded.page.evaluate("globalThis.left = 4 * 5 * 2 ** 20 + 1")

    unguarded.pick(file)

    row = unguarded.row("run7.bin")
    expect(row).to_contain_text("changed, moved or deleted", timeout=LONG)
    assert unguarded.server.keys(unguarded.bucket) == []


def test_a_file_that_is_rewritten_under_way_never_arrives_as_a_mixture(
    unguarded: Desk, file: Path
) -> None:
    pick_and_send_one(unguarded, file)

    unguarded.page.evaluate(
        "(size) => { globalThis.rewritten = new Blob([new Uint8Array(size)]); }", 5 * PART
    )
    unguarded.proxy.pace_total(UNPACED)

    row = unguarded.row("run7.bin")
    expect(row).to_contain_text("changed, moved or deleted", timeout=LONG)
    assert unguarded.server.keys(unguarded.bucket) == []


def test_parts_are_read_again_only_where_the_browser_does_not_guard_files(
    unguarded: Desk, file: Path
) -> None:
    unguarded.pick(file)
    unguarded.until_done()

    unguarded.assert_arrived(file)


def test_a_file_that_was_only_touched_is_picked_again_and_its_parts_serve(
    desk: Desk, file: Path
) -> None:
    desk.show(PATIENT)
    pick_and_send_one(desk, file)
    os.utime(file)
    desk.proxy.pace_total(UNPACED)
    expect(desk.row("run7.bin")).to_contain_text("changed, moved or deleted", timeout=LONG)
    desk.until_silent()
    stored = desk.parts_there()

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert stored != set()
    assert sorted(set(desk.stored())) == [1, 2, 3, 4, 5]
    assert len(desk.stored()) == 5


@pytest.mark.parametrize("rewritten", [0, 1, 5], ids=["only touched", "one part", "every part"])
def test_a_paused_file_that_changed_on_disk_is_picked_again_into_its_row(
    desk: Desk, file: Path, rewritten: int
) -> None:
    desk.show(PATIENT)
    pick_and_send_one(desk, file)
    desk.widget.pause()
    desk.expect_state("run7.bin", "paused")
    desk.proxy.pace_total(UNPACED)
    desk.until_silent()
    before = len(desk.stored())
    os.utime(file)
    with file.open("r+b") as changed:
        changed.write(os.urandom(rewritten * PART))

    desk.pick(file)

    expect(desk.row("run7.bin")).to_contain_text("since it was picked first")
    expect(desk.page.locator(".s3up-row")).to_have_count(1)
    desk.proxy.pace_total(UNPACED)
    desk.until_done()
    desk.assert_arrived(file)
    assert desk.upload_ids() == []
    assert len(desk.stored()) <= 5 + (before if rewritten else 0)


def test_another_file_of_the_path_of_one_that_is_paused_gets_a_row(
    desk: Desk, file: Path, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = make_file(tmp_path / "other" / "run7.bin", 2 * PART)
    desk.show(PATIENT)
    pick_and_send_one(desk, file)
    desk.widget.pause()
    desk.expect_state("run7.bin", "paused")
    desk.proxy.pace_total(UNPACED)

    desk.pick(other)

    rows = desk.page.locator(".s3up-row")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("another picked file already goes to")


@pytest.mark.parametrize("same", [0, 1], ids=["no part is the same", "one part is"])
def test_a_file_that_was_rewritten_is_picked_again_and_arrives_as_it_is_now(
    desk: Desk, file: Path, same: int
) -> None:
    desk.show(PATIENT)
    pick_and_send_one(desk, file)
    with file.open("r+b") as rewritten:
        rewritten.seek(same * PART)
        rewritten.write(os.urandom((5 - same) * PART))
    desk.proxy.pace_total(UNPACED)
    expect(desk.row("run7.bin")).to_contain_text("changed, moved or deleted", timeout=LONG)

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert desk.upload_ids() == []


def test_a_file_of_one_part_that_is_rewritten_before_it_is_sent_is_said_to_be_changed(
    desk: Desk, tmp_path: Path
) -> None:
    small = make_file(tmp_path / "small.bin", 100_000)
    desk.show(PATIENT)
    desk.proxy.play(Fault(Answer(503, "SlowDown"), Match(operation="PutObject"), times=FOREVER))
    desk.pick(small)
    until(lambda: len(desk.proxy.puts()) > 0, 60, "a refused part")

    small.write_bytes(os.urandom(100_000))
    desk.proxy.clear_faults()

    expect(desk.row("small.bin")).to_contain_text("changed, moved or deleted", timeout=LONG)
    assert desk.server.keys(desk.bucket) == []
