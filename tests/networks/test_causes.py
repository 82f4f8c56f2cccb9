"""What a gateway hinders is said in one sentence; once it is set right, the upload ends well.

The rows of docs/networks.md, as far as a real nginx or haproxy is part of the cause.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect

from support.files import make_file
from support.page.causes import LANES, Blocker, assert_promised
from support.page.desk import PART
from support.page.uploading import QUICK, MiB
from support.page.view import LONG
from support.proxy.faults import FOREVER, Delay, Fault
from support.proxy.tunnel import Tunnel
from support.servers.reverse_proxies import READABLE, ReverseProxy, Site
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page, Request

    from support.page.bridge import Bridge
    from support.page.browser import PageErrors
    from support.page.desk import Desk
    from support.servers.reverse_proxies import Certificate, Program

PATIENT: Final = {**QUICK, "stallMs": 30_000}
HOLDS: Final = {**PATIENT, "holdMs": 60_000}
"""For counts of bytes: however slow this machine is, what was found out comes before the next part."""
LIMIT: Final = Site(max_body=1 * MiB)
OTHER_HOST: Final = Site(host="store.internal")
DOWN: Final = {"nginx": 502, "haproxy": 503}
"""What each answers in the place of a store that refuses connections."""
SHORT: Final = 200_000
"""Bytes of handshakes, heads and short requests, at most …"""
ENCRYPTED: Final = 1.02
"""… and by how much encryption makes bodies longer, at most."""

both_protocols = pytest.mark.parametrize("http2", [True, False], ids=["h2", "h1"])
hidden_or_readable = pytest.mark.parametrize("site", [Site(), READABLE], ids=["hidden", "readable"])


@pytest.fixture(autouse=True)
def _network_may_fail(page_errors: PageErrors) -> None:
    page_errors.expect_network()
    page_errors.expect("Content Security Policy", "Content-Security-Policy")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Six parts: one on each lane, however many lanes HTTP/2 has."""
    return make_file(tmp_path / "run7.bin", LANES * PART - 7)


class Line:
    """The page's way to the gateway, which sees what the page sends there."""

    def __init__(self, tunnel: Tunnel, page: Page) -> None:
        self.url = tunnel.url
        self._tunnel = tunnel
        self._page = page
        self._puts = 0
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        self._puts += request.method == "PUT"

    @property
    def sent(self) -> float:
        """Bytes of bodies; not those that Chromium repeats by itself where a connection broke."""
        self._page.title()  # before it answers, Playwright passes on what it saw
        carried = max(0.0, self._tunnel.carried / ENCRYPTED - SHORT)
        return min(carried, self._puts * PART)


@pytest.fixture
def line(gateway: ReverseProxy, page: Page) -> Iterator[Line]:
    with Tunnel(gateway.url) as tunnel:
        yield Line(tunnel, page)


@pytest.fixture
def address(line: Line) -> str:
    return line.url


@pytest.fixture
def before_page(
    program: Program, bridge: Bridge, certificate: Certificate, tmp_path: Path
) -> Iterator[ReverseProxy]:
    """What browsers reach in the page's place."""
    folder = tmp_path / "before-page"
    folder.mkdir()
    with ReverseProxy(program, bridge.origin, certificate, folder, Site()) as running:
        yield running


def until_told(desk: Desk, line: Line, cause: str, *words: str) -> None:
    """The cause is told in the words, and after the bytes, that docs/networks.md names."""
    until(
        lambda: all(word in desk.widget.error for word in words),
        60,
        lambda: (words, desk.widget.error, desk.widget.files),
    )
    assert_promised(cause, desk.widget.error, line.sent, PART)


@both_protocols
@pytest.mark.parametrize(
    ("cause", "site", "words"),
    [
        ("body_limit", LIMIT, ("refuses bodies of 5 MiB (413)", "client_max_body_size")),
        ("request_changed", OTHER_HOST, ("changes requests",)),
    ],
    ids=["a limit of bodies", "another Host"],
)
def test_it_is_named_and_the_upload_ends_well_once_it_is_mended(
    desk: Desk,
    gateway: ReverseProxy,
    line: Line,
    file: Path,
    cause: str,
    site: Site,
    words: tuple[str, ...],
    http2: bool,
) -> None:
    gateway.start(replace(site, http2=http2))
    desk.show(HOLDS)
    desk.pick(file)

    until_told(desk, line, cause, *words)

    assert desk.widget.state == "failed"
    gateway.start(Site(http2=http2))
    desk.press("Resume run7.bin")
    desk.until_done()
    desk.assert_arrived(file)


