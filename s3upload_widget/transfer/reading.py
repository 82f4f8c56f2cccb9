"""Compares an object with a file by reading it back: where S3 tells nothing to compare by.

Reads no file, and keeps nothing of what it reads.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
from itertools import zip_longest
from typing import TYPE_CHECKING

from s3upload_widget.errors import ObjectExistsError, S3Error
from s3upload_widget.s3 import refusal_code

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from s3upload_widget.parts import PartPlan
    from s3upload_widget.s3 import Store
    from s3upload_widget.transfer.proof import Hashes


def equals_when_read(
    store: Store, key: str, hashes: Hashes, advance: Callable[[int], object] = lambda _: None
) -> bool:
    """Whether an object has the file's bytes; reads no further than the first part that differs.

    Args:
        store: Where.
        key: The object's.
        hashes: The file.
        advance: Called with the bytes of each block that was read.

    Raises:
        S3Error: It cannot be read.
    """
    try:
        with contextlib.closing(_digests(store.get_object(key), hashes.parts, advance)) as read:
            return all(one == other for one, other in zip_longest(read, hashes.sha256))
    except ObjectExistsError:
        return False  # replaced while it was read
    except S3Error as error:
        if refusal_code(error) != "NoSuchKey":
            raise
        return False


def _digests(
    blocks: Iterable[bytes], parts: PartPlan, advance: Callable[[int], object]
) -> Generator[str, None, None]:
    """The base64 SHA-256 of each part; what comes beyond the end counts for the last one."""
    digest, number, left = hashlib.sha256(), 1, parts.length(1)
    for block in blocks:
        rest = memoryview(block)
        while len(rest) > left and number < parts.count:
            digest.update(rest[:left])
            yield base64.b64encode(digest.digest()).decode()
            rest, number, digest = rest[left:], number + 1, hashlib.sha256()
            left = parts.length(number)
        digest.update(rest)
        left = max(0, left - len(rest))
        advance(len(block))
    yield base64.b64encode(digest.digest()).decode()
