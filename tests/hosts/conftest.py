"""The widget in other programs than JupyterLab; ``make hosts`` runs these."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.files import make_file
from support.page.uploading import MiB

if TYPE_CHECKING:
    from pathlib import Path

    from support.page.browser import PageErrors
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

PART = 5 * MiB


@pytest.fixture(autouse=True)
def _hosts_may_complain_of_themselves(page_errors: PageErrors) -> None:
    """Of files on CDNs, of Bokeh, of modules that are there twice: of all but the widget."""
    page_errors.expect(r"^(?!.*(s3up|anywidget\]))")


@pytest.fixture(params=["direct", "relay"])
def transport(request: pytest.FixtureRequest) -> str:
    """Whether parts go from the page, or as binary buffers through the kernel."""
    return str(request.param)


@pytest.fixture
def environment(
    server: S3Server, proxy: FaultyProxy, bucket: str, transport: str
) -> dict[str, str]:
    """What ``reports.make_widget`` makes its widget of; whoever sends the parts uses the proxy."""
    options = {
        "bucket": bucket,
        "prefix": "raw",
        "browser_endpoint_url": proxy.url,
        "part_size": PART,
        "transport": transport,
    }
    reached = server.at(proxy.url) if transport == "relay" else server
    return {**reached.environment, "HOST_WIDGET": json.dumps(options)}


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """One of several parts, one of one, and an empty one."""
    sizes = {"run7.bin": 7 * PART - 3, "notes 数据.csv": 4_000, "empty.txt": 0}
    return [make_file(tmp_path / name, size) for name, size in sizes.items()]
