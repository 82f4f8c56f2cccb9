"""What a folder holds and cannot be read fails by itself; what is left out is named."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from s3upload_widget.cli import cli
from s3upload_widget.uploader import expand_paths, upload_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.servers.servers import S3Server

NOBODY = 65_534


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of one file that a user without rights may enter."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    (place / "out").mkdir()
    (place / "out" / "a.bin").write_bytes(b"a")
    (place / "out" / "z.bin").write_bytes(b"z")
    yield place / "out"
    os.seteuid(os.getuid())
    shutil.rmtree(place)


@pytest.fixture
def nobody() -> Iterator[None]:
    """Whoever runs the tests has no rights but those of everybody."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    yield
    os.seteuid(before)


@pytest.mark.parametrize("mode", [0o000, 0o444], ids=["closed", "may be listed and not entered"])
@pytest.mark.usefixtures("nobody")
def test_a_sub_folder_that_cannot_be_read_fails_by_itself(folder: Path, mode: int) -> None:
    before = os.geteuid()
    os.seteuid(os.getuid())
    (folder / "closed").mkdir()
    (folder / "closed" / "in.bin").write_bytes(b"in")
    (folder / "closed").chmod(mode)
    os.seteuid(before)

    found = expand_paths([folder])

    assert [inside for _, inside in found.files] == ["out/a.bin", "out/z.bin"]
    (failure,) = found.unreadable
    assert isinstance(failure.error, PermissionError)
    assert failure.path == str(folder / "closed" / ("in.bin" if mode else ""))


def odd_entries(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    (folder / "link to a file").symlink_to(folder / "a.bin")
    (folder / "link to a folder").symlink_to(folder.parent)
    (folder / "dangling").symlink_to(folder / "none.bin")
    (folder / "loop").symlink_to(folder / "loop")
    os.mkfifo(folder / "pipe")


def test_links_and_pipes_are_named_and_the_others_go(
    ministack: S3Server, bucket: str, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    odd_entries(folder)

    with caplog.at_level(logging.WARNING):
        upload_files(folder, f"s3://{bucket}/", client=ministack.client, progress=False)

    assert ministack.keys(bucket) == ["out/a.bin", "out/link to a file", "out/z.bin"]
    assert "4 left out: " in caplog.text
    assert "dangling' (a link to nothing)" in caplog.text
    assert "loop' (a link in a circle)" in caplog.text
    assert "link to a folder' (a link to a folder)" in caplog.text
    assert "pipe' (a pipe)" in caplog.text


def test_what_is_left_out_on_purpose_is_no_failure(
    ministack: S3Server, bucket: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ministack.environment.items():
        monkeypatch.setenv(name, value)
    os.mkfifo(folder / "pipe")

    told = CliRunner().invoke(cli, ["put", str(folder), f"s3://{bucket}/"])
    (folder / "closed").symlink_to(folder / "a.bin" / "below a file")
    failed = CliRunner().invoke(cli, ["put", str(folder), f"s3://{bucket}/"])

    assert told.exit_code == 0, told.output
    assert "is a pipe: left out" in told.stderr
    assert told.stderr.splitlines()[-1].endswith("1 left out")
    assert failed.exit_code == 1
    assert "closed" in failed.stderr
    assert failed.stderr.splitlines()[-1].endswith("; 1 failed; 1 left out")
    assert failed.stdout == told.stdout


@pytest.mark.parametrize("named", ["", [""]], ids=["alone", "among others"])
def test_an_empty_path_is_not_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str | list[str]
) -> None:
    """As a shell gives it in place of a variable that is not set."""
    (tmp_path / "private.txt").write_text("private")
    monkeypatch.chdir(tmp_path)

    found = expand_paths(named)

    assert found.files == []
    assert [str(each) for each in found.unreadable] == [
        "an empty path names no file: give '.' for this folder"
    ]


def test_the_command_sends_nothing_for_an_empty_argument(
    ministack: S3Server, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "private.txt").write_text("private")
    monkeypatch.chdir(tmp_path)
    for name, value in ministack.environment.items():
        monkeypatch.setenv(name, value)

    done = CliRunner().invoke(cli, ["put", "", f"s3://{bucket}/"])

    assert done.exit_code == 1
    assert "Error: an empty path names no file" in done.stderr
    assert ministack.keys(bucket) == []
