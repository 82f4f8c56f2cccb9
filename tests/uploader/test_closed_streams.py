"""A program may be started without standard streams, or lose them: the files arrive all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.files import make_file

if TYPE_CHECKING:
    from pathlib import Path

    from support.servers.servers import S3Server

SCRIPT = """
import sys
from s3upload_widget import upload_file
upload_file(sys.argv[1], sys.argv[2])
"""
COMMAND = ("-m", "s3upload_widget", "put")


def run(
    server: S3Server, *arguments: object, redirected: str
) -> subprocess.CompletedProcess[bytes]:
    """Run Python as a shell does that redirects its streams."""
    program = [sys.executable, *map(str, arguments)]
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirected}', "sh", *program],
        env={**os.environ, **server.environment},
        capture_output=True,
        check=False,
        timeout=240,
    )


@pytest.mark.parametrize("program", [COMMAND, ("-c", SCRIPT)], ids=["command", "script"])
@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_a_closed_stream_holds_up_no_file(
    ministack: S3Server, bucket: str, tmp_path: Path, program: tuple[str, ...], closed: str
) -> None:
    path = make_file(tmp_path / "run7.bin", 10)

    done = run(ministack, *program, path, f"s3://{bucket}/", redirected=closed)

    assert done.returncode == 0, done.stderr
    assert ministack.body(bucket, "run7.bin") == path.read_bytes()


def test_a_closed_standard_input_is_a_mistyped_command(ministack: S3Server, bucket: str) -> None:
    done = run(ministack, *COMMAND, "-", f"s3://{bucket}/run7.bin", redirected="0<&-")

    assert done.returncode == 2
    assert b"standard input is closed" in done.stderr
    assert ministack.keys(bucket) == []


def test_what_failed_is_named_where_nobody_takes_what_arrived(
    ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    paths = make_file(tmp_path / "run7.bin", 10), tmp_path / "run8.bin"

    done = run(ministack, *COMMAND, *paths, f"s3://{bucket}/", redirected=">/dev/full")

    told = done.stderr.decode()
    assert done.returncode == 1
    assert "No such file or directory" in told
    assert "run8.bin" in told
    assert "standard output does not take what is on S3 (No space left on device)" in told
    assert told.splitlines()[-1].startswith("1 on S3; parts: 1 sent")
    assert ministack.body(bucket, "run7.bin") == paths[0].read_bytes()


def test_a_reader_that_left_is_a_failure_of_one_sentence(
    ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    path = make_file(tmp_path / "run7.bin", 10)
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, *COMMAND, str(path), f"s3://{bucket}/"],
            env={**os.environ, **ministack.environment},
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
            timeout=240,
        )
    finally:
        os.close(writing)

    told = done.stderr.decode().splitlines()
    assert done.returncode == 1
    assert told[0] == "Error: standard output does not take what is on S3 (Broken pipe)"
    assert told[1].startswith("1 on S3; parts: 1 sent")
    assert len(told) == 2
