"""Which S3 operation a path-style request is, told from its method, path and query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

UPLOADS: Final = frozenset({"UploadPart", "PutObject"})
"""The operations that carry a file's bytes."""
NO_UPLOAD: Final = "-"
"""The upload that the doctor's trials name: there is none, and they carry nothing of a file."""

_OBJECT: Final = {
    "PUT": "PutObject",
    "GET": "GetObject",
    "HEAD": "HeadObject",
    "DELETE": "DeleteObject",
    "POST": "PostObject",
}
_BUCKET: Final = {
    "PUT": "CreateBucket",
    "GET": "ListObjectsV2",
    "HEAD": "HeadBucket",
    "DELETE": "DeleteBucket",
    "POST": "PostObject",
}
_UPLOAD: Final = {
    "PUT": "UploadPart",
    "GET": "ListParts",
    "POST": "CompleteMultipartUpload",
    "DELETE": "AbortMultipartUpload",
}
_SUBRESOURCES: Final = {
    "cors": "Cors",
    "encryption": "Encryption",
    "location": "Location",
    "policy": "Policy",
    "versioning": "Versioning",
    "lifecycle": "LifecycleConfiguration",
}


def operation_of(method: str, path: str, query: Mapping[str, str]) -> str:
    """Name the operation as S3 does; a browser's OPTIONS is ``Preflight``.

    What a page asks to see whether it reaches the store at all is ``Reach``, and what the kernel
    sends to see what lies between is ``TrialPart``.
    """
    bucket, _, key = path.lstrip("/").partition("/")
    if method == "OPTIONS":
        return "Preflight"
    if path == "/favicon.ico":
        return "Reach"
    if not bucket:
        return "ListBuckets"
    return _of_object(method, query) if key else _of_bucket(method, query)


def _of_object(method: str, query: Mapping[str, str]) -> str:
    if "uploads" in query:
        return "CreateMultipartUpload"
    if "attributes" in query:
        return "GetObjectAttributes"
    if method == "PUT" and query.get("uploadId") == NO_UPLOAD:
        return "TrialPart"
    table = _UPLOAD if "uploadId" in query else _OBJECT
    return table.get(method, method)


def _of_bucket(method: str, query: Mapping[str, str]) -> str:
    if "uploads" in query:
        return "ListMultipartUploads"
    if "delete" in query:
        return "DeleteObjects"
    for name, noun in _SUBRESOURCES.items():
        if name in query:
            return f"{method.capitalize()}Bucket{noun}"
    return _BUCKET.get(method, method)
