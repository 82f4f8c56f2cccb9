"""Whether what S3 shows is what was hashed of a file. Makes no call and reads no file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3upload_widget.checksums import (
    hexadecimal,
    multipart_etag,
    part_count,
    reads_as_md5,
    same_composite,
    same_etag,
)
from s3upload_widget.errors import IntegrityError, ProtocolError
from s3upload_widget.s3 import ObjectFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from s3upload_widget.parts import PartPlan
    from s3upload_widget.results import VerifiedBy
    from s3upload_widget.s3 import ListedPart, MultipartUpload, ObjectMade, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashes:
    """The checksums of a file's parts, as the page or a script computed them."""

    parts: PartPlan
    sha256: Sequence[str]
    """Base64, of part 1, 2, …"""
    md5: Sequence[str]
    """Base64, of part 1, 2, …; empty where they were not needed."""

    def __post_init__(self) -> None:
        """Refuse hashes of another plan.

        Raises:
            ProtocolError: There are too many or too few.
        """
        if len(self.sha256) != self.parts.count or len(self.md5) not in {0, self.parts.count}:
            msg = f"the page sent {len(self.sha256)} checksums for {self.parts.count} parts"
            raise ProtocolError(msg)
        if not all(self.md5):
            msg = "the page sent an empty MD5"
            raise ProtocolError(msg)

    def is_sha256(self, checksum: str) -> bool:
        """Whether it is the object's; some programs send a file of one part as multipart too."""
        one = self.parts.single and checksum == self.sha256[0]
        return one or same_composite(checksum, self.sha256)

    def is_etag(self, etag: str) -> bool:
        """Whether it is the object's, where ETags are MD5s and MD5s are known."""
        one = self.parts.single and same_etag(etag, hexadecimal(self.md5[0]))
        return one or same_etag(etag, multipart_etag(self.md5))

    def compares_with(self, etag: str) -> bool:
        """Whether an ETag has the form that the object's has, where ETags are MD5s.

        Some servers give an object of several parts the MD5 of the whole: that says nothing.
        """
        return reads_as_md5(etag) and (self.parts.single or part_count(etag) > 0)


def needs_md5(store: Store, upload: MultipartUpload) -> bool:
    """Whether a file's parts need MD5s beside SHA-256: AWS alone is known to check that."""
    return not (upload.sha256 and store.on_aws)


def verify_object(found: ObjectMade, hashes: Hashes, place: str) -> VerifiedBy:
    """Verify that the object is the file, by the strongest checksum that the server offers.

    Both are compared where both are known: a server may echo a SHA-256 and check nothing of it,
    while its ETag is made of what it stored.

    Args:
        found: The object, as HEAD or the answer to Complete describes it.
        hashes: The file.
        place: ``s3://bucket/key``, for the message.

    Raises:
        IntegrityError: It is another object.
    """
    if isinstance(found, ObjectFound) and found.size != hashes.parts.size:
        msg = f"{place} has {found.size} bytes, the file {hashes.parts.size}: send it again"
        raise IntegrityError(msg)
    comparable = bool(hashes.md5) and hashes.compares_with(found.etag)
    differs = comparable and not hashes.is_etag(found.etag)
    if differs and not found.encrypted:
        raise other_bytes_error(place, "md5")
    if found.sha256 and not hashes.is_sha256(found.sha256):
        raise other_bytes_error(place, "sha256")
    # Of what is encrypted the ETag may be anything. Then nothing supports a SHA-256 that a server
    # may have repeated.
    if found.sha256 and (found.on_aws or not differs):
        return "sha256"
    return "md5" if comparable and not found.encrypted else "size"


def unambiguous_parts(listed: Iterable[ListedPart], hashes: Hashes) -> dict[int, ListedPart]:
    """By part number, the one part that may be the file's; left out where several may."""
    found: dict[int, list[ListedPart]] = {}
    for part in listed:
        found.setdefault(part.part_number, []).append(part)
    for number, parts in found.items():
        if len(parts) > 1:
            found[number] = [
                part for part in parts if _may_be(part, hashes) and _etag_agrees(part, hashes)
            ]
    return {number: parts[0] for number, parts in found.items() if len(parts) == 1}


def missing_parts(
    listed: Mapping[int, ListedPart], hashes: Hashes, signed: Mapping[int, str]
) -> list[int]:
    """The numbers of the parts that S3 does not show as they were hashed.

    Args:
        listed: By part number.
        hashes: The file.
        signed: Part number → the SHA-256 of the newest request for it, where there was one.
    """
    wrong = {
        number
        for number in listed
        if signed.get(number, "") not in {"", _sha256_of(hashes, number)}
    }
    # An ETag is a part's MD5 on most servers, and nothing of the kind on the others: if none
    # at all is equal, they say nothing. Each part then had its Content-MD5 checked on arrival.
    differing = {number for number, part in listed.items() if not _etag_agrees(part, hashes)}
    if differing != set(listed):
        wrong |= differing
    return [
        number
        for number in range(1, hashes.parts.count + 1)
        if number not in listed or number in wrong or not _may_be(listed[number], hashes)
    ]


def is_proven_part(listed: ListedPart, *, size: int, sha256: str, md5: str) -> bool:
    """Whether a listed part is certainly the one that was hashed: what says nothing is no proof.

    Args:
        listed: The part as S3 shows it.
        size: Bytes.
        sha256: Base64.
        md5: Base64; ``""`` where the server is known to check SHA-256.
    """
    shows_md5 = bool(md5) and reads_as_md5(listed.etag)
    same_md5 = shows_md5 and same_etag(listed.etag, hexadecimal(md5))
    if listed.sha256 not in {"", sha256} or shows_md5 != same_md5:
        return False
    return same_md5 or (bool(listed.sha256) and listed.size in {size, -1})


def parts_without_checksum(listed: Mapping[int, ListedPart]) -> list[int]:
    """Numbers of the parts that are verified by size alone."""
    return [number for number, part in sorted(listed.items()) if not part.sha256]


def _sha256_of(hashes: Hashes, part_number: int) -> str:
    return hashes.sha256[part_number - 1] if part_number <= hashes.parts.count else ""


def _may_be(part: ListedPart, hashes: Hashes) -> bool:
    if part.part_number > hashes.parts.count:
        return False
    if part.sha256 not in {"", _sha256_of(hashes, part.part_number)}:
        return False
    expected = hashes.parts.length(part.part_number)
    # Servers that compress tell the size of what they keep; an MD5 is of what was sent. A SHA-256
    # may be an echo, so it stands alone only where no size contradicts it.
    unsized = part.size < 0 and bool(part.sha256)
    return part.size == expected or unsized or _is_md5_of(part, hashes)


def _is_md5_of(part: ListedPart, hashes: Hashes) -> bool:
    return bool(hashes.md5) and same_etag(part.etag, hexadecimal(hashes.md5[part.part_number - 1]))


def _etag_agrees(part: ListedPart, hashes: Hashes) -> bool:
    if not hashes.md5 or part.part_number > hashes.parts.count or not reads_as_md5(part.etag):
        return True
    return same_etag(part.etag, hexadecimal(hashes.md5[part.part_number - 1]))


def other_bytes_error(place: str, what: str) -> IntegrityError:
    """The error for an object of which ``what`` is not the file's."""
    return IntegrityError(
        f"{place} is complete on S3, but its {what} is not the file's: other bytes are "
        "there. It was not deleted: look at it, then send the file again"
    )
