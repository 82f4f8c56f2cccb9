"""Which unfinished uploads of a key a file may continue, by what S3 shows of them.

Nothing is read of the file but its size: whether the bytes are the same is proven afterwards,
part by part.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from s3upload_widget.errors import (
    CredentialsError,
    NoSuchBucketError,
    NoSuchUploadError,
    NotTheSameFileError,
    S3Error,
    S3UnavailableError,
)
from s3upload_widget.keys import shown
from s3upload_widget.parts import S3_LIMITS, Limits, PartPlan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from s3upload_widget.results import PickedFile
    from s3upload_widget.s3 import ListedPart, Store

_SHA256: Final = "SHA256"
NOBODY_CAN_SAY: Final = (S3UnavailableError, CredentialsError, NoSuchBucketError)
"""What is no answer to the question: to begin anew because of these would be a loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumableUpload:
    """An unfinished upload that may be continued."""

    upload_id: str = field(repr=False)
    sha256: bool
    """Whether S3 keeps the parts' SHA-256. Where nobody told, no: MD5 guards the parts."""
    part_size: int
    """Bytes of each part but the last; it fits the file and every listed part."""
    parts: tuple[ListedPart, ...]
    """By number; a part that the server lists twice as equally new is here twice."""

    @property
    def bytes_listed(self) -> int:
        """Bytes of the listed parts, each number once."""
        return sum({part.part_number: part.size for part in self.parts}.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumable:
    """What there is to be continued."""

    candidates: tuple[ResumableUpload, ...]
    """Most listed bytes first."""
    denied: str
    """``""``, or why S3 did not show all uploads and what to do: others may exist."""
    of_longer_files: int
    """Uploads with parts from beyond the file's end: it may be cut off, or another file."""


def candidates(
    store: Store,
    key: str,
    plan: PartPlan,
    *,
    remembered: Sequence[str] = (),
    limits: Limits = S3_LIMITS,
) -> Resumable:
    """The unfinished uploads of exactly ``key`` that a file of ``plan.size`` bytes may continue.

    Args:
        store: Where.
        key: The object's whole key.
        plan: How the file would be cut if nothing were there.
        remembered: Ids of uploads of this key that the caller began; they stand in where the
            list is denied or broken, as far as S3 still knows them.
        limits: The store's.

    Raises:
        S3UnavailableError: S3 cannot be asked.
        CredentialsError: It cannot be asked with these credentials.
        NoSuchBucketError: There is no such bucket.
    """
    algorithms, denied = _algorithms(store, key, remembered)
    found: list[ResumableUpload] = []
    longer = 0
    for upload_id, algorithm in algorithms.items():
        try:
            parts = store.list_parts(key, upload_id)
        except NoSuchUploadError:
            continue  # completed or aborted just now
        except NOBODY_CAN_SAY:
            raise
        except S3Error as error:
            denied = str(error)
            continue
        if {algorithm, *(part.checksum_algorithm for part in parts)} <= {_SHA256, ""}:
            found.extend(_fitting(upload_id, algorithm, parts, plan, limits))
            longer += _reach(parts) > plan.size
        # Else it is another program's: what that checks its parts with is not ours.
    found.sort(key=lambda candidate: candidate.bytes_listed, reverse=True)
    return Resumable(candidates=tuple(found), denied=denied, of_longer_files=longer)


def other_file(picked: PickedFile, parts: Sequence[ListedPart], uri: str) -> NotTheSameFileError:
    """Say that what is on S3 cannot be of this file."""
    count = len({part.part_number for part in parts})
    msg = (
        f"{shown(picked.name)} ({picked.size} bytes) does not fit the {count} parts that were "
        f"uploaded to {uri}: choose the file that they are of, or start over"
    )
    return NotTheSameFileError(msg)


def _algorithms(store: Store, key: str, remembered: Sequence[str]) -> tuple[dict[str, str], str]:
    """Upload id → checksum algorithm, and why the list ends early if it does."""
    listed: dict[str, str] = {}
    try:
        for upload in store.list_multipart_uploads(key=key):
            listed[upload.upload_id] = upload.checksum_algorithm
    except NOBODY_CAN_SAY:
        raise
    except S3Error as error:
        return listed | {each: "" for each in remembered if each not in listed}, str(error)
    return listed, ""


def _fitting(
    upload_id: str, algorithm: str, parts: tuple[ListedPart, ...], plan: PartPlan, limits: Limits
) -> Iterator[ResumableUpload]:
    for part_size in filter(_is_positive, _part_sizes(parts, plan)):
        cut = PartPlan(plan.size, part_size)
        fitting = tuple(part for part in parts if _fits(part, cut))
        numbers = {part.part_number for part in parts}
        if _is_allowed(cut, limits) and numbers == {part.part_number for part in fitting}:
            # A part without SHA-256 in between says that S3 asks for none, even if others have it.
            sha256 = algorithm == _SHA256 or bool(parts and all(part.sha256 for part in parts))
            yield ResumableUpload(
                upload_id=upload_id, sha256=sha256, part_size=part_size, parts=fitting
            )
            return


def _part_sizes(parts: tuple[ListedPart, ...], plan: PartPlan) -> Iterator[int]:
    """The part sizes that the upload may have been begun with, likeliest first."""
    yield plan.part_size
    if parts:
        yield parts[0].size
        last = parts[-1]
        before = last.part_number - 1
        if before and (plan.size - last.size) % before == 0:
            yield (plan.size - last.size) // before


def _reach(parts: tuple[ListedPart, ...]) -> int:
    """Bytes that the file these parts are of has at least, if they are all but the last equal."""
    full = max((part.size for part in parts), default=0)
    return max(((part.part_number - 1) * full + part.size for part in parts), default=0)


def _is_positive(part_size: int) -> bool:
    return part_size > 0


def _fits(part: ListedPart, cut: PartPlan) -> bool:
    return part.part_number <= cut.count and part.size == cut.length(part.part_number)


def _is_allowed(cut: PartPlan, limits: Limits) -> bool:
    least, most = limits.min_part_size, limits.max_part_size
    return least <= cut.part_size <= most and 1 < cut.count <= limits.max_parts
