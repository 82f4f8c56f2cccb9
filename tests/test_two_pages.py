"""Two pages of one widget, as in two tabs or two browsers, and one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from s3upload_widget import UploadWidget
from support.files import make_file
from support.uploading import QUICK, MiB, assert_arrived, pick, show, until_done
from support.view import expect_state, press, row
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from support.bridge import Bridge
    from support.browser import Browsing, PageErrors
    from support.exchanges import Exchanges
    from support.proxy import FaultyProxy
    from support.servers import S3Server

PART = 5 * MiB
PARTS = 30
LANES = 6
SLOW = 20 * MiB
PATIENT = {**QUICK, "stallMs": 30_000}


@pytest.fixture
def widget(bridge: Bridge, ministack: S3Server, proxy: FaultyProxy, bucket: str) -> UploadWidget:
    """Its pages reach S3 through the proxy, its kernel does so directly."""
    return UploadWidget(
        bucket, client=ministack.client, browser_endpoint_url=proxy.url, part_size=PART
    )


@pytest.fixture
def other(chromium: Browsing, page_errors: PageErrors) -> Iterator[Page]:
    """A page with storage of its own, as another browser's."""
    page_errors.expect_network()
    with chromium.page(page_errors, user_agent="another browser") as second:
        yield second


def begun(proxy: FaultyProxy, page: Page) -> int:
    """How many PUTs a page has begun."""
    agent = page.evaluate("navigator.userAgent")
    return sum(put.request.headers.get("user-agent") == agent for put in proxy.puts())


def stored(puts: Exchanges) -> list[int]:
    """The number of each part that S3 took, as often as it took it."""
    return sorted(put.part_number for put in puts if put.complete)


def twice(proxy: FaultyProxy) -> int:
    """How many parts too many S3 took."""
    found = stored(proxy.puts())
    return len(found) - len(set(found))


def until_told(page: Page) -> None:
    """Wait until the page says that another one has the file."""
    expect_state(page, "run7.bin", "failed")
    expect(row(page, "run7.bin")).to_contain_text("goes on from another page")


def test_who_picks_the_file_again_takes_it_over_and_it_can_be_taken_back(
    page: Page,
    other: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    bucket: str,
    tmp_path: Path,
) -> None:
    file = make_file(tmp_path / "run7.bin", PARTS * PART)
    proxy.pace_total(SLOW)
    show(page, bridge, widget, tuning=PATIENT)
    show(other, bridge, widget, tuning=PATIENT)
    pick(page, file)
    until(lambda: len(stored(proxy.puts())) >= 2, 30, "two parts on S3")

    pick(other, file)
    until_told(page)
    given_up = begun(proxy, page)
    here = len(set(stored(proxy.puts())))
    until(lambda: len(set(stored(proxy.puts()))) >= here + 3, 30, "three more parts on S3")
    assert begun(proxy, page) == given_up
    assert twice(proxy) <= LANES

    press(page, "Resume run7.bin")
    until_told(other)
    expect_state(page, "run7.bin", "uploading")
    proxy.pace_total(1e12)
    until_done(widget)
    expect_state(page, "run7.bin", "done")

    assert_arrived(ministack, widget, file)
    assert len(widget.value) == 1
    assert len(widget.files) == 1
    assert set(stored(proxy.puts())) == set(range(1, PARTS + 1))
    assert twice(proxy) <= 2 * LANES
    assert ministack.upload_ids(bucket) == []


def test_resume_all_takes_nothing_back_from_another_page(
    page: Page,
    other: Page,
    bridge: Bridge,
    proxy: FaultyProxy,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    files = [make_file(tmp_path / f"run{n}.bin", PARTS * PART, seed=n) for n in (7, 8)]
    proxy.pace_total(SLOW)
    show(page, bridge, widget, tuning=PATIENT)
    show(other, bridge, widget, tuning=PATIENT)
    pick(page, *files)
    until(lambda: len(stored(proxy.puts())) >= 2, 30, "two parts on S3")
    pick(other, files[0])
    until_told(page)

    press(page, "Pause all")
    press(page, "Resume all")

    expect_state(page, "run8.bin", "uploading")
    expect_state(page, "run7.bin", "failed")
    expect_state(other, "run7.bin", "uploading")
    page.goto("about:blank")
    other.goto("about:blank")


def test_discard_leaves_what_another_page_took_over(
    page: Page,
    other: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    file = make_file(tmp_path / "run7.bin", PARTS * PART)
    proxy.pace_total(SLOW)
    show(page, bridge, widget, tuning=PATIENT)
    show(other, bridge, widget, tuning=PATIENT)
    pick(page, file)
    until(lambda: len(stored(proxy.puts())) >= 2, 30, "two parts on S3")
    pick(other, file)
    until_told(page)

    press(page, "Discard run7.bin")

    expect(row(page, "run7.bin")).to_have_count(0)
    proxy.pace_total(1e12)
    expect_state(other, "run7.bin", "done")
    assert_arrived(ministack, widget, file)
    assert twice(proxy) <= LANES
