"""What a bucket and a role need, as plain data: the CORS rule, the least IAM policy, the lifecycle rule.

Knows no client and asks nobody; the doctor compares with it, the embedded server applies it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from types_boto3_s3.type_defs import CORSRuleTypeDef, LifecycleRuleTypeDef


def cors_rule(origins: Iterable[str]) -> CORSRuleTypeDef:
    """Let pages of these origins PUT parts.

    Every header is allowed, because each option of an object (metadata, tags, encryption)
    is a header of its own. None is exposed: the page needs none, the kernel lists the parts.

    Args:
        origins: As browsers send them, ``https://hub.example.org`` without a final ``/``;
            ``*`` means any.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html
    """
    return {
        "AllowedMethods": ["PUT"],
        "AllowedHeaders": ["*"],
        "AllowedOrigins": list(origins),
    }


def iam_policy(bucket: str, prefix: str = "", *, read: bool = False) -> dict[str, object]:
    """Allow uploading under ``prefix``, and nothing else.

    ``ListBucketMultipartUploads`` acts on the bucket. AWS does not list ``s3:prefix`` among
    its condition keys, other stores know it: ``IfExists`` narrows where it can and never
    denies what is needed.

    Args:
        bucket: The bucket's name.
        prefix: A folder, with its final ``/``; empty means the whole bucket.
        read: Allow reading objects too, which ``HEAD`` and reading by ``uri`` need.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
    """
    actions = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": [*actions, "s3:GetObject"] if read else actions,
                "Resource": f"arn:aws:s3:::{bucket}/{prefix}*",
            },
            {
                "Effect": "Allow",
                "Action": "s3:ListBucketMultipartUploads",
                "Resource": f"arn:aws:s3:::{bucket}",
                "Condition": {"StringLikeIfExists": {"s3:prefix": f"{prefix}*"}},
            },
        ],
    }


def kms_statement(key: str) -> dict[str, object]:
    """Let somebody upload to a bucket that encrypts with a KMS key.

    Args:
        key: Its ARN, for the policy of a role or user; ``*`` in the policy of the key itself.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
    """
    return {
        "Effect": "Allow",
        "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
        "Resource": key,
    }


def lifecycle_rule(prefix: str = "", *, days: int = 7) -> LifecycleRuleTypeDef:
    """Remove unfinished uploads that nobody came back for; until then their parts are billed.

    Args:
        prefix: A folder, with its final ``/``; empty means the whole bucket.
        days: Days since the upload was created, 1 or more. An upload cannot be resumed later.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpu-abort-incomplete-mpu-lifecycle-config.html
    """
    return {
        "ID": "remove-unfinished-uploads",
        "Status": "Enabled",
        "Filter": {"Prefix": prefix},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": days},
    }
