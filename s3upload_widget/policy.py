"""What a bucket and a role need, as plain data: the CORS rule, the least IAM policy, the lifecycle rule.

Knows no client and asks nobody; the doctor compares with it, the embedded server applies it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from types_boto3_s3.type_defs import CORSRuleTypeDef, LifecycleRuleTypeDef

_MANY_ORIGINS: Final = {
    "vscode-webview://*": re.compile(r"vscode-webview://[^/]+"),
    "https://*.vscode-cdn.net": re.compile(r"https://[^/]+\.vscode-cdn\.net"),
    "https://*-colab.googleusercontent.com": re.compile(
        r"https://[^/]+-colab\.googleusercontent\.com"
    ),
}
"""Of VS Code's pages, on the desktop and in a browser, and of Colab's: what their origins match."""


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


def lasting_origin(origin: str) -> str:
    """What a rule has to name for pages of an origin, today's and tomorrow's.

    VS Code gives the pages of each machine an origin of their own, Colab each output of a cell.

    Args:
        origin: As browsers send it.

    Returns:
        The origin itself; for VS Code and Colab with a ``*``, which S3 allows once.

    Example:
        >>> lasting_origin("https://hub.example.org")
        'https://hub.example.org'
        >>> lasting_origin("vscode-webview://1e51p7268g046h1il8ccpcp623")
        'vscode-webview://*'
    """
    matching = (name for name, each in _MANY_ORIGINS.items() if each.fullmatch(origin))
    return next(matching, origin)


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


def session_policy(uri: str) -> str:
    """The least policy of short-lived credentials for one user's folder, as STS takes it.

    ``sts.assume_role(RoleArn=…, RoleSessionName=…, Policy=session_policy("s3://lab-data/home/ada/"))``
    narrows a role that all users share. Characters of the folder's name that mean others in a
    policy (``*``, ``?``, ``$``) mean themselves.

    Args:
        uri: ``s3://bucket/folder/``; a missing final ``/`` is added.

    Returns:
        JSON without spaces: STS limits its length to 2,048 characters.

    Raises:
        ValueError: It is no ``s3://`` URI, or names no folder.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
    """
    bucket, _, folder = uri.removeprefix("s3://").partition("/")
    folder = folder.strip("/")
    if not (uri.startswith("s3://") and bucket and folder):
        msg = f"{uri!r} names no folder: use s3://bucket/folder/"
        raise ValueError(msg)
    literally = str.maketrans({each: f"${{{each}}}" for each in "*?$"})
    policy = iam_policy(bucket, f"{folder.translate(literally)}/", read=True)
    return json.dumps(policy, separators=(",", ":"))


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
