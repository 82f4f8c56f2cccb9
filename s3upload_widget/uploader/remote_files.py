"""Files behind fsspec URLs, and behind http(s) in particular. Reads pieces; knows no S3 and no disk."""

from __future__ import annotations

import errno
import re
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from s3upload_widget.errors import FileChangedError, RefusedError, UploadError
from s3upload_widget.keys import shown
from s3upload_widget.redaction import scrub
from s3upload_widget.s3 import backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

T = TypeVar("T")

READ_ATTEMPTS: Final = 5
"""Times that a piece is read where the connection breaks."""
LASTING: Final = (UploadError, PermissionError, ImportError, NotImplementedError, ValueError)
"""Errors that reading again does not heal."""
WEB: Final = frozenset({"http", "https"})
_PRIVATE: Final = re.compile(r"[?#].*|(?<=//)[^/@]*@", re.DOTALL)
_TOTAL: Final = re.compile(r"bytes (?:[0-9]+-[0-9]+|\*)/([0-9]+)")
_PARTIAL: Final = 206
_GONE: Final = {404, 410, 412, 416}
_CLOSED: Final = {401, 403, 407}


class RemoteFile:
    """A file behind an fsspec URL.

    Raises:
        RefusedError: The size of the file is not known.
        FileNotFoundError: There is none.
    """

    def __init__(self, url: str, filesystem: Any, path: str) -> None:
        self._filesystem = filesystem
        self._path = path
        info = _found(url, lambda: filesystem.info(path))
        if info.get("type") != "file" or info.get("size") is None:
            msg = f"{shown(public(url))} is no file whose size is known"
            raise RefusedError(msg)
        self.name = _name(filesystem, path)
        self.size = int(info["size"])
        self.modified = datetime.fromtimestamp(0, timezone.utc)
        self._identity = self._ukey()

    def read(self, offset: int, length: int) -> bytes:
        """Exactly these bytes; a byte beyond the size that was told is a change too."""
        if not length:
            return b""
        end = offset + length
        past = int(end == self.size)
        cat = self._filesystem.cat_file
        data: bytes = _patiently(self.name, lambda: cat(self._path, start=offset, end=end + past))
        if len(data) != length:
            raise changed(self.name)
        return data

    def check(self) -> None:
        """Check that the file system still reports the same of it."""
        self._filesystem.invalidate_cache()
        if not self._filesystem.exists(self._path) or self._ukey() != self._identity:
            raise changed(self.name)

    def moved(self) -> bool:
        """Never: what a file system reports of it decides."""
        return False

    def _ukey(self) -> Hashable:
        key: Hashable = self._filesystem.ukey(self._path)
        return key


@dataclass(frozen=True, slots=True)
class Version:
    """What a server's answer says of the file as a whole; ``""`` where it says nothing."""

    size: str
    etag: str
    last_modified: str

    @classmethod
    def of(cls, status: int, headers: Mapping[str, str]) -> Version:
        """From an answer to a request for a range."""
        total = _TOTAL.fullmatch(headers.get("Content-Range", ""))
        whole = "" if status == _PARTIAL else headers.get("Content-Length", "")
        return cls(
            size=total[1] if total else whole,
            etag=headers.get("ETag", ""),
            last_modified=headers.get("Last-Modified", ""),
        )


