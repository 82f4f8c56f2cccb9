"""The page's code where no model of the page holds it: VS Code's knows none that is older than it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from support.files import make_file
from support.page.desk import Desk, widget_of

if TYPE_CHECKING:
    from pathlib import Path

    from s3upload_widget import UploadWidget
    from support.page.bridge import Bridge
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

MODULE = "s3upload_widget.widget.page_code"


@pytest.fixture
def widget(
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
) -> UploadWidget:
    """As ipykernel makes it, for a page whose models have no manager."""
    assert bridge.errors == []
    monkeypatch.setattr(f"{MODULE}._in_ipykernel", lambda: True)
    monkeypatch.setattr(f"{MODULE}._shared", [])
    made = widget_of(server, proxy, bucket)
    assert len(made._esm) < 10_000
    return made


def test_the_kernel_sends_it_though_a_message_is_lost(desk: Desk, tmp_path: Path) -> None:
    file = make_file(tmp_path / "run7.bin", 1000)
    desk.bridge.to_kernel.drop_next()
    desk.show()

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert len(desk.asked("fetch_page_code")) == 1
    expect(desk.page.locator(".s3up-row")).to_have_css("display", "grid")
