"""What the trial upload finds out: permissions, the KMS key; and that nothing of it stays."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from s3upload_widget import check_bucket
from s3upload_widget.doctor.permissions import try_upload
from s3upload_widget.policy import iam_policy, kms_statement
from s3upload_widget.s3 import Store
from support.clients.checking import ORIGIN, assert_untouched, checked, levels, problems, refuse
from support.proxy.faults import FOREVER, Answer, CutRequest, Fault, LoseResponse, Match

if TYPE_CHECKING:
    from support.proxy.faults import Action
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab"


@pytest.fixture
def behind(ministack: S3Server, proxy: FaultyProxy) -> S3Server:
    return ministack.at(proxy.url)


def not_authorized(action: str, resource: str = "*") -> str:
    """As AWS words it."""
    return (
        "User: arn:aws:sts::111122223333:assumed-role/lab/me is not authorized to perform: "
        f"{action} on resource: {resource} because no identity-based policy allows it"
    )


def encrypt(server: S3Server, bucket: str, key: str = KEY) -> None:
    default: Any = {"SSEAlgorithm": "aws:kms", **({"KMSMasterKeyID": key} if key else {})}
    server.client.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": default}]
        },
    )


@pytest.mark.parametrize(
    ("operation", "permission", "level"),
    [
        ("CreateMultipartUpload", "s3:PutObject", "problem"),
        ("UploadPart", "s3:PutObject", "problem"),
        ("ListParts", "s3:ListMultipartUploadParts", "problem"),
        ("ListMultipartUploads", "s3:ListBucketMultipartUploads", "hint"),
    ],
)
def test_a_permission_that_is_missing_is_named_with_the_policy_that_grants_it(
    behind: S3Server,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    operation: str,
    permission: str,
    level: str,
) -> None:
    refuse(proxy, operation)

    report = check_bucket(f"s3://{bucket}/raw", origin=ORIGIN, client=behind.client)

    assert_untouched(ministack, bucket)
    found = report[permission]
    assert found.level == level
    assert permission in found.what
    assert found.why
    assert json.loads(found.fix) == iam_policy(bucket, "raw/")
    others = {"s3:PutObject", "s3:AbortMultipartUpload"} - {permission}
    if operation != "CreateMultipartUpload":  # then nothing else can be tried
        assert {levels(report)[name] for name in others} == {"ok"}


def test_what_cannot_be_aborted_is_named_with_the_command_that_does(
    behind: S3Server, ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    refuse(proxy, "AbortMultipartUpload")

    report = check_bucket(f"s3://{bucket}/raw", origin=ORIGIN, client=behind.client)

    ((key, upload_id),) = ministack.upload_ids(bucket)
    assert problems(report) == ["s3:AbortMultipartUpload"]
    assert report["leftover"].fix == (
        f"s3upload abort s3://{bucket}/{key} --older-than 0s --endpoint-url {proxy.url}"
    )
    assert upload_id not in report.as_json()


def test_nothing_is_said_to_be_left_where_nothing_is(ministack: S3Server, bucket: str) -> None:
    assert "leftover" not in levels(checked(ministack, bucket))


def test_a_server_that_lists_no_parts_has_that_problem_and_no_other(
    behind: S3Server, ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    unknown = Answer(501, "NotImplemented")
    proxy.play(Fault(unknown, Match(operation="ListParts"), times=FOREVER))

    report = check_bucket(f"s3://{bucket}/raw", origin=ORIGIN, client=behind.client)

    assert_untouched(ministack, bucket)
    assert problems(report) == ["s3:ListMultipartUploadParts"]
    assert "leftover" not in levels(report)


def test_the_permission_that_s3_names_is_the_one_that_is_told(
    behind: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    refuse(proxy, "CreateMultipartUpload", not_authorized("s3:PutObjectTagging"))

    assert "s3:PutObjectTagging" in problems(checked(behind, bucket))


def test_an_explicit_denial_is_not_to_be_healed_by_allowing(
    behind: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    message = not_authorized("s3:PutObject").replace("no identity", "of an explicit deny in a")
    refuse(proxy, "UploadPart", message)

    assert "denies it explicitly" in checked(behind, bucket)["s3:PutObject"].advice


@pytest.mark.parametrize(
    ("operation", "action"),
    [("CreateMultipartUpload", "kms:GenerateDataKey"), ("UploadPart", "kms:Decrypt")],
)
def test_a_permission_on_the_key_that_s3_names_is_told_with_the_statement(
    behind: S3Server, proxy: FaultyProxy, bucket: str, operation: str, action: str
) -> None:
    refuse(proxy, operation, not_authorized(action, KEY))

    report = checked(behind, bucket)

    assert problems(report) == ["encryption"]
    assert action in report["encryption"].what
    assert json.loads(report["encryption"].fix) == kms_statement(KEY)
    assert "s3:PutObject" not in levels(report)


@pytest.mark.parametrize(
    ("operation", "action"),
    [("CreateMultipartUpload", "kms:GenerateDataKey"), ("UploadPart", "kms:Decrypt")],
)
def test_a_permission_on_the_key_that_s3_does_not_name_follows_from_the_step(
    behind: S3Server, proxy: FaultyProxy, bucket: str, operation: str, action: str
) -> None:
    encrypt(behind, bucket)
    refuse(proxy, operation)

    found = checked(behind, bucket)["encryption"]

    assert found.level == "problem"
    assert action in found.what
    assert json.loads(found.fix) == kms_statement(KEY)


@pytest.mark.parametrize("key", ["", "alias/lab", "arn:aws:kms:us-east-1:1:alias/lab"])
def test_a_key_that_policies_cannot_name_stands_for_all(
    behind: S3Server, proxy: FaultyProxy, bucket: str, key: str
) -> None:
    encrypt(behind, bucket, key)
    refuse(proxy, "UploadPart")

    assert json.loads(checked(behind, bucket)["encryption"].fix) == kms_statement("*")


def test_a_key_that_is_disabled_is_a_problem(
    behind: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    refuse(proxy, "CreateMultipartUpload", code="KMS.DisabledException", status=400)

    found = checked(behind, bucket)["encryption"]

    assert (found.level, "KMS.DisabledException" in found.what) == ("problem", True)


def test_a_key_that_may_be_used_is_named(ministack: S3Server, bucket: str) -> None:
    encrypt(ministack, bucket)

    found = checked(ministack, bucket)["encryption"]

    assert (found.level, KEY in found.what) == ("ok", True)


def test_a_key_that_the_widget_asks_for_is_the_one_that_counts(
    behind: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    wanted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": KEY}

    assert Store(bucket, behind.client, extra_args=wanted).config.kms_key() == KEY
    assert Store(bucket, behind.client).config.kms_key() == ""


def test_encryption_that_cannot_be_read_does_not_matter_where_a_part_was_taken(
    behind: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    refuse(proxy, "GetBucketEncryption")

    assert checked(behind, bucket)["encryption"].level == "ok"


def test_encryption_that_cannot_be_read_is_a_hint_where_none_was(
    behind: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    refuse(proxy, "GetBucketEncryption")
    refuse(proxy, "UploadPart")

    assert checked(behind, bucket)["encryption"].level == "hint"


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("CreateMultipartUpload", Answer(500, "InternalError", stored=True)),
        ("CreateMultipartUpload", LoseResponse()),
        ("UploadPart", Answer(500, "InternalError")),
        ("UploadPart", CutRequest()),
        ("ListParts", Answer(501, "NotImplemented")),
        ("ListMultipartUploads", Answer(501, "NotImplemented")),
        ("AbortMultipartUpload", Answer(503, "SlowDown")),
        ("AbortMultipartUpload", LoseResponse()),
    ],
    ids=str,
)
def test_whatever_fails_once_nothing_stays(
    behind: S3Server, proxy: FaultyProxy, bucket: str, operation: str, action: Action
) -> None:
    fault = Fault(action, Match(operation=operation))
    proxy.play(fault)

    checked(behind, bucket)

    assert proxy.played(fault) == 1


def test_an_interrupt_leaves_nothing_behind(
    ministack: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(bucket, ministack.client)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "list_parts", interrupted)

    with pytest.raises(KeyboardInterrupt):
        try_upload(store, "raw/")

    assert ministack.upload_ids(bucket) == []


def test_no_secret_is_in_a_report(behind: S3Server, proxy: FaultyProxy, bucket: str) -> None:
    secret = (
        f"{behind.secret_key} https://x/?X-Amz-Signature=1&X-Amz-Credential={behind.access_key}"
    )
    for operation in ("UploadPart", "ListParts", "GetBucketPolicy"):
        refuse(proxy, operation, f"https://x/?X-Amz-Signature={secret}")

    report = checked(behind, bucket)

    (upload_id,) = {each.upload_id for each in proxy.of("UploadPart")}
    text = str(report) + repr(report) + report._repr_html_() + report.as_json()
    for word in (behind.access_key, upload_id, "X-Amz-Signature", "X-Amz-Credential"):
        assert word not in text
