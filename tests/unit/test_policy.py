"""What a bucket and a role need, held against what AWS asks of such documents."""

from __future__ import annotations

import json

import pytest

from s3upload_widget.policy import (
    cors_rule,
    iam_policy,
    kms_statement,
    lifecycle_rule,
    session_policy,
)


def test_the_cors_rule_lets_pages_of_the_origins_put_with_any_header() -> None:
    rule = cors_rule(["http://localhost:8888", "http://127.0.0.1:8888"])

    assert rule == {
        "AllowedMethods": ["PUT"],
        "AllowedHeaders": ["*"],
        "AllowedOrigins": ["http://localhost:8888", "http://127.0.0.1:8888"],
    }


def test_the_iam_policy_allows_objects_under_the_prefix_and_listing_uploads_of_the_bucket() -> None:
    policy = iam_policy("lab-data", "raw/")

    assert policy["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
            "Resource": "arn:aws:s3:::lab-data/raw/*",
        },
        {
            "Effect": "Allow",
            "Action": "s3:ListBucketMultipartUploads",
            "Resource": "arn:aws:s3:::lab-data",
            "Condition": {"StringLikeIfExists": {"s3:prefix": "raw/*"}},
        },
    ]


def test_the_iam_policy_allows_reading_only_when_asked() -> None:
    assert "s3:GetObject" not in json.dumps(iam_policy("lab-data"))
    assert "s3:GetObject" in json.dumps(iam_policy("lab-data", read=True))


def test_the_iam_policy_of_a_whole_bucket_covers_every_key() -> None:
    assert '"arn:aws:s3:::lab-data/*"' in json.dumps(iam_policy("lab-data"))


def test_a_session_policy_is_the_policy_of_one_folder_as_json() -> None:
    found = json.loads(session_policy("s3://lab-data/home/ada"))

    assert found == iam_policy("lab-data", "home/ada/", read=True)


def test_a_session_policy_of_the_longest_names_is_short_enough_for_sts() -> None:
    found = session_policy(f"s3://{'b' * 63}/{'f' * 400}/")

    assert len(found) <= 2048


def test_a_users_name_widens_no_session_policy() -> None:
    found = session_policy("s3://lab-data/home/*a?$x/")

    assert '"arn:aws:s3:::lab-data/home/${*}a${?}${$}x/*"' in found


@pytest.mark.parametrize("uri", ["lab-data/home/", "s3://lab-data", "s3://lab-data//", "s3:///x/"])
def test_a_session_policy_needs_a_folder(uri: str) -> None:
    with pytest.raises(ValueError, match="names no folder"):
        session_policy(uri)


def test_the_lifecycle_rule_aborts_uploads_under_the_prefix_and_touches_no_object() -> None:
    rule = lifecycle_rule("raw/", days=3)

    assert rule["Filter"] == {"Prefix": "raw/"}
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 3}
    assert "Expiration" not in rule


def test_the_statement_for_a_key_allows_writing_and_putting_parts_together() -> None:
    assert kms_statement("arn:aws:kms:eu-west-1:1:key/k") == {
        "Effect": "Allow",
        "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
        "Resource": "arn:aws:kms:eu-west-1:1:key/k",
    }
