"""S3's operations on one bucket, with our errors; the only room that knows boto3."""

from __future__ import annotations

from s3upload_widget.s3.bucket_config import BucketHead, ConfigRules, RuleKind, Unreadable
from s3upload_widget.s3.clients import Purpose
from s3upload_widget.s3.download import Download
from s3upload_widget.s3.errors import GATEWAY_STATUSES, Call, error_for, refusal_code
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
    PutAnswer,
)
from s3upload_widget.s3.refusals import CONDITION, SHA256
from s3upload_widget.s3.retry import backoff, retrying
from s3upload_widget.s3.store import Store, connect

__all__ = [
    "CONDITION",
    "GATEWAY_STATUSES",
    "REPLACEMENT",
    "SHA256",
    "UNKNOWN_TIME",
    "BucketHead",
    "Call",
    "CompletedPart",
    "ConfigRules",
    "Download",
    "ListedPart",
    "ListedUpload",
    "MultipartUpload",
    "NoObject",
    "NotAllowed",
    "ObjectFound",
    "ObjectHead",
    "ObjectMade",
    "PresignedUrl",
    "Purpose",
    "PutAnswer",
    "RuleKind",
    "Store",
    "Unreadable",
    "backoff",
    "connect",
    "error_for",
    "refusal_code",
    "retrying",
]
