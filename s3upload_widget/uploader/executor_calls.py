"""Calls on the workers of an executor: few at a time, each with its share of what waits. Signs nothing.

A call costs an engine a millisecond or more, and while a worker only hashes, its network idles. So
a job that finds all workers busy goes with the next call, beside jobs of the other kind.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from concurrent.futures import BrokenExecutor, CancelledError, Future
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from s3upload_widget.errors import WorkerError
from s3upload_widget.redaction import scrub
from s3upload_widget.uploader.tasks import Done, Result, SendJob, TaskFailed, WorkerCall, work

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from s3upload_widget.uploader.tasks import Job

FIRST: Final = 4
"""Calls on their way before any worker has answered."""
CALL_SIZE: Final = 16 * 1024**2
"""Bytes that one call sends, and as many that it hashes; more only where one piece is larger."""
CALL_JOBS: Final = 16
"""Jobs of each kind in one call: so many small files."""
FORGET_AFTER: Final = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds before each try at the end."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A job that somebody waits for."""

    job: Job
    result: Future[Result] = field(default_factory=Future)

    def fail(self, error: WorkerError) -> None:
        if not self.result.done():
            self.result.set_exception(error)


class ExecutorCalls:
    """Makes calls on an executor, from one thread: not every client may be used by several.

    Args:
        executor: Whose workers do the jobs.
        most: Calls on their way at a time.
        growing: Whether there are fewer at first: two for each worker that has answered, so that it
            does one and finds the next.
    """

    def __init__(self, executor: Executor, most: int, *, growing: bool) -> None:
        self._executor = executor
        self._most = most
        self._growing = growing
        self._changed = threading.Condition()
        self._alone: deque[_Waiting] = deque()
        self._sends: deque[_Waiting] = deque()
        self._hashes: deque[_Waiting] = deque()
        self._running: dict[Future[Done], tuple[_Waiting, ...]] = {}
        self._ended: deque[Future[Done]] = deque()
        self._workers: set[str] = set()
        self._started = self._closed = False
        self._history = _History(executor)

    def submit(self, job: Job, *, alone: bool) -> Future[Result]:
        """Have some worker do a job; ``alone`` goes first, and with no other.

        Raises:
            WorkerError: After :meth:`close`.
        """
        waiting = _Waiting(job)
        with self._changed:
            if self._closed:
                raise _stopped()
            self._queue(job, alone=alone).append(waiting)
            if not self._started:
                self._started = True
                threading.Thread(target=self._serve, name="s3upload-calls", daemon=True).start()
            self._changed.notify_all()
        return waiting.result

    def close(self) -> None:
        """Make no more calls, and cancel those that wait; what runs may run to its end."""
        with self._changed:
            self._closed = True
            running = tuple(self._running)
            waiting = (*self._alone, *self._sends, *self._hashes)
            for queue in (self._alone, self._sends, self._hashes):
                queue.clear()
            self._changed.notify_all()
        for each in waiting:
            each.fail(_stopped())
        for future in running:
            future.cancel()
        self._history.close()

    def _queue(self, job: Job, *, alone: bool) -> deque[_Waiting]:
        if alone:
            return self._alone
        return self._sends if isinstance(job, SendJob) else self._hashes

    def _serve(self) -> None:
        """Make calls and hand out results, until all is closed and has ended."""
        while step := self._next():
            step()

    def _next(self) -> Callable[[], None] | None:
        """The next thing to do, as soon as there is one."""
        with self._changed:
            while True:
                if self._ended:
                    return partial(self._end, self._ended.popleft())
                if taken := self._take():
                    return partial(self._begin, taken)
                if self._closed and not self._running:
                    return None
                self._changed.wait()

    def _take(self) -> tuple[_Waiting, ...]:
        """The jobs of the next call; none while enough calls are on their way."""
        room = self._most
        if self._growing:
            room = min(room, max(FIRST, 2 * len(self._workers)))
        if len(self._running) >= room:
            return ()
        if self._alone:
            return (self._alone.popleft(),)
        sends = _share(self._sends, room)
        # What is hashed was signed soon after: no more than the next calls can send.
        ahead = len(self._sends) < room * _capacity(self._hashes)
        return (*sends, *(_share(self._hashes, room) if ahead else ()))

    def _begin(self, taken: tuple[_Waiting, ...]) -> None:
        jobs = [each.job for each in taken]
        call = WorkerCall(
            sends=tuple(job for job in jobs if isinstance(job, SendJob)),
            hashes=tuple(job for job in jobs if not isinstance(job, SendJob)),
            name=os.urandom(16).hex(),
        )
        try:
            future = self._executor.submit(work, call)
        except RuntimeError as error:  # a broken executor's error is one, too
            for each in taken:
                each.fail(broken(error))
        except Exception as error:  # noqa: BLE001 - each engine has errors of its own
            _hand_out(taken, TaskFailed("lost", _said(error), ""))
        else:
            with self._changed:
                self._running[future] = taken
                closed = self._closed
            future.add_done_callback(self._note_end)
            if closed:
                future.cancel()

    def _note_end(self, future: Future[Done]) -> None:
        """Called by a thread of the engine's: it is not to be held up."""
        with self._changed:
            self._ended.append(future)
            self._changed.notify_all()

    def _end(self, future: Future[Done]) -> None:
        with self._changed:
            taken = self._running.pop(future)
        self._history.forget(future)
        try:
            done = future.result()
            results = list(zip(taken, (*done.sent, *done.hashed), strict=True))
        except BrokenExecutor as error:
            for each in taken:
                each.fail(broken(error))
        except CancelledError:
            for each in taken:
                each.fail(_cancelled())
        except BaseException as error:  # noqa: BLE001 - each engine has errors of its own
            _hand_out(taken, TaskFailed("lost", _said(error), ""))
        else:
            self._workers.add(done.worker)
            for each, result in results:
                each.result.set_result(result)


