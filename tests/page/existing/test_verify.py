"""A file whose key has an object of its size is compared with it before a byte is sent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from support.files import make_file, sha256_of_file
from support.page.browser import hold_reading, let_read
from support.page.desk import PART, Desk
from support.page.uploading import MiB, states
from support.proxy.faults import FOREVER, Fault, Match
from support.servers.existing import (
    attributes,
    begin,
    boto3s,
    boto3s_with_sha256,
    even,
    make_of_parts,
    one_put,
    one_put_with_sha256,
    ours,
)
from support.servers.servers import one_of
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from s3upload_widget import UploadWidget

SIZE = 3 * 8 * MiB + 1
NAME = "run7.bin"
THERE = "Already on S3, with the same bytes"

server = one_of("ministack", "seaweed")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return make_file(tmp_path / NAME, SIZE)


def other_bytes(desk: Desk, size: int = SIZE) -> bytes:
    """Make an object of the file's size, of zeros."""
    data = bytes(size)
    make_of_parts(desk.server, desk.bucket, NAME, even(PART, data), data)
    return data


@pytest.mark.parametrize(
    ("make", "verified_by"),
    [
        (ours, "sha256"),
        (boto3s, "md5"),
        (boto3s_with_sha256, "sha256"),
        (one_put, "md5"),
        (one_put_with_sha256, "sha256"),
    ],
)
def test_the_same_bytes_are_done_without_sending(
    desk: Desk,
    widget: UploadWidget,
    file: Path,
    make: Callable[[Desk, Path], None],
    verified_by: str,
) -> None:
    make(desk, file)
    before = desk.server.client.head_object(Bucket=desk.bucket, Key=NAME)
    desk.show()

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    desk.assert_nothing_was_sent()
    [uploaded] = widget.value
    assert (uploaded.verified_by, uploaded.etag) == (verified_by, before["ETag"])
    assert (widget.progress, widget.bytes_done, widget.bytes_total) == (1.0, SIZE, SIZE)
    expect(desk.row(NAME)).to_contain_text(THERE)
    assert len(desk.asked("compare_object")) == 2


@pytest.mark.parametrize("size", [0, 10_000], ids=["empty", "small"])
def test_a_small_file_is_settled_with_one_question(desk: Desk, tmp_path: Path, size: int) -> None:
    file = make_file(tmp_path / NAME, size)
    one_put(desk, file)
    desk.show()

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    desk.assert_nothing_was_sent()
    assert len(desk.asked("compare_object")) == 1


@pytest.mark.parametrize("server", ["ministack"], indirect=True)
@pytest.mark.seconds(60)
def test_a_folder_that_is_there_takes_one_question_for_each_file(
    desk: Desk, tmp_path: Path
) -> None:
    files = [make_file(tmp_path / f"{n:04}.bin", 10_000, seed=n) for n in range(1_000)]
    with ThreadPoolExecutor(8) as threads:
        put = desk.server.client.put_object
        list(threads.map(lambda f: put(Bucket=desk.bucket, Key=f.name, Body=f.read_bytes()), files))
    desk.show({})

    desk.pick(*files)
    desk.until_done(1_000, timeout=120)

    assert {each.sha256 for each in desk.widget.value} == {sha256_of_file(each) for each in files}
    desk.assert_nothing_was_sent()
    assert len({each["file_id"] for each in desk.asked("compare_object")}) == 1_000
    assert len(desk.proxy.of("HeadObject")) <= 2_100


def test_other_bytes_are_a_conflict_that_is_seen_at_the_first_part_that_differs(
    desk: Desk, file: Path
) -> None:
    data = other_bytes(desk)
    told = Fault(attributes(data, PART), Match(operation="GetObjectAttributes"), times=FOREVER)
    desk.proxy.play(told)
    desk.show()
    hold_reading(desk.page)
    desk.pick(file)
    desk.expect_state(NAME, "checking")
    expect(desk.row(NAME)).to_contain_text("Comparing with the existing object")

    let_read(desk.page, 1)  # of five

    desk.until_state("failed")
    assert "with other bytes" in desk.widget.error
    last = desk.asked("compare_object")[-1]
    assert (last["part_size"], last["parts_sha256"]) == (PART, [])
    desk.assert_nothing_was_sent()
    assert desk.body(NAME) == data


def test_another_size_is_a_conflict_at_once(desk: Desk, file: Path) -> None:
    desk.server.client.put_object(Bucket=desk.bucket, Key=NAME, Body=b"older")
    desk.show()
    hold_reading(desk.page)

    desk.pick(file)
    desk.until_state("failed")

    assert "5 bytes" in desk.widget.error
    assert desk.asked("compare_object") == []
    desk.assert_nothing_was_sent()


@pytest.mark.parametrize("server", ["moto"], indirect=True)
def test_an_object_without_any_checksum_is_a_conflict_that_says_so(desk: Desk, file: Path) -> None:
    desk.server.client.put_object(
        Bucket=desk.bucket, Key=NAME, Body=file.read_bytes(), ServerSideEncryption="aws:kms"
    )
    desk = desk.with_new_widget(read_back=SIZE - 1)
    desk.show()

    desk.pick(file)
    desk.until_state("failed")

    assert "S3 reports no checksum to compare it by" in desk.widget.error
    expect(desk.row(NAME)).to_contain_text("An object already has this key")
    assert desk.asked("compare_object") == []
    assert desk.proxy.puts() == ()


@pytest.mark.parametrize("choice", ["Overwrite", "Keep both", "Skip"])
@pytest.mark.parametrize("size", [10_000, SIZE], ids=["small", "large"])
def test_after_the_comparison_the_user_chooses(
    desk: Desk, tmp_path: Path, choice: str, size: int
) -> None:
    file = make_file(tmp_path / NAME, size)
    data = other_bytes(desk, size)
    desk.show()
    desk.pick(file)
    desk.until_state("failed")
    desk.assert_nothing_was_sent()

    desk.press(f"{choice} {NAME}")

    if choice == "Skip":
        until(lambda: desk.widget.files == () and not states(desk.page), what="an empty list")
        desk.assert_nothing_was_sent()
        assert desk.body(NAME) == data
        return
    desk.until_done()
    desk.assert_arrived(file)
    if choice == "Keep both":
        assert desk.widget.value[0].key == "run7-1.bin"
        assert desk.body(NAME) == data
    assert desk.upload_ids() == []


def test_what_was_begun_beside_the_object_is_left_alone_until_the_user_chose(
    desk: Desk, file: Path
) -> None:
    other_bytes(desk)
    upload_id = begin(desk, file, (1,))
    desk.show()
    desk.pick(file)
    desk.until_state("failed")
    assert desk.upload_ids() == [(NAME, upload_id)]
    assert desk.proxy.puts() == ()

    desk.press(f"Overwrite {NAME}")
    desk.until_done()

    desk.assert_arrived(file)
    assert desk.sent() == [2, 3, 4, 5]
    assert desk.upload_ids() == []
