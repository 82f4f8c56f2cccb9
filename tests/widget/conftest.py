"""What tests of the widget share: a widget on moto, and a page that answers without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import comm
import pytest

from s3upload_widget import UploadWidget
from support.clients.talk import NearPage, RecordingComm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.servers.servers import S3Server


@pytest.fixture(autouse=True)
def _recording(monkeypatch: pytest.MonkeyPatch) -> None:
    """Record what widgets send: no kernel takes it."""
    monkeypatch.setattr(comm, "create_comm", RecordingComm)


@pytest.fixture
def widget(moto: S3Server) -> Iterator[UploadWidget]:
    """A widget for the folder ``raw`` of a bucket of its own."""
    w = UploadWidget(moto.new_bucket(), "raw", client=moto.client)
    yield w
    w.close()


@pytest.fixture
def page(widget: UploadWidget) -> NearPage:
    """A page that shows the widget."""
    return NearPage(widget)
