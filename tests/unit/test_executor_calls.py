"""Jobs for workers go as few calls: each takes its share of what waits, and grows with the workers."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from s3upload_widget.errors import WorkerError
from s3upload_widget.signed_put import PutAnswered, SignedPut
from s3upload_widget.uploader.executor_calls import CALL_JOBS, FIRST, ExecutorCalls
from s3upload_widget.uploader.tasks import (
    Done,
    Hashed,
    HashJob,
    Piece,
    SendJob,
    TaskFailed,
    WorkerCall,
)
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MiB = 1 << 20
HASHED = Hashed("sha256", "md5")
SENT = PutAnswered(status=200, headers={}, document=b"")


class Held(Executor):
    """An engine whose calls end when the test says so."""

    def __init__(self) -> None:
        self.calls: list[tuple[WorkerCall, Future[Any]]] = []

    def submit(self, _: Callable[..., Any], /, *args: Any, **__: Any) -> Future[Any]:
        """Hold a call."""
        future: Future[Any] = Future()
        self.calls.append((args[0], future))
        return future

    def wait(self, count: int) -> WorkerCall:
        """The last one of so many calls."""
        until(lambda: len(self.calls) >= count, what=f"{count} calls")
        assert len(self.calls) == count
        return self.calls[-1][0]

    def end(self, number: int, worker: str = "a") -> None:
        """All jobs of a call are done."""
        call, future = self.calls[number]
        future.set_result(Done((SENT,) * len(call.sends), (HASHED,) * len(call.hashes), worker))


class Keeping(Held):
    """ipyparallel's: its controller keeps calls, and hears of their end later than we do."""

    def __init__(self) -> None:
        super().__init__()
        self.view = SimpleNamespace(client=self)
        self.kept: set[str] = set()
        self.late = 1.0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future = super().submit(fn, *args, **kwargs)
        self.kept.add(args[0].name)
        future.msg_ids = [args[0].name]  # type: ignore[attr-defined]  # as ipyparallel's have
        return future

    def sleep(self, seconds: float) -> None:
        self.late -= seconds

    def purge_results(self, jobs: list[str]) -> None:
        if self.late > 0:
            raise IndexError
        self.kept -= set(jobs)

    def purge_local_results(self, jobs: list[str]) -> None:
        """What is kept here opens nothing."""


def piece(size: int) -> Piece:
    at = datetime(2026, 1, 1, tzinfo=timezone.utc)
    return Piece(path="/a", name="a", size=size, modified=at, offset=0, length=size)


def to_hash(size: int) -> HashJob:
    return HashJob(piece(size), with_md5=True)


def to_send(size: int) -> SendJob:
    return SendJob(piece(size), SignedPut("http://s3/", (), verify=True))


@pytest.fixture
def engine() -> Held:
    return Held()


@pytest.fixture
def one(engine: Held) -> Iterator[ExecutorCalls]:
    """One call at a time."""
    calls = ExecutorCalls(engine, 1, growing=False)
    yield calls
    calls.close()


def test_what_waits_goes_with_the_next_call_a_body_beside_a_piece_to_hash(
    engine: Held, one: ExecutorCalls
) -> None:
    first = one.submit(to_hash(16 * MiB), alone=False)
    engine.wait(1)
    for number in range(3):
        waiting = [one.submit(job(16 * MiB), alone=False) for job in (to_hash, to_send)]
        engine.end(number)
        call = engine.wait(number + 2)
        assert (len(call.sends), len(call.hashes)) == (1, 1)
    engine.end(3)

    assert [each.result(30) for each in (first, *waiting)] == [HASHED, HASHED, SENT]


def test_small_files_share_a_call_and_none_takes_more_than_its_share(
    engine: Held, one: ExecutorCalls
) -> None:
    one.submit(to_hash(10), alone=False)
    engine.wait(1)
    for _ in range(40):
        one.submit(to_hash(10), alone=False)
    engine.end(0)
    assert len(engine.wait(2).hashes) == CALL_JOBS

    few = ExecutorCalls(engine, 2, growing=False)
    for _ in range(2):
        few.submit(to_hash(10), alone=False)
    engine.wait(4)
    for _ in range(4):
        few.submit(to_hash(10), alone=False)
    engine.end(3)
    assert len(engine.wait(5).hashes) == 2
    few.close()


