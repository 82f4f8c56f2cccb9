"""The user's view of files: frozen records without a reference to anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from io import BufferedReader
from typing import Final, Literal, Protocol

from s3upload_widget.errors import RefusedError

FileState = Literal[
    "queued", "checking", "uploading", "waiting", "paused", "completing", "done", "failed"
]
"""The states of one file; ``UploadWidget.state`` adds ``idle``."""

VerifiedBy = Literal["sha256", "md5", "read", "size"]
_THOUSAND: Final = 1_000


def amount(size: float) -> str:
    """Bytes for people.

    Example:
        >>> [amount(size) for size in (999, 3_200_000, 50e12)]
        ['999 bytes', '3.2 MB', '50.0 TB']
    """
    if size < _THOUSAND:
        return f"{size} bytes"
    for unit in ("kB", "MB", "GB"):
        size /= _THOUSAND
        if size < _THOUSAND:
            return f"{size:.1f} {unit}"
    return f"{size / _THOUSAND:.1f} TB"


@dataclass(frozen=True, slots=True, kw_only=True)
class PickedFile:
    """A file as the browser names it, before it has a key."""

    name: str
    """The file's own name, NFC-normalised, without folders."""
    path: str
    """Its path inside a dropped or chosen folder, ``/``-separated; else the name."""
    size: int
    """Bytes."""
    type: str
    """The browser's MIME type; ``""`` if it knows none."""
    last_modified: datetime
    """UTC."""


class ReadsBack(Protocol):
    """Reads objects by the client that uploaded them."""

    def verify(self, uploaded: UploadedFile, /) -> VerifiedBy:
        """Read all of one, and compare it."""

    def open(self, uploaded: UploadedFile, /) -> BufferedReader:
        """Open one."""


class Stored:
    """How an object is read back. No field: no part of ``repr``, ``==``, ``asdict``, a pickle."""

    __slots__ = ("_reader",)
    _reader: ReadsBack


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class UploadedFile(Stored):
    """A file that is complete on S3 and was proven equal there.

    Example:
        >>> from s3upload_widget import upload_file
        >>> file = upload_file("run7.parquet", "s3://lab-data/raw/", progress=False)
        >>> file
        UploadedFile(s3://lab-data/raw/run7.parquet, 3.2 MB, verified by sha256)
        >>> file.name, file.size, file.uri
        ('run7.parquet', 3200000, 's3://lab-data/raw/run7.parquet')
    """

    name: str
    uri: str
    """``s3://bucket/key``, as pandas, polars, DuckDB, pyarrow and dask take it."""
    bucket: str
    key: str
    size: int
    """Bytes."""
    sha256: str
    """Of the whole file, hexadecimal, as ``sha256sum`` prints it; ``""`` with ``sha256=False``."""
    etag: str
    """Verbatim, with its quotes. Of a multipart object it is no MD5."""
    version_id: str
    """``""`` in a bucket without versioning."""
    content_type: str
    """As S3 shows it, else as it was sent; ``""`` where neither is known."""
    verified_by: VerifiedBy
    """What proved the object: the composite SHA-256, the MD5 of the parts' MD5s, all its bytes as
    they were read back from S3, or the size."""
    started: datetime
    """UTC."""
    finished: datetime
    """UTC."""

    def verify(self) -> VerifiedBy:
        """Read the object back from S3, all of it, and compare it with what was uploaded.

        Needs s3:GetObject. It is read in a stream, with the client that uploaded it.

        Returns:
            What was compared: the whole file's SHA-256; with ``sha256=False`` its MD5, where the
            ETag is that.

        Raises:
            IntegrityError: It is gone, or has other bytes than were uploaded.
            RefusedError: With ``sha256=False`` and in several parts there is nothing to compare
                with; or this record was loaded from a file, and knows no client.
            S3Error: It cannot be read.
        """
        return self._known_reader().verify(self)

    def open(self) -> BufferedReader:
        """Open the object for reading, as ``open(path, "rb")`` opens a file.

        Needs s3:GetObject. Ranges are read as they are wanted, with the client that uploaded it:
        no other library has to know the server, or credentials.

        Example:
            >>> from s3upload_widget import upload_file
            >>> file = upload_file("run7.parquet", "s3://lab-data/raw/", progress=False)
            >>> with file.open() as f:
            ...     f.seek(-4, 2), len(f.read())
            (3199996, 4)

        Returns:
            A file that can be sought, such as ``pd.read_parquet``, ``pyarrow`` and ``zipfile``
            take. It reads this very object to its end: once another one took its place, each read
            raises ``IntegrityError``, and none mixes the two.

        Raises:
            IntegrityError: It is gone, or was overwritten since it was uploaded.
            RefusedError: This record was loaded from a file, and knows no client.
            S3Error: It cannot be read.
        """
        return self._known_reader().open(self)

    def _known_reader(self) -> ReadsBack:
        reader: ReadsBack | None = getattr(self, "_reader", None)
        if reader is None:
            msg = (
                f"this record of {self.uri} was loaded or changed, and knows no client to read "
                "with: read the object, and compare its SHA-256 with .sha256"
            )
            raise RefusedError(msg)
        return reader

    def read_with(self, reader: ReadsBack) -> UploadedFile:
        """Have :meth:`verify` and :meth:`open` read by this; returns the record itself."""
        object.__setattr__(self, "_reader", reader)
        return self

    def __copy__(self) -> UploadedFile:
        return self

    def __deepcopy__(self, memo: object) -> UploadedFile:
        return self

    def __str__(self) -> str:
        return self.uri

    def __repr__(self) -> str:
        return f"UploadedFile({self.uri}, {amount(self.size)}, verified by {self.verified_by})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FileStatus:
    """How far one picked file is."""

    name: str
    key: str
    """``""`` where no key could be given."""
    size: int
    """Bytes."""
    state: FileState
    error: str
    """``""``, or what went wrong and what to do."""
    bytes_done: int
    """Bytes of proven parts plus bytes on the wire; decreases only where the file starts over."""
    part_size: int
    """Bytes of each part but the last; 0 before the first part is cut."""
    parts_total: int
    parts_done: int
    parts_in_flight: tuple[tuple[int, int], ...]
    """``(part_number, bytes_sent)`` for each part on the wire."""

    def __repr__(self) -> str:
        moves = self.bytes_done and self.state != "done"
        share = f" {100 * self.bytes_done // self.size} %" if moves else ""
        text = f"{self.key or self.name}, {self.state}{share}, {amount(self.size)}"
        return f"FileStatus({text}{': ' if self.error else ''}{self.error})"


