"""A bucket's name and its addresses: can a page send there, and by which of them? Pure text.

A browser opens six connections to each host, so a bucket with several addresses takes more at a
time; AWS knows each bucket by four.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from s3upload_widget.errors import RefusedError, UnsupportedBucketError

# Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_UNSUPPORTED: Final = (
    (r".*--x-s3|.*-xa-s3|arn:[^:]*:s3express:.*", "a directory bucket takes no CORS rules"),
    (r".*--op-s3|arn:[^:]*:s3-outposts:.*", "S3 on Outposts takes no checksums of ours"),
    (r".*--ol-s3|arn:[^:]*:s3-object-lambda:.*", "an Object Lambda access point takes no uploads"),
    (r".*\.mrap|arn:[^:]*:s3::.*", "requests to a Multi-Region Access Point cannot be presigned"),
    (r".*--table-s3|arn:[^:]*:s3tables:.*", "a table bucket takes no objects"),
)
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,255}")
_ACCESS_POINT: Final = re.compile(r"arn:[^:/]*:s3:[^:/]+:[^:/]*:accesspoint[:/][^:/]+")
_IN_A_HOST: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_PLAIN: Final = re.compile(
    r"(?P<scheme>https?)://s3(?:\.(?P<region>[a-z0-9-]+))?\.(?P<suffix>amazonaws\.com(?:\.cn)?)"
)
_GLOBAL_REGION: Final = "us-east-1"
"""The region of ``s3.amazonaws.com``."""
_ALIAS: Final = "-s3alias"
"""Ends the name of an access point, which has hosts of its own."""


def check_bucket_name(bucket: str) -> str:
    """Return ``bucket``, or raise where no page can upload to it.

    Raises:
        UnsupportedBucketError: It is a kind of bucket that takes no uploads from a page.
        RefusedError: It is not a valid name of a bucket.
    """
    for pattern, reason in _UNSUPPORTED:
        if re.fullmatch(pattern, bucket):
            msg = f"{bucket!r} cannot be used: {reason}; give a general purpose bucket"
            raise UnsupportedBucketError(msg)
    if not _NAME.fullmatch(bucket) and not _ACCESS_POINT.fullmatch(bucket):
        msg = f"{bucket[:80]!r} is not a valid name of a bucket"
        raise RefusedError(msg)
    return bucket


def check_endpoint_urls(given: str | Sequence[str] | None) -> tuple[str, ...]:
    """The addresses in ``browser_endpoint_url``, each once; ``""`` and None are none.

    Raises:
        RefusedError: One is not ``http(s)://host[:port][/path]``.
    """
    several = isinstance(given, Sequence) and not isinstance(given, str)
    wanted: list[object] = list(given) if several and given else [given] if given else []
    urls = [url for url in wanted if isinstance(url, str) and _is_endpoint(url)]
    if len(urls) < len(wanted):
        msg = (
            "browser_endpoint_url has to look like https://s3.example.org:9000, or be a list of "
            "several such addresses of the same store"
        )
        raise RefusedError(msg)
    return tuple(dict.fromkeys(urls))


def _is_endpoint(url: str) -> bool:
    try:
        parts = urlsplit(url)
        reachable = parts.hostname and parts.port != 0
    except ValueError:  # brackets without an end, or a port that is no number
        return False
    bare = not (parts.query or parts.fragment or parts.username or parts.password)
    return bool(parts.scheme in {"http", "https"} and reachable and bare)


@dataclass(frozen=True, slots=True)
class Address:
    """How a bucket is addressed."""

    endpoint_url: str | None
    """None for the region's own on AWS."""
    virtual: bool
    """Whether the bucket's name is part of the host, and not of the path."""


def is_virtual(bucket: str, style: object, *, on_aws: bool) -> bool:
    """Whether the first address has the bucket in its host.

    Args:
        bucket: Its name.
        style: The ``addressing_style`` of the user's configuration, if any.
        on_aws: Whether the endpoint is AWS's own.
    """
    wanted = style == "virtual" or (on_aws and style != "path")
    # A dot in the name breaks the certificate of a virtual host.
    return wanted and "." not in bucket


def more_on_aws(bucket: str, first: Address, endpoint_url: str, region: str) -> tuple[Address, ...]:
    """The other addresses of a bucket on AWS; none where it is not certain that they are its own.

    Not for access points, and not beside FIPS, acceleration or a dual-stack endpoint of the user's.

    Args:
        bucket: Its name, or an access point's ARN.
        first: The address that is in use.
        endpoint_url: Its endpoint, as botocore chose it.
        region: Of the bucket.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/dual-stack-endpoints.html
    """
    plain = _PLAIN.fullmatch(endpoint_url)
    if plain is None or plain["region"] not in {region, None}:
        return ()
    if plain["region"] is None and region != _GLOBAL_REGION:
        return ()
    if ":" in bucket or bucket.endswith(_ALIAS):
        return ()
    dual_stack = f"{plain['scheme']}://s3.dualstack.{region}.{plain['suffix']}"
    styles = (True, False) if _IN_A_HOST.fullmatch(bucket) else (False,)
    return tuple(
        Address(url, virtual)
        for url in (endpoint_url, dual_stack)
        for virtual in styles
        if (url, virtual) != (endpoint_url, first.virtual)
    )
