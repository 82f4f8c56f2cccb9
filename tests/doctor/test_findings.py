"""What the doctor says of address, region, clock, lifecycle rules and the page."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from s3upload_widget import check_bucket
from s3upload_widget.doctor import examine
from s3upload_widget.policy import lifecycle_rule
from s3upload_widget.s3 import Store
from support.clients.checking import ORIGIN, checked, levels, problems, refuse
from support.proxy.faults import FOREVER, Answer, Fault, Match, StripResponseHeaders

if TYPE_CHECKING:
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

MINUTE = 60


@pytest.fixture
def behind(ministack: S3Server, proxy: FaultyProxy) -> S3Server:
    return ministack.at(proxy.url)


@pytest.mark.parametrize("server", ["moto", "ministack", "seaweed"])
def test_a_bucket_that_is_ready_is_said_to_be(server: str, request: pytest.FixtureRequest) -> None:
    s3: S3Server = request.getfixturevalue(server)
    with s3.bucket((ORIGIN,)) as bucket:
        s3.client.put_bucket_lifecycle_configuration(
            Bucket=bucket, LifecycleConfiguration={"Rules": [lifecycle_rule("raw/")]}
        )
        report = checked(s3, bucket)

    assert levels(report) == {
        "address": "ok",
        "region": "ok",
        "clock": "ok",
        "cors": "ok",
        "encryption": "ok",
        "s3:PutObject": "ok",
        "s3:ListMultipartUploadParts": "ok",
        "s3:ListBucketMultipartUploads": "ok",
        "s3:AbortMultipartUpload": "ok",
        "lifecycle": "ok",
        "policy": "ok",
        "proxy": "ok",
        "page": "hint",
    }
    assert report.ok
    assert report.uri == f"s3://{bucket}/raw/"
    assert "the kernel cannot know it" in report["page"].what


def test_the_trial_upload_says_what_it_is_for(
    behind: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    for _ in range(2):
        checked(behind, bucket)

    paths = {exchange.path for exchange in proxy.of("CreateMultipartUpload")}
    assert len(paths) == 2
    assert all(path.startswith(f"/{bucket}/raw/s3upload-check-") for path in paths)
    assert [sent.body_bytes < 1024 for sent in proxy.of("UploadPart")] == [True] * 4
    assert not proxy.of("CompleteMultipartUpload") + proxy.of("PutObject")
    assert not [each for each in proxy.exchanges if each.operation.startswith("PutBucket")]


@pytest.mark.parametrize(("browser", "level"), [("http://s3.test:1", "problem"), ("", "ok")])
def test_mixed_content_is_a_problem_of_the_address(
    ministack: S3Server, bucket: str, browser: str, level: str
) -> None:
    store = Store(bucket, ministack.client, browser_endpoint_url=browser)

    found = examine(store, "", origin=ORIGIN)["address"]

    assert found.level == level
    assert ("browser_endpoint_url" in found.fix) == (level == "problem")


def test_an_address_that_only_the_browser_reaches_is_no_problem(
    ministack: S3Server, bucket: str, proxy: FaultyProxy
) -> None:
    proxy.go_offline()
    store = Store(bucket, ministack.client, browser_endpoint_url=proxy.url)

    report = examine(store, "", origin=ORIGIN)

    assert report.ok
    assert (report["cors"].level, "not tried" in report["cors"].what) == ("hint", True)


def test_a_server_that_nobody_reaches_is_the_one_problem(
    behind: S3Server, proxy: FaultyProxy
) -> None:
    proxy.go_offline()

    report = check_bucket("s3://lab-data", origin=ORIGIN, client=behind.client)

    assert levels(report) == {"address": "problem"}


def test_a_bucket_that_is_not_there_is_the_one_problem(ministack: S3Server) -> None:
    report = check_bucket("s3://none-such", origin=ORIGIN, client=ministack.client)

    assert levels(report) == {"address": "problem"}
    assert (
        report["address"].fix == f"aws s3 mb s3://none-such --endpoint-url {ministack.endpoint_url}"
    )


@pytest.mark.parametrize(
    ("code", "status", "check"),
    [
        ("InvalidAccessKeyId", 403, "credentials"),
        ("ExpiredToken", 400, "credentials"),
        ("RequestTimeTooSkewed", 403, "clock"),
    ],
)
def test_what_s3_refuses_altogether_is_told_once(
    behind: S3Server, proxy: FaultyProxy, bucket: str, code: str, status: int, check: str
) -> None:
    refuse(proxy, "CreateMultipartUpload", code=code, status=status)

    report = checked(behind, bucket)

    assert problems(report) == [check]
    assert "s3:PutObject" not in levels(report)
    assert report[check].fix


def test_a_bucket_of_another_region_is_a_problem_where_nobody_redirects(
    behind: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    headers = (("x-amz-bucket-region", "eu-central-1"),)
    for operation in ("HeadBucket", "CreateMultipartUpload"):
        answer = Answer(301, "PermanentRedirect", headers=headers)
        proxy.play(Fault(answer, Match(operation=operation), times=FOREVER))

    report = checked(behind, bucket)

    assert problems(report) == ["region"]
    assert 'region_name="eu-central-1"' in report["region"].fix


def test_on_aws_another_region_is_a_hint(
    ministack: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "AKIDEXAMPLE")
    with mock_aws():
        boto3.client("s3", region_name="eu-central-1").create_bucket(
            Bucket="lab-data", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        client = boto3.client("s3", region_name="us-east-1")
        store = Store("lab-data", client, browser_endpoint_url=ministack.endpoint_url)

        found = examine(store, "", origin="")["region"]

    assert found.level == "hint"
    assert found.fix == 'client=boto3.client("s3", region_name="eu-central-1")'


@pytest.mark.parametrize(
    ("minutes", "level", "words"),
    [
        (0, "ok", "right"),
        (5, "hint", "5 minutes behind S3's"),
        (-20, "problem", "20 minutes ahead of S3's"),
    ],
)
def test_a_clock_that_is_off_is_told_by_how_much(
    behind: S3Server, proxy: FaultyProxy, bucket: str, minutes: int, level: str, words: str
) -> None:
    date = formatdate(time.time() + minutes * MINUTE, usegmt=True)
    answer = Answer(403, "AccessDenied", headers=(("Date", date),))
    proxy.play(Fault(answer, Match(operation="HeadBucket"), times=FOREVER))

    found = checked(behind, bucket)["clock"]

    assert found.level == level
    assert words in found.what
    assert ("timedatectl" in found.fix) == (level != "ok")


def test_a_server_that_tells_no_time_is_a_hint(
    behind: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    strip = StripResponseHeaders(("date",))
    proxy.play(Fault(strip, Match(operation="HeadBucket"), times=FOREVER))

    assert checked(behind, bucket)["clock"].level == "hint"


@pytest.mark.parametrize(
    ("rule", "level"),
    [
        ({"Filter": {"Prefix": ""}}, "ok"),
        ({"Filter": {"Prefix": "raw/"}}, "ok"),
        ({"Filter": {"Prefix": "raw/2026/"}}, "hint"),
        ({"Filter": {"Prefix": ""}, "Status": "Disabled"}, "hint"),
    ],
    ids=["whole bucket", "the prefix", "only some of it", "disabled"],
)
def test_a_lifecycle_rule_counts_where_it_acts_on_all_that_is_uploaded(
    ministack: S3Server, bucket: str, rule: dict[str, Any], level: str
) -> None:
    whole: Any = {**lifecycle_rule(), **rule}
    ministack.client.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": [whole]}
    )

    found = checked(ministack, bucket)["lifecycle"]

    assert found.level == level
    assert ("put-bucket-lifecycle-configuration" in found.fix) == (level == "hint")
    assert ("7 days" in found.what) == (level == "ok")


def test_lifecycle_rules_that_cannot_be_read_are_a_hint_with_the_rule(
    behind: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    refuse(proxy, "GetBucketLifecycleConfiguration")

    found = checked(behind, bucket)["lifecycle"]

    assert found.level == "hint"
    assert "s3:GetLifecycleConfiguration" in found.what
    assert json.loads(found.fix) == lifecycle_rule("raw/")


@pytest.mark.parametrize(
    ("view", "level"),
    [("reaches", "ok"), ("does not reach", "problem"), ("not heard", "hint")],
)
def test_what_the_page_says_of_its_own_try_is_told(
    ministack: S3Server, bucket: str, view: Any, level: str
) -> None:
    tried: list[str] = []

    def page_reaches(address: str) -> Any:
        tried.append(address)
        return view

    store = Store(bucket, ministack.client)
    report = examine(store, "", origin=ORIGIN, page_reaches=page_reaches)

    assert report["page"].level == level
    assert tried == [ministack.endpoint_url]
