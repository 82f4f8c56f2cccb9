"""Chromium's Local Network Access: a page of the public network, and a gateway on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from support.page.causes import assert_promised
from support.page.desk import PART
from support.page.local_network import grant, public_page
from support.page.uploading import QUICK
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.page.browser import PageErrors
    from support.page.desk import Desk

PATIENT: Final = {**QUICK, "stallMs": 30_000, "probeMs": 60_000}


@pytest.fixture
def page(bridge: Bridge, page_errors: PageErrors) -> Iterator[Page]:
    """A page of the public network that trusts every certificate."""
    page_errors.expect_network()
    with public_page(bridge, page_errors, ignore_https_errors=True) as fresh:
        yield fresh


def test_a_refused_permission_is_named_and_the_upload_ends_well_once_it_is_given(
    desk: Desk, file: Path
) -> None:
    desk.page.goto(desk.bridge.url(desk.widget, tuning=dict(PATIENT), insecure=True))
    desk.page.wait_for_function("globalThis.engine !== undefined")
    desk.pick(file)

    until(lambda: "allow “local network”" in desk.widget.error, 60, lambda: desk.widget.files)

    assert (desk.widget.state, desk.widget.waiting_for) == ("waiting", "network")
    sent = sum(put.body_bytes for put in desk.proxy.puts())
    assert_promised("local_network_denied", desk.widget.error, sent, PART)
    grant(desk.page, desk.bridge.insecure_origin)
    desk.until_done()
    desk.assert_arrived(file)
