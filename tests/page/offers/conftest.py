"""What tests of offers share: an upload that a page started and left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.files import make_file
from support.page.desk import PART, Desk, widget_of
from support.page.offers import OPTIONS, Begun, begin

if TYPE_CHECKING:
    from pathlib import Path

    from s3upload_widget import UploadWidget
    from support.page.bridge import Bridge
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server


@pytest.fixture
def widget(
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    transport: str,
    network_may_fail: None,
) -> UploadWidget:
    """A widget that sends few parts at a time; its page may leave while it sends."""
    return widget_of(server, proxy, bucket, transport=transport, **OPTIONS)


@pytest.fixture
def begun(desk: Desk, tmp_path: Path) -> Begun:
    """A file of nine parts of which some are on S3; its page is gone."""
    return begin(desk, make_file(tmp_path / "run7.bin", 8 * PART + 1))
