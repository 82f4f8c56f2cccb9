"""What lies between a page and S3, as the kernel finds it: diagnosis and report say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from s3upload_widget import CredentialsError, UploadWidget
from s3upload_widget.doctor import diagnose, examine
from s3upload_widget.parts import MiB
from s3upload_widget.s3 import Store, connect
from support.clients.checking import assert_untouched
from support.proxy.faults import FOREVER, Answer, Fault, Match, StripBasePath, StripRequestHeaders
from support.servers.untrusted import untrusted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from s3upload_widget.doctor import Finding
    from s3upload_widget.doctor.diagnosis import Diagnosis
    from support.proxy.faults import Action
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

ORIGIN = "https://hub.example.org"
PAGE = "<html><h1>No</h1></html>"
HTML = (("Content-Type", "text/html"),)


@pytest.fixture
def bucket(ministack: S3Server) -> Iterator[str]:
    with ministack.bucket((ORIGIN,)) as name:
        yield name


@pytest.fixture
def behind(ministack: S3Server, proxy: FaultyProxy, bucket: str) -> Store:
    """The page's way passes the proxy, the kernel's does not."""
    return Store(bucket, ministack.client, browser_endpoint_url=proxy.url)


def diagnosed(store: Store, size: int = 16 * MiB) -> Diagnosis:
    return diagnose(store, "raw/run7.bin", ORIGIN, {"x-amz-checksum-sha256"}, size=size)


def reported(store: Store, size: int = 16 * MiB) -> Finding:
    return examine(store, "raw/", origin=ORIGIN, part_size=size)["proxy"]


def limit(proxy: FaultyProxy, most: int, **options: Any) -> None:
    """Refuse larger bodies, as nginx does."""
    refusal = Answer(413, "", document=PAGE, headers=HTML, at_head=True, **options)
    proxy.play(Fault(refusal, Match(method="PUT", above=most), FOREVER))


def spoil(proxy: FaultyProxy, action: Action) -> None:
    proxy.play(Fault(action, Match(operation="TrialPart"), FOREVER))


@pytest.mark.parametrize(
    ("most", "size", "way_out"),
    [
        (1 * MiB, 16 * MiB, "no part_size= helps"),
        (1 * MiB, 2 * MiB, "no part_size= helps"),
        (5 * MiB, 16 * MiB, f"part_size={5 * MiB} (5 MiB)"),
        (10 * MiB, 16 * MiB, f"part_size={8 * MiB} (8 MiB)"),
        (100 * MiB, 1024 * MiB, f"part_size={64 * MiB} (64 MiB)"),
        (5 * MiB, 6 * MiB, f"part_size={5 * MiB} (5 MiB)"),
    ],
)
def test_a_limit_of_bodies_is_named_with_the_way_out_and_no_body_is_sent(
    behind: Store, proxy: FaultyProxy, most: int, size: int, way_out: str
) -> None:
    limit(proxy, most)

    found, report = diagnosed(behind, size), reported(behind, size)

    assert (found.cause, found.relay) == ("body_limit", "as usual")
    assert report.what == found.message
    assert report.level == "problem"
    assert f"{size // MiB} MiB (413)" in found.message
    assert "client_max_body_size" in found.message
    assert way_out in found.message
    assert sum(each.body_bytes for each in proxy.exchanges) == 2
    assert "X-Amz" not in found.message


@pytest.mark.parametrize("most", [16 * MiB, 17 * MiB])
def test_what_a_limit_lets_through_is_no_limit(
    behind: Store, proxy: FaultyProxy, most: int
) -> None:
    limit(proxy, most)

    assert diagnosed(behind).cause == "unreachable_from_page"
    assert reported(behind).level == "ok"


@pytest.mark.parametrize(
    "action",
    [
        StripRequestHeaders(("x-amz-checksum-sha256",)),
        Answer(403, "SignatureDoesNotMatch"),
        Answer(403, "SignatureDoesNotMatch", cors=False),
    ],
    ids=repr,
)
def test_a_proxy_that_changes_requests_is_told_from_a_wrong_key(
    behind: Store, proxy: FaultyProxy, action: Action
) -> None:
    spoil(proxy, action)

    found, report = diagnosed(behind), reported(behind)

    assert (found.cause, report.what, report.level) == (
        "request_changed",
        found.message,
        "problem",
    )
    assert proxy.url.removeprefix("http://") in found.message
    assert "the same key is right by the kernel's own way" in found.message


def test_a_proxy_that_takes_a_base_path_away_is_named(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    store = Store(bucket, ministack.client, browser_endpoint_url=f"{proxy.url}/s3")
    proxy.play(Fault(StripBasePath("/s3"), times=FOREVER))

    found, report = diagnosed(store), reported(store)

    assert (found.cause, report.what, report.level) == (
        "request_changed",
        found.message,
        "problem",
    )
    assert "a path" in found.message


def test_a_wrong_key_is_not_called_a_proxy(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    wrong = connect(
        endpoint_url=ministack.endpoint_url,
        access_key=ministack.access_key,
        secret_key="wrong",
        region="us-east-1",
    )
    store = Store(bucket, wrong, browser_endpoint_url=proxy.url)

    with pytest.raises(CredentialsError):
        diagnosed(store)
    assert examine(store, "raw/", origin=ORIGIN)["credentials"].level == "problem"


def test_where_there_is_one_address_both_are_named(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    spoil(proxy, StripRequestHeaders(("x-amz-checksum-sha256",)))

    with pytest.raises(CredentialsError, match="a proxy changes the requests"):
        diagnosed(Store(bucket, ministack.at(proxy.url).client))


@pytest.mark.parametrize("status", [408, 499, 502, 503, 504, 522])
@pytest.mark.parametrize("operation", ["Preflight", "TrialPart"])
def test_a_gateway_is_told_as_one(
    behind: Store, proxy: FaultyProxy, status: int, operation: str
) -> None:
    answer = Answer(status, "", document=PAGE, headers=HTML, cors=False)
    proxy.play(Fault(answer, Match(operation=operation), FOREVER))

    found = diagnosed(behind)

    assert (found.cause, found.relay) == ("gateway", "as usual")
    assert f"error {status}, as a gateway" in found.message


@pytest.mark.parametrize("status", [403, 405, 501])
def test_a_web_page_in_place_of_s3s_answer_is_a_proxys_refusal(
    behind: Store, proxy: FaultyProxy, status: int
) -> None:
    spoil(proxy, Answer(status, "", document=PAGE, headers=HTML))

    found, report = diagnosed(behind), reported(behind)

    assert (found.cause, report.what) == ("refused_by_proxy", found.message)
    assert f"error {status}" in found.message


def test_where_the_kernel_sends_the_same_way_its_parts_meet_the_same(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    limit(proxy, MiB)

    found = diagnosed(Store(bucket, ministack.at(proxy.url).client))

    assert (found.cause, found.relay) == ("body_limit", "useless")


@pytest.mark.parametrize("status", [400, 403])
def test_a_token_that_s3_does_not_know_is_the_credentials_fault(
    behind: Store, ministack: S3Server, bucket: str, proxy: FaultyProxy, status: int
) -> None:
    unknown = Answer(status, "InvalidToken", cors=False)
    proxy.play(Fault(unknown, Match(operation="TrialPart"), FOREVER))

    for store in (behind, Store(bucket, ministack.at(proxy.url).client)):
        with pytest.raises(CredentialsError, match="InvalidToken"):
            diagnosed(store)


@pytest.mark.parametrize(("own_way", "relay"), [(True, "may_help"), (False, "as usual")])
def test_a_certificate_that_the_kernel_does_not_trust_is_not_the_pages_reason(
    ministack: S3Server, bucket: str, tmp_path: Path, own_way: bool, relay: str
) -> None:
    with untrusted(tmp_path) as url:
        client = ministack.client if own_way else ministack.at(url).client
        store = Store(bucket, client, browser_endpoint_url=url)
        found = diagnosed(store)
        report = reported(store) if own_way else None

    assert (found.cause, found.relay) == ("untrusted_certificate", relay)
    assert "neither the page nor" not in found.message
    assert "cannot look for the reason" in found.message
    assert report is None or report.level == "hint"


def test_trials_leave_nothing_behind(ministack: S3Server, behind: Store, bucket: str) -> None:
    diagnosed(behind)
    reported(behind)

    assert_untouched(ministack, bucket)


def test_the_widgets_report_is_about_its_own_part_size(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    limit(proxy, 16 * MiB)
    options: dict[str, Any] = {"client": ministack.client, "browser_endpoint_url": proxy.url}

    with_default = UploadWidget(bucket, **options).check()["proxy"]
    with_more = UploadWidget(bucket, **options, part_size=20 * MiB).check()["proxy"]

    assert (with_default.level, with_more.level) == ("ok", "problem")
    assert f"part_size={10 * MiB}" in with_more.what
