"""S3's operations on one bucket, with our errors; the only room that knows boto3."""

from __future__ import annotations

from s3upload_widget.s3.bucket_config import BucketHead, ConfigRules, RuleKind, Unreadable
from s3upload_widget.s3.errors import Call, refusal_code
from s3upload_widget.s3.odd_lists import REPLACEMENT
from s3upload_widget.s3.presigner import PresignedUrl
from s3upload_widget.s3.records import (
    UNKNOWN_TIME,
    CompletedPart,
    ListedPart,
    ListedUpload,
    MultipartUpload,
    NoObject,
    NotAllowed,
    ObjectFound,
    ObjectHead,
    ObjectMade,
)
from s3upload_widget.s3.retry import backoff, retrying
from s3upload_widget.s3.store import Store, connect

__all__ = [
    "REPLACEMENT",
    "UNKNOWN_TIME",
    "BucketHead",
    "Call",
    "CompletedPart",
    "ConfigRules",
    "ListedPart",
    "ListedUpload",
    "MultipartUpload",
    "NoObject",
    "NotAllowed",
    "ObjectFound",
    "ObjectHead",
    "ObjectMade",
    "PresignedUrl",
    "RuleKind",
    "Store",
    "Unreadable",
    "backoff",
    "connect",
    "refusal_code",
    "retrying",
]
