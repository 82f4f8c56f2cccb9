"""Read S3's lists of objects, parts and unfinished uploads, whatever servers do to them.

Pages may overlap, repeat, come unsorted or lack the marker of the next one: an entry that is listed
twice is returned once, and a server that lists nothing new is not followed. Knows no file.
"""

from __future__ import annotations

import logging
import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_plus

from s3upload_widget.errors import S3Error
from s3upload_widget.s3.errors import refusal_code
from s3upload_widget.s3.odd_lists import REPLACEMENT
from s3upload_widget.s3.records import ListedPart, ListedUpload, ObjectFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from s3upload_widget.s3.calls import Calls

logger = logging.getLogger("s3upload_widget")

_NOTHING_THERE: Final = frozenset({"NoSuchUpload", "NoSuchKey"})
_ENCODED: Final = re.compile(r"(?:[\w.~/*+-]|%[0-9A-Fa-f]{2})*", re.ASCII)
KEYS_A_PAGE: Final = 20
"""A list of objects costs about so many HEADs, in money and in time."""
SHORT_PAGE: Final = 100
"""Objects of a page that is asked for few keys: such a list takes no longer than a HEAD or two."""


def list_parts(calls: Calls, key: str, upload_id: str, place: str) -> tuple[ListedPart, ...]:
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


def list_uploads(calls: Calls, prefix: str, place: str) -> Iterator[ListedUpload]:
    """Every unfinished upload whose key begins with ``prefix``, each once, in no order."""
    seen: set[tuple[str, str]] = set()
    markers: dict[str, Any] = {}
    while True:
        page = _uploads_page(calls, prefix, markers)
        uploads = [ListedUpload.of(upload) for upload in page.get("Uploads", ())]
        new = {(found.key, found.upload_id): found for found in uploads}
        new = {name: found for name, found in new.items() if name not in seen}
        seen.update(new)
        yield from (found for found in new.values() if found.key.startswith(prefix))
        if not page.get("IsTruncated"):
            return
        # SeaweedFS returns the next upload id and no key; a key of our own would hide the rest.
        next_markers = {
            name: page.get(f"Next{name}", "") for name in ("KeyMarker", "UploadIdMarker")
        }
        markers = {name: marker for name, marker in next_markers.items() if marker}
        if not (new and markers):
            msg = f"the server lists the unfinished uploads of {place} in circles"
            raise S3Error(msg)


def _uploads_page(calls: Calls, prefix: str, markers: Mapping[str, Any]) -> dict[str, Any]:
    """A page of uploads, with the keys as they are, as far as the server can say them.

    Keys are asked for encoded only where one holds what XML cannot: SeaweedFS 4 says that it
    encodes and does not, so that ``a+b`` and ``a%20b`` would be read as other keys.
    """
    try:
        page = calls.request("list_multipart_uploads", Prefix=prefix, **markers)
    except S3Error as error:
        if refusal_code(error) not in _NOTHING_THERE:
            raise
        return {}  # rclone has no other words for an empty list
    if not any(REPLACEMENT in str(upload.get("Key")) for upload in page.get("Uploads", ())):
        return page
    try:
        encoded = calls.request(
            "list_multipart_uploads", Prefix=prefix, EncodingType="url", **markers
        )
    except S3Error as error:
        logger.debug("S3 does not list encoded keys: %s", error)
        return page
    uploads = encoded.get("Uploads", ())
    if not all(_ENCODED.fullmatch(str(upload.get("Key", ""))) for upload in uploads):
        return page
    for told, name in [*((upload, "Key") for upload in uploads), (encoded, "NextKeyMarker")]:
        told[name] = unquote_plus(str(told.get(name, "")))
    return encoded


def list_free_keys(
    calls: Calls, keys: Iterable[str], keys_a_page: int = KEYS_A_PAGE
) -> frozenset[str]:
    """The keys that a listing shows to be free; a request has to be worth so many HEADs.

    The answer leaves out all keys where s3:ListBucket is missing or a server has an order of its
    own, and those that would take more requests than pay off.
    """
    wanted = {key.encode(): key for key in keys}
    return frozenset(
        wanted[name]
        for page in _pages(calls, sorted(wanted), keys_a_page)
        for name in page.names
        if name not in page.objects and _is_between(page.after, name, page.last)
    )


def list_objects(calls: Calls, keys: Iterable[str]) -> dict[str, ObjectFound]:
    """The objects of these keys that a listing shows, with size and ETag; leaves out as above."""
    wanted = {key.encode(): key for key in keys}
    return {
        wanted[name]: ObjectFound.of_list(found)
        for page in _pages(calls, sorted(wanted))
        for name, found in page.objects.items()
        if name in wanted
    }


@dataclass(frozen=True, slots=True)
class _Page:
    """What a list shows from one key to another."""

    names: list[bytes]
    """The wanted keys among these, sorted."""
    after: bytes
    objects: dict[bytes, Mapping[str, Any]]
    last: bytes
    """Empty at the end of the list."""


