"""A script uploads files, and finishes what a page or another script began."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from s3upload_widget.errors import NotTheSameFileError, ObjectExistsError, RefusedError
from s3upload_widget.uploader import upload_file
from support.clients.scripts import assert_is_there, begin, send
from support.files import make_file

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


@pytest.mark.parametrize("size", [0, 1, KiB - 1, KiB, KiB + 1, 2 * KiB, 9 * KiB + 100])
def test_a_file_of_any_size_arrives(
    ministack: S3Server, bucket: str, tmp_path: Path, size: int
) -> None:
    path = tmp_path / "run7.csv"
    path.write_bytes(os.urandom(size))

    done = send(ministack, path, f"s3://{bucket}/raw/").uploaded

    assert done.uri == f"s3://{bucket}/raw/run7.csv"
    assert_is_there(ministack, done, path)
    assert done.content_type == "text/csv"
    assert done.verified_by == "sha256"
    assert ministack.upload_ids(bucket) == []


@pytest.mark.parametrize("name", ["ministack", "seaweed"])
def test_real_part_sizes_arrive_at_real_servers(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server: S3Server = request.getfixturevalue(name)
    path = make_file(tmp_path / "run7.bin", 12 * MiB + 1)
    with server.bucket() as bucket:
        uri = f"s3://{bucket}/raw/other.bin"
        done = upload_file(path, uri, client=server.client, part_size=5 * MiB, progress=False)

        assert done.uri == uri
        assert_is_there(server, done, path)
        again = upload_file(str(path), uri, client=server.client, progress=False)
        assert (again.sha256, again.etag) == (done.sha256, done.etag)


@pytest.mark.parametrize("name", ["ministack", "seaweed"])
@pytest.mark.parametrize("algorithm", ["SHA256", ""])
def test_what_was_begun_is_finished_with_its_part_size(
    name: str, algorithm: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server: S3Server = request.getfixturevalue(name)
    path = make_file(tmp_path / "run7.bin", 19 * MiB + 1)
    with server.bucket() as bucket:
        begin(server, bucket, "k", path, [1, 3], part_size=6 * MiB, algorithm=algorithm)

        done = upload_file(path, f"s3://{bucket}/k", client=server.client, progress=False)

        assert_is_there(server, done, path)
        assert server.upload_ids(bucket) == []
        assert done.etag.strip('"').endswith("-4")


def test_an_upload_of_another_kind_that_the_server_does_not_tell_is_left_beside(
    seaweed: S3Server, tmp_path: Path
) -> None:
    path = make_file(tmp_path / "run7.bin", 17 * MiB)
    with seaweed.bucket() as bucket:
        begin(seaweed, bucket, "k", path, [1], part_size=8 * MiB, algorithm="CRC32")

        done = upload_file(path, f"s3://{bucket}/k", client=seaweed.client, progress=False)

        assert_is_there(seaweed, done, path)
        assert len(seaweed.upload_ids(bucket)) == 1


@pytest.mark.parametrize("parts", [[1], [2, 5, 10], range(1, 10), range(1, 11)])
def test_only_what_is_missing_is_sent(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path, parts: list[int]
) -> None:
    begin(ministack, bucket, "k", file, parts)

    outcome = send(ministack.at(proxy.url), file, f"s3://{bucket}/k")

    assert_is_there(ministack, outcome.uploaded, file)
    sent = sorted(put.part_number for put in proxy.of("UploadPart"))
    assert sent == [number for number in range(1, 11) if number not in parts]
    assert (outcome.stats.sent, outcome.stats.kept) == (10 - len(parts), len(parts))
    assert outcome.stats.resent == 0


def test_an_upload_without_parts_is_left_to_whoever_began_it(
    ministack: S3Server, bucket: str, file: Path
) -> None:
    upload_id = begin(ministack, bucket, "k", file, [])

    assert_is_there(ministack, send(ministack, file, f"s3://{bucket}/k").uploaded, file)

    assert ministack.upload_ids(bucket) == [("k", upload_id)]


def test_parts_that_differ_are_sent_again_and_counted(
    ministack: S3Server, bucket: str, file: Path
) -> None:
    data = file.read_bytes()
    begin(ministack, bucket, "k", file, range(1, 8))
    file.write_bytes(data[:1500] + bytes([data[1500] ^ 1]) + data[1501:])  # in part 2

    outcome = send(ministack, file, f"s3://{bucket}/k")

    assert_is_there(ministack, outcome.uploaded, file)
    assert (outcome.stats.kept, outcome.stats.resent, outcome.stats.sent) == (6, 1, 4)


def test_another_file_is_refused_and_nothing_changes(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path, tmp_path: Path
) -> None:
    upload_id = begin(ministack, bucket, "k", file, [1, 2])
    other = tmp_path / "other"
    other.write_bytes(os.urandom(file.stat().st_size))

    with pytest.raises(NotTheSameFileError, match="none of the parts there is equal"):
        send(ministack.at(proxy.url), other, f"s3://{bucket}/k")

    assert ministack.upload_ids(bucket) == [("k", upload_id)]
    assert proxy.puts() == ()
    done = send(ministack, other, f"s3://{bucket}/k", restart=True).uploaded
    assert_is_there(ministack, done, other)
    assert ministack.upload_ids(bucket) == [("k", upload_id)]


def test_a_file_that_was_cut_off_is_not_the_file_that_was_begun(
    ministack: S3Server, bucket: str, file: Path
) -> None:
    begin(ministack, bucket, "k", file, [1, 9])
    with file.open("r+b") as opened:
        opened.truncate(5 * KiB)

    with pytest.raises(NotTheSameFileError, match="beyond its end"):
        send(ministack, file, f"s3://{bucket}/k")


def test_of_two_begun_uploads_the_one_that_holds_the_file_is_finished(
    ministack: S3Server, bucket: str, file: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.write_bytes(os.urandom(file.stat().st_size))
    mine = begin(ministack, bucket, "k", file, [1])
    left = begin(ministack, bucket, "k", other, [1, 2, 3])

    outcome = send(ministack, file, f"s3://{bucket}/k")

    assert outcome.stats.kept == 1
    assert ministack.upload_ids(bucket) == [("k", left)]
    assert mine != left


def test_an_equal_object_is_done_without_sending(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path
) -> None:
    first = send(ministack, file, f"s3://{bucket}/k").uploaded

    again = send(ministack.at(proxy.url), file, f"s3://{bucket}/k")

    assert proxy.puts() == ()
    assert again.uploaded.sha256 == first.sha256
    assert (again.stats.sent, again.stats.kept) == (0, 1)


def test_other_bytes_under_the_key_are_not_overwritten_unasked(
    ministack: S3Server, bucket: str, file: Path
) -> None:
    body = os.urandom(file.stat().st_size)
    ministack.client.put_object(Bucket=bucket, Key="raw/k.csv", Body=body)
    uri = f"s3://{bucket}/raw/k.csv"

    with pytest.raises(ObjectExistsError, match="if_exists='overwrite'"):
        send(ministack, file, uri)
    assert ministack.body(bucket, "raw/k.csv") == body

    renamed = send(ministack, file, uri, if_exists="rename").uploaded
    assert renamed.key == "raw/k-1.csv"
    assert_is_there(ministack, renamed, file)
    over = send(ministack, file, uri, if_exists="overwrite").uploaded
    assert over.key == "raw/k.csv"
    assert_is_there(ministack, over, file)


def test_without_the_whole_files_checksum_the_object_is_proven_all_the_same(
    ministack: S3Server, bucket: str, file: Path
) -> None:
    begin(ministack, bucket, "k", file, [2, 3])

    done = send(ministack, file, f"s3://{bucket}/k", sha256=False).uploaded

    assert (done.sha256, done.verified_by) == ("", "sha256")


def test_a_url_of_fsspec_is_read_as_a_file_is(ministack: S3Server, bucket: str) -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    body = os.urandom(5 * KiB)
    memory.pipe("/lab/run7.bin", body)

    done = send(ministack, "memory://lab/run7.bin", f"s3://{bucket}/raw/").uploaded

    assert done.key == "raw/run7.bin"
    assert ministack.body(bucket, done.key) == body


def test_what_is_no_file_is_refused(bucket: str, tmp_path: Path, ministack: S3Server) -> None:
    uri = f"s3://{bucket}/k"
    with pytest.raises(RefusedError, match=r"a folder: give upload_files\(\)"):
        upload_file(tmp_path, uri, client=ministack.client)
    with pytest.raises(FileNotFoundError):
        upload_file(tmp_path / "none", uri, client=ministack.client)


@pytest.mark.parametrize(
    "options", [{"if_exists": "no"}, {"max_concurrency": 0}, {"part_size": MiB}], ids=str
)
def test_options_that_cannot_be_are_refused_at_once(options: dict[str, object]) -> None:
    with pytest.raises(RefusedError, match=next(iter(options))):
        upload_file("none", "s3://lab/k", **options)  # type: ignore[arg-type]
