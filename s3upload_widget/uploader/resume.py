"""Which unfinished upload a script's file continues, if any: the one that holds parts of it."""

from __future__ import annotations

import logging
from concurrent.futures import Executor  # noqa: TC003 - whoever asks for the types shall get them
from dataclasses import dataclass
from itertools import islice
from os.path import commonprefix
from typing import TYPE_CHECKING

from s3upload_widget.errors import NotTheSameFileError, S3Error
from s3upload_widget.keys import names, shown
from s3upload_widget.parts import S3_LIMITS, Limits, PartPlan
from s3upload_widget.s3 import ListedPart, OpenedUpload
from s3upload_widget.transfer import candidates
from s3upload_widget.uploader.part_reader import PartReader

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from s3upload_widget.s3 import Store
    from s3upload_widget.transfer import FilePlan, ResumableUpload
    from s3upload_widget.uploader.sources import Source

logger = logging.getLogger("s3upload_widget")


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOptions:
    """How files are sent."""

    executor: Executor
    max_concurrency: int = 8
    """Parts in memory and on the wire."""
    sha256: bool = True
    """Whether the SHA-256 of whole files is wanted, beside that of parts."""
    restart: bool = False
    """Whether to leave what was begun as it is, and begin anew."""
    begun: frozenset[str] = frozenset()
    """Keys at which something was begun, as far as files that are too small to continue it ask."""
    limits: Limits = S3_LIMITS


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenUpload:
    """An upload, the file as that upload cuts it, and what S3 shows of it."""

    upload: OpenedUpload
    reading: PartReader
    listed: dict[int, list[ListedPart]]
    """By part number; usually one each."""


def keys_begun(store: Store, keys: Iterable[str]) -> frozenset[str]:
    """All keys with an unfinished upload, among them those of ``keys`` and of their second names.

    Files that go as one PUT continue nothing, and may come by the thousand: they are content with
    one list for all, and with none where it is denied.
    """
    both = [name for key in keys for name in islice(names(key), 2)]
    prefix = commonprefix(both)  # noqa: RUF071 - S3 takes any beginning, not only folders
    try:
        return frozenset(upload.key for upload in store.list_multipart_uploads(prefix))
    except S3Error as error:
        logger.info("what was begun before at %s is not seen: %s", store.destination(prefix), error)
        return frozenset()


def find(
    store: Store,
    source: Source,
    plan: FilePlan,
    manner: SendOptions,
    left_alone: Collection[str] = (),
) -> OpenUpload | None:
    """Find the upload that the file continues, if there is one.

    Args:
        store: Where.
        source: The file.
        plan: Its key, and its parts if nothing is there.
        manner: How it is sent.
        left_alone: Ids of uploads that are not to be continued.

    Raises:
        NotTheSameFileError: What was begun there holds another file's parts, all of it.
    """
    small = source.size <= manner.limits.min_part_size
    if manner.restart or (small and plan.key not in manner.begun):
        return None
    found = candidates(store, plan.key, plan.parts, limits=manner.limits)
    if found.denied:
        logger.warning("what was begun before may not be found: %s", found.denied)
    # One without parts saves nothing, and may be another script's that begins just now.
    wanted = [each for each in found.candidates if each.parts and each.upload_id not in left_alone]
    for candidate in wanted:
        begun = _begun(source, candidate)
        if _shares_a_part(begun):
            return begun
    if (wanted or found.of_longer_files) and not left_alone:
        raise _not_the_same(store, source, plan, wanted)
    return None


def create(store: Store, source: Source, plan: FilePlan) -> OpenUpload:
    """Open an upload for the file."""
    upload = store.create_multipart_upload(plan.key, content_type=plan.content_type)
    return OpenUpload(
        upload=upload, reading=PartReader(source, plan.parts, md5=not upload.sha256), listed={}
    )


def _begun(source: Source, candidate: ResumableUpload) -> OpenUpload:
    listed: dict[int, list[ListedPart]] = {}
    for part in candidate.parts:
        listed.setdefault(part.part_number, []).append(part)
    cut = PartPlan(source.size, candidate.part_size)
    return OpenUpload(
        upload=OpenedUpload(upload_id=candidate.upload_id, sha256=candidate.sha256),
        reading=PartReader(source, cut, md5=not candidate.sha256),
        listed=listed,
    )


def _shares_a_part(begun: OpenUpload) -> bool:
    for number in _telling_first(sorted(begun.listed)):
        part = begun.reading.part(number)
        if any(part.equals(listed) for listed in begun.listed[number]):
            return True
    return False


def _telling_first(numbers: list[int]) -> Iterator[int]:
    """First, middle and last, then the rest: a file that grew or was edited differs in few."""
    telling = dict.fromkeys([numbers[0], numbers[len(numbers) // 2], numbers[-1]])
    yield from telling
    yield from (number for number in numbers if number not in telling)


def _not_the_same(
    store: Store, source: Source, plan: FilePlan, wanted: list[ResumableUpload]
) -> NotTheSameFileError:
    why = "none of the parts there is equal" if wanted else "parts there lie beyond its end"
    return NotTheSameFileError(
        f"{shown(source.name)} is not the file that was begun as {store.destination(plan.key)}: "
        f"{why}. Nothing was changed; give the file that was begun, or restart=True to begin "
        "anew beside it"
    )