class WebFile(RemoteFile):
    """A file behind http(s): each answer has to be of the same version of it.

    fsspec takes such files for unchanging, and drops the headers that say otherwise; so ranges
    are read here, through its session.
    """

    def __init__(self, url: str, filesystem: Any, path: str) -> None:
        super().__init__(url, filesystem, path)
        self._version = self._request(0, 1)[0]
        if self._version.size not in {"", str(self.size)}:
            msg = (
                f"{shown(public(url))} tells {self.size} bytes and sends {self._version.size}: "
                "download it, and upload the file"
            )
            raise RefusedError(msg)

    def read(self, offset: int, length: int) -> bytes:
        """Exactly these bytes, of the version that was there first."""
        if not length:
            return b""
        version, data = self._request(offset, length)
        if version != self._version or len(data) != length:
            raise changed(self.name)
        return data

    def check(self) -> None:
        """Check that the server still sends the same version."""
        if self._request(0, 1)[0] != self._version:
            raise changed(self.name)

    def _request(self, offset: int, length: int) -> tuple[Version, bytes]:
        from fsspec.asyn import sync  # noqa: PLC0415 - optional

        loop = self._filesystem.loop
        answer: tuple[Version, bytes] = _patiently(
            self.name, lambda: sync(loop, self._get, offset, length)
        )
        return answer

    async def _get(self, offset: int, length: int) -> tuple[Version, bytes]:
        options = dict(self._filesystem.kwargs)
        headers = {
            **options.pop("headers", {}),
            "Accept-Encoding": "identity",
            "Range": f"bytes={offset}-{offset + length - 1}",
        }
        session = await self._filesystem.set_session()
        url = self._filesystem.encode_url(self._path)
        async with session.get(url, headers=headers, **options) as answer:
            version = Version.of(answer.status, answer.headers)
            return version, await self._body(answer, version, offset, length)

    async def _body(self, answer: Any, version: Version, offset: int, length: int) -> bytes:
        whole = offset == 0 and length == self.size
        if answer.status == _PARTIAL or (answer.ok and whole):
            data: bytes = await answer.read()
            return data
        probing = (offset, length) == (0, 1)
        if answer.ok and probing:  # the headers are enough, and the body may be large
            return b""
        if answer.ok:
            msg = (
                f"the server of {shown(self.name)} sends no ranges, and the file is larger than "
                "one part: download it, or give a larger part_size"
            )
            raise RefusedError(msg)
        if probing and self.size == 0 and version.size in {"", "0"}:
            return b""  # no range fits into an empty file
        raise _failure(self.name, answer.status)


def open_remote(url: str) -> RemoteFile:
    """The file behind a URL.

    Raises:
        RefusedError: fsspec is not installed, or does not know how to read this.
        FileNotFoundError: There is none.
    """
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415 - optional
    except ImportError as error:
        msg = f"{shown(public(url))} needs fsspec: pip install fsspec, or give the path of a file"
        raise RefusedError(msg) from error
    try:
        filesystem, path = url_to_fs(url)
    except (ValueError, ImportError) as error:
        msg = f"{shown(public(url))} cannot be read: {scrub(str(error))}"
        raise RefusedError(msg) from None
    kind = WebFile if WEB & _protocols(filesystem) else RemoteFile
    return kind(url, filesystem, path)


def public(url: str) -> str:
    """A URL as it may be shown: without what signs it and who asks."""
    return _PRIVATE.sub("", url)


def changed(name: str) -> FileChangedError:
    """The error of a file that is not what it was."""
    return FileChangedError(
        f"{shown(name)} was changed, replaced or deleted while it was being uploaded; nothing was "
        "completed: upload it again when nobody writes to it"
    )


def _found(url: str, info: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What is there; an error may not show what signs the URL."""
    try:
        return info()
    except FileNotFoundError:
        what = "not found, or out of reach"
        raise FileNotFoundError(errno.ENOENT, what, public(url)) from None


def _patiently(name: str, read: Callable[[], T]) -> T:
    """What ``read`` gives, and again where the way to it fails for a moment.

    Raises:
        OSError: It keeps failing.
    """
    for attempt in range(1, READ_ATTEMPTS + 1):
        try:
            return read()
        except LASTING:  # noqa: PERF203 - that is what a retry is
            raise
        except FileNotFoundError:
            raise changed(name) from None
        except Exception as error:  # noqa: BLE001 - each file system has errors of its own
            if attempt == READ_ATTEMPTS:
                msg = f"{shown(name)} cannot be read: {scrub(f'{type(error).__name__}: {error}')}"
                raise OSError(msg) from None
            time.sleep(backoff(attempt))
    raise AssertionError


def _failure(name: str, status: int) -> Exception:
    if status in _GONE:
        return changed(name)
    msg = f"{shown(name)} cannot be read: its server answers {status}"
    return PermissionError(msg) if status in _CLOSED else OSError(msg)


def _name(filesystem: Any, path: str) -> str:
    """The last name in the path; of a web address neither query nor fragment is one."""
    of_file = urlsplit(path).path if WEB & _protocols(filesystem) else path
    return of_file.rstrip("/").rpartition("/")[2]


def _protocols(filesystem: Any) -> set[str]:
    protocol: str | tuple[str, ...] = filesystem.protocol
    return {protocol} if isinstance(protocol, str) else set(protocol)
