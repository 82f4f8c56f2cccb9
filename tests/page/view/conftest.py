"""What tests of the view share: a widget with a folder, and a stage that shows every state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.page.desk import widget_of
from support.page.scenes import Stage

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from s3upload_widget import UploadWidget
    from support.page.bridge import Bridge
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server


@pytest.fixture
def widget(bridge: Bridge, ministack: S3Server, proxy: FaultyProxy, bucket: str) -> UploadWidget:
    """A widget for the folder ``raw``; its page reaches S3 through the proxy."""
    return widget_of(ministack, proxy, bucket, prefix="raw")


@pytest.fixture
def stage(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    network_may_fail: None,
    tmp_path: Path,
) -> Stage:
    """Where each state of the view can be played."""
    return Stage(page, bridge, ministack, proxy, bucket, tmp_path)
