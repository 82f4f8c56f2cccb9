"""Why a page gets no answer from S3, told apart by asking as a browser would."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from s3upload_widget import protocol
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from support.clients.checking import assert_untouched
from support.clients.sender import ORIGIN, Sender
from support.proxy.faults import NO_CORS, Answer, Fault, Match, StripResponseHeaders

if TYPE_CHECKING:
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server


def diagnosed(service: Service, size: int = 1, origin: str = ORIGIN) -> protocol.Diagnosed:
    sender = Sender(service, b"x" * size)
    sender.open()
    reply = service.handle(protocol.Diagnose(file_id=sender.file_id, origin=origin))
    assert isinstance(reply, protocol.Diagnosed), reply
    assert "X-Amz" not in reply.message
    return reply


@pytest.mark.parametrize(
    "origins", [(), ("https://other.example.org",)], ids=["no rule", "a rule for other pages"]
)
@pytest.mark.parametrize("size", [1, (16 << 20) + 1], ids=["one part", "several parts"])
def test_a_bucket_that_does_not_let_the_page_in_is_told_the_exact_rule(
    ministack: S3Server, origins: tuple[str, ...], size: int
) -> None:
    with ministack.bucket(origins) as bucket:
        found = diagnosed(Service(Store(bucket, ministack.client)), size)

        assert found.cause == "cors"
        assert bucket in found.message
        assert ORIGIN in found.message
        rules = json.loads(found.message[found.message.index("{") :])
        ministack.client.put_bucket_cors(Bucket=bucket, CORSConfiguration=rules)
        fixed = diagnosed(Service(Store(bucket, ministack.client)), size)
        assert fixed.cause == "unreachable_from_page"


def test_a_bucket_that_lets_the_page_in_is_not_what_is_wrong(
    ministack: S3Server, bucket: str
) -> None:
    found = diagnosed(Service(Store(bucket, ministack.client)))

    assert found.cause == "unreachable_from_page"
    assert ministack.endpoint_url.removeprefix("http://") in found.message
    assert "browser_endpoint_url" in found.message


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(NO_CORS, id="no answer to the preflight"),
        pytest.param(StripResponseHeaders(("access-control-allow-headers",)), id="no headers"),
        pytest.param(StripResponseHeaders(("access-control-allow-methods",)), id="no PUT"),
        pytest.param(Answer(403, "AccessForbidden"), id="refused"),
        pytest.param(Answer(307, "TemporaryRedirect"), id="redirected"),
    ],
)
def test_a_preflight_that_a_browser_would_not_take_is_a_matter_of_cors(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, fault: Answer | StripResponseHeaders
) -> None:
    proxy.play(Fault(fault, Match(operation="Preflight")))

    assert diagnosed(Service(Store(bucket, ministack.at(proxy.url).client))).cause == "cors"


def test_a_diagnosis_is_a_few_small_requests_and_changes_nothing(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    service = Service(Store(bucket, ministack.at(proxy.url).client))
    sender = Sender(service, b"x")
    sender.open()
    proxy.forget()

    service.handle(protocol.Diagnose(file_id=sender.file_id, origin=ORIGIN))

    asked = [each.operation for each in proxy.exchanges]
    assert asked == ["Preflight", "TrialPart", "TrialPart", "ListParts"]
    assert sum(each.body_bytes for each in proxy.exchanges) == 1
    assert_untouched(ministack, bucket)


def test_a_server_in_trouble_is_said_to_be(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    proxy.play(Fault(Answer(503, "SlowDown"), Match(operation="Preflight")))

    found = diagnosed(Service(Store(bucket, ministack.at(proxy.url).client)))

    assert (found.cause, "503" in found.message) == ("gateway", True)


def test_a_server_that_nobody_reaches_is_said_to_be_unavailable(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    service = Service(Store(bucket, ministack.client, browser_endpoint_url=proxy.url))
    proxy.go_offline()

    found = diagnosed(service)

    assert found.cause == "unavailable"
    assert proxy.url.removeprefix("http://") in found.message


@pytest.mark.parametrize("origin", ["null", "", "https://a\r\nX: y", "javascript:x"])
def test_a_page_without_an_origin_of_its_own_is_asked_for_as_null(
    ministack: S3Server, origin: str
) -> None:
    with ministack.bucket(("https://other.example.org",)) as bucket:
        found = diagnosed(Service(Store(bucket, ministack.client)), origin=origin)

    assert found.cause == "cors"
    assert "pages of null" in found.message
