"""Pause, resume, abort and clear, from the page and from Python."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from s3upload_widget import UploadWidget
from support.files import make_file, sha256_of_file
from support.uploading import (
    QUICK,
    MiB,
    assert_arrived,
    pick,
    show,
    states,
    until_done,
    until_state,
)
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.bridge import Bridge
    from support.proxy import FaultyProxy
    from support.servers import S3Server

PART = 5 * MiB


@pytest.fixture
def widget(bridge: Bridge, ministack: S3Server, proxy: FaultyProxy, bucket: str) -> UploadWidget:
    """Its uploads are slow enough to be interrupted: about four parts a second."""
    proxy.pace_total(20 * MiB)
    return UploadWidget(
        bucket, client=ministack.client, browser_endpoint_url=proxy.url, part_size=PART
    )


def until_part_stored(proxy: FaultyProxy) -> set[int]:
    """Wait for a first part on S3, and tell which are there."""
    until(lambda: any(put.complete for put in proxy.puts()), what="a first part on S3")
    return {put.part_number for put in proxy.puts() if put.complete}


def test_pause_keeps_what_is_sent_and_resume_sends_only_the_rest(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    bucket: str,
    tmp_path: Path,
) -> None:
    file = make_file(tmp_path / "run7.bin", 10 * PART)
    show(page, bridge, widget, tuning=QUICK)
    pick(page, file)
    until_part_stored(proxy)

    page.get_by_role("button", name="Pause run7.bin").click()
    until_state(widget, "paused")
    until(lambda: all(put.finished for put in proxy.puts()), what="a silent wire")
    sent = len(proxy.puts())
    [(key, upload_id)] = ministack.upload_ids(bucket)
    listed = ministack.client.list_parts(Bucket=bucket, Key=key, UploadId=upload_id)["Parts"]
    assert 0 < len(listed) < 10

    proxy.pace_total(1e12)
    assert len(proxy.puts()) == sent
    page.get_by_role("button", name="Resume run7.bin").click()
    until_done(widget)

    assert_arrived(ministack, widget, file)
    assert len(proxy.puts()) - sent == 10 - len(listed)


def test_a_cell_pauses_and_resumes_one_file_by_its_key(
    page: Page, bridge: Bridge, ministack: S3Server, widget: UploadWidget, tmp_path: Path
) -> None:
    files = [make_file(tmp_path / f"run{n}.bin", 6 * PART, seed=n) for n in (1, 2)]
    show(page, bridge, widget, tuning=QUICK)
    pick(page, *files)
    until_state(widget, "uploading")

    widget.pause("run2.bin")
    until(lambda: len(widget.value) == 1, 60, what=lambda: widget.files)
    assert [(status.name, status.state) for status in widget.files] == [
        ("run1.bin", "done"),
        ("run2.bin", "paused"),
    ]

    widget.resume("run2.bin")
    until_done(widget, 2)
    assert_arrived(ministack, widget, *files)


def test_discard_deletes_what_s3_holds_and_the_row(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    bucket: str,
    tmp_path: Path,
) -> None:
    show(page, bridge, widget, tuning=QUICK)
    pick(page, make_file(tmp_path / "run7.bin", 10 * PART))
    until_part_stored(proxy)
    assert len(ministack.upload_ids(bucket)) == 1

    page.get_by_role("button", name="Discard run7.bin").click()
    page.get_by_role("button", name="Discard", exact=False).first.click()
    until(lambda: states(page) == {}, 30, lambda: states(page))

    assert ministack.upload_ids(bucket) == []
    assert ministack.keys(bucket) == []
    until(lambda: widget.files == (), what=lambda: widget.files)
    assert widget.state == "idle"


def test_abort_from_a_cell_deletes_what_s3_holds(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    bucket: str,
    tmp_path: Path,
) -> None:
    show(page, bridge, widget, tuning=QUICK)
    pick(page, make_file(tmp_path / "run7.bin", 10 * PART))
    until_part_stored(proxy)

    widget.abort()

    until(lambda: ministack.upload_ids(bucket) == [], what="no upload left")
    until(lambda: states(page) == {}, what=lambda: states(page))
    assert ministack.keys(bucket) == []


def test_clear_takes_finished_rows_away_and_leaves_s3_alone(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    widget: UploadWidget,
    bucket: str,
    tmp_path: Path,
) -> None:
    show(page, bridge, widget, tuning=QUICK)
    pick(page, make_file(tmp_path / "run7.bin", 1))
    until_done(widget)
    until(lambda: states(page) == {"run7.bin": "done"}, what=lambda: states(page))

    widget.clear()

    assert (widget.value, widget.files) == ((), ())
    until(lambda: states(page) == {}, what=lambda: states(page))
    assert ministack.keys(bucket) == ["run7.bin"]


def test_what_is_cleared_before_the_page_knows_that_it_is_done_leaves_the_page_too(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    bucket: str,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    def clear(change: dict[str, Any]) -> None:
        if change["new"]:
            widget.clear()

    widget.observe(clear, names="value")
    show(page, bridge, widget, tuning=QUICK)

    pick(page, *(make_file(tmp_path / name, 1) for name in ("run7.bin", "run8.bin")))

    until(lambda: len(ministack.keys(bucket)) == 2, 60, lambda: ministack.keys(bucket))
    until(lambda: states(page) == {}, what=lambda: states(page))
    assert (widget.value, widget.files) == ((), ())


def test_max_concurrency_acts_while_parts_are_sent(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    widget.max_concurrency = 1
    file = make_file(tmp_path / "run7.bin", 12 * PART)
    show(page, bridge, widget, tuning=QUICK)
    pick(page, file)
    until(lambda: len(proxy.puts()) >= 3, what="three parts")
    assert proxy.puts().max_in_flight() == 1

    widget.max_concurrency = 4
    until_done(widget)

    assert proxy.puts().max_in_flight() == 4
    assert_arrived(ministack, widget, file)


def test_a_file_that_is_picked_twice_is_sent_once(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    file = make_file(tmp_path / "run7.bin", 8 * PART)
    show(page, bridge, widget, tuning=QUICK)
    pick(page, file)
    until_part_stored(proxy)

    pick(page, file)
    until_done(widget)

    assert_arrived(ministack, widget, file)
    until(lambda: states(page) == {"run7.bin": "done"}, what=lambda: states(page))
    assert len(proxy.puts()) == 8


def test_what_has_no_room_yet_can_be_tried_again(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("s3upload_widget.picked.MAX_UNFINISHED", 1)
    files = [make_file(tmp_path / f"run{n}.bin", 4 * PART, seed=n) for n in (1, 2)]
    show(page, bridge, widget, tuning=QUICK)
    pick(page, *files)
    retry = page.get_by_role("button", name="Retry run2.bin")
    retry.wait_for()
    proxy.pace_total(1e12)
    until(lambda: len(widget.value) == 1, 60, what=lambda: widget.files)

    retry.click()
    until(lambda: len(widget.value) == 2, 60, what=lambda: widget.files)

    assert_arrived(ministack, widget, *files)


def test_of_two_files_with_one_name_the_second_asks(
    page: Page, bridge: Bridge, ministack: S3Server, widget: UploadWidget, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    first = make_file(tmp_path / "run7.bin", 8 * PART, seed=1)
    second = make_file(tmp_path / "other" / "run7.bin", 8 * PART, seed=2)
    os.utime(second, (0, 0))
    show(page, bridge, widget, tuning=QUICK)
    pick(page, first)
    until_state(widget, "uploading")

    pick(page, second)
    keep_both = page.get_by_role("button", name="Keep both run7.bin")
    keep_both.click()
    until_done(widget, 2)

    assert sorted(uploaded.key for uploaded in widget.value) == ["run7-1.bin", "run7.bin"]
    by_key = {uploaded.key: uploaded.sha256 for uploaded in widget.value}
    assert by_key == {"run7.bin": sha256_of_file(first), "run7-1.bin": sha256_of_file(second)}
