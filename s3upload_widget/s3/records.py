"""S3's answers as frozen records: parts, uploads and objects. Makes no call."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN_TIME: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
"""Where a server does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MultipartUpload:
    """A multipart upload that is open."""

    upload_id: str = field(repr=False)
    sha256: bool
    """Whether the server checks and keeps the parts' SHA-256, as far as it says so."""


@dataclass(frozen=True, slots=True)
class PutAnswer:
    """What S3 answered to a PUT."""

    status: int
    etag: str
    """Verbatim; ``""`` if there is none."""
    document: str = field(repr=False)
    """Of a refusal, its beginning; else ``""``."""

    @property
    def code(self) -> str:
        """S3's; ``""`` if there is none."""
        return _between("Code", self.document)[:64]

    @property
    def said(self) -> str:
        """S3's own words, unscrubbed."""
        return _between("Message", self.document)[:200]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPart:
    """A part as ListParts shows it."""

    part_number: int
    size: int
    """Bytes, as the server says; -1 where it does not."""
    etag: str
    """Verbatim, with its quotes."""
    sha256: str
    """Base64; ``""`` where the server lists none."""
    last_modified: datetime
    checksum_algorithm: str = ""
    """``SHA256``, ``CRC32``, …, as the server names it or as the listed checksum is; else ``""``."""

    @classmethod
    def of(cls, part: Mapping[str, Any], algorithm: str = "") -> ListedPart:
        """From boto3's dict; ``algorithm`` is what the list says for all of its parts."""
        listed = [name.removeprefix("Checksum") for name in part if name.startswith("Checksum")]
        return cls(
            part_number=int(part["PartNumber"]),
            size=int(part.get("Size", -1)),
            etag=str(part.get("ETag", "")),
            sha256=str(part.get("ChecksumSHA256", "")),
            last_modified=part.get("LastModified", UNKNOWN_TIME),
            checksum_algorithm=algorithm or next(iter(listed), ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedUpload:
    """An unfinished upload as ListMultipartUploads shows it."""

    key: str
    upload_id: str = field(repr=False)
    """``""`` where the server does not say."""
    initiated: datetime
    """:data:`UNKNOWN_TIME` where the server does not say."""
    checksum_algorithm: str
    """``SHA256``, ``CRC32``, …; ``""`` for none, and where the server does not report it."""
    initiator: str
    """The account that created it, as the server names it; ``""`` where it does not say."""

    @classmethod
    def of(cls, upload: Mapping[str, Any]) -> ListedUpload:
        """From boto3's dict."""
        initiator = upload.get("Initiator", {})
        return cls(
            key=str(upload.get("Key", "")),
            upload_id=str(upload.get("UploadId", "")),
            initiated=upload.get("Initiated", UNKNOWN_TIME),
            checksum_algorithm=str(upload.get("ChecksumAlgorithm", "")),
            initiator=str(initiator.get("DisplayName") or initiator.get("ID") or ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedPart:
    """A part as Complete names it."""

    part_number: int
    etag: str
    """Verbatim, with its quotes."""
    sha256: str
    """Base64; ``""`` where the upload has no SHA-256."""

    def as_boto3(self) -> dict[str, Any]:
        """As boto3 takes it."""
        part: dict[str, Any] = {"PartNumber": self.part_number, "ETag": self.etag}
        return part | ({"ChecksumSHA256": self.sha256} if self.sha256 else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectMade:
    """An object as the answer to Complete describes it, which says neither a size nor a type."""

    etag: str = ""
    """Verbatim, with its quotes; ``""`` if S3 shows none."""
    sha256: str = ""
    """Base64; of a multipart object the composite with ``-N``; ``""`` if S3 shows none."""
    version_id: str = ""
    encrypted: bool = False
    """With KMS or a customer's key: then the ETag is no MD5."""
    content_type: str = ""
    on_aws: bool = False
    """Whether the SHA-256 was compared with the bytes for sure; other servers may repeat ours."""

    @classmethod
    def of(cls, answer: Mapping[str, Any], *, on_aws: bool) -> ObjectMade:
        """From boto3's dict of CompleteMultipartUpload."""
        return cls(on_aws=on_aws, **_description(answer))


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFound(ObjectMade):
    """An object as HEAD shows it, or a list."""

    size: int
    """Bytes; -1 if the server does not say."""
    last_modified: datetime

    @classmethod
    def of(cls, answer: Mapping[str, Any], *, on_aws: bool) -> ObjectFound:
        """From boto3's dict of HeadObject."""
        return cls(
            on_aws=on_aws,
            size=int(answer.get("ContentLength", -1)),
            last_modified=answer.get("LastModified", UNKNOWN_TIME),
            **_description(answer),
        )

    @classmethod
    def of_list(cls, listed: Mapping[str, Any]) -> ObjectFound:
        """From boto3's dict of ListObjectsV2, which says no version, no type and no SHA-256."""
        return cls(
            size=int(listed.get("Size", -1)),
            etag=str(listed.get("ETag", "")),
            last_modified=listed.get("LastModified", UNKNOWN_TIME),
        )


def _description(answer: Mapping[str, Any]) -> dict[str, Any]:
    encryption = str(answer.get("ServerSideEncryption", ""))
    return {
        "etag": str(answer.get("ETag", "")),
        "sha256": str(answer.get("ChecksumSHA256", "")),
        "version_id": str(answer.get("VersionId", "")),
        "encrypted": encryption.startswith("aws:kms") or "SSECustomerAlgorithm" in answer,
        "content_type": str(answer.get("ContentType", "")),
    }


@dataclass(frozen=True, slots=True)
class NoObject:
    """The key has no object."""


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """S3 denies HEAD, as to a role that may only upload."""


ObjectHead: TypeAlias = ObjectFound | NoObject | NotAllowed


def _between(tag: str, document: str) -> str:
    return document.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]