class Abortable:
    """An upload on S3, and its end. No fields: no part of ``asdict``, a table, a pickle."""

    __slots__ = ("_abort", "upload_id")
    upload_id: str
    """S3's name of the upload; kept out of what a notebook shows."""
    _abort: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unfinished(Abortable):
    """An upload that was created, and neither completed nor aborted; S3 keeps, and bills, its parts.

    Two are equal only if they are one and the same: a key may have several that look alike.
    """

    name: str
    """The last part of its key."""
    uri: str
    """``s3://bucket/key``: what ``upload_file`` takes to finish it."""
    bytes_done: int
    """Bytes of the parts that S3 holds."""
    parts_done: int
    part_size: int
    """Bytes of the largest part; 0 where there is none yet."""
    started: datetime
    """UTC."""
    last_part_at: datetime
    """UTC: when its newest part arrived; ``started`` where there is none yet.

    Like ``started``, 1970-01-01 where the server does not say.
    """
    initiator: str
    """The account that created it, as S3 names it; ``""`` on servers that do not say."""
    problem: str = ""
    """Why nobody can see what it holds, or what the server does not say of it; mostly ``""``."""

    def abort(self) -> None:
        """Delete its parts, until S3 shows none. One that is gone already is fine.

        Raises:
            RefusedError: This record was loaded from a file, and knows no client.
            S3Error: S3 refused, or parts keep arriving.
        """
        abort = getattr(self, "_abort", None)
        if abort is None:
            msg = f"this record of {self.uri} was loaded, and knows no client: list_unfinished()"
            raise RefusedError(msg)
        abort()

    def known_as(self, upload_id: str, abort: Callable[[], None]) -> Unfinished:
        """Give it its id, and have :meth:`abort` do this; returns the record itself."""
        object.__setattr__(self, "upload_id", upload_id)
        object.__setattr__(self, "_abort", abort)
        return self

    def __copy__(self) -> Unfinished:
        return self

    def __deepcopy__(self, memo: object) -> Unfinished:
        return self

    def __str__(self) -> str:
        return self.uri
