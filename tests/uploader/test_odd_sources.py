"""One odd source among many stops nothing else, and every failure is named."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from s3upload_widget.cli import cli
from s3upload_widget.uploader import upload_file, upload_files
from support.clients.scripts import send
from support.files import make_file
from support.servers.web import WebSite, web_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.servers.servers import S3Server

KiB = 1 << 10
YEAR_10_000 = 253_402_300_800


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading again waits a little only."""
    monkeypatch.setattr("s3upload_widget.s3.retry.FIRST_WAIT", 0.01)


@pytest.fixture
def site() -> Iterator[WebSite]:
    """A web server of a file of five parts."""
    with web_site(os.urandom(4 * KiB + 100)) as running:
        yield running


@pytest.fixture
def odd(site: WebSite, tmp_path: Path) -> list[str]:
    """Sources of which none can be read, between two that can."""
    site.cuts = 1_000
    return [
        str(make_file(tmp_path / "first.bin", 10)),
        "no-such-protocol://lab/run1.bin",
        "abfs://lab/run2.bin",
        f"{site.url}/run3.bin?X-Amz-Signature=secret",
        "http://127.0.0.1:1/run4.bin?X-Amz-Signature=secret",
        str(tmp_path / "none" / "run5.bin"),
        "no\0path/run6.bin",
        str(make_file(tmp_path / "last.bin", 6 * KiB)),
    ]


def test_a_file_of_the_year_10_000_goes_as_others_do(ministack: S3Server, bucket: str) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        path = make_file(Path(folder) / "run7.bin", 10)
        os.utime(path, (YEAR_10_000, YEAR_10_000))
        assert path.stat().st_mtime == YEAR_10_000
        assert send(ministack, path, f"s3://{bucket}/").uploaded.size == 10


def test_odd_sources_stop_no_other_and_each_is_named(
    ministack: S3Server, bucket: str, odd: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(Exception, match=r"run1\.bin") as caught:
        upload_files(odd, f"s3://{bucket}/", client=ministack.client, progress=False)

    assert ministack.keys(bucket) == ["first.bin", "last.bin"]
    for number in range(2, 7):
        assert f"run{number}.bin" in caplog.text
    assert "secret" not in caplog.text
    if sys.version_info >= (3, 11):
        notes = "\n".join(caught.value.__notes__)
        assert "6 of 8 files failed; the others are on S3" in notes
        assert all(f"run{number}.bin" in notes for number in range(2, 7))


def test_the_command_prints_what_arrived_and_names_every_failure(
    ministack: S3Server, bucket: str, odd: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ministack.environment.items():
        monkeypatch.setenv(name, value)

    done = CliRunner().invoke(cli, ["put", *odd, f"s3://{bucket}/raw/"])

    assert done.exit_code == 1, done.output
    assert done.stdout == f"s3://{bucket}/raw/first.bin\ns3://{bucket}/raw/last.bin\n"
    for number in range(1, 7):
        assert f"run{number}.bin" in done.stderr
    assert "6 failed" in done.stderr.splitlines()[-1]
    assert "secret" not in done.output
    assert "Traceback" not in done.output


def test_a_read_that_breaks_off_is_made_again(
    ministack: S3Server, bucket: str, site: WebSite
) -> None:
    site.cuts = 4

    send(ministack, f"{site.url}/run7.bin", f"s3://{bucket}/")

    stored = ministack.client.get_object(Bucket=bucket, Key="run7.bin")["Body"].read()
    assert stored == site.content
    assert site.cuts == 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("run7.csv", "text/csv"),
        ("run7.csv.gz", "application/gzip"),
        ("run7.tar.xz", "application/x-xz"),
        ("run7.tgz", "application/gzip"),
        ("run7.json.br", "application/octet-stream"),
    ],
)
def test_the_content_type_is_that_of_the_bytes(
    ministack: S3Server, bucket: str, tmp_path: Path, name: str, expected: str
) -> None:
    path = make_file(tmp_path / name, 10)

    done = upload_file(path, f"s3://{bucket}/", client=ministack.client, progress=False)

    head = ministack.client.head_object(Bucket=bucket, Key=name)
    assert (done.content_type, head["ContentType"]) == (expected, expected)
    assert "ContentEncoding" not in head
