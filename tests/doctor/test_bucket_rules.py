"""Adding the rule that is missing: others' rules stay, and what cannot be read is never written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from s3upload_widget import S3Error, check_bucket
from s3upload_widget.doctor import Remedy, remedies
from s3upload_widget.policy import cors_rule, lifecycle_rule
from s3upload_widget.s3 import Unreadable
from support.clients.checking import ORIGIN, checked, levels, refuse

if TYPE_CHECKING:
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

READING: Any = {
    "ID": "others",
    "AllowedMethods": ["GET", "HEAD"],
    "AllowedOrigins": ["https://other.example.org"],
    "AllowedHeaders": ["range"],
    "ExposeHeaders": ["ETag"],
    "MaxAgeSeconds": 60,
}
EXPIRY: Any = {
    "ID": "others",
    "Status": "Enabled",
    "Filter": {"Prefix": "tmp/"},
    "Expiration": {"Days": 3},
}
OLD_EXPIRY: Any = {"ID": "old", "Status": "Enabled", "Prefix": "tmp/", "Expiration": {"Days": 3}}


def mend(server: S3Server, bucket: str) -> list[str]:
    """Apply every remedy; the names of their kinds."""
    found = remedies(checked(server, bucket), client=server.client)
    for remedy in found:
        assert isinstance(remedy, Remedy), remedy
        remedy.apply()
    return [remedy.before.kind for remedy in found if isinstance(remedy, Remedy)]


def lifecycle_rules(server: S3Server, bucket: str) -> list[Any]:
    return list(server.client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"])


def put_lifecycle(server: S3Server, bucket: str, *rules: Any) -> None:
    server.client.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": list(rules)}
    )


@pytest.mark.parametrize("name", ["ministack", "seaweed"])
def test_what_is_missing_is_added_to_what_is_there(
    name: str, request: pytest.FixtureRequest
) -> None:
    server: S3Server = request.getfixturevalue(name)
    with server.bucket(()) as bucket:
        server.client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [READING]})
        put_lifecycle(server, bucket, EXPIRY)

        assert mend(server, bucket) == ["cors", "lifecycle"]

        after = levels(checked(server, bucket))
        assert (after["cors"], after["lifecycle"]) == ("ok", "ok")
        assert lifecycle_rules(server, bucket) == [EXPIRY, lifecycle_rule("raw/")]
        others, ours = server.client.get_bucket_cors(Bucket=bucket)["CORSRules"]
        assert others == READING
        assert cors_rule([ORIGIN]).items() <= ours.items()  # some servers add defaults
        assert mend(server, bucket) == []


def test_a_bucket_without_rules_gets_its_first(ministack: S3Server) -> None:
    with ministack.bucket(()) as bucket:
        assert mend(ministack, bucket) == ["cors", "lifecycle"]

        rules = ministack.client.get_bucket_cors(Bucket=bucket)["CORSRules"]
        assert rules == [cors_rule([ORIGIN])]
        assert lifecycle_rules(ministack, bucket) == [lifecycle_rule("raw/")]


def test_a_name_that_is_taken_is_not_given_twice(ministack: S3Server, bucket: str) -> None:
    put_lifecycle(ministack, bucket, lifecycle_rule("other/"))

    mend(ministack, bucket)

    rules = lifecycle_rules(ministack, bucket)
    assert [rule["Filter"]["Prefix"] for rule in rules] == ["other/", "raw/"]
    assert len({rule["ID"] for rule in rules}) == 2


def test_beside_rules_of_the_old_form_the_new_one_has_the_old_form(moto: S3Server) -> None:
    with moto.bucket() as bucket:
        put_lifecycle(moto, bucket, OLD_EXPIRY)

        mend(moto, bucket)

        old, new = lifecycle_rules(moto, bucket)
        assert old == OLD_EXPIRY
        assert (new["Prefix"], "Filter" in new) == ("raw/", False)
        assert levels(checked(moto, bucket))["lifecycle"] == "ok"


def test_what_stands_beside_the_rules_stays(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    put_lifecycle(ministack, bucket, EXPIRY)

    mend(ministack.at(proxy.url), bucket)

    found = ministack.client.get_bucket_lifecycle_configuration(Bucket=bucket)
    (put,) = proxy.of("PutBucketLifecycleConfiguration")
    sent = put.request.headers.get("x-amz-transition-default-minimum-object-size")
    assert sent == found["TransitionDefaultMinimumObjectSize"]


@pytest.mark.parametrize(
    ("code", "status", "offered"),
    [("AccessDenied", 403, 2), ("NotImplemented", 501, 0), ("NoSuchThing", 404, 2)],
)
def test_what_cannot_be_read_is_never_written(
    ministack: S3Server, proxy: FaultyProxy, code: str, status: int, offered: int
) -> None:
    behind = ministack.at(proxy.url)
    for operation in ("GetBucketCors", "GetBucketLifecycleConfiguration"):
        refuse(proxy, operation, code=code, status=status)
    with ministack.bucket(("https://other.example.org",)) as bucket:
        found = remedies(checked(behind, bucket), client=behind.client)

    assert [type(each) for each in found] == [Unreadable] * offered
    assert not proxy.of("PutBucketCors") + proxy.of("PutBucketLifecycleConfiguration")


def test_rules_that_change_while_the_question_stands_are_not_lost(ministack: S3Server) -> None:
    with ministack.bucket(()) as bucket:
        remedy = remedies(checked(ministack, bucket), client=ministack.client)[0]
        assert isinstance(remedy, Remedy)
        ministack.client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [READING]})

        with pytest.raises(S3Error, match="changed meanwhile"):
            remedy.apply()

        assert ministack.client.get_bucket_cors(Bucket=bucket)["CORSRules"] == [READING]


def test_a_rule_is_shown_with_what_stays(ministack: S3Server) -> None:
    with ministack.bucket(("https://other.example.org",)) as bucket:
        remedy, _ = remedies(checked(ministack, bucket), client=ministack.client)

    assert str(remedy).startswith(f"A cors rule for s3://{bucket}; the existing one stays:")
    assert ORIGIN in str(remedy)


def test_without_an_origin_no_cors_rule_is_added(ministack: S3Server) -> None:
    with ministack.bucket(()) as bucket:
        report = checked(ministack, bucket, origin=None)
        found = remedies(report, client=ministack.client)

    assert [each.before.kind for each in found if isinstance(each, Remedy)] == ["lifecycle"]


def test_a_server_that_keeps_no_rules_is_offered_none(rclone: S3Server) -> None:
    with rclone.bucket() as bucket:
        # Of a folder, an empty one would stay.
        report = check_bucket(f"s3://{bucket}", origin=ORIGIN, client=rclone.client)

        assert remedies(report, client=rclone.client) == ()

    assert "+segments" in report["cors"].advice
    assert "s3upload abort" in report["lifecycle"].advice
    assert not report["cors"].fix + report["lifecycle"].fix
