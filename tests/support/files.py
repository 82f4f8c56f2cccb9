"""Files of exact sizes, and SHA-256 of files and of objects."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from types_boto3_s3 import S3Client

BLOCK: Final = 1 << 20


def make_file(path: Path, size: int, seed: int = 0) -> Path:
    """Write ``size`` random bytes, the same for the same seed; about 1 GB/s.

    Every block of 1 MiB begins with its own number, so no two blocks are equal and a part that
    arrives in another part's place is noticed.
    """
    noise = random.Random(seed).randbytes(BLOCK)  # noqa: S311 - repeatable, no secret
    with path.open("wb") as file:
        for number, start in enumerate(range(0, size, BLOCK)):
            block = number.to_bytes(8, "big") + noise[8:]
            file.write(block[: size - start])
    return path


def make_sparse_file(path: Path, size: int) -> Path:
    """Make a file of zeros that takes no space on disk, of any size."""
    with path.open("wb") as file:
        file.truncate(size)
    return path


def sha256_of_file(path: Path) -> str:
    """Read a file and return its SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def sha256_of_object(client: S3Client, bucket: str, key: str) -> str:
    """Stream an object from S3 and return its SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    for block in client.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(BLOCK):
        digest.update(block)
    return digest.hexdigest()
