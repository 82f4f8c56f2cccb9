"""How many parts are on the wire at a time."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING

from s3upload_widget import UploadWidget
from support.files import make_file, make_sparse_file
from support.page.uploading import MiB, asked, assert_arrived, pick, show, until_done
from support.proxy.faults import FOREVER, Fault, Gate, Match
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

PARTS = 15
GiB = 1024 * MiB


def test_three_lanes_are_kept_full_from_the_first_part_to_the_last(
    page: Page, bridge: Bridge, ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    widget = UploadWidget(
        bucket,
        client=ministack.client,
        browser_endpoint_url=proxy.url,
        part_size=5 * MiB,
        max_concurrency=3,
    )
    gates = {number: Gate() for number in range(1, PARTS + 1)}
    for number, gate in gates.items():
        proxy.play(Fault(gate, Match(operation="UploadPart", part_number=number)))
    file = make_file(tmp_path / "run7.bin", PARTS * 5 * MiB)
    show(page, bridge, widget)
    pick(page, file)

    waits = []
    for started in [*range(3, PARTS), PARTS, PARTS, PARTS]:
        began = time.monotonic()
        until(lambda: len(proxy.puts()) == started, 60, "full lanes")  # noqa: B023
        waits.append(time.monotonic() - began)
        gates.pop(
            next(put.part_number for put in proxy.puts() if put.part_number in gates)
        ).opened.set()
    until_done(widget)

    assert proxy.puts().max_in_flight() == 3
    # Some may take longer: what else the machine does is none of the lanes'.
    assert median(waits[1:-2]) < 2
    assert_arrived(ministack, widget, file)


def test_lanes_are_shared_by_all_files_of_all_widgets_of_the_page(
    page: Page, bridge: Bridge, ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    widgets = [
        UploadWidget(
            bucket,
            prefix,
            client=ministack.client,
            browser_endpoint_url=proxy.url,
            part_size=5 * MiB,
        )
        for prefix in ("one", "two")
    ]
    gate = Gate()
    proxy.play(Fault(gate, Match(operation="UploadPart"), FOREVER))
    files = [make_file(tmp_path / f"run{n}.bin", 30 * MiB, seed=n) for n in (1, 2)]
    show(page, bridge, widgets[0])
    bridge.url(widgets[1])
    page.evaluate("(id) => mount(id, 1)", widgets[1].model_id)
    page.wait_for_function("document.querySelectorAll('.s3up input[type=file]').length === 2")

    for index in (0, 1):
        inputs = page.locator(".s3up input[type=file]")
        inputs.nth(index).set_input_files([str(file) for file in files])
    until(lambda: len(proxy.puts()) >= 6, 60, "full lanes")
    gate.opened.set()
    for widget in widgets:
        until_done(widget, 2)

    assert proxy.puts().max_in_flight() == 6
    for widget in widgets:
        assert_arrived(ministack, widget, *files)


def test_parts_are_signed_so_far_ahead_that_a_busy_kernel_stops_nothing(
    page: Page, bridge: Bridge, ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    widget = UploadWidget(
        bucket, client=ministack.client, browser_endpoint_url=proxy.url, part_size=5 * MiB
    )
    # So slow that a busy machine has signed all parts long before most of them are sent.
    proxy.pace_total(MiB)
    file = make_file(tmp_path / "run7.bin", 30 * 5 * MiB)
    show(page, bridge, widget)
    pick(page, file)
    until(lambda: signed_parts(bridge) == set(range(1, 31)), 60, lambda: signed_parts(bridge))
    assert len([put for put in proxy.puts() if put.complete]) < 20

    bridge.hold()
    proxy.pace_total(1e12)
    until(lambda: len([put for put in proxy.puts() if put.complete]) == 30, 60, "all parts sent")
    assert widget.value == ()
    waiting = page.locator(".s3up-row[data-state=waiting]")
    until(lambda: waiting.count() == 1, what="a row that says what it waits for")
    assert "Waiting for Python" in waiting.inner_text()
    bridge.release()
    until_done(widget)

    assert_arrived(ministack, widget, file)


def signed_parts(bridge: Bridge) -> set[int]:
    asked_for = asked(bridge, "presign_parts")
    return {part["part_number"] for request in asked_for for part in request["parts"]}


def test_a_huge_file_starts_as_soon_as_a_small_one(
    page: Page, bridge: Bridge, ministack: S3Server, sink: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    widget = UploadWidget(bucket, client=ministack.client, browser_endpoint_url=sink.url)
    show(page, bridge, widget)

    def first_part_after(name: str, size: int) -> float:
        file = make_sparse_file(tmp_path / name, size)
        sink.forget()
        page.evaluate("globalThis.began = performance.now()")
        pick(page, file)
        until(sink.puts, what="the first part")
        seconds: float = page.evaluate("(performance.now() - began) / 1000")
        widget.abort()
        page.wait_for_function("engine.files.length === 0")
        return seconds

    # The best of three: what else the machine does is none of the file's, which takes minutes to read.
    small = min(first_part_after(f"small{n}.bin", 64 * MiB) for n in range(3))
    huge = min(first_part_after(f"huge{n}.bin", 100 * GiB) for n in range(3))

    assert huge < small + 5.0
