"""Which names of a store let a page in, and where requests may carry credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from s3upload_widget.doctor import look_at_route
from s3upload_widget.doctor.routes import OpenRoute, is_other_site
from s3upload_widget.policy import cors_rule
from s3upload_widget.s3 import Store
from support.proxy.proxy import FaultyProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.servers.servers import S3Server

HUB = "https://hub.example.net"
HEADERS = ["x-amz-checksum-sha256"]


@pytest.fixture
def behind(ministack: S3Server) -> Iterator[FaultyProxy]:
    """The same store by another name."""
    with FaultyProxy(ministack.endpoint_url) as faulty:
        yield faulty


def allow(server: S3Server, bucket: str, origin: str) -> None:
    rules: Any = {"CORSRules": [cors_rule([origin])]}
    server.client.put_bucket_cors(Bucket=bucket, CORSConfiguration=rules)


def route(store: Store, page: str, origin: str) -> OpenRoute | None:
    return look_at_route(store, "k", page, HEADERS, origin)


def test_credentials_may_go_where_the_rule_names_the_page_of_another_site(
    ministack: S3Server, bucket: str
) -> None:
    allow(ministack, bucket, "http://hub.example.net")
    store = Store(bucket, ministack.client)
    url = ministack.endpoint_url

    assert route(store, "http://hub.example.net", url) == OpenRoute(url, credentials=True)
    assert route(store, "http://127.0.0.1:8888", url) == OpenRoute(url, credentials=False)


def test_credentials_stay_where_the_rule_allows_every_page(
    ministack: S3Server, bucket: str
) -> None:
    allow(ministack, bucket, "*")
    url = ministack.endpoint_url

    found = route(Store(bucket, ministack.client), "http://hub.example.net", url)

    assert found == OpenRoute(url, credentials=False)


def test_another_name_is_used_only_where_it_lets_the_page_in(
    ministack: S3Server, bucket: str, behind: FaultyProxy
) -> None:
    allow(ministack, bucket, "http://hub.example.net")
    urls = [ministack.endpoint_url, behind.url]
    store = Store(bucket, ministack.client, browser_endpoint_url=urls)

    assert route(store, "http://hub.example.net", behind.url) is not None
    assert route(store, "http://elsewhere.example.net", behind.url) is None
    assert route(store, "http://elsewhere.example.net", urls[0]) == OpenRoute(urls[0], False)


def test_a_given_name_that_only_pages_reach_is_left_to_them(
    ministack: S3Server, bucket: str, behind: FaultyProxy
) -> None:
    store = Store(
        bucket, ministack.client, browser_endpoint_url=[ministack.endpoint_url, behind.url]
    )
    behind.go_offline()

    assert route(store, HUB, behind.url) == OpenRoute(behind.url, credentials=False)


def test_a_page_that_came_by_https_gets_no_name_without(ministack: S3Server, bucket: str) -> None:
    urls = ["https://one.example.org", "http://two.example.org"]
    store = Store(bucket, ministack.client, browser_endpoint_url=urls)

    assert route(store, HUB, urls[1]) is None


@pytest.mark.parametrize(
    ("page", "store"),
    [
        ("https://hub.example.org", "https://s3.eu-west-1.amazonaws.com"),
        ("https://hub.example.org", "https://s3.example.com"),
        ("https://hub.example.org", "http://10.0.0.1:9000"),
        ("http://10.0.0.1:8888", "http://10.0.0.2:9000"),
        ("http://localhost:8888", "https://lab-data.s3.amazonaws.com"),
        ("http://[::1]:8888", "http://[2001:db8::1]:9000"),
    ],
)
def test_sites_that_differ_for_sure(page: str, store: str) -> None:
    assert is_other_site(page, store)


@pytest.mark.parametrize(
    ("page", "store"),
    [
        ("https://hub.example.org", "https://s3.example.org"),
        ("https://example.org", "https://a.b.example.org:9000"),
        ("http://hub.example.org", "https://HUB.example.org."),
        ("https://hub.example.co.uk", "https://s3.other.co.uk"),
        ("https://ec2-1-2-3-4.compute-1.amazonaws.com", "https://s3.eu-west-1.amazonaws.com"),
        ("http://127.0.0.1:8888", "http://127.0.0.1:9000"),
        ("http://localhost:8888", "http://127.0.0.1:9000"),
        ("http://lab.localhost", "http://s3.localhost:9000"),
        ("http://[::1]:8888", "http://localhost:9000"),
        ("http://10.0.0.1:8888", "http://10.0.0.1:9000"),
        ("null", "https://s3.example.org"),
        ("http://[::1", "https://s3.example.org"),
        ("", ""),
    ],
)
def test_sites_that_may_be_one(page: str, store: str) -> None:
    assert not is_other_site(page, store)
