"""Conditions of a bucket's policy that a browser may not meet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support.clients.checking import checked, refuse

if TYPE_CHECKING:
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

OFFICE = {"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}}


def policy(bucket: str, condition: dict[str, Any], **more: Any) -> str:
    statement = {
        "Sid": "Office",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": condition,
        **more,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    "condition",
    [
        OFFICE,
        {"IpAddress": {"aws:sourceip": "10.0.0.0/8"}},
        {"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}},
        {"StringNotEquals": {"aws:sourceVpc": ["vpc-111bbb22"]}},
        {"NotIpAddress": {"aws:VpcSourceIp": ["10.1.0.0/16"]}},
        {"StringNotEquals": {"s3:authType": "REST-HEADER"}},
        {"NumericGreaterThan": {"s3:signatureAge": 600000}},
    ],
    ids=lambda condition: next(iter(next(iter(condition.values())))),
)
def test_a_condition_that_the_browser_may_not_meet_is_a_hint(
    ministack: S3Server, condition: dict[str, Any]
) -> None:
    with ministack.bucket() as bucket:
        ministack.client.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, condition))
        report = checked(ministack, bucket)

    found = report["policy"]
    (test,) = condition.values()
    (key,) = test
    assert found.level == "hint"
    assert f"'Office' (Deny) depends on {key}" in found.what
    assert key in found.fix
    assert report.ok


def test_the_browsers_address_stands_where_it_is_to_be_written(ministack: S3Server) -> None:
    with ministack.bucket() as bucket:
        ministack.client.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, OFFICE))
        fix = json.loads(checked(ministack, bucket)["policy"].fix)

    addresses = ["10.0.0.0/8", "<the browser's address>"]
    assert fix == [{"Sid": "Office", "Condition": {"NotIpAddress": {"aws:SourceIp": addresses}}}]


@pytest.mark.parametrize(
    ("condition", "more"),
    [
        ({"Bool": {"aws:SecureTransport": "false"}}, {}),
        (OFFICE, {"Action": "s3:GetObject"}),
        (OFFICE, {"Action": ["s3:Get*", "s3:DeleteObject"]}),
    ],
    ids=["https alone", "reading", "reading and deleting"],
)
def test_what_does_not_concern_sending_is_not_told(
    ministack: S3Server, condition: dict[str, Any], more: dict[str, Any]
) -> None:
    with ministack.bucket() as bucket:
        ministack.client.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, condition, **more))

        assert checked(ministack, bucket)["policy"].level == "ok"


def test_a_policy_that_cannot_be_read_is_a_hint(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    refuse(proxy, "GetBucketPolicy")

    found = checked(ministack.at(proxy.url), bucket)["policy"]

    assert found.level == "hint"
    assert "s3:GetBucketPolicy" in found.what
