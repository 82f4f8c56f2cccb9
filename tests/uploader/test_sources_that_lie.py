"""Sources that tell another size than they have, or change without saying so."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from s3upload_widget.errors import FileChangedError, RefusedError
from s3upload_widget.uploader import upload_file
from s3upload_widget.uploader.sources import LocalFile
from support.clients.scripts import assert_is_there, send
from support.servers.web import WebSite, web_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.servers.servers import S3Server

KiB = 1 << 10


@pytest.fixture
def site() -> Iterator[WebSite]:
    """A web server of a file of five parts."""
    with web_site(os.urandom(4 * KiB + 100)) as running:
        yield running


@pytest.mark.parametrize(
    "path",
    [
        "/proc/self/status",
        "file:///proc/self/status",
        "/sys/kernel/mm/transparent_hugepage/enabled",
    ],
)
def test_a_file_that_tells_another_size_than_it_has_is_refused(
    ministack: S3Server, bucket: str, path: str
) -> None:
    if not Path(path.removeprefix("file://")).exists():
        pytest.skip("this system has no such file")

    with pytest.raises(RefusedError, match=r"tells \d+ bytes and holds (more|less)"):
        upload_file(path, f"s3://{bucket}/raw/", client=ministack.client, progress=False)

    assert ministack.keys(bucket) == []


def test_a_pipe_is_refused_with_what_takes_it(
    ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(RefusedError, match=r"a pipe, and no file.*put -"):
        send(ministack, tmp_path / "pipe", f"s3://{bucket}/")

    assert ministack.keys(bucket) == []


def test_a_byte_beyond_the_end_is_a_change_even_where_nothing_tells_it(tmp_path: Path) -> None:
    path = tmp_path / "run7.bin"
    path.write_bytes(b"12345")
    file, before = LocalFile(path), path.stat()
    with path.open("ab") as grown:
        grown.write(b"6")
    told = os.stat_result((*before[:6], 5, *before[7:]), {"st_mtime_ns": before.st_mtime_ns})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("s3upload_widget.uploader.sources.os.fstat", lambda _: told)
        assert file.read(0, 4) == b"1234"
        with pytest.raises(FileChangedError, match=r"run7\.bin"):
            file.read(0, 5)


@pytest.mark.parametrize("size", [500, 5 * KiB])
@pytest.mark.parametrize("same", [True, False])
def test_of_a_file_with_another_inode_number_the_bytes_decide(
    ministack: S3Server,
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    size: int,
    same: bool,
) -> None:
    path, other = tmp_path / "run7.bin", tmp_path / "other.bin"
    path.write_bytes(os.urandom(size))
    shutil.copy2(path, other)
    if not same:
        other.write_bytes(bytes(size))
        os.utime(other, ns=(0, path.stat().st_mtime_ns))
    read = LocalFile.read

    def read_and_replace(file: LocalFile, offset: int, length: int) -> bytes:
        data = read(file, offset, length)
        if other.exists():
            other.replace(path)
        return data

    monkeypatch.setattr(LocalFile, "read", read_and_replace)
    if same:
        done = send(ministack, path, f"s3://{bucket}/k", max_concurrency=1).uploaded
        assert_is_there(ministack, done, path)
        return
    with pytest.raises(FileChangedError, match=r"run7\.bin"):
        send(ministack, path, f"s3://{bucket}/k", max_concurrency=1)
    assert ministack.keys(bucket) == []


def test_a_file_behind_http_is_read_in_ranges(
    ministack: S3Server, bucket: str, site: WebSite
) -> None:
    done = send(ministack, f"{site.url}/lab/run7.bin", f"s3://{bucket}/").uploaded

    stored = ministack.client.get_object(Bucket=bucket, Key="run7.bin")["Body"].read()
    assert stored == site.content
    assert done.verified_by == "sha256"


@pytest.mark.parametrize(
    "headers", [{"ETag": '"2"'}, {"Last-Modified": "Sun, 29 Nov 2026 15:00:00 GMT"}], ids=str
)
def test_a_file_behind_http_that_is_replaced_between_two_reads_is_an_error(
    ministack: S3Server, bucket: str, site: WebSite, headers: dict[str, str]
) -> None:
    site.headers = dict.fromkeys(headers, "before")

    def replace(gets: int) -> None:
        if gets == 3:
            site.content, site.headers = os.urandom(len(site.content)), headers

    site.on_get = replace
    with pytest.raises(FileChangedError, match=r"run7\.bin"):
        send(ministack, f"{site.url}/run7.bin", f"s3://{bucket}/", max_concurrency=1)

    assert ministack.keys(bucket) == []


@pytest.mark.parametrize("size", [100, 10 * KiB])
def test_a_file_behind_http_of_another_size_than_before_is_an_error(
    ministack: S3Server, bucket: str, site: WebSite, size: int
) -> None:
    site.headers = {}

    def replace(gets: int) -> None:
        if gets == 3:
            site.content = os.urandom(size)

    site.on_get = replace
    with pytest.raises(FileChangedError, match=r"run7\.bin"):
        send(ministack, f"{site.url}/run7.bin", f"s3://{bucket}/", max_concurrency=1)

    assert ministack.keys(bucket) == []


def test_a_server_without_ranges_is_said_so_and_serves_files_of_one_part(
    ministack: S3Server, bucket: str, site: WebSite
) -> None:
    site.ranges = False
    with pytest.raises(RefusedError, match="sends no ranges"):
        send(ministack, f"{site.url}/run7.bin", f"s3://{bucket}/")

    site.content = b"small"
    assert send(ministack, f"{site.url}/run7.bin", f"s3://{bucket}/").uploaded.size == 5


@pytest.mark.parametrize("content", [b"", b"more"])
def test_an_empty_file_behind_http_is_empty_or_is_refused(
    ministack: S3Server, bucket: str, site: WebSite, content: bytes
) -> None:
    site.content, site.told_size = content, 0

    if content:
        with pytest.raises(RefusedError, match="tells 0 bytes and sends 4"):
            send(ministack, f"{site.url}/run7.bin", f"s3://{bucket}/")
        assert ministack.keys(bucket) == []
    else:
        assert send(ministack, f"{site.url}/run7.bin", f"s3://{bucket}/").uploaded.size == 0


def test_neither_query_nor_fragment_gets_into_the_key_or_an_error(
    ministack: S3Server, bucket: str, site: WebSite
) -> None:
    url = f"{site.url}/lab/run7.csv?X-Amz-Signature=secret&path=a/b.txt#frag/ment"

    assert send(ministack, url, f"s3://{bucket}/").uploaded.key == "run7.csv"

    site.status = 403
    with pytest.raises(OSError, match=r"run7\.csv.*403") as caught:
        send(ministack, url, f"s3://{bucket}/other/")
    assert "secret" not in str(caught.value)
