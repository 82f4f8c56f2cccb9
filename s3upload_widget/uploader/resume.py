"""Find the unfinished upload that a script's file resumes, or create one. Sends and completes nothing.

A file resumes the upload that holds a part of it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from itertools import islice
from os.path import commonprefix
from typing import TYPE_CHECKING

from s3upload_widget.checksums import sha256
from s3upload_widget.errors import NotTheSameFileError, S3Error
from s3upload_widget.keys import names, shown
from s3upload_widget.parts import PartPlan
from s3upload_widget.s3 import ListedPart, MultipartUpload
from s3upload_widget.transfer import (
    INCONCLUSIVE_ERRORS,
    create_listable_upload,
    find_resumable_uploads,
    needs_md5,
)
from s3upload_widget.uploader.part_reader import Part, PartReader

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from s3upload_widget.parts import Limits
    from s3upload_widget.s3 import Store
    from s3upload_widget.transfer import FilePlan, ResumableUpload
    from s3upload_widget.uploader.sources import Source

logger = logging.getLogger("s3upload_widget")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveUpload:
    """An upload, the file in the parts of that upload, and what S3 shows of it."""

    upload: MultipartUpload
    reader: PartReader
    listed: dict[int, list[ListedPart]]
    """By part number; usually one each."""


def list_keys_with_uploads(store: Store, keys: Iterable[str]) -> frozenset[str]:
    """All keys with an unfinished upload, among them those of ``keys`` and of their second names.

    Files that go as one PUT rarely resume anything, and may come by the thousand: one list serves
    all of them, and where it is denied they resume nothing.
    """
    both = [name for key in keys for name in islice(names(key), 2)]
    prefix = commonprefix(both)  # noqa: RUF071 - S3 takes any prefix, not only folders
    try:
        return frozenset(upload.key for upload in store.list_multipart_uploads(prefix))
    except S3Error as error:
        logger.info("what was begun before at %s is not seen: %s", store.destination(prefix), error)
        return frozenset()


def find_upload(
    store: Store,
    source: Source,
    plan: FilePlan,
    *,
    limits: Limits,
    skipped_ids: Collection[str] = (),
) -> ActiveUpload | None:
    """Find the upload that the file resumes, if there is one.

    Args:
        store: The bucket.
        source: The file.
        plan: Its key, and its parts if nothing is there.
        limits: The store's.
        skipped_ids: Ids of uploads that are not to be resumed.

    Raises:
        NotTheSameFileError: All unfinished uploads of the key hold another file's parts.
    """
    found = find_resumable_uploads(store, plan.key, plan.parts, limits=limits)
    if found.denied:
        logger.warning("what was begun before may not be found: %s", found.denied)
    # One without parts saves nothing, and may be another script's that starts just now.
    wanted = [each for each in found.uploads if each.parts and each.upload_id not in skipped_ids]
    for candidate in wanted:
        active = _active(store, source, candidate)
        if _shares_a_part(active):
            return active
    certain = [each for each in wanted if each.told]
    if (certain or found.of_longer_files) and not skipped_ids:
        raise _not_the_same_error(store, source, plan, certain)
    return None


def create_upload(store: Store, source: Source, plan: FilePlan) -> ActiveUpload:
    """Create an upload for the file."""
    upload = create_listable_upload(store, plan)
    reader = PartReader(source, plan.parts, md5=needs_md5(store, upload))
    return ActiveUpload(upload=upload, reader=reader, listed={})


def find_begun_stream(
    store: Store, key: str, first: bytes
) -> tuple[MultipartUpload, dict[int, list[ListedPart]]] | None:
    """Find the unfinished upload whose first part is this one, and what S3 shows of it.

    A stream is read once, so its first part has to decide.
    """
    part = Part(body=first, sha256=sha256(first), md5="")
    try:
        for found in store.list_multipart_uploads(key=key):
            parts = store.list_parts(key, found.upload_id) if found.upload_id else ()
            algorithms = {found.checksum_algorithm, *(each.checksum_algorithm for each in parts)}
            same = any(each.part_number == 1 and part.equals(each) for each in parts)
            if same and algorithms <= {"SHA256", ""}:  # others are another program's
                keeps = found.checksum_algorithm == "SHA256" or all(each.sha256 for each in parts)
                upload = MultipartUpload(upload_id=found.upload_id, sha256=keeps)
                return upload, _by_number(parts)
    except INCONCLUSIVE_ERRORS:
        raise
    except S3Error as error:
        logger.warning("what was begun before may not be found: %s", error)
    return None


def _by_number(parts: Iterable[ListedPart]) -> dict[int, list[ListedPart]]:
    listed: dict[int, list[ListedPart]] = {}
    for part in parts:
        listed.setdefault(part.part_number, []).append(part)
    return listed


def _active(store: Store, source: Source, candidate: ResumableUpload) -> ActiveUpload:
    parts = PartPlan(source.size, candidate.part_size)
    upload = MultipartUpload(upload_id=candidate.upload_id, sha256=candidate.sha256)
    return ActiveUpload(
        upload=upload,
        reader=PartReader(source, parts, md5=needs_md5(store, upload)),
        listed=_by_number(candidate.parts),
    )


def _shares_a_part(active: ActiveUpload) -> bool:
    for number in _likeliest_first(sorted(active.listed)):
        part = active.reader.read(number)
        if any(part.equals(listed) for listed in active.listed[number]):
            return True
    return False


def _likeliest_first(numbers: list[int]) -> Iterator[int]:
    """First, middle and last, then the rest: a file that grew or was edited differs in few."""
    likely = dict.fromkeys([numbers[0], numbers[len(numbers) // 2], numbers[-1]])
    yield from likely
    yield from (number for number in numbers if number not in likely)


def _not_the_same_error(
    store: Store, source: Source, plan: FilePlan, wanted: list[ResumableUpload]
) -> NotTheSameFileError:
    why = "none of the parts there is equal" if wanted else "parts there lie beyond its end"
    return NotTheSameFileError(
        f"{shown(source.name)} is not the file that was begun as {store.destination(plan.key)}: "
        f"{why}. Nothing was changed; give the file that was begun, or restart=True to start "
        "over beside it"
    )
