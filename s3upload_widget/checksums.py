"""SHA-256 and MD5 as S3 writes them: of a part, of a whole multipart object."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import TYPE_CHECKING, Final

from s3upload_widget.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Sequence

_MD5_ETAG: Final = re.compile(r"([0-9a-f]{32})(?:-([1-9][0-9]*))?")
_PARTS: Final = re.compile(r"-([1-9][0-9]*)$")


def sha256(data: bytes | bytearray | memoryview) -> str:
    """Base64, as in ``x-amz-checksum-sha256``."""
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def md5(data: bytes | bytearray | memoryview) -> str:
    """Base64, as in ``Content-MD5``. Guards against accidents, not against an attacker."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def hexadecimal(checksum: str) -> str:
    """A base64 checksum in hexadecimal, as ``sha256sum`` and ETags have it.

    Raises:
        IntegrityError: It is not base64.
    """
    return _digest(checksum).hex()


def base64_of(hexadecimal_checksum: str) -> str:
    """The inverse of :func:`hexadecimal`."""
    return base64.b64encode(bytes.fromhex(hexadecimal_checksum)).decode()


def composite_sha256(parts: Sequence[str]) -> str:
    """The checksum S3 gives a multipart object: of the parts' checksums, then ``-N``.

    Args:
        parts: Base64 SHA-256 of part 1, 2, ….

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
    """
    whole = hashlib.sha256(b"".join(map(_digest, parts))).digest()
    return f"{base64.b64encode(whole).decode()}-{len(parts)}"


def same_composite(checksum: str, parts: Sequence[str]) -> bool:
    """Whether a ``ChecksumSHA256`` of S3's is that of these parts; some servers omit ``-N``."""
    expected = composite_sha256(parts)
    return checksum in {expected, expected.rpartition("-")[0]}


def multipart_etag(parts: Sequence[str]) -> str:
    """The ETag of an unencrypted multipart object, without quotes: MD5 of the MD5s, ``-N``.

    Args:
        parts: Base64 MD5 of part 1, 2, ….
    """
    joined = b"".join(map(_digest, parts))
    return f"{hashlib.md5(joined, usedforsecurity=False).hexdigest()}-{len(parts)}"


def bare_etag(etag: str) -> str:
    """An ETag as it compares: without quotes, blanks and the ``W/`` of a weak one, in lower case.

    Servers quote one and the same ETag in one answer, and not in the next.
    """
    return etag.strip().removeprefix("W/").strip('"').lower()


def same_etag(first: str, second: str) -> bool:
    """Whether two ETags are equal; one that says nothing equals none."""
    return bare_etag(first) == bare_etag(second) != ""


def reads_as_md5(etag: str) -> bool:
    """Whether an ETag has the form of an MD5; with KMS, and on some servers, it still is none."""
    return _MD5_ETAG.fullmatch(bare_etag(etag)) is not None


def part_count(checksum: str) -> int:
    """The ``N`` that an ETag or a checksum of a multipart object ends with; 0 if it has none."""
    found = _PARTS.search(bare_etag(checksum))
    return int(found[1]) if found else 0


def _digest(checksum: str) -> bytes:
    try:
        return base64.b64decode(checksum, validate=True)
    except (binascii.Error, ValueError) as error:
        msg = "a checksum is not base64; the file has to be sent again"
        raise IntegrityError(msg) from error
