"""The S3 verbs on one bucket, with our errors; the only room that knows boto3."""

from __future__ import annotations

from s3upload_widget.s3.bucket_config import BucketLook, ConfigRules, RuleKind, Unreadable
from s3upload_widget.s3.errors import Call, refusal_code, without_secrets
from s3upload_widget.s3.presigner import PresignedUrl
from s3upload_widget.s3.records import (
    CompletedPart,
    ListedPart,
    ListedUpload,
    NoObject,
    NotAllowed,
    ObjectFound,
    OpenedUpload,
)
from s3upload_widget.s3.store import Store, connect

__all__ = [
    "BucketLook",
    "Call",
    "CompletedPart",
    "ConfigRules",
    "ListedPart",
    "ListedUpload",
    "NoObject",
    "NotAllowed",
    "ObjectFound",
    "OpenedUpload",
    "PresignedUrl",
    "RuleKind",
    "Store",
    "Unreadable",
    "connect",
    "refusal_code",
    "without_secrets",
]
