"""``extra_args``: boto3's own names, checked before the first byte is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from s3upload_widget.errors import RefusedError

MAX_METADATA_BYTES: Final = 2_048
"""Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html"""

NAMES: Final = frozenset(
    {
        "ACL",
        "BucketKeyEnabled",
        "CacheControl",
        "ContentDisposition",
        "ContentEncoding",
        "ContentLanguage",
        "ContentType",
        "ExpectedBucketOwner",
        "Expires",
        "GrantFullControl",
        "GrantRead",
        "GrantReadACP",
        "GrantWriteACP",
        "Metadata",
        "ObjectLockEventHold",
        "ObjectLockEventHoldDurationDays",
        "ObjectLockEventHoldDurationYears",
        "ObjectLockLegalHoldStatus",
        "ObjectLockMode",
        "ObjectLockRetainUntilDate",
        "RequestPayer",
        "SSEKMSEncryptionContext",
        "SSEKMSKeyId",
        "ServerSideEncryption",
        "StorageClass",
        "Tagging",
        "WebsiteRedirectLocation",
    }
)
"""What CreateMultipartUpload and PutObject know and the user may decide."""

_OF_REQUESTS: Final = {"ExpectedBucketOwner", "RequestPayer"}
"""What is said of each request, and not of the object."""
_CUSTOMER_KEYS: Final = ("SSECustomerAlgorithm", "SSECustomerKey", "SSECustomerKeyMD5")
_METADATA_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, 5.6.2 token
_PRINTABLE: Final = "".join(map(chr, range(0x20, 0x7F)))


def checked_extra_args(extra_args: object) -> dict[str, Any]:
    """``extra_args`` as botocore takes them, metadata percent-encoded where it is not ASCII.

    Raises:
        RefusedError: A name is unknown or ours, SSE-C was asked for, or a value cannot be sent.
    """
    if not isinstance(extra_args, Mapping):
        msg = f"extra_args has to be a dict of boto3's names, not {type(extra_args).__name__}"
        raise RefusedError(msg)
    for name, value in extra_args.items():
        _check_name(name)
        # These travel as headers from the page, and a header holds no other characters.
        if isinstance(value, str) and not _is_printable(value):
            msg = f"extra_args[{name!r}] may hold printable ASCII only: percent-encode the rest"
            raise RefusedError(msg)
    checked = dict(extra_args)
    if "Metadata" in checked:
        checked["Metadata"] = _checked_metadata(checked["Metadata"])
    return checked


def of_objects(extra_args: Mapping[str, Any]) -> list[str]:
    """The names in ``extra_args`` that say something of the object: what is there keeps its own."""
    return sorted(extra_args.keys() - _OF_REQUESTS)


def _check_name(name: object) -> None:
    if not isinstance(name, str):
        msg = f"extra_args has no {name!r}: its names are str, such as 'ContentType'"
        raise RefusedError(msg)
    if name in _CUSTOMER_KEYS:
        msg = (
            f"extra_args[{name!r}]: SSE-C is refused, its key would be in the page; "
            "use ServerSideEncryption='aws:kms'"
        )
        raise RefusedError(msg)
    if name.startswith("Checksum"):
        msg = f"extra_args[{name!r}]: every part already travels with its SHA-256; leave it out"
        raise RefusedError(msg)
    if name not in NAMES:
        msg = f"extra_args has no {name!r}: it takes {', '.join(sorted(NAMES))}"
        raise RefusedError(msg)


def _checked_metadata(metadata: object) -> dict[str, str]:
    if not isinstance(metadata, Mapping):
        msg = f"extra_args['Metadata'] has to be a dict of str, not {type(metadata).__name__}"
        raise RefusedError(msg)
    encoded = {_metadata_name(name): _metadata_value(value) for name, value in metadata.items()}
    total = sum(len(name) + len(value) for name, value in encoded.items())
    if total > MAX_METADATA_BYTES:
        msg = f"extra_args['Metadata'] has {total} bytes encoded; S3 takes {MAX_METADATA_BYTES}"
        raise RefusedError(msg)
    return encoded


def _metadata_name(name: object) -> str:
    if not isinstance(name, str) or not _METADATA_NAME.fullmatch(name):
        msg = f"extra_args['Metadata']: {name!r} cannot be a header's name"
        raise RefusedError(msg)
    return name


def _metadata_value(value: object) -> str:
    if not isinstance(value, str):
        msg = f"extra_args['Metadata'] has to be a dict of str; {value!r} is none"
        raise RefusedError(msg)
    if not _is_printable(value):
        value = quote(value, safe=_PRINTABLE.replace("%", ""))
    # Browsers trim a header's value and signatures fold its spaces: send what survives both.
    return " ".join(value.split())


def _is_printable(value: str) -> bool:
    return value.isascii() and value.isprintable()
