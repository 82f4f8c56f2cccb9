"""Compares a picked file with the object that its key has: done without sending, or a conflict.

Sends no part and deletes nothing; knows no comm.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from s3upload_widget.checksums import hexadecimal
from s3upload_widget.errors import IncomparableObjectError, ObjectExistsError
from s3upload_widget.parts import PartPlan
from s3upload_widget.s3 import NoObject, ObjectFound
from s3upload_widget.service.file_records import Completed
from s3upload_widget.transfer import (
    Hashes,
    PartLayout,
    describe_object,
    equals_when_read,
    has_checksum,
    matching_checksum,
    part_layouts,
    uploaded_file,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from s3upload_widget.protocol import CompareObject
    from s3upload_widget.s3 import Store
    from s3upload_widget.transfer import FilePlan

CHOICES: Final = "overwrite it, keep both under another name, or skip this file"
_NO_CHECKSUM: Final = ", and S3 reports no checksum to compare it by"
_NO_LIST: Final = ", perhaps with other bytes: S3 does not list its parts"


def compare(
    store: Store,
    plan: FilePlan,
    request: CompareObject,
    *,
    sha256: bool,
    advance: Callable[[int], object] = lambda _: None,
) -> Completed | PartLayout | NoObject:
    """Ask S3 for the object, and decide whether it is the file.

    Args:
        store: The bucket.
        plan: The file.
        request: The page's checksums, perhaps none yet.
        sha256: Whether the whole file's SHA-256 is wanted.
        advance: Called with the bytes of each block that is read back.

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
    if hindrance := why_not(found, plan.parts.size, place, plan.read_back):
        raise hindrance
    cuts = list(_cuts(store, plan, found))
    rest = _rest(cuts, request.part_size, found.size)
    if not request.parts_sha256:
        return _first(rest, cuts, plan, found, place)
    parts = PartPlan(found.size, max(1, request.part_size))
    hashes = Hashes(parts=parts, sha256=request.parts_sha256, md5=request.parts_md5)
    verified_by = matching_checksum(found, hashes, place)
    if verified_by is None:
        told = bool(rest) or not cuts or cuts[-1].certain or found.size > plan.read_back
        if told:
            return _first(rest, cuts, plan, found, place)
        if not equals_when_read(store, plan.key, hashes, advance):
            raise conflict(describe_object(found, place, " with other bytes"))
        verified_by = "read"
    plan = replace(plan, content_type="")  # the object's own, if S3 shows one
    whole = hexadecimal(hashes.sha256[0]) if parts.single else request.sha256
    return Completed(plan, uploaded_file(store, plan, found, verified_by, whole if sha256 else ""))


def why_not(found: ObjectFound, size: int, place: str, read_back: int) -> ObjectExistsError | None:
    """Why an object cannot be compared with a file of ``size`` bytes; None if it can.

    Without a checksum it is read back, if it has at most ``read_back`` bytes.
    """
    if found.size != size:
        return conflict(describe_object(found, place))
    if not has_checksum(found) and size > read_back:
        return _incomparable(describe_object(found, place, _NO_CHECKSUM))
    return None


def conflict(what: str) -> ObjectExistsError:
    """The error that lets the user choose what to do; ``what`` is in the way."""
    return ObjectExistsError(f"{what}: {CHOICES}")


def _incomparable(what: str) -> IncomparableObjectError:
    return IncomparableObjectError(f"{what}: compare by reading it back from S3, {CHOICES}")


def _cuts(store: Store, plan: FilePlan, found: ObjectFound) -> Iterator[PartLayout]:
    """The cuts to hash the file in, likeliest first; the file's own where S3 tells of none."""
    likely: list[PartLayout] = []
    if has_checksum(found):
        likely = list(part_layouts(store, plan.key, found, plan.parts.part_size))
    yield from likely
    if not likely and found.size <= plan.read_back:
        yield PartLayout(plan.parts, md5=False, certain=False)


def _rest(cuts: list[PartLayout], tried: int, size: int) -> list[PartLayout]:
    """The cuts after the one with the part size ``tried``; all of them if that is 0."""
    lengths = [cut.parts.length(1) for cut in cuts]
    length = min(tried, size)
    return cuts[lengths.index(length) + 1 :] if tried and length in lengths else cuts


def _first(
    rest: list[PartLayout], cuts: list[PartLayout], plan: FilePlan, found: ObjectFound, place: str
) -> PartLayout:
    if rest:
        return rest[0]
    if cuts and cuts[-1].certain:
        raise conflict(describe_object(found, place, " with other bytes"))
    what = describe_object(found, place, _NO_LIST)
    raise _incomparable(what) if found.size > plan.read_back else conflict(what)
