"""Compares a picked file with the object that its key has: done without sending, or a conflict.

Sends no part and deletes nothing; knows no comm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from s3upload_widget.checksums import hexadecimal
from s3upload_widget.errors import ObjectExistsError
from s3upload_widget.parts import PartPlan
from s3upload_widget.s3 import NoObject, ObjectFound
from s3upload_widget.service.file_records import Completed
from s3upload_widget.transfer import (
    Hashes,
    describe_object,
    has_checksum,
    matching_checksum,
    part_layouts,
    uploaded_file,
)

if TYPE_CHECKING:
    from s3upload_widget.protocol import CompareObject
    from s3upload_widget.s3 import Store
    from s3upload_widget.transfer import FilePlan, PartLayout

CHOICES: Final = "overwrite it, keep both under another name, or skip this file"


def compare(
    store: Store, plan: FilePlan, request: CompareObject, *, sha256: bool
) -> Completed | PartLayout | NoObject:
    """Ask S3 for the object, and decide whether it is the file.

    Args:
        store: The bucket.
        plan: The file.
        request: The page's checksums, perhaps none yet.
        sha256: Whether the whole file's SHA-256 is wanted.

    Returns:
        The file as complete, or the cut to hash next, or that there is no object any more.

    Raises:
        ObjectExistsError: The object has other bytes, or S3 does not say.
        ProtocolError: The page sent more or fewer checksums than its cut has parts.
        S3Error: S3 cannot be asked.
    """
    found = store.head_object(plan.key)
    if not isinstance(found, ObjectFound):
        return NoObject()  # also where S3 denies to show it: S3 itself will not overwrite
    place = store.destination(plan.key)
    if hindrance := why_not(found, plan.parts.size, place):
        raise conflict(hindrance)
    if request.parts_sha256:
        parts = PartPlan(found.size, max(1, request.part_size))
        hashes = Hashes(parts=parts, sha256=request.parts_sha256, md5=request.parts_md5)
        if verified_by := matching_checksum(found, hashes, place):
            whole = hexadecimal(hashes.sha256[0]) if parts.single else request.sha256
            whole = whole if sha256 else ""
            return Completed(plan, uploaded_file(store, plan, found, verified_by, whole))
    return _next_cut(store, plan, found, request.part_size)


def why_not(found: ObjectFound, size: int, place: str) -> str:
    """Why an object cannot be compared with a file of ``size`` bytes; ``""`` if it can."""
    if found.size != size:
        return describe_object(found, place)
    if not has_checksum(found):
        return describe_object(found, place, ", and S3 reports no checksum to compare it by")
    return ""


def conflict(what: str) -> ObjectExistsError:
    """The error that lets the user choose what to do; ``what`` is in the way."""
    return ObjectExistsError(f"{what}: {CHOICES}")


def _next_cut(store: Store, plan: FilePlan, found: ObjectFound, tried: int) -> PartLayout:
    """The cut after the one with the part size ``tried``; the first cut if that is 0."""
    likely = list(part_layouts(store, plan.key, found, plan.parts.part_size))
    lengths = [cut.parts.length(1) for cut in likely]
    length = min(tried, found.size)
    rest = likely[lengths.index(length) + 1 :] if tried and length in lengths else likely
    if rest:
        return rest[0]
    known = bool(likely) and likely[-1].certain
    how = " with other bytes" if known else ", perhaps with other bytes: S3 does not list its parts"
    raise conflict(describe_object(found, store.destination(plan.key), how))
