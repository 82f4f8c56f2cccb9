"""A script's file where parts of another one wait: a typed error, and nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3upload_widget.errors import NotTheSameFileError
from support.clients.scripts import begin, send, send_all
from support.files import make_file
from support.proxy.faults import FOREVER, Answer, Fault, Match

if TYPE_CHECKING:
    from pathlib import Path

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

KiB = 1 << 10


@pytest.fixture
def larger(tmp_path: Path) -> Path:
    """A file of 12 parts of 1 KiB."""
    return make_file(tmp_path / "larger.bin", 12 * KiB)


@pytest.mark.parametrize("size", [0, 100, 256, 600, 1100])
def test_a_file_is_refused_however_small(
    ministack: S3Server, bucket: str, larger: Path, size: int
) -> None:
    upload_id = begin(ministack, bucket, "k", larger, [1, 2])
    file = make_file(larger.with_name("k"), size)

    with pytest.raises(NotTheSameFileError, match="beyond its end"):
        send(ministack, file, f"s3://{bucket}/k")

    assert ministack.keys(bucket) == []
    assert ministack.upload_ids(bucket) == [("k", upload_id)]
    assert send(ministack, file, f"s3://{bucket}/k", restart=True).uploaded.size == size


def test_a_name_that_was_chosen_is_looked_at_too(
    ministack: S3Server, bucket: str, larger: Path
) -> None:
    ministack.client.put_object(Bucket=bucket, Key="k.bin", Body=b"other")
    begin(ministack, bucket, "k-1.bin", larger, [1, 2])
    file = make_file(larger.with_name("k.bin"), 100)

    with pytest.raises(NotTheSameFileError, match=f"s3://{bucket}/k-1.bin"):
        send(ministack, file, f"s3://{bucket}/", if_exists="rename")


def test_a_file_that_is_none_of_several_is_refused(
    ministack: S3Server, bucket: str, larger: Path, tmp_path: Path
) -> None:
    for seed in (1, 2):
        begin(ministack, bucket, "k", make_file(tmp_path / "x", 12 * KiB, seed=seed), [1, 2])
    before = ministack.upload_ids(bucket)

    with pytest.raises(NotTheSameFileError, match="none of the parts there is equal"):
        send(ministack, larger, f"s3://{bucket}/k")

    assert (ministack.keys(bucket), ministack.upload_ids(bucket)) == ([], before)


@pytest.mark.parametrize(("parts", "algorithm"), [([], "SHA256"), ([1, 2], "CRC32")])
@pytest.mark.parametrize("size", [100, 12 * KiB])
def test_what_another_program_may_have_begun_is_left_alone(
    ministack: S3Server, bucket: str, larger: Path, parts: list[int], algorithm: str, size: int
) -> None:
    begin(ministack, bucket, "k", larger, parts, algorithm=algorithm)
    before = ministack.upload_ids(bucket)
    file = make_file(larger.with_name("k"), size, seed=3)

    assert send(ministack, file, f"s3://{bucket}/k").uploaded.size == size
    assert ministack.upload_ids(bucket) == before


def test_small_files_are_looked_for_all_at_once(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, larger: Path
) -> None:
    begin(ministack, bucket, "raw/7.bin", larger, [1, 2])
    files = [make_file(larger.with_name(f"{number}.bin"), 100) for number in range(12)]

    with pytest.raises(NotTheSameFileError, match=f"s3://{bucket}/raw/7.bin"):
        send_all(ministack.at(proxy.url), files, f"s3://{bucket}/raw/")

    assert len(ministack.keys(bucket)) == 11
    # All their keys, then that of the one file whose key was among what was listed.
    assert len(proxy.exchanges.of("ListMultipartUploads")) == 2


def test_small_files_need_no_permission_to_list(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, larger: Path
) -> None:
    proxy.play(
        Fault(Answer(403, "AccessDenied"), Match(operation="ListMultipartUploads"), times=FOREVER)
    )
    file = make_file(larger.with_name("k.bin"), 100)

    assert send(ministack.at(proxy.url), file, f"s3://{bucket}/").uploaded.size == 100
