"""A store that has several names gets parts by all of them, for as long as each works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from s3upload_widget import UploadWidget
from support.files import make_file
from support.page.uploading import QUICK, MiB, asked, assert_arrived, pick, show, until_done
from support.proxy.proxy import FaultyProxy
from support.servers.http2_gateway import run_http2_gateway
from support.servers.reverse_proxies import make_certificate
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.page.browser import Browsing, PageErrors
    from support.servers.servers import S3Server

MB = 10**6
PART = 5 * MiB
PARTS = 40
FEW = 20
PROMPT = {**QUICK, "paceMs": 200, "silenceMs": 60_000}


@pytest.fixture
def other(ministack: S3Server) -> Iterator[FaultyProxy]:
    """The same store by another name."""
    with FaultyProxy(ministack.endpoint_url) as faulty:
        yield faulty


def widget_by(ministack: S3Server, bucket: str, *urls: str, **options: Any) -> UploadWidget:
    ordinary: dict[str, Any] = {"part_size": PART, "browser_endpoint_url": urls}
    return UploadWidget(bucket, client=ministack.client, **(ordinary | options))


def test_two_names_of_a_store_get_more_than_six_parts_at_once(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    other: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    widget = widget_by(ministack, bucket, proxy.url, other.url)
    for name in (proxy, other):
        name.pace_per_connection(4 * MB)
    file = make_file(tmp_path / "run7.bin", PARTS * PART)
    show(page, bridge, widget, tuning=PROMPT)

    pick(page, file)
    until_done(widget, timeout=120)

    assert proxy.puts().max_in_flight() == other.puts().max_in_flight() == 6
    assert abs(len(proxy.puts()) - len(other.puts())) < PARTS / 4
    assert len(proxy.puts()) + len(other.puts()) == PARTS
    assert asked(bridge, "find_routes")
    assert_arrived(ministack, widget, file)


def test_a_cap_holds_over_all_names(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    other: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    widget = widget_by(ministack, bucket, proxy.url, other.url, max_concurrency=2)
    for name in (proxy, other):
        name.pace_per_connection(4 * MB)
    file = make_file(tmp_path / "run7.bin", 8 * PART)
    show(page, bridge, widget, tuning=PROMPT)

    pick(page, file)
    until_done(widget)

    assert 1 <= proxy.puts().max_in_flight() <= 2
    assert 1 <= other.puts().max_in_flight() <= 2
    page.wait_for_function("engine.files.length === 1")
    assert_arrived(ministack, widget, file)


def test_a_name_that_nothing_answers_to_gets_no_part(
    page: Page, bridge: Bridge, ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    with FaultyProxy(ministack.endpoint_url) as closed:
        nowhere = closed.url
    widget = widget_by(ministack, bucket, proxy.url, nowhere)
    file = make_file(tmp_path / "run7.bin", 8 * PART)
    show(page, bridge, widget, tuning=PROMPT)

    pick(page, file)
    until_done(widget)

    assert len(proxy.puts()) == 8
    assert asked(bridge, "diagnose") == []
    assert_arrived(ministack, widget, file)


@pytest.mark.usefixtures("network_may_fail")
@pytest.mark.parametrize("failing", ["first", "second"])
def test_a_name_that_breaks_leaves_quietly_while_another_works(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    other: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    failing: str,
) -> None:
    widget = widget_by(ministack, bucket, proxy.url, other.url)
    breaks, works = (proxy, other) if failing == "first" else (other, proxy)
    for name in (proxy, other):
        name.pace_per_connection(4 * MB)
    file = make_file(tmp_path / "run7.bin", PARTS * PART)
    show(page, bridge, widget, tuning=PROMPT)

    pick(page, file)
    stored = [name.puts for name in (proxy, other)]
    until(lambda: all(any(put.complete for put in puts()) for puts in stored), 30, "parts by both")
    breaks.go_offline()
    until_done(widget, timeout=120)

    assert asked(bridge, "diagnose") == []
    assert len(works.puts()) > PARTS / 2
    assert_arrived(ministack, widget, file)


@pytest.mark.parametrize("named", [True, False], ids=["the page", "all"])
def test_one_name_gets_more_parts_at_once_where_it_takes_requests_with_credentials(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    tmp_path: Path,
    *,
    named: bool,
) -> None:
    origin = bridge.insecure_origin if named else "*"
    with ministack.bucket((origin,)) as bucket, FaultyProxy(ministack.endpoint_url) as store:
        widget = widget_by(ministack, bucket, store.url)
        store.pace_per_connection(2 * MB)
        file = make_file(tmp_path / "run7.bin", FEW * PART)
        # By a name of another site than the store's, whose cookies are then none of the page's.
        show(page, bridge, widget, insecure=True, tuning=PROMPT)

        pick(page, file)
        until_done(widget, timeout=120)

        most = store.puts().max_in_flight()
        assert 6 < most <= 12 if named else most == 6
        assert len(store.puts()) == FEW
        assert_arrived(ministack, widget, file)


def test_a_name_that_speaks_http2_gets_more_parts_than_a_browser_has_connections(
    chromium: Browsing,
    page_errors: PageErrors,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    proxy.pace_per_connection(2 * MB)
    file = make_file(tmp_path / "run7.bin", FEW * PART)
    with (
        run_http2_gateway(proxy.url, make_certificate(tmp_path)) as gateway,
        chromium.page(page_errors, ignore_https_errors=True) as page,
    ):
        widget = widget_by(ministack, bucket, gateway)
        show(page, bridge, widget, tuning=PROMPT)

        pick(page, file)
        until_done(widget, timeout=120)

        assert proxy.puts().max_in_flight() > 6
        assert len(proxy.puts()) == FEW
        assert_arrived(ministack, widget, file)
