"""Checks of a bucket's name and an endpoint's address: can a page send there? Pure text."""

from __future__ import annotations

import re
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


def check_endpoint_url(url: str) -> str:
    """Return ``browser_endpoint_url``, or raise where it is not valid; ``""`` is none.

    Raises:
        RefusedError: It is not ``http(s)://host[:port][/path]``.
    """
    if url and not _is_endpoint(url):
        msg = "browser_endpoint_url has to look like https://s3.example.org:9000"
        raise RefusedError(msg)
    return url


def _is_endpoint(url: object) -> bool:
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
        reachable = parts.hostname and parts.port != 0
    except ValueError:  # brackets without an end, or a port that is no number
        return False
    bare = not (parts.query or parts.fragment or parts.username or parts.password)
    return bool(parts.scheme in {"http", "https"} and reachable and bare)
