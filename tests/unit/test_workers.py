"""Threads of our own: what they were given is done, and none of them keeps Python from ending."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from s3upload_widget.protocol import Welcome
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from s3upload_widget.uploader import upload_file
from s3upload_widget.widget.controller import Controller
from s3upload_widget.workers import Workers, in_parallel
from support import ROOT
from support.proxy.faults import FOREVER, Fault, Gate, Match
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from s3upload_widget.results import UploadedFile
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

LISTING = """
import sys, threading
from s3upload_widget import list_unfinished
threading.Thread(target=list_unfinished, args=sys.argv[1:], daemon=True).start()
sys.stdin.read()
"""


def test_work_beyond_the_room_is_refused_and_without_a_limit_none_is() -> None:
    workers, go_on, done = Workers(1, name="test"), threading.Event(), []
    workers.submit(go_on.wait)
    until(lambda: workers.submit(lambda: done.append(0), room=1), what="the first at work")

    assert not workers.submit(lambda: done.append(-1), room=1)
    assert all(workers.submit(lambda: done.append(1)) for _ in range(11_000))
    go_on.set()

    until(lambda: len(done) == 11_001, what="all work")
    workers.close()
    assert not workers.submit(go_on.wait)


def test_threads_without_work_end_and_come_again() -> None:
    workers, done = Workers(2, name="test-idle", idle=0.05), []

    for round_ in range(3):
        workers.submit(lambda: done.append(threading.current_thread().name))
        until(lambda n=round_: len(done) == n + 1, what="the work")  # type: ignore[misc]
        until(lambda: "test-idle" not in {each.name for each in threading.enumerate()}, what="end")

    assert done == ["test-idle"] * 3


def test_work_that_comes_while_a_thread_ends_is_done() -> None:
    workers, done = Workers(1, name="test-idle", idle=0.0), []

    for number in range(3_000):
        workers.submit(lambda n=number: done.append(n))  # type: ignore[misc]

    until(lambda: len(done) == 3_000, what="all work")
    assert done == list(range(3_000))


def test_many_at_once_give_their_results_in_order() -> None:
    met = threading.Barrier(4)

    def together(number: int, text: str) -> str:
        met.wait(30)
        return f"{number}{text}"

    found = in_parallel(together, range(8), "abcdefgh", at_once=4)

    assert found == ["0a", "1b", "2c", "3d", "4e", "5f", "6g", "7h"]
    assert in_parallel(together, [], [], at_once=4) == []


def test_one_that_fails_ends_what_has_not_begun() -> None:
    begun: list[int] = []
    go_on = threading.Event()

    def fail_first(number: int) -> None:
        begun.append(number)
        if not number:
            raise LookupError(number)
        go_on.wait(30)

    with pytest.raises(LookupError, match="0"):
        in_parallel(fail_first, range(9), at_once=1, name="test-beside")
    go_on.set()

    until(lambda: all(thread.name != "test-beside" for thread in threading.enumerate()))
    assert begun in ([0], [0, 1])


def test_a_kernel_ends_though_s3_does_not_answer(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    for number in range(20):
        ministack.client.create_multipart_upload(Bucket=bucket, Key=str(number))
    held = Gate()
    proxy.play(Fault(held, Match(operation="ListParts"), times=FOREVER))
    environment = {**os.environ, **ministack.at(proxy.url).environment, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", LISTING, f"s3://{bucket}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as process:
        try:
            until(lambda: proxy.of("ListParts"), 60, "a question that nobody answers")
            process.communicate(timeout=30)
        finally:
            process.kill()
            held.opened.set()

    assert process.returncode == 0


def test_nothing_uses_threads_that_python_waits_for() -> None:
    users = {
        path.stem
        for path in (ROOT / "s3upload_widget").rglob("*.py")
        if re.search(
            r"\b(?:ThreadPoolExecutor\(|to_thread\b|run_in_executor\b)", path.read_text("utf-8")
        )
    }

    assert users == set()


def test_no_call_of_on_complete_is_lost_while_one_takes_long(
    moto: S3Server, tmp_path: Path
) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"a")
    store = Store(moto.new_bucket(), moto.client)
    file = upload_file(path, f"s3://{store.bucket}/a", client=moto.client, progress=False)
    told: list[Callable[[UploadedFile], None]] = []
    calls: list[str] = []
    go_on = threading.Event()

    def service(
        arrived: Callable[[UploadedFile], None], read: Callable[[str, int], None], _want: object
    ) -> Service:
        told.append(arrived)
        return Service(store, on_uploaded=arrived, on_read=read)

    welcome = Welcome(destination="", transport="direct", multiple=True, directory=False, orders=[])
    controller = Controller(welcome, service, send=print, publish=lambda: None)
    controller.on_complete(lambda _: go_on.wait(60))
    controller.on_complete(lambda arrived: calls.append(arrived.key))
    for _ in range(6_000):
        told[0](file)
    go_on.set()

    until(lambda: len(calls) == 6_000, 30, lambda: len(calls))
    controller.close()