@both_protocols
def test_a_base_path_that_is_taken_away_is_named_and_an_address_without_it_serves(
    desk: Desk, gateway: ReverseProxy, line: Line, file: Path, http2: bool
) -> None:
    gateway.start(Site(http2=http2, stripped="/s3"))
    below = desk.with_new_widget(
        client=replace(desk.server).client,
        browser_endpoint_url=f"{line.url}/s3",
        transport="direct",
    )
    below.show(HOLDS)
    below.pick(file)

    until_told(below, line, "request_changed", "changes requests", "a path")

    assert below.widget.state == "failed"
    gateway.start(Site(http2=http2))
    desk.show(HOLDS)
    desk.pick(file)
    desk.until_done()
    desk.assert_arrived(file)


@both_protocols
@hidden_or_readable
def test_a_store_that_is_down_behind_its_gateway_is_told_and_waited_for(
    desk: Desk,
    program: Program,
    gateway: ReverseProxy,
    line: Line,
    file: Path,
    site: Site,
    http2: bool,
) -> None:
    gateway.start(replace(site, http2=http2))
    desk.proxy.go_offline()
    desk.show(HOLDS)
    desk.pick(file)

    until_told(desk, line, "gateway", f"error {DOWN[program]}, as a gateway")

    assert desk.widget.waiting_for == "network"
    desk.proxy.go_online()
    desk.until_done()
    desk.assert_arrived(file)


@both_protocols
@hidden_or_readable
def test_a_store_that_does_not_answer_its_gateway_in_time_is_told_and_waited_for(
    desk: Desk, gateway: ReverseProxy, line: Line, file: Path, site: Site, http2: bool
) -> None:
    gateway.start(replace(site, http2=http2, answer_seconds=1))
    desk.proxy.play(Fault(Delay(request=FOREVER), times=FOREVER))
    desk.show(HOLDS)
    desk.pick(file)

    until_told(desk, line, "gateway", "error 504, as a gateway")

    assert desk.widget.waiting_for == "network"
    desk.proxy.clear_faults()
    gateway.start(replace(site, http2=http2))
    desk.until_done()
    desk.assert_arrived(file)


def test_a_policy_that_the_pages_gateway_sets_is_named_and_not_waited_for(
    desk: Desk, before_page: ReverseProxy, line: Line, file: Path
) -> None:
    def open_page(sources: str) -> None:
        policy = f"connect-src {sources}"
        before_page.start(Site(headers=(("Content-Security-Policy", policy),)))
        place = desk.bridge.url(desk.widget, tuning=dict(HOLDS))
        desk.page.goto(place.replace(desk.bridge.origin, before_page.url))
        desk.page.wait_for_function("globalThis.engine !== undefined")

    open_page("'self'")
    desk.pick(file)

    until_told(desk, line, "content_security_policy", f"add {line.url} to its connect-src")

    assert desk.widget.state == "failed"
    assert desk.proxy.exchanges.of("Preflight") == desk.proxy.puts() == ()
    open_page(f"'self' {line.url}")
    desk.pick(file)
    desk.until_done()
    desk.assert_arrived(file)


def test_what_the_browser_itself_blocks_is_named_and_sent_once_it_blocks_no_more(
    desk: Desk, line: Line, file: Path
) -> None:
    blocker = Blocker(desk.page)
    blocker.block("*X-Amz-Signature*")
    desk.show(PATIENT)
    desk.pick(file)

    until_told(desk, line, "blocked", "an extension of this browser")

    assert desk.widget.state == "failed"
    assert desk.proxy.puts() == ()
    blocker.block()
    desk.press("Resume run7.bin")
    desk.until_done()
    desk.assert_arrived(file)


@pytest.mark.parametrize("site", [LIMIT, OTHER_HOST], ids=["a limit of bodies", "another Host"])
@pytest.mark.parametrize("transport", ["auto"])
def test_parts_go_through_the_kernel_where_they_may(
    desk: Desk, gateway: ReverseProxy, file: Path, site: Site
) -> None:
    gateway.start(site)
    desk.show(HOLDS)

    desk.pick(file)
    desk.until_done(timeout=120)

    desk.assert_arrived(file)
    expect(desk.page.locator(".s3up")).to_contain_text("Sent through the kernel", timeout=LONG)


def test_the_check_names_a_limit_before_anybody_picks_a_file(
    desk: Desk, gateway: ReverseProxy
) -> None:
    gateway.start(LIMIT)
    desk.show(HOLDS)

    report = desk.widget.check()

    assert not report.ok
    assert "413" in str(report)