class _History:
    """Makes ipyparallel's controller forget calls that are done: it keeps their arguments.

    It hears of an end a moment later than we do, and forgets nothing that may be running.
    """

    def __init__(self, executor: Executor) -> None:
        client = getattr(getattr(executor, "view", None), "client", None)
        self._purge = getattr(client, "purge_results", None)
        self._purge_here = getattr(client, "purge_local_results", None)
        self._lock = threading.Lock()
        self._done: list[str] = []

    def forget(self, future: Future[Any]) -> None:
        """Forget this call, and those that could not be forgotten before."""
        with self._lock:
            self._done += getattr(future, "msg_ids", ())
            self._try()

    def close(self) -> None:
        """Forget what is left."""
        with self._lock:
            for seconds in FORGET_AFTER:
                if self._done and self._purge:
                    time.sleep(seconds)
                self._try()

    def _try(self) -> None:
        if self._purge is None or self._purge_here is None or not self._done:
            return
        try:
            self._purge(jobs=self._done)
            self._purge_here(jobs=self._done)
            self._done = []
        except Exception:  # noqa: BLE001 - one is pending still: the next time takes them all
            return


def broken(error: BaseException) -> WorkerError:
    """An executor that takes no more calls."""
    return WorkerError(
        f"the executor takes no more calls ({type(error).__name__}: {scrub(str(error))}): a worker "
        "of it died, or it was shut down; make a new one, then upload the same file again"
    )


def _share(queue: deque[_Waiting], calls: int) -> list[_Waiting]:
    """What one of so many calls takes of a queue."""
    count = min(_capacity(queue), -(-len(queue) // calls))
    return [queue.popleft() for _ in range(count)]


def _capacity(queue: deque[_Waiting]) -> int:
    """Jobs of the first one's size in one call."""
    length = queue[0].job.piece.length if queue else CALL_SIZE
    return min(CALL_JOBS, max(1, CALL_SIZE // max(1, length)))


def _hand_out(taken: tuple[_Waiting, ...], failed: TaskFailed) -> None:
    for each in taken:
        each.result.set_result(failed)


def _stopped() -> WorkerError:
    return WorkerError("the upload was stopped")


def _cancelled() -> WorkerError:
    return WorkerError("a call on the executor was cancelled; one that ran already may still end")


def _said(error: BaseException) -> str:
    """What an engine says, and what it wraps: ipyparallel's errors name the engine's own."""
    name = getattr(error, "ename", None) or type(error).__name__
    return scrub(f"{name}: {getattr(error, 'evalue', None) or error}")
