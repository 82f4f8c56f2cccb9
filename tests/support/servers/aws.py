"""A client of AWS whose requests are signed and never sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import boto3

from s3upload_widget.checksums import sha256

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from s3upload_widget.s3 import Store

KEYS: Final = {"aws_access_key_id": "AKtest", "aws_secret_access_key": "secret"}


def aws_client(**options: Any) -> S3Client:
    """Make a client with credentials that nobody knows."""
    return boto3.client("s3", **{"region_name": "eu-west-1", **KEYS, **options})


def url_of(store: Store) -> str:
    """Presign an object of one byte."""
    return store.presign_put_object("raw/a.csv", size=1, sha256=sha256(b"1")).url
