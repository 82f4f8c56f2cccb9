"""A file whose parts the workers of an executor read, hash and send. Signs nothing, reads no part.

An executor is any of ``concurrent.futures``' kind: Dask's, ipyparallel's, loky's, a process pool.
What they have in common is little, so calls are small, none equal to another, with all that may go
wrong in one as its result.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from s3upload_widget.errors import S3UnavailableError, WorkerError
from s3upload_widget.keys import shown
from s3upload_widget.signed_put import PutAnswered, RemoteBody
from s3upload_widget.uploader.executor_calls import ExecutorCalls
from s3upload_widget.uploader.remote_files import changed, public
from s3upload_widget.uploader.tasks import (
    Hashed,
    HashJob,
    HashWholeJob,
    Piece,
    SendJob,
    TaskFailed,
)
from s3upload_widget.workers import Workers

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from datetime import datetime

    from s3upload_widget.signed_put import SignedPut
    from s3upload_widget.uploader.sources import Source
    from s3upload_widget.uploader.tasks import Job

T = TypeVar("T")

TRIES: Final = 4
"""Times that a job is done whose worker died, or cannot read the file: others may."""


class Elsewhere:
    """Has workers do jobs, and waits for each. Thread-safe.

    Args:
        executor: Whose workers can read the files.
        most: Calls on their way at a time.
        growing: Whether there are fewer where there are few workers.
    """

    def __init__(self, executor: Executor, most: int, *, growing: bool) -> None:
        self._calls = ExecutorCalls(executor, most, growing=growing)

    def run(self, kind: type[T], job: Job) -> T | TaskFailed:
        """What a job gives on some worker, and on another one where that fails.

        Raises:
            WorkerError: No worker managed, or the executor broke.
            FileChangedError: The file is not what it was.
        """
        failed = TaskFailed("lost", "", "")
        for attempt in range(TRIES):
            alone = attempt > 0 or isinstance(job, HashWholeJob)  # perhaps it killed its worker
            result = self._calls.submit(job, alone=alone).result()
            if isinstance(result, kind):
                return result
            failed = result if isinstance(result, TaskFailed) else failed
            if failed.kind == "changed":
                raise changed(job.piece.name)
            if failed.kind == "unanswered":
                return failed
        raise _gave_up(job.piece, failed)

    def close(self) -> None:
        """Have no more jobs done; what runs may run to its end."""
        self._calls.close()


class RemoteSource:
    """A file that is read elsewhere; here only its size and time are looked at.

    Args:
        source: The same file, as this process sees it.
        path: As a worker can open it.
        elsewhere: Makes calls on workers.
    """

    def __init__(self, source: Source, path: str, elsewhere: Elsewhere) -> None:
        self._source = source
        self._path = path
        self._elsewhere = elsewhere
        self.name = source.name
        self.size = source.size
        self.modified: datetime = source.modified

    def read(self, offset: int, length: int) -> bytes:
        """Exactly these bytes, read here: to compare the file with an object that is there."""
        return self._source.read(offset, length)

    def check(self) -> None:
        """Check that the file is unchanged."""
        self._source.check()

    def moved(self) -> bool:
        """Whether only its bytes can say that it is the same."""
        return self._source.moved()

    def hashed(self, offset: int, length: int, *, md5: bool) -> tuple[Hashed, RemoteBody]:
        """The checksums of some of its bytes, and these as a body that a worker can send."""
        piece = self._piece(offset, length)
        result = self._elsewhere.run(Hashed, HashJob(piece, md5))
        if isinstance(result, TaskFailed):
            raise _gave_up(piece, result)
        return result, _Body(replace(piece, sha256=result.sha256), self._elsewhere)

    def digest(self) -> RemoteDigest:
        """Have a worker make the whole file's SHA-256, from now on."""
        return RemoteDigest(self._piece(0, self.size), self._elsewhere)

    def _piece(self, offset: int, length: int) -> Piece:
        return Piece(
            path=self._path,
            name=self.name,
            size=self.size,
            modified=self.modified,
            offset=offset,
            length=length,
        )


class RemoteDigest:
    """The SHA-256 of a file that one worker reads from its beginning to its end."""

    of_parts: Final = False
    """Parts that others read do not help."""

    def __init__(self, piece: Piece, elsewhere: Elsewhere) -> None:
        self._done = threading.Event()
        self._result: Hashed | BaseException = WorkerError("the whole file was not hashed")
        self._thread = Workers(1, name="s3upload-digest")
        self._thread.submit(lambda: self._run(piece, elsewhere))

    def make_room(self, part_number: int) -> None:
        """Parts need none."""

    def add(self, part_number: int, body: bytes | RemoteBody) -> None:
        """Parts are not needed."""

    def stop(self) -> None:
        """Wait no longer."""
        self._done.set()
        self._thread.close()

    def hexadecimal(self) -> str:
        """As ``sha256sum`` prints it.

        Raises:
            UploadError: No worker could make it.
        """
        self._done.wait()
        if isinstance(self._result, BaseException):
            raise self._result
        return self._result.sha256

    def _run(self, piece: Piece, elsewhere: Elsewhere) -> None:
        try:
            result = elsewhere.run(Hashed, HashWholeJob(piece))
            self._result = _gave_up(piece, result) if isinstance(result, TaskFailed) else result
        except Exception as error:  # noqa: BLE001 - whoever asks for the checksum gets it
            self._result = error
        finally:
            self._done.set()


class _Body(RemoteBody):
    """A piece that a worker sends."""

    def __init__(self, piece: Piece, elsewhere: Elsewhere) -> None:
        self._piece = piece
        self._elsewhere = elsewhere

    def __len__(self) -> int:
        """Bytes."""
        return self._piece.length

    def send(self, put: SignedPut) -> PutAnswered:
        """Have a worker send it."""
        result = self._elsewhere.run(PutAnswered, SendJob(self._piece, put))
        if isinstance(result, TaskFailed):
            msg = f"S3 did not answer the worker on {result.worker} ({result.text}): try again"
            raise S3UnavailableError(msg)
        return result


def _gave_up(piece: Piece, failed: TaskFailed) -> WorkerError:
    if failed.kind == "unreadable":
        where = f"the worker on {failed.worker} cannot read {shown(public(piece.path))}"
        return WorkerError(
            f"{where} ({failed.text}): give a path that all workers see, such as one of a shared "
            "file system"
        )
    return WorkerError(
        f"workers died or failed {TRIES} times over {piece!r} ({failed.text}): look at their logs; "
        "they need s3upload_widget in the version that is here, and memory for a part"
    )
