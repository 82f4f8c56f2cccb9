"""Files that a script uploads: on a disk, or wherever fsspec reaches. Reads pieces; knows no S3."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from s3upload_widget.errors import FileChangedError, RefusedError
from s3upload_widget.keys import shown

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

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


class LocalFile:
    """A file that the operating system opens.

    Raises:
        FileNotFoundError: There is none.
        RefusedError: It is no file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = path.name
        status = path.stat()
        if not path.is_file():
            what = "a folder: give upload_files() its files" if path.is_dir() else "no file"
            msg = f"{shown(str(path))} is {what}"
            raise RefusedError(msg)
        self._identity = _identity(status)
        self.size = status.st_size
        self.modified = datetime.fromtimestamp(status.st_mtime, timezone.utc)

    def read(self, offset: int, length: int) -> bytes:
        """Exactly these bytes; opened each time, so that threads need not share a position."""
        try:
            with self._path.open("rb", buffering=0) as file:
                self._compare(os.fstat(file.fileno()))
                file.seek(offset)
                data = _read_exactly(file.read, length)
                self._compare(os.fstat(file.fileno()))
        except FileNotFoundError as error:
            raise _changed(self.name) from error
        if len(data) != length:
            raise _changed(self.name)
        return data

    def check(self) -> None:
        """Check that the path still leads to the very same file."""
        try:
            self._compare(self._path.stat())
        except FileNotFoundError as error:
            raise _changed(self.name) from error

    def _compare(self, status: os.stat_result) -> None:
        if _identity(status) != self._identity:
            raise _changed(self.name)


class RemoteFile:
    """A file behind an fsspec URL.

    Raises:
        RefusedError: fsspec is not installed, or the size of the file is not known.
        FileNotFoundError: There is none.
    """

    def __init__(self, url: str) -> None:
        try:
            from fsspec.core import url_to_fs  # noqa: PLC0415 - optional
        except ImportError as error:
            msg = f"{shown(url)} needs fsspec: pip install fsspec, or give the path of a file"
            raise RefusedError(msg) from error
        self._filesystem: Any
        self._filesystem, self._path = url_to_fs(url)
        info = self._filesystem.info(self._path)
        if info.get("type") != "file" or info.get("size") is None:
            msg = f"{shown(url)} is no file whose size is known"
            raise RefusedError(msg)
        self.name = self._path.rstrip("/").rpartition("/")[2]
        self.size = int(info["size"])
        self.modified = datetime.fromtimestamp(0, timezone.utc)
        self._identity = self._ukey()

    def read(self, offset: int, length: int) -> bytes:
        """Exactly these bytes."""
        if not length:
            return b""
        data: bytes = self._filesystem.cat_file(self._path, start=offset, end=offset + length)
        if len(data) != length:
            raise _changed(self.name)
        return data

    def check(self) -> None:
        """Check that the file system still reports the same of it."""
        self._filesystem.invalidate_cache()
        if not self._filesystem.exists(self._path) or self._ukey() != self._identity:
            raise _changed(self.name)

    def _ukey(self) -> Hashable:
        key: Hashable = self._filesystem.ukey(self._path)
        return key


def open_source(path: FilePath) -> Source:
    """The file at a path, or at an fsspec URL."""
    if isinstance(path, str) and "://" in path:
        return RemoteFile(path)
    return LocalFile(Path(path))


def expand_paths(paths: FilePath | Iterable[FilePath]) -> list[tuple[FilePath, str]]:
    """List each file once, with its path inside the folder that was named; ``""`` if it was named.

    A file in a folder that is named too belongs to the folder: a pattern such as ``**`` names both.
    """
    named: dict[Path | str, FilePath] = {}
    for path in [paths] if isinstance(paths, (str, os.PathLike)) else paths:
        named.setdefault(_identify(path), path)
    folders = {place for place in named if isinstance(place, Path) and place.is_dir()}
    found: list[tuple[FilePath, str]] = []
    for place, path in named.items():
        if isinstance(place, Path) and folders.intersection(place.parents):
            continue
        found.extend(_files_in(Path(path), place.name) if place in folders else [(path, "")])
    return found


def _identify(path: FilePath) -> Path | str:
    """The same for all ways to name one file; a link to a file is where the link is."""
    if isinstance(path, str) and "://" in path:
        return path
    named = Path(path)
    return named.resolve() if named.is_dir() else named.parent.resolve() / named.name


def _files_in(folder: Path, name: str) -> list[tuple[FilePath, str]]:
    """Its files at any depth; ``rglob`` follows no link to another folder."""
    files = sorted(each for each in folder.rglob("*") if each.is_file())
    return [(each, f"{name}/{each.relative_to(folder).as_posix()}") for each in files]


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _read_exactly(read: Any, length: int) -> bytes:
    """All that comes, up to ``length``: the system may return less at a time."""
    data: bytes = read(length) if length else b""
    if len(data) in {0, length}:
        return data
    pieces = [data]
    while (missing := length - sum(map(len, pieces))) and (piece := read(missing)):
        pieces.append(piece)
    return b"".join(pieces)


def _changed(name: str) -> FileChangedError:
    return FileChangedError(
        f"{shown(name)} was changed, replaced or deleted while it was being uploaded; nothing was "
        "completed: upload it again when nobody writes to it"
    )
