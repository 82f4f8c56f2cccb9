"""A page whose store stands behind a real nginx or haproxy, with TLS; ``make networks`` runs these."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from s3upload_widget import UploadWidget
from support.files import make_file
from support.page.desk import PART
from support.servers.reverse_proxies import Certificate, ReverseProxy, Site, make_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from s3upload_widget.protocol import Transport
    from support.page.bridge import Bridge
    from support.page.browser import Browsing, PageErrors
    from support.proxy.proxy import FaultyProxy
    from support.servers.reverse_proxies import Program
    from support.servers.servers import S3Server

PARTS = 8


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(params=["nginx", "haproxy"])
def program(request: pytest.FixtureRequest) -> Program:
    """Which of the two."""
    named: Program = request.param
    return named


@pytest.fixture
def gateway(
    program: Program, proxy: FaultyProxy, certificate: Certificate, tmp_path: Path
) -> Iterator[ReverseProxy]:
    """What browsers reach in the store's place; ``proxy`` behind it sees what comes through."""
    folder = tmp_path / "gateway"
    folder.mkdir()
    with ReverseProxy(program, proxy.url, certificate, folder, Site()) as running:
        yield running


@pytest.fixture
def address(gateway: ReverseProxy) -> str:
    """Where the page reaches it."""
    return gateway.url


@pytest.fixture
def page(chromium: Browsing, page_errors: PageErrors) -> Iterator[Page]:
    """A page that trusts every certificate."""
    with chromium.page(page_errors, ignore_https_errors=True) as fresh:
        yield fresh


@pytest.fixture
def transport() -> str:
    return "direct"


@pytest.fixture
def widget(
    bridge: Bridge,
    server: S3Server,
    address: str,
    certificate: Certificate,
    bucket: str,
    transport: Transport,
    monkeypatch: pytest.MonkeyPatch,
) -> UploadWidget:
    """Its page reaches S3 through the gateway, its kernel does so directly, and trusts both."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate.chain))
    return UploadWidget(
        bucket,
        client=replace(server).client,
        browser_endpoint_url=address,
        part_size=PART,
        transport=transport,
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return make_file(tmp_path / "run7.bin", PARTS * PART - 7)
