"""Unfinished uploads: S3 keeps and bills their parts until somebody aborts them. Reads no file."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Final

from s3upload_widget.errors import (
    CredentialsError,
    NoSuchBucketError,
    NoSuchUploadError,
    RefusedError,
    S3Error,
    S3UnavailableError,
)
from s3upload_widget.keys import parse_place, shown
from s3upload_widget.results import Unfinished
from s3upload_widget.s3 import REPLACEMENT, UNKNOWN_TIME, Store, refusal_code
from s3upload_widget.workers import in_parallel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from types_boto3_s3 import S3Client

    from s3upload_widget.s3 import ListedPart, ListedUpload

_AT_ONCE: Final = 8
"""Uploads that are listed, or aborted, in parallel."""
_NAMED: Final = 10
"""Uploads that an error names."""
_AGE: Final = re.compile(r"\s*([0-9]+)\s*([smhdw])\s*")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def list_unfinished(uri: str, *, client: S3Client | None = None) -> tuple[Unfinished, ...]:
    """List the unfinished uploads at an address, by key, the oldest first.

    Example:
        >>> for found in list_unfinished("s3://lab-data/raw/"):
        ...     print(found.uri, found.parts_done, found.started.date())

    Args:
        uri: ``s3://bucket``, a folder in it, or one key, as a list shows it; a key's name is a
            folder's too.
        client: Any boto3 S3 client; left out, boto3's default one.

    Returns:
        All of them. One whose parts S3 does not list has a ``problem``, and hides no other.

    Raises:
        AccessDeniedError: s3:ListBucketMultipartUploads is missing.
        RefusedError: ``uri`` is no S3 address.
        S3Error: S3 cannot be asked.
    """
    bucket, place = parse_place(uri)
    store = Store(bucket, client)
    found = find_unfinished(store, place)
    if not found:
        store.require_bucket()  # whatever answers 200 to everything lists nothing, too
    return found


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
            the upload where it has none. One whose age the server does not say goes with
            ``"0s"`` alone.
        dry_run: Change nothing, and return what would be aborted.
        client: As for :func:`list_unfinished`.

    Returns:
        What was aborted.

    Raises:
        RefusedError: ``older_than`` or ``uri`` are not valid.
        AccessDeniedError: A permission is missing; s3:AbortMultipartUpload among others.
        S3Error: S3 cannot be asked, or parts keep arriving; the others are aborted first.
    """
    now, age = datetime.now(timezone.utc), _age(older_than)
    whatever_age = age <= timedelta(0)
    old = tuple(
        each
        for each in list_unfinished(uri, client=client)
        if whatever_age or each.last_part_at > UNKNOWN_TIME
        if each.last_part_at <= now - age
    )
    if not dry_run:
        abort_all(old)
    return old


def abort_all(uploads: Sequence[Unfinished]) -> None:
    """Abort all of them; one that cannot be aborted hinders no other.

    Raises:
        S3Error: The first that was refused, once all were tried; each is named.
    """
    failed = [each for some in in_parallel(_abort, uploads, at_once=_AT_ONCE) for each in some]
    if failed:
        named = "; ".join(f"{uri}: {error}" for uri, error in failed[:_NAMED])
        more = f"; and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
        msg = f"{len(failed)} of {len(uploads)} uploads could not be aborted: {named}{more}"
        raise type(failed[0][1])(msg) from failed[0][1]


def _abort(upload: Unfinished) -> tuple[tuple[str, S3Error], ...]:
    """Abort it; its address and the error if that failed."""
    try:
        upload.abort()
    except S3Error as error:
        return ((upload.uri, error),)
    return ()


def find_unfinished(store: Store, place: str) -> tuple[Unfinished, ...]:
    """List the unfinished uploads at a key or in a folder; ``""`` is the whole bucket.

    Keys are compared as they are; where a place is typed in another normal form, in that of
    our own keys too.
    """
    uploads: dict[tuple[str, str], ListedUpload] = {}
    for name in dict.fromkeys((place, unicodedata.normalize("NFC", place))):
        inside = name if name.endswith("/") or not name else f"{name}/"
        for upload in store.list_multipart_uploads(name):
            if upload.key == name or upload.key.startswith(inside):
                uploads[upload.key, upload.upload_id] = upload
    found = list_their_parts(store, uploads.values()).there
    return tuple(sorted(found, key=lambda each: (each.uri, each.started)))


@dataclass(frozen=True, slots=True)
class WithParts:
    """Uploads with their parts."""

    there: list[Unfinished]
    errors: list[S3Error]
    """Of those whose parts S3 does not list; they are ``there`` with their ``problem``."""


def list_their_parts(store: Store, uploads: Iterable[ListedUpload]) -> WithParts:
    """Add to uploads the parts that S3 holds of them; in the same order, without those that are gone.

    Raises:
        S3Error: S3 cannot be asked at all.
    """
    found = in_parallel(partial(_with_parts, store), uploads, at_once=_AT_ONCE)
    return WithParts(
        there=[each for some in found for each in some.there],
        errors=[error for some in found for error in some.errors],
    )


def _with_parts(store: Store, upload: ListedUpload) -> WithParts:
    """The upload with its parts; nothing if it was completed or aborted just now."""
    if not upload.upload_id:
        msg = "the server lists it without its id: it alone can abort it"
        return _odd(store, upload, S3Error(msg))
    try:
        listed = store.list_parts(upload.key, upload.upload_id)
    except NoSuchUploadError:
        if REPLACEMENT not in upload.key:
            return WithParts([], [])
        msg = "its key holds what XML cannot, and the server does not say its real name"
        return _odd(store, upload, S3Error(msg))
    except (CredentialsError, NoSuchBucketError):
        raise
    except S3Error as error:
        if isinstance(error, S3UnavailableError) and not refusal_code(error):
            raise
        return _odd(store, upload, error)
    return WithParts([_unfinished(store, upload, listed, problem="")], [])


def _odd(store: Store, upload: ListedUpload, error: S3Error) -> WithParts:
    unknown = replace(upload, initiated=UNKNOWN_TIME)
    return WithParts([_unfinished(store, unknown, (), problem=str(error))], [error])


def _unfinished(
    store: Store, upload: ListedUpload, listed: Sequence[ListedPart], *, problem: str
) -> Unfinished:
    sizes = {part.part_number: max(0, part.size) for part in listed}
    started = upload.initiated.astimezone(timezone.utc)
    arrivals = [part.last_modified.astimezone(timezone.utc) for part in listed]
    last_part_at = UNKNOWN_TIME if UNKNOWN_TIME in arrivals else max(arrivals, default=started)
    found = Unfinished(
        name=upload.key.rpartition("/")[2],
        uri=f"s3://{store.bucket}/{upload.key}",
        bytes_done=sum(sizes.values()),
        parts_done=len(sizes),
        part_size=max(sizes.values(), default=0),
        started=started,
        last_part_at=last_part_at,
        initiator=upload.initiator,
        problem=problem,
    )
    return found.known_as(upload.upload_id, partial(_abort_on, store, upload))


def _abort_on(store: Store, upload: ListedUpload) -> None:
    if not upload.upload_id:
        msg = f"the server lists {store.destination(upload.key)} without its id, so nobody can"
        raise S3Error(msg)
    store.abort_multipart_upload(upload.key, upload.upload_id)


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
