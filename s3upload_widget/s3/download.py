"""An object's bytes as a stream that resumes where a connection breaks. Keeps none of them."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final

from s3upload_widget.checksums import bare_etag
from s3upload_widget.errors import ObjectExistsError, S3UnavailableError
from s3upload_widget.s3.parameters import given
from s3upload_widget.s3.retry import backoff

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from s3upload_widget.s3.calls import Calls

READ_ATTEMPTS: Final = 5
"""Without a byte in between."""
_RANGE: Final = re.compile(r"bytes ([0-9]+)-[0-9]+/([0-9]+)")


def read_object(calls: Calls, key: str, version_id: str, place: str) -> Iterator[bytes]:
    """An object's bytes, block by block, all of one and the same object.

    Raises:
        ObjectExistsError: Another object took its place meanwhile.
        S3Error: It cannot be read.
    """
    params = {"Key": key, **given(VersionId=version_id)}
    first: Mapping[str, Any] = {}
    offset = failures = 0
    while True:
        # The ETag is that of the GET before: Complete may have shown another, or none.
        same = given(IfMatch=str(first.get("ETag", "")))
        rest = {"Range": f"bytes={offset}-", **same} if offset else {}
        try:
            answer, blocks = calls.stream("get_object", **params, **rest)
            first = first or answer
            if _identity(answer) != _identity(first):
                msg = f"another object arrived as {place} while it was read"
                raise ObjectExistsError(msg)
            for block in _from(offset, answer, blocks):
                yield block
                offset += len(block)
                failures = 0
        except S3UnavailableError:
            failures += 1
            if failures == READ_ATTEMPTS:
                raise
            time.sleep(backoff(failures))
        else:
            return


def _identity(answer: Mapping[str, Any]) -> tuple[object, ...]:
    """What is equal in all answers about one object."""
    part = _RANGE.fullmatch(str(answer.get("ContentRange", "")))
    size = int(part[2]) if part else int(answer.get("ContentLength", -1))
    return bare_etag(str(answer.get("ETag", ""))), answer.get("LastModified"), size


def _from(offset: int, answer: Mapping[str, Any], blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes from ``offset`` on, also of a server that sends all of them again."""
    part = _RANGE.fullmatch(str(answer.get("ContentRange", "")))
    surplus = offset - (int(part[1]) if part else 0)
    for block in blocks:
        if surplus < len(block):
            yield block[surplus:] if surplus else block
        surplus = max(0, surplus - len(block))
