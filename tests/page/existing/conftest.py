"""What tests of keys that have an object share: a widget of which every request can be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.page.desk import widget_of

if TYPE_CHECKING:
    from s3upload_widget import UploadWidget
    from support.page.bridge import Bridge
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server


@pytest.fixture
def widget(
    bridge: Bridge, server: S3Server, proxy: FaultyProxy, bucket: str, transport: str
) -> UploadWidget:
    """Everything passes the proxy, the kernel's requests too."""
    return widget_of(server.at(proxy.url), proxy, bucket, transport=transport)
