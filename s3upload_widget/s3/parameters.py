"""The parameters of requests, as boto3 names them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from s3upload_widget.s3.records import CompletedPart


def given(**params: str) -> dict[str, str]:
    """The parameters that are not empty."""
    return {name: value for name, value in params.items() if value}


def of_part(
    key: str, upload_id: str, part_number: int, *, size: int, sha256: str, md5: str
) -> dict[str, Any]:
    """UploadPart's."""
    # No ChecksumAlgorithm here: it would only sign one header more.
    return {
        "Key": key,
        "UploadId": upload_id,
        "PartNumber": part_number,
        "ContentLength": size,
        "ChecksumSHA256": sha256,
        **given(ContentMD5=md5),
    }


def of_object(key: str, *, size: int, sha256: str, md5: str, content_type: str) -> dict[str, Any]:
    """PutObject's."""
    return {
        "Key": key,
        "ContentLength": size,
        "ChecksumSHA256": sha256,
        "ChecksumAlgorithm": "SHA256",  # without it, strict Ceph ignores the checksum
        **given(ContentType=content_type, ContentMD5=md5),
    }


def of_parts(
    key: str, upload_id: str, parts: Sequence[CompletedPart], *, size: int
) -> dict[str, Any]:
    """CompleteMultipartUpload's; ``size`` is the whole object's."""
    return {
        "Key": key,
        "UploadId": upload_id,
        "MpuObjectSize": size,
        "MultipartUpload": {"Parts": [part.as_boto3() for part in parts]},
    }


def condition(must_not_exist: bool) -> dict[str, str]:
    """The condition that makes S3 answer 412 where the key has an object."""
    return {"IfNoneMatch": "*"} if must_not_exist else {}
