"""A script uploads several files, or a folder."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from s3upload_widget.errors import ObjectExistsError, RefusedError
from s3upload_widget.uploader import upload_files
from support.clients.scripts import assert_is_there, begin, send_all
from support.files import make_file
from support.proxy.faults import Answer, Fault, Match

if TYPE_CHECKING:
    from pathlib import Path

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

KiB = 1 << 10
MiB = 1 << 20


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of 10 parts of 1 KiB, the last one short."""
    path = tmp_path / "run 7é.csv"
    path.write_bytes(os.urandom(9 * KiB + 100))
    return path


def test_a_folder_goes_with_all_that_is_in_it(
    ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    for name, size in (("a.bin", 10), ("deep/er/b.bin", 6 * MiB), ("deep/c.bin", 0)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        make_file(folder / name, size)
    alone = make_file(tmp_path / "d.bin", 3)

    done = upload_files(
        [alone, folder],
        f"s3://{bucket}/raw",
        client=ministack.client,
        part_size=5 * MiB,
        progress=False,
    )

    assert [each.key for each in done] == [
        "raw/d.bin",
        "raw/out/a.bin",
        "raw/out/deep/c.bin",
        "raw/out/deep/er/b.bin",
    ]
    for each in done:
        path = alone if each.name == "d.bin" else tmp_path / each.key.removeprefix("raw/")
        assert_is_there(ministack, each, path)


def test_many_files_that_were_begun_are_finished_beside_each_other(
    ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    paths = [tmp_path / f"{number}.bin" for number in range(12)]
    for path in paths:
        path.write_bytes(os.urandom(3 * 300))
        begin(ministack, bucket, path.name, path, [2], part_size=300)

    outcomes = send_all(ministack, paths, f"s3://{bucket}/", max_concurrency=2)

    assert [outcome.stats.kept for outcome in outcomes] == [1] * 12
    for outcome, path in zip(outcomes, paths, strict=True):
        assert_is_there(ministack, outcome.uploaded, path)


def test_one_file_that_fails_does_not_hold_up_the_others(
    ministack: S3Server, bucket: str, tmp_path: Path, file: Path
) -> None:
    small = tmp_path / "small.bin"
    small.write_bytes(b"small")
    ministack.client.put_object(Bucket=bucket, Key="raw/small.bin", Body=b"other")

    with pytest.raises(ObjectExistsError, match=r"small\.bin"):
        send_all(ministack, [small, file], f"s3://{bucket}/raw/")

    assert sorted(ministack.keys(bucket)) == [f"raw/{file.name}", "raw/small.bin"]


@pytest.mark.parametrize("progress", [False, True])
def test_one_that_is_not_there_does_not_hold_up_the_others(
    ministack: S3Server, bucket: str, tmp_path: Path, file: Path, *, progress: bool
) -> None:
    small = make_file(tmp_path / "small.bin", 5)
    paths = [small, tmp_path / "none.bin", file]

    with pytest.raises(FileNotFoundError, match=r"none\.bin") as caught:
        upload_files(paths, f"s3://{bucket}/raw", client=ministack.client, progress=progress)

    assert sorted(ministack.keys(bucket)) == [f"raw/{file.name}", "raw/small.bin"]
    if sys.version_info >= (3, 11):
        assert "1 of 3 files failed; the others are on S3" in caught.value.__notes__


def test_where_all_fail_no_others_are_told_of(
    ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    for name in ("one.bin", "two.bin"):
        make_file(tmp_path / name, 5)
        ministack.client.put_object(Bucket=bucket, Key=name, Body=b"other")

    with pytest.raises(ObjectExistsError) as caught:
        upload_files(
            sorted(tmp_path.glob("*.bin")),
            f"s3://{bucket}/",
            client=ministack.client,
            progress=False,
        )

    if sys.version_info >= (3, 11):
        assert "2 of 2 files failed" in caught.value.__notes__


def test_where_no_file_is_there_nobody_is_asked(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"one\.bin"):
        upload_files([tmp_path / "one.bin", tmp_path / "two.bin"], "s3://nobody-has-this/")


def test_two_files_of_one_name_are_refused(
    bucket: str, tmp_path: Path, ministack: S3Server
) -> None:
    (tmp_path / "a").mkdir()
    paths = [tmp_path / "run7.bin", tmp_path / "a" / "run7.bin"]
    for path in paths:
        path.write_bytes(b"x")

    with pytest.raises(RefusedError, match="2 files would go to"):
        upload_files(paths, f"s3://{bucket}/", client=ministack.client, progress=False)


def test_one_list_shows_which_keys_are_free(
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("s3upload_widget.uploader.key_lists.FRESH", 600)
    paths = [make_file(tmp_path / f"{number}.bin", 100, number) for number in range(45)]
    taken, other = paths[7], paths[9]
    ministack.client.put_object(Bucket=bucket, Key="x/7.bin", Body=taken.read_bytes())
    ministack.client.put_object(Bucket=bucket, Key="x/9.bin", Body=b"other bytes")
    free = [path for path in paths if path not in {taken, other}]

    with pytest.raises(ObjectExistsError):
        send_all(ministack.at(proxy.url), paths, f"s3://{bucket}/x/")

    assert {put.path.rpartition("/")[2] for put in proxy.puts()} == {path.name for path in free}
    # At most one before the PUT, as this server may ignore the condition, and one after it; a sample.
    assert len(proxy.of("HeadObject")) <= 2 * len(free) + 3
    for path in free:
        found = ministack.client.get_object(Bucket=bucket, Key=f"x/{path.name}")["Body"].read()
        assert found == path.read_bytes()


def test_a_list_that_is_denied_means_a_look_at_each_key(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    paths = [make_file(tmp_path / f"{number}.bin", 100, number) for number in range(45)]
    ministack.client.put_object(Bucket=bucket, Key="x/7.bin", Body=paths[7].read_bytes())
    proxy.play(Fault(Answer(403, "AccessDenied"), Match(operation="ListObjectsV2"), times=1_000))

    outcomes = send_all(ministack.at(proxy.url), paths, f"s3://{bucket}/x/")

    assert [outcome.stats.sent for outcome in outcomes].count(0) == 1
    assert len(proxy.of("HeadObject")) == 3 * 44 + 1
