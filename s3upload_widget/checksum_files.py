"""Checksum files as ``sha256sum`` writes them: made of records, and compared with what S3 holds.

Knows no upload, and no file but the list itself.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import partial
from os.path import commonprefix
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from s3upload_widget.checksums import hexadecimal, part_count
from s3upload_widget.errors import RefusedError, S3Error
from s3upload_widget.keys import parse_uri, shown
from s3upload_widget.s3 import NoObject, ObjectFound, Store, refusal_code
from s3upload_widget.workers import in_parallel

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from types_boto3_s3 import S3Client

    from s3upload_widget.results import UploadedFile

AT_ONCE: Final = 8
"""Objects that are read in parallel."""
_LINE: Final = re.compile(r"(\\?)([0-9a-fA-F]{64}) [ *](.+)")
_TAGGED: Final = re.compile(r"(\\?)SHA256 \((.+)\) = ([0-9a-fA-F]{64})")
_ESCAPES: Final = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One line of a checksum file, and what S3 holds."""

    name: str
    """As the file has it."""
    result: Literal["equal", "differs", "missing", "failed"]
    how: Literal["listed", "read", ""]
    """Whether S3 listed a checksum that it had compared itself, or all bytes were read."""
    error: str
    """``""``, or why nobody can tell."""

    def __str__(self) -> str:
        if self.result == "equal":
            return f"{_escaped(self.name)}: OK"
        why = {"missing": " (it is not on S3)", "failed": f" ({self.error})"}.get(self.result, "")
        return f"{_escaped(self.name)}: FAILED{why}"


def write_checksums(
    records: Iterable[UploadedFile], path: str | os.PathLike[str], *, folder: str = ""
) -> None:
    """Write the SHA-256 of uploaded files, for ``sha256sum -c`` and ``s3upload verify``.

    Example:
        >>> from s3upload_widget import upload_files, write_checksums
        >>> files = upload_files(["run7.parquet", "notes"], "s3://lab-data/raw", progress=False)
        >>> write_checksums(files, "raw.sha256")
        >>> [line[66:] for line in Path("raw.sha256").read_text().splitlines()]
        ['run7.parquet', 'notes/day.txt']

    Args:
        records: Of ``UploadWidget.value``, ``upload_file`` or ``upload_files``, all of one bucket.
        path: Of the file to write; one that is there is replaced.
        folder: ``s3://bucket/folder/``, from which on keys are the files' names; left out, the
            folder that all of them are in. ``sha256sum -c`` looks for these names where it runs.

    Raises:
        RefusedError: There is no record, one has no SHA-256 (``sha256=False``), two say different
            things of one key, or one is not in ``folder``.
        OSError: The file cannot be written.
    """
    files = list(records)
    start = f"{folder.rstrip('/')}/" if folder else _common_folder(files)
    lines: dict[str, str] = {}
    for file in files:
        name = file.uri.removeprefix(start)
        if name == file.uri or not name:
            msg = f"{file.uri} is not in the folder {start}: give another folder="
            raise RefusedError(msg)
        if not file.sha256:
            msg = f"the SHA-256 of {file.uri} was not computed: upload it with sha256=True"
            raise RefusedError(msg)
        if lines.setdefault(name, file.sha256) != file.sha256:
            msg = f"two records of {file.uri} have different bytes: give the one that is there"
            raise RefusedError(msg)
    text = "".join(_as_line(name, sha256) for name, sha256 in lines.items())
    Path(path).write_bytes(text.encode("utf-8", "surrogateescape"))


