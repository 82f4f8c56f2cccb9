"""Reading an object back, however large: on from the byte where a connection broke."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Final

from s3upload_widget.errors import S3UnavailableError
from s3upload_widget.s3.parameters import given

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3upload_widget.s3.calls import Calls

TRIES: Final = 5
"""Without a byte in between."""


def blocks(calls: Calls, key: str, *, version_id: str, etag: str) -> Iterator[bytes]:
    """An object's bytes; what follows a break is of the same object, as its ETag says."""
    offset = failures = 0
    while True:
        rest = {"Range": f"bytes={offset}-", **given(IfMatch=etag)} if offset else {}
        try:
            for block in calls.stream("get_object", Key=key, **given(VersionId=version_id), **rest):
                yield block
                offset += len(block)
                failures = 0
        except S3UnavailableError:
            failures += 1
            if failures == TRIES:
                raise
            time.sleep(random.uniform(0, 0.2 * 2**failures))  # noqa: S311 - no secret
        else:
            return
