"""Whether the object that a key has already is the very file that is to be uploaded there.

The page and scripts hash the file in the parts that the object was made of, and compare here.
Reads no file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timezone
from typing import TYPE_CHECKING

from s3upload_widget.checksums import part_count, reads_as_md5
from s3upload_widget.errors import IntegrityError
from s3upload_widget.parts import S3_LIMITS, MiB, PartPlan
from s3upload_widget.transfer.proof import verify_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3upload_widget.results import VerifiedBy
    from s3upload_widget.s3 import ListedPart, ObjectFound, ObjectMade, Store
    from s3upload_widget.transfer.proof import Hashes


@dataclass(frozen=True, slots=True)
class PartLayout:
    """The parts that an object was made of, or may have been."""

    parts: PartPlan
    md5: bool
    """Whether MD5s are needed to prove it: outside AWS, a SHA-256 may be one that nobody checked."""
    listed: tuple[ListedPart, ...] = ()
    """The parts whose SHA-256 S3 reports: one that differs is enough."""
    certain: bool = True
    """Whether S3 reports every part; else this layout is only likely."""


def has_checksum(found: ObjectFound) -> bool:
    """Whether S3 shows a checksum of the object's bytes; an equal size alone would be a guess."""
    return bool(found.sha256) or (not found.encrypted and reads_as_md5(found.etag))


def matching_checksum(found: ObjectMade, hashes: Hashes, place: str) -> VerifiedBy | None:
    """The checksum that proves that the object is the file; None if none does."""
    try:
        verified_by = verify_object(found, hashes, place)
    except IntegrityError:
        return None
    return None if verified_by == "size" else verified_by


def part_layouts(
    store: Store, key: str, found: ObjectFound, part_size: int
) -> Iterator[PartLayout]:
    """The layouts that an object may have: one where S3 reports it, else likely ones.

    Args:
        store: Where.
        key: The object's.
        found: The object.
        part_size: Bytes; the likeliest part size of the object.
    """
    md5 = not (found.sha256 and store.on_aws)
    count = part_count(found.sha256) or part_count(found.etag)
    if count <= 1:
        yield PartLayout(PartPlan(found.size, max(1, found.size)), md5)
        return
    listed = store.list_object_parts(key)
    if listed and _match_plan(listed, parts := PartPlan(found.size, max(1, listed[0].size)), count):
        with_sha256 = tuple(part for part in listed if part.sha256)
        yield PartLayout(parts, md5, listed=with_sha256, certain=len(listed) == count)
        return
    # Likely: the planned part size, our usual one, boto3's, and the least whole MiB that S3 takes.
    least = max(S3_LIMITS.min_part_size, -(-found.size // (count * MiB)) * MiB)
    for size in dict.fromkeys([part_size, S3_LIMITS.default_part_size, 8 * MiB, least]):
        if (parts := PartPlan(found.size, size)).count == count:
            yield PartLayout(parts, md5, certain=False)


def describe_object(found: ObjectFound, place: str, how: str = "") -> str:
    """The object in words: ``s3://… exists, 5 bytes, of …``."""
    when = found.last_modified.astimezone(timezone.utc)
    return f"{place} exists{how}: {found.size} bytes, of {when:%Y-%m-%d %H:%M} UTC"


def _match_plan(listed: tuple[ListedPart, ...], parts: PartPlan, count: int) -> bool:
    """Whether these are the parts of this plan: parts of mixed sizes are of none."""
    return parts.count == count and all(
        part.part_number <= count and part.size == parts.length(part.part_number) for part in listed
    )
