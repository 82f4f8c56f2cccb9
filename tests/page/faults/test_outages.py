"""When the network goes, the page says so within seconds; when it is back, bytes flow at once."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import pytest

from s3upload_widget import UploadWidget
from support.files import make_file
from support.page.uploading import QUICK, MiB, asked, assert_arrived, pick, show, until_done
from support.page.view import press
from support.proxy.tunnel import Tunnel
from support.servers.http2_gateway import run_http2_gateway
from support.servers.reverse_proxies import make_certificate
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.page.browser import Browsing, PageErrors
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

pytestmark = pytest.mark.usefixtures("network_may_fail")

PART: Final = 5 * MiB
PARTS: Final = 10
IMPATIENT: Final = {
    **QUICK,
    "stallMs": 18_000,
    "silenceMs": 5000,
    "reachMs": 2000,
    "outageProbeMs": 1000,
    "probeMs": 10_000,
}
"""Less patience than a page has; but a machine that stands still for some seconds is no outage.

A page that only sees that each part stands still is late.
"""
SLACK: Final = 10
"""Seconds that a busy machine may take besides."""


@pytest.fixture
def page(chromium: Browsing, page_errors: PageErrors) -> Iterator[Page]:
    """A page that trusts every certificate."""
    with chromium.page(page_errors, ignore_https_errors=True) as fresh:
        yield fresh


@pytest.fixture
def protocol() -> str:
    return "HTTP/1.1"


@pytest.fixture
def rate() -> float:
    """Bytes a second of the page's way."""
    return 8 * MiB


@pytest.fixture
def line(protocol: str, rate: float, proxy: FaultyProxy, tmp_path: Path) -> Iterator[Tunnel]:
    """The page's way to the store, which may fall silent; ``proxy`` behind it sees what comes."""
    with ExitStack() as stack:
        address = proxy.url
        if protocol == "HTTP/2":
            certificate = make_certificate(tmp_path)
            address = stack.enter_context(run_http2_gateway(proxy.url, certificate))
        yield stack.enter_context(Tunnel(address, rate))


@pytest.fixture
def widget(bridge: Bridge, ministack: S3Server, line: Tunnel, bucket: str) -> UploadWidget:
    client = ministack.client
    return UploadWidget(bucket, client=client, browser_endpoint_url=line.url, part_size=PART)


def received(proxy: FaultyProxy) -> int:
    """Bytes of parts that came, whatever became of them."""
    return sum(put.body_bytes for put in proxy.puts())


def stored(proxy: FaultyProxy) -> list[int]:
    return [put.part_number for put in proxy.puts() if put.complete]


@pytest.mark.parametrize(
    ("protocol", "tuning", "seconds"),
    [
        ("HTTP/1.1", IMPATIENT, 8),
        ("HTTP/1.1", IMPATIENT, 14),
        ("HTTP/1.1", IMPATIENT, 30),
        # Chromium gives a connection that is dead ten seconds of its own.
        ("HTTP/2", {**IMPATIENT, "silenceMs": 11_000, "stallMs": 30_000}, 23),
    ],
    ids=["HTTP/1.1 short", "HTTP/1.1 long", "HTTP/1.1 very long", "HTTP/2"],
)
def test_an_outage_is_told_and_bytes_flow_when_it_ends(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    line: Tunnel,
    widget: UploadWidget,
    tuning: dict[str, int],
    seconds: float,
    tmp_path: Path,
) -> None:
    file = make_file(tmp_path / "run7.bin", PARTS * PART)
    show(page, bridge, widget, tuning=tuning)
    pick(page, file)
    until(lambda: stored(proxy), 60, "a part on S3")

    line.fall_silent()
    silent = time.monotonic()
    until(lambda: widget.waiting_for == "network", 60, lambda: (widget, widget.waiting_for))
    told = time.monotonic() - silent
    until(lambda: time.monotonic() > silent + seconds, seconds + 1)
    line.speak()
    back = time.monotonic()
    until(lambda: any(put.body_started > back for put in proxy.puts()), 90, "bytes")
    flowed = time.monotonic() - back
    until_done(widget)

    assert_arrived(ministack, widget, file)
    assert told <= (tuning["silenceMs"] + tuning["reachMs"]) / 1000 + SLACK
    assert flowed <= 1 + SLACK
    assert max(stored(proxy).count(number) for number in range(1, PARTS + 1)) == 1


@pytest.mark.parametrize("rate", [4 * MiB])
def test_on_a_slow_line_an_outage_costs_one_part(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    line: Tunnel,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    """Six at once would take longer than a gateway is patient, and all be lost."""
    file = make_file(tmp_path / "run7.bin", PARTS * PART)
    show(page, bridge, widget, tuning={**IMPATIENT, "slowMs": 1000, "watchMs": 60_000})
    pick(page, file)
    until(lambda: len(stored(proxy)) >= 7, 90, lambda: stored(proxy))

    line.fall_silent()
    until(lambda: widget.waiting_for == "network", 60, lambda: (widget, widget.waiting_for))
    line.speak()
    until_done(widget)

    assert_arrived(ministack, widget, file)
    assert len(proxy.puts()) <= PARTS + 1


@pytest.mark.parametrize("rate", [5 * MiB])
def test_on_a_slow_line_an_outage_costs_one_part_from_the_beginning(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    line: Tunnel,
    bucket: str,
    tmp_path: Path,
) -> None:
    """The first parts start together; as soon as the line is seen to be slow, one goes first."""
    part = 16 * MiB  # of which this machine's own buffers take a sixth at once
    widget = UploadWidget(
        bucket, client=ministack.client, browser_endpoint_url=line.url, part_size=part
    )
    file = make_file(tmp_path / "run7.bin", 3 * part)
    show(page, bridge, widget, tuning={**IMPATIENT, "slowMs": 6000, "watchMs": 1000, "paceMs": 100})
    pick(page, file)
    until(lambda: received(proxy) >= 2.5 * part, 90, lambda: received(proxy))

    line.fall_silent()
    until(lambda: widget.waiting_for == "network", 60, lambda: (widget, widget.waiting_for))
    line.speak()
    until_done(widget)

    assert_arrived(ministack, widget, file)
    assert received(proxy) <= (3 + 2) * part


def test_the_user_may_have_the_rest_sent_through_the_kernel_meanwhile(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    line: Tunnel,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    """The kernel has a way of its own."""
    file = make_file(tmp_path / "run7.bin", PARTS * PART)
    show(page, bridge, widget, tuning=IMPATIENT)
    pick(page, file)
    until(lambda: stored(proxy), 60, "a part on S3")

    line.fall_silent()
    press(page, "Send through the kernel run7.bin")
    until_done(widget)

    assert_arrived(ministack, widget, file)
    relayed = {each["part"]["part_number"] for each in asked(bridge, "relay_part")}
    assert relayed
    assert relayed | set(stored(proxy)) == set(range(1, PARTS + 1))
