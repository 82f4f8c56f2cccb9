"""Unfinished uploads: S3 keeps and bills their parts until somebody aborts them. Reads no file."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Final

from s3upload_widget.errors import NoSuchUploadError, RefusedError
from s3upload_widget.keys import parse_uri, shown
from s3upload_widget.results import Unfinished
from s3upload_widget.s3 import Store
from s3upload_widget.workers import in_parallel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from types_boto3_s3 import S3Client

    from s3upload_widget.s3 import ListedUpload

_AT_ONCE: Final = 8
"""Uploads that are listed, or aborted, in parallel."""
_AGE: Final = re.compile(r"\s*([0-9]+)\s*([smhdw])\s*")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def list_unfinished(uri: str, *, client: S3Client | None = None) -> tuple[Unfinished, ...]:
    """List the unfinished uploads at an address, by key, the oldest first.

    Example:
        >>> for found in list_unfinished("s3://lab-data/raw/"):
        ...     print(found.uri, found.parts_done, found.started.date())

    Args:
        uri: ``s3://bucket``, a folder in it, or one key; a key's name is a folder's too.
        client: Any boto3 S3 client; left out, boto3's default one.

    Raises:
        AccessDeniedError: s3:ListBucketMultipartUploads or s3:ListMultipartUploadParts is missing.
        RefusedError: ``uri`` is no S3 address.
        S3Error: S3 cannot be asked.
    """
    bucket, place = parse_uri(uri)
    return find_unfinished(Store(bucket, client), place)


def abort_unfinished(
    uri: str,
    *,
    older_than: str | timedelta = "1d",
    dry_run: bool = False,
    client: S3Client | None = None,
) -> tuple[Unfinished, ...]:
    """Abort the unfinished uploads at an address that got no part for a while.

    Example:
        >>> abort_unfinished("s3://lab-data/raw/", older_than="7d")
        ()

    Args:
        uri: As for :func:`list_unfinished`.
        older_than: ``"7d"``, ``"12h"``, ``"30m"``, or a timedelta: the age of the last part, or of
            the upload where it has none.
        dry_run: Change nothing, and return what would be aborted.
        client: As for :func:`list_unfinished`.

    Returns:
        What was aborted.

    Raises:
        RefusedError: ``older_than`` or ``uri`` are not valid.
        AccessDeniedError: A permission is missing; s3:AbortMultipartUpload among others.
        S3Error: S3 cannot be asked, or parts keep arriving.
    """
    until = datetime.now(timezone.utc) - _age(older_than)
    old = tuple(each for each in list_unfinished(uri, client=client) if each.last_part_at <= until)
    if not dry_run:
        in_parallel(Unfinished.abort, old, at_once=_AT_ONCE)
    return old


def find_unfinished(store: Store, place: str) -> tuple[Unfinished, ...]:
    """List the unfinished uploads at a key or in a folder; ``""`` is the whole bucket."""
    inside = place if place.endswith("/") or not place else f"{place}/"
    uploads = [
        upload
        for upload in store.list_multipart_uploads(place)
        if upload.key == place or upload.key.startswith(inside)
    ]
    return tuple(
        sorted(list_their_parts(store, uploads), key=lambda each: (each.uri, each.started))
    )


def list_their_parts(store: Store, uploads: Iterable[ListedUpload]) -> list[Unfinished]:
    """Add to uploads the parts that S3 holds of them; in the same order, without those that are gone."""
    found = in_parallel(partial(_with_parts, store), uploads, at_once=_AT_ONCE)
    return [each for some in found for each in some]


def _with_parts(store: Store, upload: ListedUpload) -> tuple[Unfinished, ...]:
    """The upload with its parts; nothing if it was completed or aborted just now."""
    try:
        listed = store.list_parts(upload.key, upload.upload_id)
    except NoSuchUploadError:
        return ()
    sizes = {part.part_number: part.size for part in listed}
    started = upload.initiated.astimezone(timezone.utc)
    arrivals = [part.last_modified.astimezone(timezone.utc) for part in listed]
    found = Unfinished(
        name=upload.key.rpartition("/")[2],
        uri=f"s3://{store.bucket}/{upload.key}",
        bytes_done=sum(sizes.values()),
        parts_done=len(sizes),
        part_size=max(sizes.values(), default=0),
        started=started,
        last_part_at=max(arrivals, default=started),
        initiator=upload.initiator,
    )
    abort = partial(store.abort_multipart_upload, upload.key, upload.upload_id)
    return (found.known_as(upload.upload_id, abort),)


def _age(older_than: str | timedelta) -> timedelta:
    if isinstance(older_than, timedelta):
        return older_than
    if match := _AGE.fullmatch(str(older_than)):
        try:
            return timedelta(**{_UNITS[match[2]]: int(match[1])})
        except OverflowError:
            pass  # longer than Python's calendar: no age that anybody meant
    msg = f"older_than={shown(older_than)} cannot be read: give '7d', '12h', '30m' or a timedelta"
    raise RefusedError(msg)
