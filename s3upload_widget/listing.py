"""Reading S3's lists of parts and of unfinished uploads to their end, whatever servers do to them.

Pages may overlap, repeat, come unsorted or lack the marker of the next one: what is told twice is
given once, and a server that tells nothing new is not followed.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from s3upload_widget.errors import S3Error
from s3upload_widget.objects import ListedPart, ListedUpload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3upload_widget.calls import Calls

logger = logging.getLogger("s3upload_widget")


def listed_parts(calls: Calls, key: str, upload_id: str, place: str) -> tuple[ListedPart, ...]:
    """Every part that S3 holds, by number.

    Some servers list a part twice: the newest is here, or all that are equally new.
    """
    newest: dict[int, dict[str, ListedPart]] = {}
    for part in _every_part(calls, key, upload_id, place):
        known = newest.setdefault(part.part_number, {})
        latest = max((other.last_modified for other in known.values()), default=None)
        if latest is None or part.last_modified > latest:
            newest[part.part_number] = {part.etag: part}
        elif part.last_modified == latest:
            known[part.etag] = part
    return tuple(part for number in sorted(newest) for part in newest[number].values())


def listed_uploads(calls: Calls, prefix: str, place: str) -> Iterator[ListedUpload]:
    """Every unfinished upload whose key begins with ``prefix``, each once, in no order."""
    seen: set[tuple[str, str]] = set()
    markers: dict[str, Any] = {}
    while True:
        page = calls.ask("list_multipart_uploads", Prefix=prefix, **markers)
        uploads = [ListedUpload.of(upload) for upload in page.get("Uploads", ())]
        new = {(found.key, found.upload_id): found for found in uploads}
        new = {name: found for name, found in new.items() if name not in seen}
        seen.update(new)
        yield from (found for found in new.values() if found.key.startswith(prefix))
        if not page.get("IsTruncated"):
            return
        # SeaweedFS tells the next upload id and no key; a key of our own would hide the rest.
        told = {name: page.get(f"Next{name}", "") for name in ("KeyMarker", "UploadIdMarker")}
        markers = {name: marker for name, marker in told.items() if marker}
        if not (new and markers):
            msg = f"the server lists the unfinished uploads of {place} in circles"
            raise S3Error(msg)


def object_parts(calls: Calls, key: str) -> tuple[ListedPart, ...]:
    """The parts that an object was made of: all that S3 tells, or the first one's size, or none."""
    parts: dict[int, ListedPart] = {}
    try:
        for part in _parts_of_object(calls, key):
            parts[part.part_number] = part
    except S3Error as error:
        # Whoever may not have these details, or whose server knows no such verb, goes without.
        logger.debug("S3 does not tell the parts of an object: %s", error)
    return tuple(parts[number] for number in sorted(parts)) or _first_part(calls, key)


def _parts_of_object(calls: Calls, key: str) -> Iterator[ListedPart]:
    """Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html."""
    marker = 0
    while True:
        told = calls.ask(
            "get_object_attributes",
            Key=key,
            ObjectAttributes=["ObjectParts"],
            PartNumberMarker=marker,
            MaxParts=1_000,
        ).get("ObjectParts", {})
        parts = [ListedPart.of(part) for part in told.get("Parts", ())]
        yield from parts
        before = marker
        marker = max([before, *(part.part_number for part in parts)])
        if not told.get("IsTruncated") or marker == before:
            return


def _first_part(calls: Calls, key: str) -> tuple[ListedPart, ...]:
    status, answer = calls.look("head_object", {400, 403, 404, 416, 501}, Key=key, PartNumber=1)
    if status not in {200, 206}:
        return ()
    return (ListedPart.of({"PartNumber": 1, "Size": answer["ContentLength"]}),)


def _every_part(calls: Calls, key: str, upload_id: str, place: str) -> Iterator[ListedPart]:
    marker = 0
    while True:
        page = calls.ask("list_parts", Key=key, UploadId=upload_id, PartNumberMarker=marker)
        algorithm = str(page.get("ChecksumAlgorithm", ""))
        parts = [ListedPart.of(part, algorithm) for part in page.get("Parts", ())]
        yield from parts
        if not page.get("IsTruncated"):
            return
        numbers = [part.part_number for part in parts]
        marker, before = max([int(page.get("NextPartNumberMarker", 0)), *numbers]), marker
        if marker <= before:
            msg = f"the server lists the parts of {place} in circles"
            raise S3Error(msg)
