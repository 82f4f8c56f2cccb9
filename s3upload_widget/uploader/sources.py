"""Files that a script uploads: on a disk, or wherever fsspec reaches. Reads pieces; knows no S3."""

from __future__ import annotations

import os
import stat
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from s3upload_widget.errors import RefusedError
from s3upload_widget.keys import shown
from s3upload_widget.uploader.remote_files import changed, open_remote

if TYPE_CHECKING:
    FilePath: TypeAlias = str | os.PathLike[str]


class Source(Protocol):
    """A file of a known size. Thread-safe."""

    @property
    def name(self) -> str:
        """Its name without folders."""

    @property
    def size(self) -> int:
        """Bytes, as they were when it was opened."""

    @property
    def modified(self) -> datetime:
        """UTC; 1970 where it is not known."""

    def read(self, offset: int, length: int) -> bytes:
        """Exactly these bytes.

        Raises:
            FileChangedError: The file is not what it was.
        """

    def check(self) -> None:
        """Check that the file is unchanged.

        Raises:
            FileChangedError: It is not.
        """

    def moved(self) -> bool:
        """Whether it may be another file of the same size and time since this was asked last.

        Only its bytes can say then: inode numbers of network mounts change by themselves.
        """


class LocalFile:
    """A file that the operating system opens.

    Raises:
        FileNotFoundError: There is none.
        RefusedError: It is no file, or holds another number of bytes than it tells.
        OSError: It cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = path.name
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            msg = f"{shown(str(path))} is {_explain(status)}"
            raise RefusedError(msg)
        self._identity = _identity(status)
        self._inode = _inode(status)
        self._moved = False
        self.size = status.st_size
        self.modified = _date(status)
        self._check_size()

    def read(self, offset: int, length: int) -> bytes:
        """Exactly these bytes; opened each time, so that threads need not share a position."""
        # A byte beyond the end shows what grew and does not say so.
        past = int(offset + length == self.size)
        try:
            with self._path.open("rb", buffering=0) as file:
                self._compare(os.fstat(file.fileno()))
                file.seek(offset)
                data = _read_exactly(file.read, length + past)
                self._compare(os.fstat(file.fileno()))
        except FileNotFoundError as error:
            raise changed(self.name) from error
        if len(data) != length:
            raise changed(self.name)
        return data

    def check(self) -> None:
        """Check that the path still leads to a file of the same size and time."""
        try:
            self._compare(self._path.stat())
        except FileNotFoundError as error:
            raise changed(self.name) from error

    def moved(self) -> bool:
        """Whether its inode number changed since this was asked last."""
        moved, self._moved = self._moved, False
        return moved

    def _check_size(self) -> None:
        """Refuse a file that tells another size than it has, as those of ``/proc`` do."""
        with self._path.open("rb", buffering=0) as file:
            file.seek(max(0, self.size - 1))
            end = _read_exactly(file.read, 2)
            self._compare(os.fstat(file.fileno()))
        if len(end) != min(1, self.size):
            how = "more" if len(end) > min(1, self.size) else "less"
            msg = (
                f"{shown(str(self._path))} tells {self.size} bytes and holds {how}: copy it to a "
                "disk first, or send what it gives with 's3upload put -'"
            )
            raise RefusedError(msg)

    def _compare(self, status: os.stat_result) -> None:
        if _identity(status) != self._identity:
            raise changed(self.name)
        if _inode(status) != self._inode:
            self._inode, self._moved = _inode(status), True


def open_source(path: FilePath | Source) -> Source:
    """The file at a path, or at an fsspec URL; one that is open already stays as it is."""
    if not isinstance(path, (str, os.PathLike)):
        return path
    if not isinstance(path, str) or "://" not in path:
        return LocalFile(Path(path))
    scheme, _, rest = path.partition("://")
    return LocalFile(Path(rest)) if scheme in {"file", "local"} else open_remote(path)


def absolute(path: FilePath) -> str:
    """How another process opens the same file."""
    text = os.fspath(path)
    scheme, separator, rest = text.partition("://")
    if not isinstance(path, str) or not separator:
        return str(Path(text).absolute())
    return str(Path(rest).absolute()) if scheme in {"file", "local"} else text


def kind(status: os.stat_result) -> str:
    """What it is, where it is no file."""
    if stat.S_ISDIR(status.st_mode):
        return "a folder"
    if stat.S_ISFIFO(status.st_mode):
        return "a pipe"
    return "a socket" if stat.S_ISSOCK(status.st_mode) else "a device"


def _explain(status: os.stat_result) -> str:
    what = kind(status)
    if stat.S_ISDIR(status.st_mode):
        return f"{what}: give upload_files() its files"
    if stat.S_ISFIFO(status.st_mode):
        return f"{what}, and no file: send what it gives with 's3upload put -'"
    return f"{what}, and no file"


def _date(status: os.stat_result) -> datetime:
    """When it was changed; 1970 for a time that no calendar has."""
    try:
        return datetime.fromtimestamp(status.st_mtime, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, timezone.utc)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def _inode(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _read_exactly(read: Any, length: int) -> bytes:
    """All that comes, up to ``length``: the system may return less at a time."""
    data: bytes = read(length) if length else b""
    if len(data) in {0, length}:
        return data
    pieces = [data]
    while (missing := length - sum(map(len, pieces))) and (piece := read(missing)):
        pieces.append(piece)
    return b"".join(pieces)
