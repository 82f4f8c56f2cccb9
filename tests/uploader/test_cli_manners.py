"""The command ends when it is told to, and not because of what a terminal cannot show."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from s3upload_widget.interrupt import GRACE
from support.clients.scripts import PATIENT_COMMAND
from support.files import make_file
from support.proxy.faults import Fault, Gate, Match
from support.servers.canned import NS, canned
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

MiB = 1 << 20
UPLOADS = "ListMultipartUploadsResult"
MOST = 30.0
"""Seconds from Ctrl-C to the end of every wait on any machine: a silent S3 is left after minutes."""
SCRIPT = """
import sys
from s3upload_widget import upload_files
try:
    upload_files(sys.argv[1], sys.argv[2], progress=False)[0].verify()
except KeyboardInterrupt:
    print("the wait ended", flush=True)
"""
STREAM = """
import sys
from s3upload_widget import upload_stream
try:
    with upload_stream(sys.argv[2] + "run7.bin", part_size=5 << 20, progress=False) as stream:
        stream.write(bytes(6 << 20))
except KeyboardInterrupt:
    print("the wait ended", flush=True)
"""
DEAF = """
import hashlib
from s3upload_widget.interrupt import ends_by_ctrl_c
with ends_by_ctrl_c():
    while True:
        try:
            print("now", flush=True)
            hashlib.pbkdf2_hmac("sha256", b"", b"", (1 << 31) - 1)
        except KeyboardInterrupt:
            pass
"""
"""Deaf as the look-up of a host's name is, and loses what it hears, as a destructor does."""


class Silent:
    """A server that takes connections, and says nothing."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.taken: list[socket.socket] = []
        self.thread = threading.Thread(target=self.take, daemon=True)
        self.thread.start()

    def take(self) -> None:
        with contextlib.suppress(OSError):  # shut down at the end
            while True:
                self.taken.append(self.socket.accept()[0])

    def close(self) -> None:
        """What came at the last moment is taken before, or never."""
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        for each in (self.socket, *self.taken):
            each.close()


@pytest.fixture
def silent() -> Iterator[Silent]:
    """A server that says nothing."""
    server = Silent()
    yield server
    server.close()


def start(server: S3Server, *arguments: object) -> subprocess.Popen[bytes]:
    return run(server, "-m", "s3upload_widget", *arguments)


def run(server: S3Server, *arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **server.environment},
    )


def interrupt(process: subprocess.Popen[bytes]) -> str:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(MOST)
    finally:
        process.kill()  # what does not end would hold up the test for ever
    assert process.stderr
    told = process.stderr.read().decode()
    assert process.returncode == 130, told
    assert "Traceback" not in told
    return told


@pytest.mark.parametrize(
    "arguments",
    [
        ["ls"],
        ["abort", "--older-than", "1d"],
        ["check"],
        ["put", __file__],
        ["put", "-", "--name", "run7.bin"],
    ],
    ids=str,
)
def test_ctrl_c_ends_the_wait_for_a_silent_server(
    ministack: S3Server, silent: Silent, arguments: list[str]
) -> None:
    with start(ministack, *arguments, "s3://lab/", "--endpoint-url", silent.url) as process:
        assert process.stdin
        process.stdin.close()
        until(lambda: silent.taken, 60, "a connection")
        interrupt(process)


def test_ctrl_c_ends_the_wait_for_a_silent_source(
    ministack: S3Server, bucket: str, silent: Silent
) -> None:
    with start(ministack, "put", f"{silent.url}/run7.bin", f"s3://{bucket}/") as process:
        until(lambda: silent.taken, 60, "a connection")
        interrupt(process)


@pytest.mark.parametrize("size", [1 * MiB, 12 * MiB], ids=["one part", "parts that were sent"])
def test_ctrl_c_ends_the_wait_for_standard_input(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, size: int
) -> None:
    options = ["--part-size", 5, "--endpoint-url", proxy.url]
    put = [PATIENT_COMMAND, "put", "-", f"s3://{bucket}/run7.bin", *options]
    with run(ministack, "-c", *put) as process:
        assert process.stdin
        process.stdin.write(bytes(size))  # more than a pipe holds: it is being read by then
        process.stdin.flush()
        if size > MiB:
            until(lambda: [sent for sent in proxy.of("UploadPart") if sent.complete], 60)
        told = interrupt(process)

    assert ("remove it with 's3upload abort'" in told) == (size > MiB)


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
        until(lambda: proxy.of(operation), 60, "a part on the wire")
        interrupt(process)
    proxy.cut_off()


@pytest.mark.parametrize(
    ("operation", "script"),
    [("HeadBucket", SCRIPT), ("PutObject", SCRIPT), ("GetObject", SCRIPT), ("UploadPart", STREAM)],
    ids=lambda value: value if value.isalnum() else "",
)
def test_ctrl_c_ends_the_wait_of_a_script(
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    operation: str,
    script: str,
) -> None:
    gate = Gate(answer=True)
    proxy.play(Fault(gate, Match(operation=operation), times=100))
    path = make_file(tmp_path / "run7.bin", 10)

    with run(ministack.at(proxy.url), "-c", script, path, f"s3://{bucket}/") as process:
        assert process.stdout
        until(lambda: proxy.of(operation), 60, "a request on the wire")
        process.send_signal(signal.SIGINT)
        try:
            process.wait(MOST)  # neither the wait nor its threads hold it up
        finally:
            process.kill()
        told = process.stdout.read()
    proxy.cut_off()

    assert told == b"the wait ended\n"


def test_ctrl_c_ends_what_does_not_hear_of_it(ministack: S3Server) -> None:
    assert GRACE < 2
    with run(ministack, "-c", DEAF) as process:
        assert process.stdout
        assert process.stdout.readline() == b"now\n"
        assert "Interrupted." in interrupt(process)


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


def test_a_time_that_the_server_does_not_say_is_unknown() -> None:
    listed = "<Upload><Key>run7.bin</Key><UploadId>1</UploadId></Upload>"

    def script(_: str, query: dict[str, str]) -> str:
        root, inside = ("ListPartsResult", "") if "uploadId" in query else (UPLOADS, listed)
        return f"<{root} {NS}><IsTruncated>false</IsTruncated>{inside}</{root}>"

    environment = os.environ | {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
    with canned(script) as url:
        command = [sys.executable, "-m", "s3upload_widget", "ls", "s3://lab"]
        at = ["--endpoint-url", url, "--region", "us-east-1"]
        plain, told = (
            subprocess.run([*command, *at, *more], capture_output=True, check=True, env=environment)
            for more in ([], ["--json"])
        )

    assert plain.stdout.startswith(b"unknown ")
    assert json.loads(told.stdout)[0]["last_part_at"] is None
