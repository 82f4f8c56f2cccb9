"""What the doctor says of CORS: a real preflight, and the rule that is missing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from s3upload_widget import RefusedError, check_bucket
from s3upload_widget.doctor import diagnose
from s3upload_widget.policy import cors_rule
from s3upload_widget.s3 import Store, connect
from support.clients.checking import ORIGIN, checked, refuse
from support.proxy.faults import FOREVER, Answer, Fault, Match, StripResponseHeaders
from support.servers.front import Asked, Told, front

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
    report = checked(behind, bucket)

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
    assert "X-Amz-Signature=" in asked.request.target
    assert "Amz" not in report.as_json()


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


def test_the_preflight_goes_to_a_presigned_url_as_a_browsers_does() -> None:
    """Swift answers 400 to any other."""

    def swift(asked: Asked) -> Told:
        if asked.method != "OPTIONS":
            return Told(200, "", {"x-amz-request-id": "tx1"})
        if "X-Amz-Signature" not in asked.query:
            return Told(400)
        allowed = {"Origin": "*", "Methods": "PUT", "Headers": "*"}
        return Told(
            200, "", {f"Access-Control-Allow-{name}": told for name, told in allowed.items()}
        )

    with front(swift) as url:
        client = connect(endpoint_url=url, access_key="a", secret_key="b", region="us-east-1")
        store = Store("lab-data", client)

        found = diagnose(store, "run7.csv", ORIGIN, {"x-amz-checksum-sha256"}, size=1)

    assert found.cause == "unreachable_from_page"
