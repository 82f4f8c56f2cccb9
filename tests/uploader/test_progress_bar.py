"""The bar of a script and of the shell: it is drawn for people, and never among the results."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

from s3upload_widget import upload_file
from support.files import make_file, sha256_of_file, sha256_of_object
from support.lab.headless import run_cells, widget_models

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from support.servers.servers import S3Server

MiB = 1 << 20
DRAWN = re.compile(r"run7\.bin: +(\d+)%\|[^\r\n|]*\| *(\S+)/(\S+) \[")


def test_a_scripts_bar_moves_from_nothing_to_all_of_the_file_on_stderr(
    ministack: S3Server, bucket: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = make_file(tmp_path / "run7.bin", 11 * MiB)

    upload_file(file, f"s3://{bucket}/raw/", client=ministack.client, part_size=5 * MiB)

    told = capfd.readouterr()
    assert told.out == ""
    steps = DRAWN.findall(told.err)
    assert [int(percent) for percent, *_ in steps] == sorted(int(each[0]) for each in steps)
    assert steps[0] == ("0", "0.00", "11.0M")
    assert steps[-1] == ("100", "11.0M", "11.0M")


def test_a_script_that_wants_no_bar_is_told_nothing(
    ministack: S3Server, bucket: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = make_file(tmp_path / "run7.bin", 100)

    upload_file(file, f"s3://{bucket}/raw/", client=ministack.client, progress=False)

    assert capfd.readouterr() == ("", "")


def put_in_a_terminal(server: S3Server, *arguments: str) -> tuple[str, str]:
    """Run ``s3upload put`` with its errors on a terminal; what stdout and the terminal got."""
    terminal, errors = pty.openpty()
    fcntl.ioctl(errors, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [sys.executable, "-m", "s3upload_widget", "put", *arguments]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=errors,
        env={**os.environ, **server.environment},
        text=True,
    ) as process:
        os.close(errors)
        shown = read_all(terminal)
        assert process.stdout is not None
        told = process.stdout.read()
    assert process.returncode == 0, shown
    return told, shown


def read_all(terminal: int) -> str:
    """Read until the program at the other end has closed it."""
    shown = b""
    with os.fdopen(terminal, "rb", buffering=0) as file:
        try:
            while data := file.read(1 << 16):
                shown += data
        except OSError:  # Linux's way to say that nobody has it open any more
            return shown.decode()
    return shown.decode()


def test_in_a_terminal_the_bar_is_on_stderr_and_stdout_has_the_address_alone(
    ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 11 * MiB)

    told, shown = put_in_a_terminal(ministack, str(file), f"s3://{bucket}/raw/")

    assert told == f"s3://{bucket}/raw/run7.bin\n"
    assert DRAWN.findall(shown)[-1][0] == "100"
    assert "1 on S3; parts: " in shown
    assert sha256_of_object(ministack.client, bucket, "raw/run7.bin") == sha256_of_file(file)


def test_in_a_terminal_no_progress_is_no_bar(
    ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 100)

    told, shown = put_in_a_terminal(ministack, str(file), f"s3://{bucket}/raw/", "--no-progress")

    assert told == f"s3://{bucket}/raw/run7.bin\n"
    assert DRAWN.findall(shown) == []
    assert shown.startswith("1 on S3")


CELL = """
import boto3
from s3upload_widget import upload_file
client = boto3.client(
    "s3", endpoint_url={endpoint!r}, aws_access_key_id={access_key!r},
    aws_secret_access_key={secret_key!r}, region_name="us-east-1",
)
done = upload_file({file!r}, {uri!r}, client=client, part_size=5 << 20)
"""


def test_in_a_notebook_the_bar_is_a_widget_that_ends_full(
    ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 11 * MiB)
    source = CELL.format(
        endpoint=ministack.endpoint_url,
        access_key=ministack.access_key,
        secret_key=ministack.secret_key,
        file=str(file),
        uri=f"s3://{bucket}/raw/",
    )

    notebook = run_cells(source)

    (shown,) = notebook.cells[0].outputs
    assert "application/vnd.jupyter.widget-view+json" in shown["data"]
    models = widget_models(notebook).values()
    (bar,) = [each for each in models if each["model_name"] == "FloatProgressModel"]
    assert (bar["state"]["value"], bar["state"]["max"]) == (11 * MiB, 11 * MiB)
    assert bar["state"]["bar_style"] == "success"
    assert ministack.keys(bucket) == ["raw/run7.bin"]