def test_no_more_is_hashed_ahead_than_the_next_calls_send(engine: Held, one: ExecutorCalls) -> None:
    one.submit(to_hash(16 * MiB), alone=False)
    engine.wait(1)
    for job in (to_send, to_send, to_send, to_hash):
        one.submit(job(16 * MiB), alone=False)

    for number, hashes in enumerate((0, 0, 1)):
        engine.end(number)
        assert len(engine.wait(number + 2).hashes) == hashes


def test_there_are_two_calls_for_each_worker_that_has_answered(engine: Held) -> None:
    calls = ExecutorCalls(engine, 64, growing=True)
    for _ in range(200):
        calls.submit(to_hash(16 * MiB), alone=False)
    engine.wait(FIRST)

    for number in range(3):  # one worker does all of them
        engine.end(number)
        engine.wait(FIRST + number + 1)
    for number in range(3, 13):  # ten do
        engine.end(number, worker=f"worker {number}")
        until(lambda: sum(not future.done() for _, future in engine.calls) >= FIRST)
    until(lambda: sum(not future.done() for _, future in engine.calls) == 22)
    calls.close()


def test_after_a_call_that_failed_each_job_of_it_is_told_so(
    engine: Held, one: ExecutorCalls
) -> None:
    jobs = [one.submit(to_hash(10), alone=False)]
    engine.wait(1)
    jobs += [one.submit(job(10), alone=False) for job in (to_hash, to_send)]
    engine.end(0)
    engine.wait(2)

    engine.calls[1][1].set_exception(OSError("died"))

    assert jobs[0].result(30) == HASHED
    for job in jobs[1:]:
        assert job.result(30) == TaskFailed("lost", "OSError: died", "")


def test_one_that_goes_alone_goes_first(engine: Held, one: ExecutorCalls) -> None:
    one.submit(to_hash(10), alone=False)
    engine.wait(1)
    one.submit(to_send(10), alone=False)
    one.submit(to_hash(11), alone=True)

    engine.end(0)
    call = engine.wait(2)

    assert (call.sends, call.hashes) == ((), (to_hash(11),))


def test_an_answer_of_another_kind_is_a_failure_and_calls_go_on(
    engine: Held, one: ExecutorCalls
) -> None:
    first = one.submit(to_hash(10), alone=False)
    engine.wait(1)
    engine.calls[0][1].set_result(None)
    result = first.result(30)
    assert isinstance(result, TaskFailed)
    assert result.kind == "lost"

    again = one.submit(to_hash(10), alone=True)
    engine.wait(2)
    engine.end(1)
    assert again.result(30) == HASHED


def test_closing_ends_what_waits_and_cancels_what_has_not_begun(
    engine: Held, one: ExecutorCalls
) -> None:
    running = one.submit(to_hash(10), alone=False)
    engine.wait(1)
    waiting = one.submit(to_hash(10), alone=False)

    one.close()

    for job in (running, waiting):
        assert isinstance(job.exception(30), WorkerError)
    with pytest.raises(WorkerError, match="stopped"):
        one.submit(to_hash(10), alone=False)


def test_a_controller_that_hears_late_of_the_end_of_a_call_forgets_it_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Keeping()
    monkeypatch.setattr("s3upload_widget.uploader.executor_calls.time", engine)
    calls = ExecutorCalls(engine, 1, growing=False)
    sent = calls.submit(to_send(10), alone=True)
    engine.wait(1)
    engine.end(0)
    assert sent.result(30) == SENT
    assert engine.kept

    calls.close()

    assert engine.kept == set()


def test_no_two_calls_are_equal(engine: Held) -> None:
    calls = ExecutorCalls(engine, 8, growing=False)
    for _ in range(2):
        calls.submit(to_hash(10), alone=True)
    engine.wait(2)

    assert engine.calls[0][0] != engine.calls[1][0]
    calls.close()
