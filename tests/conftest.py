"""Fixtures that more than one test module uses."""

from __future__ import annotations

import signal
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING

import boto3
import pytest
import s3fs
from botocore.loaders import JSONFileLoader
from hypothesis import settings
from playwright.sync_api import expect

from support.clients.sender import service_at
from support.lab.lab import Lab, run_lab
from support.needs import Needs
from support.page.bridge import Bridge
from support.page.browser import Browsing, PageErrors, run_chromium
from support.page.desk import Desk, widget_of
from support.proxy.proxy import FaultyProxy
from support.servers.gateways import run_juicefs, run_rclone
from support.servers.servers import S3Server, run_ministack, run_moto, run_seaweed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from s3upload_widget import UploadedFile, UploadWidget
    from s3upload_widget.service import Service

pytest_plugins = ("support.soak.plan_report",)
pytest.register_assert_rewrite("support.soak.soak")
settings.register_profile("quick", max_examples=10)
# On a busy machine a page may take long to draw; a test that passes never waits so long.
expect.set_options(timeout=60_000)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a server, and let the longest files start first: short ones fill the end."""
    lengths: dict[Path, float] = defaultdict(float)
    for item in items:
        assert isinstance(item, pytest.Function)
        needs = Needs(item)
        lengths[item.path] += needs.seconds
        if needs.server:
            item.add_marker(pytest.mark.server)
    items.sort(key=lambda item: -lengths[item.path])


@pytest.fixture(scope="session", autouse=True)
def _no_account_of_the_developers() -> Iterator[None]:
    """No test may find credentials, endpoints or profiles of the person who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.delenv(name, raising=False)
        for name in ("AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_CONFIG_FILE", "/dev/null")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture(scope="session", autouse=True)
def _botocore_reads_its_files_once() -> Iterator[None]:
    """A session of botocore reads the same megabyte of JSON anew, and the tests make hundreds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", staticmethod(cache(JSONFileLoader().load_file)))
        yield


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_interrupts() -> None:
    """A shell starts what runs in the background deaf to it, with all its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _clients_remember_nothing_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3's default session keeps the first credentials it finds, s3fs the first address."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """The server that verifies signatures, expiry, checksums and CORS; objects in memory."""
    with run_ministack(tmp_path_factory.mktemp("ministack")) as server:
        yield server


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """The server that keeps everything on disk; its ListParts tells no checksums."""
    with run_seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture(scope="session")
def moto() -> Iterator[S3Server]:
    """The server that verifies nothing, in this process."""
    with run_moto() as server:
        yield server


@pytest.fixture(scope="session")
def juicefs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """The gateway that forgets the ETags that it told."""
    with run_juicefs(tmp_path_factory.mktemp("juicefs")) as server:
        yield server


@pytest.fixture(scope="session")
def juicefs_with_etags(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """The same gateway as its user may start it to have it keep ETags."""
    with run_juicefs(tmp_path_factory.mktemp("juicefs"), keep_etag=True) as server:
        yield server


@pytest.fixture(scope="session")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """The gateway that repeats a SHA-256 which it never checked."""
    with run_rclone(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture
def server(ministack: S3Server) -> S3Server:
    """The test's server; modules whose tests run on several say ``server = one_of(...)``."""
    return ministack


@pytest.fixture
def bucket(server: S3Server) -> Iterator[str]:
    """A bucket on the test's server that every page may PUT to; gone after the test."""
    with server.bucket() as name:
        yield name


@pytest.fixture
def proxy(server: S3Server) -> Iterator[FaultyProxy]:
    """A proxy before the test's server, without faults until the test plays some."""
    with FaultyProxy(server.endpoint_url) as faulty:
        yield faulty


@pytest.fixture
def uploaded() -> list[UploadedFile]:
    """What the test's service says to be on S3."""
    return []


@pytest.fixture
def watched(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, uploaded: list[UploadedFile]
) -> Service:
    """A service whose every request to S3 passes the proxy."""
    return service_at(ministack.at(proxy.url), bucket, on_uploaded=uploaded.append)


@pytest.fixture
def sink() -> Iterator[FaultyProxy]:
    """A server that swallows every body and praises it: for rates and memory."""
    with FaultyProxy() as swallowing:
        yield swallowing


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    """Widgets made while it lives speak to pages that it serves; nothing may escape unhandled."""
    with Bridge() as running:
        yield running
    assert running.errors == []


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browsing]:
    """One Chromium for the module."""
    with run_chromium() as browsing:
        yield browsing


@pytest.fixture
def page_errors() -> Iterator[PageErrors]:
    """What pages complain of; the test fails on whatever it did not expect."""
    errors = PageErrors()
    yield errors
    assert errors.unexpected == []


@pytest.fixture
def page(chromium: Browsing, page_errors: PageErrors) -> Iterator[Page]:
    """An empty page with storage of its own."""
    with chromium.page(page_errors) as fresh:
        yield fresh


@pytest.fixture
def transport() -> str:
    """How the widget's parts get to S3; tests that play both ways are parametrised by it."""
    return "auto"


@pytest.fixture
def widget(
    bridge: Bridge, server: S3Server, proxy: FaultyProxy, bucket: str, transport: str
) -> UploadWidget:
    """Whoever sends its parts reaches S3 through the proxy."""
    return widget_of(server, proxy, bucket, transport=transport)


@pytest.fixture
def desk(
    page: Page,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    widget: UploadWidget,
) -> Desk:
    """A page that does not show the widget yet."""
    return Desk(page, bridge, server, proxy, bucket, widget)


@pytest.fixture(scope="module")
def lab(ministack: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One JupyterLab for the module, whose kernels find ministack as their S3."""
    with run_lab(tmp_path_factory.mktemp("lab"), ministack.environment) as running:
        yield running