def compare_checksums(
    uri: str, path: str | os.PathLike[str], *, client: S3Client | None = None
) -> list[Compared]:
    """Compare what S3 holds with a checksum file, in its order.

    A SHA-256 of the whole object that AWS lists is one that it has compared, and is enough. Else
    the object is read: other servers may repeat what they were told, and of an object in parts S3
    lists only a checksum of checksums.

    Args:
        uri: ``s3://bucket/folder/`` that the names are below; or one key, of whose name there is a
            line.
        path: Of the file, as ``sha256sum`` or :func:`write_checksums` wrote it.
        client: Any boto3 S3 client; left out, boto3's default one.

    Raises:
        RefusedError: It is no such file, or has no line for the key.
        S3Error: The bucket cannot be reached.
    """
    bucket, place = parse_uri(uri)
    expected = read_checksums(path)
    store = Store(bucket, client)
    if place and not place.endswith("/"):
        named = place.rpartition("/")[2]
        expected = [each for each in expected if each[0].rpartition("/")[2] == named]
        if len(expected) != 1:
            msg = f"{shown(str(path))} has {len(expected)} lines for {shown(named)}, not one"
            raise RefusedError(msg)
        keys = [place]
    else:
        keys = [f"{place}{name.removeprefix('./')}" for name, _ in expected]
    store.require_bucket()
    return in_parallel(partial(_compare, store), keys, expected, at_once=AT_ONCE)


def read_checksums(path: str | os.PathLike[str]) -> list[tuple[str, str]]:
    """Names and SHA-256 of a checksum file, in its order.

    Raises:
        RefusedError: A line is not as ``sha256sum`` writes it, or there is none.
    """
    text = Path(path).read_bytes().decode("utf-8", "surrogateescape")
    lines = [(number, line.rstrip("\r")) for number, line in enumerate(text.split("\n"), 1)]
    found = [_of_line(path, number, line) for number, line in lines if line.strip()]
    if not found:
        msg = f"{shown(str(path))} has no checksums"
        raise RefusedError(msg)
    return found


def _of_line(path: str | os.PathLike[str], number: int, line: str) -> tuple[str, str]:
    if plain := _LINE.fullmatch(line):
        escaped, sha256, name = plain.groups()
    elif tagged := _TAGGED.fullmatch(line):
        escaped, name, sha256 = tagged.groups()
    else:
        msg = (
            f"line {number} of {shown(str(path))} is no SHA-256 and name, as sha256sum writes them"
        )
        raise RefusedError(msg)
    return (_unescaped(name) if escaped else name), sha256.lower()


def _compare(store: Store, key: str, expected: tuple[str, str]) -> Compared:
    name, sha256 = expected
    try:
        head = store.head_object(key)
        if isinstance(head, NoObject):
            return Compared(name=name, result="missing", how="", error="")
        listed = head.sha256 if isinstance(head, ObjectFound) and store.on_aws else ""
        if listed and not part_count(listed):
            return _compared(name, hexadecimal(listed), sha256, "listed")
        digest = hashlib.sha256()
        for block in store.get_object(key):
            digest.update(block)
    except S3Error as error:
        gone = refusal_code(error) in {"NoSuchKey", "404"}
        return Compared(name=name, result="missing" if gone else "failed", how="", error=str(error))
    return _compared(name, digest.hexdigest(), sha256, "read")


def _compared(name: str, found: str, sha256: str, how: Literal["listed", "read"]) -> Compared:
    return Compared(name=name, result="equal" if found == sha256 else "differs", how=how, error="")


def _common_folder(files: Sequence[UploadedFile]) -> str:
    if not files:
        msg = "there is no record to write a checksum of"
        raise RefusedError(msg)
    if len({file.bucket for file in files}) > 1:
        msg = "the records are of several buckets: write a file for each"
        raise RefusedError(msg)
    shared = commonprefix([file.uri for file in files])  # noqa: RUF071 - cut at a folder below
    return shared[: shared.rindex("/") + 1]


def _as_line(name: str, sha256: str) -> str:
    escaped = _escaped(name)
    return f"{'' if escaped == name else chr(92)}{sha256}  {escaped}\n"


def _escaped(name: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in name)


def _unescaped(name: str) -> str:
    plain = {"n": "\n", "r": "\r"}
    return _ESCAPED.sub(lambda found: plain.get(found[1], found[1]), name)
