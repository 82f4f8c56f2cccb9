"""A bucket's configuration, as far as it may be read: CORS and lifecycle rules, encryption, policy.

A missing configuration and one that may not be read are distinct: S3 replaces the rules of a kind
only as a whole, so an unreadable configuration must never be written.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from s3upload_widget.errors import S3Error
from s3upload_widget.s3.errors import UNKNOWN_OPERATION, refusal_code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3upload_widget.s3.calls import Calls
    from s3upload_widget.s3.clients import Clients

RuleKind: TypeAlias = Literal["cors", "lifecycle"]

_KINDS: Final[Mapping[RuleKind, tuple[str, str, str]]] = {
    "cors": ("bucket_cors", "CORSConfiguration", "CORSRules"),
    "lifecycle": ("bucket_lifecycle_configuration", "LifecycleConfiguration", "Rules"),
}
"""The end of boto3's method names, the argument of the put method, and the rules in it."""
_KEPT: Final = ("TransitionDefaultMinimumObjectSize",)
"""Settings beside lifecycle rules, which fall back to their default unless they are repeated.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
"""
_NONE: Final = frozenset(
    {
        "NoSuchBucketPolicy",
        "NoSuchCORSConfiguration",
        "NoSuchLifecycleConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
"""S3's codes where nothing is set. Any other refusal says nothing about the configuration."""
_ANY_STATUS: Final = range(600)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """S3 does not show it; there may be something."""

    error: S3Error
    unsupported: bool = False
    """Whether the server has no such configuration at all."""

    def __str__(self) -> str:
        return str(self.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigRules:
    """All rules of one kind that a bucket has."""

    kind: RuleKind
    rules: tuple[Mapping[str, Any], ...]
    """In the order of S3, as boto3 has them."""
    beside: Mapping[str, Any]
    """Settings that have to be put with the rules to stay as they are."""

    def joined_by(self, rule: Mapping[str, Any]) -> ConfigRules:
        """The same, and one rule more."""
        return replace(self, rules=(*self.rules, rule))

    def as_argument(self) -> dict[str, Any]:
        """What S3's Put takes."""
        return {_KINDS[self.kind][2]: list(self.rules)}


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketHead:
    """The headers of a HEAD of the bucket, whatever its status."""

    region: str
    """Where the bucket is; ``""`` where the server does not say."""
    asked_region: str
    """The region of the client's first request."""
    seconds_ahead: float
    """Seconds that the server's clock is ahead of this one; NaN where it sends no time."""


class BucketConfig:
    """Reads and writes a bucket's configuration. Thread-safe.

    Args:
        calls: To the bucket.
        clients: Make the calls.
        extra_args: Passed along with each upload.
    """

    def __init__(self, calls: Calls, clients: Clients, extra_args: Mapping[str, Any]) -> None:
        self._calls = calls
        self._clients = clients
        self._extra_args = extra_args

    def head_bucket(self) -> BucketHead:
        """Request the bucket's headers; a refusal has them too.

        Raises:
            S3UnavailableError: The server does not answer.
            CredentialsError: There is nothing to sign with.
        """
        asked_region = self._clients.get("query").meta.region_name
        before = time.time()
        _, answer = self._calls.head("head_bucket", _ANY_STATUS)
        now = (before + time.time()) / 2
        headers = answer["ResponseMetadata"].get("HTTPHeaders", {})
        return BucketHead(
            region=str(headers.get("x-amz-bucket-region", "")),
            asked_region=asked_region,
            seconds_ahead=_seconds(str(headers.get("date", ""))) - now,
        )

    def rules(self, kind: RuleKind) -> ConfigRules | Unreadable:
        """All rules of a kind; no rules where the bucket has none."""
        noun, _, member = _KINDS[kind]
        answer = self._read(f"get_{noun}")
        if isinstance(answer, Unreadable):
            return answer
        if answer and member not in answer:  # where there are no rules, S3 answers with an error
            msg = f"the server keeps no {kind} rules"
            return Unreadable(S3Error(msg), unsupported=True)
        beside = {name: answer[name] for name in _KEPT if name in answer}
        return ConfigRules(kind=kind, rules=tuple(answer.get(member, ())), beside=beside)

    def put(self, rules: ConfigRules) -> None:
        """Put these rules, in place of all others of their kind.

        Raises:
            AccessDeniedError: The permission is missing.
            S3Error: S3 does not take them.
        """
        noun, argument, _ = _KINDS[rules.kind]
        params: dict[str, Any] = {argument: rules.as_argument(), **rules.beside}
        self._calls.request(f"put_{noun}", **params)

    def kms_key(self) -> str | Unreadable:
        """The KMS key that new objects are encrypted with; ``""`` where there is none."""
        wanted = str(self._extra_args.get("ServerSideEncryption", ""))
        if wanted:
            return _key(wanted, str(self._extra_args.get("SSEKMSKeyId", "")))
        answer = self._read("get_bucket_encryption")
        if isinstance(answer, Unreadable):
            return answer
        for rule in answer.get("ServerSideEncryptionConfiguration", {}).get("Rules", ()):
            default = rule.get("ApplyServerSideEncryptionByDefault", {})
            if key := _key(default.get("SSEAlgorithm", ""), default.get("KMSMasterKeyID", "")):
                return key
        return ""

    def policy(self) -> tuple[Mapping[str, Any], ...] | Unreadable:
        """The statements of the bucket's policy."""
        answer = self._read("get_bucket_policy")
        if isinstance(answer, Unreadable):
            return answer
        try:
            statements = json.loads(answer.get("Policy", "{}")).get("Statement", [])
        except (ValueError, AttributeError):
            return Unreadable(S3Error("the server's answer to GetBucketPolicy is no policy"))
        listed = statements if isinstance(statements, list) else [statements]
        return tuple(each for each in listed if isinstance(each, dict))

    def _read(self, verb: str) -> dict[str, Any] | Unreadable:
        try:
            return self._calls.request(verb)
        except S3Error as error:
            code = refusal_code(error)
            return {} if code in _NONE else Unreadable(error, unsupported=code in UNKNOWN_OPERATION)


def _key(algorithm: str, key: str) -> str:
    return (key or "aws/s3") if algorithm.startswith("aws:kms") else ""


def _seconds(date: str) -> float:
    """Of the epoch, from an HTTP date."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return math.nan
