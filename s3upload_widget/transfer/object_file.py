"""An uploaded object as a file that is open for reading. Knows no plan and no upload."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from s3upload_widget.checksums import same_etag
from s3upload_widget.errors import IntegrityError, ObjectExistsError, S3Error
from s3upload_widget.s3 import NoObject, ObjectFound, refusal_code
from s3upload_widget.transfer.range_reader import read_range

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Buffer

    from s3upload_widget.results import UploadedFile
    from s3upload_widget.s3 import Download, Store

KiB: Final = 1024
BUFFER: Final = 64 * KiB
"""Bytes that the buffer before the object holds: most reads are of a line, or a few bytes."""
FIRST_AHEAD: Final = 256 * KiB
"""Bytes of a request for a few bytes, as of a footer."""
MOST_AHEAD: Final = 32 * KiB**2
"""Bytes that are read ahead at most, where one read follows the other."""


def open_object(store: Store, uploaded: UploadedFile) -> io.BufferedReader:
    """Open an object that was uploaded.

    Raises:
        IntegrityError: It is gone, or another one.
        S3Error: S3 cannot be asked.
    """
    pinned = uploaded.version_id not in {"", "null"}  # which an overwrite leaves as it is
    etag = "" if pinned else _etag_now(store, uploaded)
    version_id = uploaded.version_id if pinned else ""
    download = store.download(uploaded.key, version_id=version_id, etag=etag, size=uploaded.size)
    return io.BufferedReader(ObjectFile(download, uploaded), BUFFER)


def _etag_now(store: Store, uploaded: UploadedFile) -> str:
    """The object's ETag, as HEAD tells it; ``""`` where that is denied."""
    head = store.head_object(uploaded.key)
    if isinstance(head, NoObject):
        raise _gone(uploaded)
    if not isinstance(head, ObjectFound):
        return ""
    told = bool(head.etag and uploaded.etag)
    if head.size not in {-1, uploaded.size} or (told and not same_etag(head.etag, uploaded.etag)):
        raise _replaced(uploaded)
    return head.etag


class ObjectFile(io.RawIOBase):
    """The bytes of an object, by requests for ranges; read further ahead while they follow."""

    def __init__(self, download: Download, uploaded: UploadedFile) -> None:
        self.name: Final = uploaded.uri
        self._download = download
        self._uploaded = uploaded
        self._position = 0
        self._block = memoryview(b"")
        self._block_start = 0
        self._ahead = FIRST_AHEAD

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move; makes no request."""
        self._check_open()
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._uploaded.size}
        if whence not in start or start[whence] + offset < 0:
            msg = f"there is no place {offset} from {whence}"
            raise ValueError(msg)
        self._position = start[whence] + offset
        return self._position

    def tell(self) -> int:
        """Where the next read starts."""
        self._check_open()
        return self._position

    def readinto(self, buffer: Buffer, /) -> int:
        """Fill the buffer, if the object has as many bytes."""
        self._check_open()
        target = memoryview(buffer).cast("B")
        wanted = max(0, min(len(target), self._uploaded.size - self._position))
        known = self._known()[:wanted]
        target[: len(known)] = known
        if wanted > len(known):
            self._read(target[len(known) : wanted], self._position + len(known))
        self._position += wanted
        return wanted

    def readall(self) -> bytes:
        """All the rest."""
        self._check_open()
        rest = b"".join(self._blocks(self._position, self._uploaded.size))
        self._position += len(rest)
        return rest

    def _check_open(self) -> None:
        if self.closed:
            msg = "I/O operation on closed file"
            raise ValueError(msg)

    def _known(self) -> memoryview:
        """What was read ahead from the present place on."""
        skipped = self._position - self._block_start
        return self._block[skipped:] if skipped >= 0 else self._block[:0]

    def _read(self, target: memoryview, start: int) -> None:
        follows = start == self._block_start + len(self._block)
        self._ahead = min(2 * self._ahead, MOST_AHEAD) if follows else FIRST_AHEAD
        end = min(start + max(len(target), self._ahead), self._uploaded.size)
        if len(target) < end - start:
            read = memoryview(b"".join(self._blocks(start, end)))
            target[:] = read[: len(target)]
        else:
            read = memoryview(b"")
            at = 0
            for block in self._blocks(start, end):
                target[at : at + len(block)] = block
                at += len(block)
        self._block, self._block_start = read, end - len(read)

    def _blocks(self, start: int, end: int) -> Iterator[bytes]:
        try:
            yield from read_range(self._download, start, end)
        except ObjectExistsError as error:
            raise _replaced(self._uploaded) from error
        except S3Error as error:
            if refusal_code(error) in {"NoSuchKey", "NoSuchVersion"}:
                raise _gone(self._uploaded) from error
            raise


def _gone(uploaded: UploadedFile) -> IntegrityError:
    return IntegrityError(
        f"{uploaded.uri} is not on S3 any more: it was deleted since; upload the file again"
    )


def _replaced(uploaded: UploadedFile) -> IntegrityError:
    return IntegrityError(
        f"{uploaded.uri} was overwritten since it was uploaded at {uploaded.finished:%Y-%m-%d %H:%M} "
        "UTC, so it is not read: look who did; verify() reads it, and tells whether its bytes differ"
    )
