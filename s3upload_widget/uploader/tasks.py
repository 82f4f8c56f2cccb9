"""What runs on the workers of an executor: one plain function of small arguments. Knows no credentials.

It raises nothing: engines wrap exceptions, each in its own way, so failures are results.
"""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar

from s3upload_widget.checksums import md5, sha256
from s3upload_widget.errors import FileChangedError
from s3upload_widget.redaction import scrub
from s3upload_widget.signed_put import NoAnswerError, PutAnswered, SignedPut, put_signed
from s3upload_widget.uploader.sources import open_source
from s3upload_widget.workers import DaemonExecutor

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from s3upload_widget.uploader.sources import Source

T = TypeVar("T")

BLOCK: Final = 16 * 1024**2
"""Bytes that are read at once for the whole file's checksum."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Piece:
    """A range of a file, as a worker can read it."""

    path: str
    """Absolute, or an fsspec URL."""
    name: str
    """The file's, for people."""
    size: int
    """Bytes of the whole file."""
    modified: datetime
    offset: int
    length: int
    sha256: str = ""
    """Base64; what the bytes have to be, where that is known."""

    def __repr__(self) -> str:
        """What an engine's log may show; a URL may hold what opens it."""
        return f"<{self.length} bytes from {self.offset} of {self.name}>"


@dataclass(frozen=True, slots=True)
class Hashed:
    """The checksums of a piece."""

    sha256: str
    """Base64; of a whole file in hexadecimal."""
    md5: str
    """Base64; ``""`` where it was not asked for."""


@dataclass(frozen=True, slots=True)
class TaskFailed:
    """Why a worker could not do it."""

    kind: Literal["changed", "unreadable", "unanswered", "lost"]
    text: str
    """Without secrets."""
    worker: str
    """``host, process 123``; ``""`` where nobody knows."""


@dataclass(frozen=True, slots=True)
class HashJob:
    """Read a piece and hash it."""

    piece: Piece
    with_md5: bool

    def do(self) -> Hashed | TaskFailed:
        """Do it, in as much memory as the piece takes."""

        def hashed(source: Source) -> Hashed:
            body = source.read(self.piece.offset, self.piece.length)
            return Hashed(sha256(body), md5(body) if self.with_md5 else "")

        return _of(self.piece, hashed)


@dataclass(frozen=True, slots=True)
class HashWholeJob:
    """Read a whole file and hash it."""

    piece: Piece

    def do(self) -> Hashed | TaskFailed:
        """Do it, in little memory."""

        def hashed(source: Source) -> Hashed:
            digest = hashlib.sha256()
            for offset in range(0, source.size, BLOCK):
                digest.update(source.read(offset, min(BLOCK, source.size - offset)))
            source.check()
            return Hashed(digest.hexdigest(), "")

        return _of(self.piece, hashed)


@dataclass(frozen=True, slots=True)
class SendJob:
    """Read a piece again, and send it if it is what was hashed."""

    piece: Piece
    put: SignedPut

    def do(self) -> PutAnswered | TaskFailed:
        """Do it, in as much memory as the piece takes."""

        def sent(source: Source) -> PutAnswered:
            body = source.read(self.piece.offset, self.piece.length)
            if sha256(body) != self.piece.sha256:
                raise FileChangedError
            return put_signed(self.put, body)

        return _of(self.piece, sent)


Job: TypeAlias = HashJob | HashWholeJob | SendJob
Result: TypeAlias = Hashed | PutAnswered | TaskFailed


@dataclass(frozen=True, slots=True)
class WorkerCall:
    """What a worker does at once: bodies to send, and pieces to hash meanwhile."""

    sends: tuple[SendJob, ...]
    hashes: tuple[HashJob | HashWholeJob, ...]
    name: str
    """Makes no two calls equal: Dask runs equal ones once, and repeats the failure of one."""


@dataclass(frozen=True, slots=True)
class Done:
    """The result of each job of a call."""

    sent: tuple[PutAnswered | TaskFailed, ...]
    hashed: tuple[Hashed | TaskFailed, ...]
    worker: str
    """The process and thread that did it."""


def work(call: WorkerCall) -> Done:
    """Send one body after the other; another thread hashes meanwhile, one piece at a time."""
    with DaemonExecutor(1, name="s3upload-hash") as beside:
        hashing = beside.submit(lambda: tuple(job.do() for job in call.hashes))
        sent = tuple(job.do() for job in call.sends)
        return Done(sent, hashing.result(), f"{_worker()}, thread {threading.get_ident()}")


def _of(piece: Piece, do: Callable[[Source], T]) -> T | TaskFailed:
    try:
        source = open_source(piece.path)
        if (source.size, source.modified) != (piece.size, piece.modified):
            raise FileChangedError  # noqa: TRY301 - the same answer as of a change that is seen later
        return do(source)
    except FileChangedError:
        return TaskFailed("changed", "", _worker())
    except NoAnswerError as error:
        return TaskFailed("unanswered", str(error), _worker())
    except Exception as error:  # noqa: BLE001 - each file system has errors of its own
        return TaskFailed("unreadable", scrub(f"{type(error).__name__}: {error}"), _worker())


def _worker() -> str:
    return f"{socket.gethostname()}, process {os.getpid()}"
