"""The unfinished uploads of a key that a file may resume, by what S3 shows of them.

Only the size of the file is used: whether the bytes are the same is proven afterwards, part by
part. Reads no file.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from s3upload_widget.checksums import part_count, reads_as_md5
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
    from collections.abc import Iterable, Iterator, Sequence

    from s3upload_widget.results import PickedFile
    from s3upload_widget.s3 import ListedPart, ListedUpload, Store

_SHA256: Final = "SHA256"
INCONCLUSIVE_ERRORS: Final = (S3UnavailableError, CredentialsError, NoSuchBucketError)
"""Errors that leave the question open: to start over because of these would lose parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumableUpload:
    """An unfinished upload that a file may resume."""

    upload_id: str = field(repr=False)
    sha256: bool
    """Whether S3 keeps the parts' SHA-256. False where the server does not say: MD5 guards the parts then."""
    part_size: int
    """Bytes of each part but the last; it fits the file and every listed part."""
    told: bool = True
    """Whether S3 tells the sizes of what was sent; else the cut is a guess, and the MD5s decide."""
    parts: tuple[ListedPart, ...]
    """By number; twice where the server lists a part twice as equally new."""

    @property
    def bytes_listed(self) -> int:
        """Bytes of the listed parts, each number once."""
        return sum({part.part_number: part.size for part in self.parts}.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumable:
    """What a file may resume."""

    uploads: tuple[ResumableUpload, ...]
    """Most listed bytes first."""
    denied: str
    """``""``, or why S3 did not show all uploads and what to do: others may exist."""
    of_longer_files: int
    """Uploads with parts beyond the end of this file: it was truncated, or is another file."""


def find_resumable_uploads(
    store: Store,
    key: str,
    plan: PartPlan,
    *,
    remembered: Sequence[str] = (),
    limits: Limits = S3_LIMITS,
    listed: Iterable[ListedUpload] | None = None,
) -> Resumable:
    """Find the unfinished uploads of exactly ``key`` that a file of ``plan.size`` bytes may resume.

    Args:
        store: Where.
        key: The object's whole key.
        plan: How the file would be cut if nothing were there.
        remembered: Ids of uploads of this key that the caller created; used where the list is
            denied or broken, as far as S3 still knows them.
        limits: The store's.
        listed: The uploads of this key, as iterating them shows; left out, they are listed.

    Raises:
        S3UnavailableError: S3 cannot be asked.
        CredentialsError: It cannot be asked with these credentials.
        NoSuchBucketError: There is no such bucket.
    """
    uploads = store.list_multipart_uploads(key=key) if listed is None else listed
    algorithms, denied = _algorithms(uploads, remembered)
    found: list[ResumableUpload] = []
    longer = 0
    for upload_id, algorithm in algorithms.items():
        try:
            parts = store.list_parts(key, upload_id)
        except NoSuchUploadError:
            continue  # completed or aborted just now
        except INCONCLUSIVE_ERRORS:
            raise
        except S3Error as error:
            denied = str(error)
            continue
        if {algorithm, *(part.checksum_algorithm for part in parts)} <= {_SHA256, ""}:
            found.extend(_fitting(upload_id, algorithm, parts, plan, limits))
            longer += _least_file_size(parts) > plan.size
        # Otherwise another program created it, with a checksum that is not ours.
    found.sort(key=lambda upload: upload.bytes_listed, reverse=True)
    return Resumable(uploads=tuple(found), denied=denied, of_longer_files=longer)


def other_file_error(
    picked: PickedFile, parts: Sequence[ListedPart], uri: str
) -> NotTheSameFileError:
    """The error for parts on S3 that cannot be of this file."""
    count = len({part.part_number for part in parts})
    msg = (
        f"{shown(picked.name)} ({picked.size} bytes) does not fit the {count} parts that were "
        f"uploaded to {uri}: choose the file that they are of, or start over"
    )
    return NotTheSameFileError(msg)


def _algorithms(
    uploads: Iterable[ListedUpload], remembered: Sequence[str]
) -> tuple[dict[str, str], str]:
    """Upload id → checksum algorithm, and why the list is incomplete, if it is."""
    listed: dict[str, str] = {}
    try:
        for upload in uploads:
            if upload.upload_id:
                listed[upload.upload_id] = upload.checksum_algorithm
    except INCONCLUSIVE_ERRORS:
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
    if _are_compressed(parts, plan, limits):
        sized = (replace(part, size=plan.length(part.part_number), sha256="") for part in parts)
        yield ResumableUpload(
            upload_id=upload_id,
            sha256=algorithm == _SHA256,
            part_size=plan.part_size,
            told=False,
            parts=tuple(sized),
        )


def _are_compressed(parts: tuple[ListedPart, ...], plan: PartPlan, limits: Limits) -> bool:
    """Whether these may be parts of the plan by a server that tells how much it keeps of each.

    Then sizes that have to be equal are not. An MD5 is still of what was sent.
    """
    sizes = {part.size for part in parts if part.part_number < parts[-1].part_number}
    beyond = any(part.part_number > plan.count for part in parts)
    return len(sizes) > 1 and not beyond and _is_allowed(plan, limits) and all(map(_has_md5, parts))


def _has_md5(part: ListedPart) -> bool:
    return reads_as_md5(part.etag) and not part_count(part.etag)


def _part_sizes(parts: tuple[ListedPart, ...], plan: PartPlan) -> Iterator[int]:
    """The part sizes that the upload may have been created with, likeliest first."""
    yield plan.part_size
    if parts:
        yield parts[0].size
        last = parts[-1]
        before = last.part_number - 1
        if before and (plan.size - last.size) % before == 0:
            yield (plan.size - last.size) // before


def _least_file_size(parts: tuple[ListedPart, ...]) -> int:
    """The least size of a file with these parts, in bytes, if all but the last are equally long."""
    full = max((part.size for part in parts), default=0)
    return max(((part.part_number - 1) * full + part.size for part in parts), default=0)


def _is_positive(part_size: int) -> bool:
    return part_size > 0


def _fits(part: ListedPart, cut: PartPlan) -> bool:
    return part.part_number <= cut.count and part.size == cut.length(part.part_number)


def _is_allowed(cut: PartPlan, limits: Limits) -> bool:
    least, most = limits.min_part_size, limits.max_part_size
    return least <= cut.part_size <= most and 1 < cut.count <= limits.max_parts
