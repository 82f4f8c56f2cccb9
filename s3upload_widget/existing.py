"""Whether the object that a key has already is the very file that is to be uploaded there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from s3upload_widget.checksums import reads_as_md5
from s3upload_widget.errors import IntegrityError
from s3upload_widget.parts import S3_LIMITS, MiB, PartPlan
from s3upload_widget.proofs import proof
from s3upload_widget.reading import hashed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3upload_widget.objects import ObjectFound
    from s3upload_widget.results import VerifiedBy
    from s3upload_widget.s3 import Store
    from s3upload_widget.sources import Source

_PARTS: Final = re.compile(r"-([1-9][0-9]*)\"?$")


def proven_equal(
    store: Store, key: str, found: ObjectFound, source: Source, part_size: int
) -> tuple[VerifiedBy, str] | None:
    """Compare an object with a file by checksums, reading the file once for each likely cut.

    Args:
        store: Where.
        key: The object's.
        found: The object.
        source: The file.
        part_size: Bytes; the likeliest that the object was made with.

    Returns:
        What proved it and the file's SHA-256 in hexadecimal; None where the bytes differ, and
        where no checksum says whether they do.
    """
    # An equal size alone would be a guess.
    if found.size != source.size or not (found.sha256 or _has_md5(found)):
        return None
    for parts in _cuts(store, key, found, part_size):
        hashes, whole = hashed(source, parts, md5=not found.sha256)
        try:
            if (verified_by := proof(found, hashes, key)) != "size":
                return verified_by, whole
        except IntegrityError:
            continue
    return None


def _has_md5(found: ObjectFound) -> bool:
    return not found.encrypted and reads_as_md5(found.etag)


def _cuts(store: Store, key: str, found: ObjectFound, part_size: int) -> Iterator[PartPlan]:
    """In which parts the object may have been made."""
    told = _PARTS.search(found.sha256) or _PARTS.search(found.etag)
    if not told:
        yield PartPlan(found.size, max(1, found.size))
        return
    count = int(told[1])
    # S3 tells the first part's size; other servers do not, and then these are likely: ours,
    # boto3's, and the least whole MiB that S3 takes.
    least = max(S3_LIMITS.min_part_size, -(-found.size // (count * MiB)) * MiB)
    for size in dict.fromkeys([store.first_part_size(key), part_size, 8 * MiB, least]):
        if size and (cut := PartPlan(found.size, size)).count == count:
            yield cut
