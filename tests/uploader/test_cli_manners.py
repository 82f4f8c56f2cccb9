"""The command ends when it is told to, and not because of what a terminal cannot show."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from support.files import make_file
from support.proxy.faults import Fault, Gate, Match
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

MiB = 1 << 20
MOST = 5.0
"""Seconds from Ctrl-C to the end: two, and three for a busy machine."""


class Silent:
    """A server that takes connections, and says nothing."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.taken: list[socket.socket] = []
        threading.Thread(target=self.take, daemon=True).start()

    def take(self) -> None:
        with contextlib.suppress(OSError):  # closed at the end
            while True:
                self.taken.append(self.socket.accept()[0])


@pytest.fixture
def silent() -> Iterator[Silent]:
    """A server that says nothing."""
    server = Silent()
    yield server
    server.socket.close()
    for each in server.taken:
        each.close()


def start(server: S3Server, *arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "s3upload_widget", *map(str, arguments)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **server.environment},
    )


def interrupt(process: subprocess.Popen[bytes]) -> None:
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=60)[1].decode()
    assert time.monotonic() - asked < MOST, told
    assert process.returncode == 130, told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    "arguments", [["ls"], ["abort", "--older-than", "1d"], ["check"], ["put", __file__]], ids=str
)
def test_ctrl_c_ends_the_wait_for_a_silent_server(
    ministack: S3Server, silent: Silent, arguments: list[str]
) -> None:
    with start(ministack, *arguments, "s3://lab/", "--endpoint-url", silent.url) as process:
        until(lambda: silent.taken, 30, "a connection")
        interrupt(process)


def test_ctrl_c_ends_the_wait_for_a_silent_source(
    ministack: S3Server, bucket: str, silent: Silent
) -> None:
    with start(ministack, "put", f"{silent.url}/run7.bin", f"s3://{bucket}/") as process:
        until(lambda: silent.taken, 30, "a connection")
        interrupt(process)


@pytest.mark.parametrize(("count", "size"), [(1, 11 * MiB), (3, 10)], ids=["parts", "small files"])
def test_ctrl_c_ends_the_wait_for_parts_that_nobody_answers(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path, count: int, size: int
) -> None:
    operation = "UploadPart" if count == 1 else "PutObject"
    gate = Gate(answer=True)
    proxy.play(Fault(gate, Match(operation=operation), times=100))
    paths = [make_file(tmp_path / f"{number}.bin", size) for number in range(count)]
    options = ["--part-size", 5, "--endpoint-url", proxy.url]

    with start(ministack, "put", *paths, f"s3://{bucket}/", *options) as process:
        until(lambda: proxy.of(operation), 30, "a part on the wire")
        interrupt(process)
    gate.opened.set()


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("ascii", "é.csv 数据.csv".encode()), ("latin-1", b"\xe9.csv \\u6570\\u636e.csv")],
)
def test_a_name_that_the_terminal_cannot_encode_ends_nothing(
    ministack: S3Server, bucket: str, tmp_path: Path, encoding: str, expected: bytes
) -> None:
    paths = [make_file(tmp_path / name, 10) for name in ("é.csv", "数据.csv")]

    done = subprocess.run(
        [sys.executable, "-m", "s3upload_widget", "put", *paths, f"s3://{bucket}/"],
        capture_output=True,
        check=False,
        env={**os.environ, **ministack.environment, "PYTHONIOENCODING": encoding},
    )

    assert done.returncode == 0, done.stderr
    names = [line.rpartition(b"/")[2] for line in done.stdout.splitlines()]
    assert names == expected.split()
