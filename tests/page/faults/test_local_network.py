"""Chromium's Local Network Access: a page of the public network, and a store on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from support.files import make_file
from support.page.browser import PageErrors
from support.page.causes import assert_promised
from support.page.desk import PART, Desk, widget_of
from support.page.local_network import grant
from support.page.local_network import public_page as open_public_page
from support.page.uploading import QUICK
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

PATIENT: Final = {**QUICK, "stallMs": 30_000, "probeMs": 60_000}


@pytest.fixture
def page_errors() -> Iterator[PageErrors]:
    errors = PageErrors()
    errors.expect_network()
    yield errors
    assert errors.unexpected == []


@pytest.fixture(params=["secure"])
def public_page(
    bridge: Bridge, page_errors: PageErrors, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A page whose address counts as one of the public network."""
    with open_public_page(bridge, page_errors, secure=request.param == "secure") as page:
        yield page


def desk_of(
    public_page: Page,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    transport: str = "direct",
) -> Desk:
    widget = widget_of(server, proxy, bucket, transport=transport)
    return Desk(public_page, bridge, server, proxy, bucket, widget)


def sent(desk: Desk) -> int:
    return sum(put.body_bytes for put in desk.proxy.puts())


def open_page(desk: Desk, place: str = "") -> None:
    desk.page.goto(place or desk.bridge.url(desk.widget, tuning=dict(PATIENT), insecure=True))


def test_a_refused_permission_is_named_and_its_grant_is_noticed(
    public_page: Page,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    file = make_file(tmp_path / "run7.bin", 1000)
    desk = desk_of(public_page, bridge, server, proxy, bucket)
    open_page(desk)
    desk.page.wait_for_function("globalThis.engine !== undefined")
    desk.pick(file)
    until(
        lambda: "allow “local network”" in desk.widget.error,
        30,
        lambda: (desk.widget.files, desk.page.url),
    )
    assert (desk.widget.state, desk.widget.waiting_for) == ("waiting", "network")
    assert_promised("local_network_denied", desk.widget.error, sent(desk), PART)

    grant(desk.page, bridge.insecure_origin)

    desk.until_done()
    desk.assert_arrived(file)


def test_what_the_permission_keeps_back_is_sent_through_the_kernel_where_that_may_be(
    public_page: Page,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    file = make_file(tmp_path / "run7.bin", 2 * PART)
    desk = desk_of(public_page, bridge, server, proxy, bucket, transport="auto")
    open_page(desk)
    desk.page.wait_for_function("globalThis.engine !== undefined")

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert desk.stored() == []


@pytest.mark.parametrize("public_page", ["insecure"], indirect=True)
def test_an_insecure_page_is_told_to_come_by_https(
    public_page: Page,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    desk = desk_of(public_page, bridge, server, proxy, bucket)
    open_page(desk)
    desk.page.wait_for_function("globalThis.engine !== undefined")
    desk.pick(make_file(tmp_path / "run7.bin", 1000))

    desk.until_state("failed")

    assert "open Jupyter by https, or on localhost" in desk.widget.error
    assert_promised("local_network_insecure", desk.widget.error, sent(desk), PART)


def test_a_frame_that_was_not_allowed_is_named_and_the_upload_ends_well_in_one_that_is(
    public_page: Page,
    page_errors: PageErrors,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    page_errors.expect("screen-wake-lock is not allowed")
    file = make_file(tmp_path / "run7.bin", 1000)
    desk = desk_of(public_page, bridge, server, proxy, bucket)
    open_framed(desk, allow="")
    pick_framed(desk, file)

    desk.until_state("failed")

    allow = "local-network; loopback-network; local-network-access"
    assert f'that page\'s <iframe> needs allow="{allow}"' in desk.widget.error
    assert_promised("local_network_frame", desk.widget.error, sent(desk), PART)
    open_framed(desk, allow)
    grant(desk.page, bridge.origin)
    pick_framed(desk, file)
    desk.until_done()
    desk.assert_arrived(file)


def open_framed(desk: Desk, allow: str) -> None:
    """Open a page that shows the widget in a frame, of another origin than its own."""
    open_page(desk, f"{desk.bridge.origin}/empty")
    desk.page.evaluate(
        """([src, allow]) => document.body.append(
            Object.assign(document.createElement("iframe"), { allow, src }))""",
        [desk.bridge.url(desk.widget, tuning=dict(PATIENT), insecure=True), allow],
    )


def pick_framed(desk: Desk, file: Path) -> None:
    inside = desk.page.frame_locator("iframe")
    inside.locator(".s3up input[type=file]").first.set_input_files(str(file))