def _pages(calls: Calls, names: list[bytes], keys_a_page: int = KEYS_A_PAGE) -> Iterator[_Page]:
    """The pages of a list that show these keys, as many as pay off.

    S3 lists in the order of the keys' bytes, so each page starts at the next key that is wanted.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
    """
    checked, after = 0, b""
    try:
        for _ in range(len(names) // keys_a_page):
            if checked == len(names):
                break
            after = max(after, names[checked][:-1])
            few: dict[str, Any] = {"MaxKeys": SHORT_PAGE} if len(names) < KEYS_A_PAGE else {}
            objects, whole = _objects_after(calls, _folder(names), after, few)
            last = b"" if whole else next(reversed(objects))
            end = len(names) if whole else bisect_right(names, last)
            yield _Page(names[checked:end], after, objects, last)
            checked, after = end, max(after, last)
    except S3Error as error:
        logger.debug("S3 does not list the objects: %s", error)


def _objects_after(
    calls: Calls, folder: str, after: bytes, few: Mapping[str, Any]
) -> tuple[dict[bytes, Mapping[str, Any]], bool]:
    """The next objects by their keys, in their order, and whether these are all that follow.

    Raises:
        S3Error: The server denies the list, or does not keep an order.
    """
    # Half a character is no key; the rest is still below the key that is wanted.
    start = after.decode(errors="ignore")
    beyond: dict[str, Any] = {"StartAfter": start} if start else {}
    page = calls.request("list_objects_v2", Prefix=folder, **beyond, **few)
    objects = {str(found["Key"]).encode(): found for found in page.get("Contents", ())}
    names, whole = list(objects), not page.get("IsTruncated")
    if not (names or whole) or names not in (sorted(names), sorted(names, key=_in_folders)):
        msg = "the server does not list objects in the order of their keys"
        raise S3Error(msg)
    return objects, whole


def _is_between(after: bytes, name: bytes, last: bytes) -> bool:
    """Whether a page from ``after`` to ``last`` would show a key, also on a server of folders.

    SeaweedFS sorts folder by folder, so that ``a/b`` comes before ``a.csv``: only where both
    orders agree is the key reported. An empty ``last`` is the end.
    """
    folded = _in_folders(name)
    return _in_folders(after) < folded and (not last or folded <= _in_folders(last))


def _in_folders(name: bytes) -> bytes:
    return name.replace(b"/", b"\0")


def _folder(names: list[bytes]) -> str:
    """The innermost folder that holds all of the sorted names."""
    first, last = names[0].decode(), names[-1].decode()
    same = next(
        (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first)
    )
    return first[: first.rfind("/", 0, same) + 1]


def list_object_parts(calls: Calls, key: str) -> tuple[ListedPart, ...]:
    """The parts that an object was made of: all that S3 reports, or the first one's size, or none."""
    parts: dict[int, ListedPart] = {}
    try:
        for part in _parts_of_object(calls, key):
            parts[part.part_number] = part
    except S3Error as error:
        # Some roles may not have these details, and some servers do not know the operation.
        logger.debug("S3 does not report the parts of an object: %s", error)
    return tuple(parts[number] for number in sorted(parts)) or _first_part(calls, key)


def _parts_of_object(calls: Calls, key: str) -> Iterator[ListedPart]:
    """Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html."""
    marker = 0
    while True:
        answer = calls.request(
            "get_object_attributes",
            Key=key,
            ObjectAttributes=["ObjectParts"],
            PartNumberMarker=marker,
            MaxParts=1_000,
        ).get("ObjectParts", {})
        parts = [ListedPart.of(part) for part in answer.get("Parts", ())]
        yield from parts
        before = marker
        marker = max([before, *(part.part_number for part in parts)])
        if not answer.get("IsTruncated") or marker == before:
            return


def _first_part(calls: Calls, key: str) -> tuple[ListedPart, ...]:
    status, answer = calls.head("head_object", {400, 403, 404, 416, 501}, Key=key, PartNumber=1)
    if status not in {200, 206}:
        return ()
    return (ListedPart.of({"PartNumber": 1, "Size": answer["ContentLength"]}),)


def _every_part(calls: Calls, key: str, upload_id: str, place: str) -> Iterator[ListedPart]:
    marker = 0
    while True:
        page = calls.request("list_parts", Key=key, UploadId=upload_id, PartNumberMarker=marker)
        algorithm = str(page.get("ChecksumAlgorithm", ""))
        parts = [
            ListedPart.of(part, algorithm)
            for part in page.get("Parts", ())
            if "PartNumber" in part  # one without is missing, so it is sent again
        ]
        yield from parts
        if not page.get("IsTruncated"):
            return
        numbers = [part.part_number for part in parts]
        marker, before = max([int(page.get("NextPartNumberMarker", 0)), *numbers]), marker
        if marker <= before:
            msg = f"the server lists the parts of {place} in circles"
            raise S3Error(msg)
