"""What the doctor says of CORS: a real preflight, and the rule that is missing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from s3upload_widget import RefusedError, check_bucket
from s3upload_widget.policy import cors_rule
from support.clients.checking import ORIGIN, checked, refuse
from support.proxy.faults import FOREVER, Answer, Fault, Match, StripResponseHeaders

if TYPE_CHECKING:
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server


@pytest.fixture
def behind(ministack: S3Server, proxy: FaultyProxy) -> S3Server:
    return ministack.at(proxy.url)


def test_a_bucket_that_lets_the_page_in_is_fine(ministack: S3Server) -> None:
    with ministack.bucket((ORIGIN,)) as bucket:
        found = checked(ministack, bucket)["cors"]

    assert (found.level, found.fix) == ("ok", "")


def test_a_server_in_trouble_asks_for_patience_and_for_no_rule(
    behind: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    proxy.play(Fault(Answer(503, "SlowDown"), Match(operation="Preflight")))

    found = checked(behind, bucket)["cors"]

    assert (found.level, found.fix) == ("problem", "")
    assert "503" in found.what


def test_a_bucket_without_a_rule_for_the_page_is_told_the_whole_list(
    ministack: S3Server,
) -> None:
    with ministack.bucket(("https://other.example.org",)) as bucket:
        found = checked(ministack, bucket)["cors"]

    assert found.level == "problem"
    assert ORIGIN in found.what
    rules = json.loads(found.fix[found.fix.index("{") : found.fix.rindex("}") + 1])["CORSRules"]
    assert rules == [cors_rule(["https://other.example.org"]), cors_rule([ORIGIN])]
    assert f"--endpoint-url {ministack.endpoint_url}" in found.fix
    assert f"--origin {ORIGIN}" in found.advice


def test_the_preflight_asks_for_every_header_that_pages_send(
    behind: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    checked(behind, bucket)

    (asked,) = proxy.of("Preflight")
    headers = asked.request.headers
    assert headers.get("origin") == ORIGIN
    assert headers.get("access-control-request-method") == "PUT"
    assert set(headers.get("access-control-request-headers").split(",")) == {
        "content-md5",
        "content-type",
        "if-none-match",
        "x-amz-checksum-sha256",
        "x-amz-sdk-checksum-algorithm",
    }
    assert "authorization" not in headers
    assert "Amz" not in asked.request.target


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("access-control-allow-origin", "does not name this origin"),
        ("access-control-allow-methods", "does not allow PUT"),
        ("access-control-allow-headers", "content-type"),
    ],
)
def test_what_the_preflight_lacks_is_named(
    behind: S3Server, proxy: FaultyProxy, bucket: str, header: str, words: str
) -> None:
    strip = StripResponseHeaders((header,))
    proxy.play(Fault(strip, Match(operation="Preflight"), times=FOREVER))

    found = checked(behind, bucket)["cors"]

    assert found.level == "problem"
    assert words in found.what


def test_rules_that_cannot_be_read_are_not_to_be_replaced(
    behind: S3Server, ministack: S3Server, proxy: FaultyProxy
) -> None:
    refuse(proxy, "GetBucketCors")
    with ministack.bucket(()) as bucket:
        found = checked(behind, bucket)["cors"]

    assert found.level == "problem"
    assert json.loads(found.fix) == cors_rule([ORIGIN])
    assert "replaces them all" in found.advice


def test_a_right_rule_that_does_not_act_yet_is_not_added_again(
    behind: S3Server, ministack: S3Server, proxy: FaultyProxy
) -> None:
    refuse(proxy, "Preflight")
    with ministack.bucket((ORIGIN,)) as bucket:
        found = checked(behind, bucket)["cors"]

    assert (found.level, found.fix) == ("problem", "")
    assert "right rule already" in found.advice


def test_without_an_origin_cors_is_not_tried(
    behind: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    report = checked(behind, bucket, origin=None)

    assert report["cors"].level == "hint"
    assert "origin=" in report["cors"].fix
    assert not proxy.of("Preflight")


def test_the_address_of_a_page_is_its_origin(
    behind: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    report = checked(behind, bucket, origin="HTTPS://Hub.example.org:443/user/me/lab?token=t")

    assert report.origin == ORIGIN
    assert proxy.of("Preflight")[0].request.headers.get("origin") == ORIGIN


@pytest.mark.parametrize("origin", ["hub.example.org", "ftp://x", "https://", "https://a b", "*"])
def test_what_is_no_web_address_is_refused(origin: str) -> None:
    with pytest.raises(RefusedError, match="no web address"):
        check_bucket("s3://lab-data", origin=origin)
