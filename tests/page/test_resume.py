"""What is on S3 already is compared with the file, and only the rest is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from s3upload_widget.checksums import sha256
from support.files import make_file
from support.page.browser import hold_reading
from support.page.desk import PART, UNPACED, Desk
from support.page.uploading import MiB, states
from support.proxy.faults import FOREVER, Answer, Fault, Match
from support.servers.existing import begin
from support.servers.servers import one_of
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from support.page.browser import PageErrors

server = one_of("ministack", "seaweed")


@pytest.mark.parametrize("transport", ["auto", "relay"])
def test_after_a_refresh_the_same_file_goes_on_where_it_was(
    desk: Desk, page_errors: PageErrors, tmp_path: Path
) -> None:
    page_errors.expect_network()
    file = make_file(tmp_path / "run7.bin", 12 * PART + 1)
    desk.proxy.pace_total(20 * MiB)
    desk.show()
    desk.pick(file)
    desk.stop_at(4)

    desk.show()
    desk.proxy.pace_total(UNPACED)
    desk.until_silent()
    there = desk.parts_there()
    desk.proxy.forget()
    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert set(desk.sent()) == set(range(1, 14)) - there
    assert desk.upload_ids() == []


@pytest.mark.parametrize("whose", ["theirs", "ours"])
def test_discarding_while_parts_are_compared_deletes_ones_own_upload_alone(
    desk: Desk, page_errors: PageErrors, tmp_path: Path, whose: str
) -> None:
    page_errors.expect_network()
    file = make_file(tmp_path / "run7.bin", 12 * PART)
    if whose == "theirs":
        begin(desk, file, (1, 2, 3))
    else:
        desk.proxy.pace_total(20 * MiB)
        desk.show()
        desk.pick(file)
        desk.stop_at(1)
    there = desk.upload_ids()
    desk.show()
    desk.page.wait_for_function("engine.offers.store !== ''")
    hold_reading(desk.page)
    before = len(desk.asked("create_multipart_upload"))
    desk.pick(file)
    until(lambda: len(desk.asked("create_multipart_upload")) > before, what="a look")
    desk.expect_state("run7.bin", "checking")

    desk.press("Discard run7.bin")
    if whose == "ours":
        expect(desk.row("run7.bin")).to_contain_text("Delete what was sent?")
        desk.press("Discard run7.bin")
    until(lambda: states(desk.page) == {}, what="an empty list")

    assert desk.upload_ids() == (there if whose == "theirs" else [])


@pytest.mark.parametrize("there", [(1, 2, 3), (9,), (2, 5)], ids=["head", "last only", "holes"])
def test_what_another_program_began_is_finished_with_its_part_size(
    desk: Desk, tmp_path: Path, there: tuple[int, ...]
) -> None:
    file = make_file(tmp_path / "run7.bin", 8 * 8 * MiB + 1)
    begin(desk, file, there, 8 * MiB)
    desk.show()

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert set(desk.sent()) == set(range(1, 10)) - set(there)


@pytest.mark.parametrize("transport", ["auto", "relay"])
def test_another_files_parts_are_left_alone(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = make_file(tmp_path / "other" / "run7.bin", 4 * PART, seed=1)
    upload_id = begin(desk, other, (1, 2, 3))
    file = make_file(tmp_path / "run7.bin", 4 * PART, seed=2)
    desk.show()

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert desk.upload_ids() == [("run7.bin", upload_id)]


def test_of_two_uploads_the_one_with_more_parts_is_gone_on_with(desk: Desk, tmp_path: Path) -> None:
    file = make_file(tmp_path / "run7.bin", 6 * PART)
    fewer = begin(desk, file, (6,))
    begin(desk, file, (1, 2, 4))
    desk.show()

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert desk.sent() == [3, 5, 6]
    assert desk.upload_ids() == [("run7.bin", fewer)]


def test_an_upload_with_another_checksum_is_another_programs(
    desk: Desk, page_errors: PageErrors, tmp_path: Path
) -> None:
    page_errors.expect_network()
    file = make_file(tmp_path / "run7.bin", 6 * PART)
    theirs = begin(desk, file, (1, 2, 3), algorithm="CRC32")
    desk.show()

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert set(desk.stored()) == {1, 2, 3, 4, 5, 6}
    assert desk.upload_ids() == [("run7.bin", theirs)]


def test_an_upload_of_uneven_parts_is_left_alone(desk: Desk, tmp_path: Path) -> None:
    file = make_file(tmp_path / "run7.bin", 6 * PART)
    theirs = begin(desk, file, (1, 2))
    desk.server.client.upload_part(
        Bucket=desk.bucket,
        Key=file.name,
        UploadId=theirs,
        PartNumber=3,
        Body=b"x" * (6 * MiB),
        ChecksumAlgorithm="SHA256",
    )
    desk.show()

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert desk.sent() == [1, 2, 3, 4, 5, 6]
    assert desk.upload_ids() == [("run7.bin", theirs)]


@pytest.mark.parametrize("server", ["ministack"], indirect=True)
def test_where_nothing_may_be_listed_a_new_upload_is_begun_beside(
    desk: Desk, tmp_path: Path
) -> None:
    desk.proxy.play(
        Fault(Answer(403, "AccessDenied"), Match(operation="ListMultipartUploads"), FOREVER)
    )
    desk = desk.with_new_widget(client=desk.server.at(desk.proxy.url).client)
    file = make_file(tmp_path / "run7.bin", 3 * PART)
    theirs = begin(desk, file, (1, 2))
    desk.show()
    expect(desk.page.locator(".s3up-problem")).to_contain_text("s3:ListBucketMultipartUploads")

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert desk.sent() == [1, 2, 3]
    assert desk.upload_ids() == [("run7.bin", theirs)]


# SeaweedFS lists the older copy of such a part too, and that one is the file's.
@pytest.mark.parametrize("transport", ["auto", "relay"])
@pytest.mark.parametrize("server", ["ministack"], indirect=True)
def test_parts_that_differ_are_sent_again_when_the_user_says_so(desk: Desk, tmp_path: Path) -> None:
    file = make_file(tmp_path / "run7.bin", 6 * PART)
    upload_id = begin(desk, file, (1, 2, 3, 4, 5))
    desk.server.client.upload_part(
        Bucket=desk.bucket,
        Key=file.name,
        UploadId=upload_id,
        PartNumber=2,
        Body=b"x" * PART,
        ChecksumSHA256=sha256(b"x" * PART),
    )
    desk.show()
    desk.pick(file)
    desk.until_state("failed")
    assert "5 of 6 parts on S3 match this file, 1 differs" in desk.widget.error
    assert desk.server.keys(desk.bucket) == []

    desk.press("Resume run7.bin")
    desk.until_done()

    desk.assert_arrived(file)
    assert desk.sent() == [2, 6]
