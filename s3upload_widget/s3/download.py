"""An object's bytes as a stream that resumes where a connection breaks. Keeps none of them."""

from __future__ import annotations

import re
import time
from contextlib import closing
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


class Download:
    """One object, of which any range can be read, and all of them are of one and the same.

    Thread-safe, once the first answer is known.

    Args:
        calls: Of its bucket.
        key: The object's.
        version_id: ``""`` reads the newest.
        place: Its name for people.
        etag: That it has, if that is known.
        size: Bytes that it has, if that is known; else -1.
    """

    def __init__(
        self, calls: Calls, key: str, version_id: str, place: str, etag: str = "", size: int = -1
    ) -> None:
        self._calls = calls
        self._params = {"Key": key, **given(VersionId=version_id)}
        self._place = place
        self._etag = etag
        self._size = size
        self._first: Mapping[str, Any] = {}

    @property
    def is_known(self) -> bool:
        """Whether an answer has told which object this is; all others are compared with it."""
        return bool(self._first)

    @property
    def sends_ranges(self) -> bool:
        """Whether that answer was the range that was requested, and not the whole object."""
        return "ContentRange" in self._first

    def blocks(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from ``start`` on, up to ``end`` if that is given, block by block.

        Raises:
            ObjectExistsError: Another object took its place meanwhile.
            S3Error: It cannot be read.
        """
        offset, failures = start, 0
        while end is None or offset < end:
            try:
                for block in self._request(offset, end):
                    yield block
                    offset += len(block)
                    failures = 0
                self._check_end(offset, end)
            except S3UnavailableError:  # noqa: PERF203 - that is what a retry is
                failures += 1
                if failures == READ_ATTEMPTS:
                    raise
                time.sleep(backoff(failures))
            else:
                return

    def _request(self, offset: int, end: int | None) -> Iterator[bytes]:
        # Where no ETag is known, it is that of the GET before: Complete may have shown another.
        params = {**self._params, **given(IfMatch=self._etag or str(self._first.get("ETag", "")))}
        if offset or end is not None:
            params["Range"] = f"bytes={offset}-{'' if end is None else end - 1}"
        answer, blocks = self._calls.stream("get_object", **params)
        with closing(answer["Body"]), closing(blocks):  # of no block, these would not close it
            self._first = self._first or answer
            other_size = self._size not in {-1, _size(answer)}
            if other_size or _identity(answer) != _identity(self._first):
                msg = f"another object arrived as {self._place} while it was read"
                raise ObjectExistsError(msg)
            yield from _between(offset, end, answer, blocks)

    def _check_end(self, offset: int, end: int | None) -> None:
        if end is not None and offset < end:
            msg = f"{self._place} ends at byte {offset}, before {end}: try again"
            raise S3UnavailableError(msg)


def _identity(answer: Mapping[str, Any]) -> tuple[object, ...]:
    """What is equal in all answers about one object."""
    return bare_etag(str(answer.get("ETag", ""))), answer.get("LastModified"), _size(answer)


def _size(answer: Mapping[str, Any]) -> int:
    """Bytes of the whole object; -1 if the server does not say."""
    part = _RANGE.fullmatch(str(answer.get("ContentRange", "")))
    return int(part[2]) if part else int(answer.get("ContentLength", -1))


def _between(
    offset: int, end: int | None, answer: Mapping[str, Any], blocks: Iterable[bytes]
) -> Iterator[bytes]:
    """The bytes from ``offset`` to ``end``, also of a server that sends all of them."""
    part = _RANGE.fullmatch(str(answer.get("ContentRange", "")))
    at = int(part[1]) if part else 0
    for block in blocks:
        first, last = max(0, offset - at), len(block) if end is None else end - at
        if wanted := block[first : max(0, last)]:
            yield wanted
        at += len(block)
        if end is not None and at >= end:
            return
