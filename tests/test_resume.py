"""What is on S3 already is compared with the file, and only the rest is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import expect

from s3upload_widget import UploadWidget
from s3upload_widget.checksums import sha256
from support.faults import FOREVER, Answer, Fault, Match
from support.files import make_file
from support.proxy import FaultyProxy
from support.uploading import (
    QUICK,
    MiB,
    asked,
    assert_arrived,
    pick,
    show,
    states,
    until_done,
)
from support.view import expect_state, press, row
from support.waiting import until
from test_verify import hold_reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from support.bridge import Bridge
    from support.browser import PageErrors
    from support.servers import S3Server

PART = 5 * MiB


@pytest.fixture(params=["ministack", "seaweed"])
def server(request: pytest.FixtureRequest) -> S3Server:
    found: S3Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def proxy(server: S3Server) -> Iterator[FaultyProxy]:
    with FaultyProxy(server.endpoint_url) as faulty:
        yield faulty


@pytest.fixture
def bucket(server: S3Server) -> Iterator[str]:
    with server.bucket() as name:
        yield name


def begin(
    server: S3Server,
    bucket: str,
    file: Path,
    parts: tuple[int, ...],
    size: int,
    algorithm: Literal["SHA256", "CRC32"] = "SHA256",
) -> str:
    """Begin an upload as another program would, and send some of its parts."""
    upload_id = server.client.create_multipart_upload(
        Bucket=bucket, Key=file.name, ChecksumAlgorithm=algorithm
    )["UploadId"]
    content = file.read_bytes()
    for number in parts:
        part = content[(number - 1) * size : number * size]
        server.client.upload_part(
            Bucket=bucket,
            Key=file.name,
            UploadId=upload_id,
            PartNumber=number,
            Body=part,
            ChecksumAlgorithm=algorithm,
        )
    return upload_id


def widget_of(server: S3Server, bucket: str, proxy: FaultyProxy) -> UploadWidget:
    return UploadWidget(
        bucket, client=server.client, browser_endpoint_url=proxy.url, part_size=PART
    )


def test_after_a_refresh_the_same_file_goes_on_where_it_was(
    page: Page,
    page_errors: PageErrors,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    page_errors.expect_network()
    widget = widget_of(server, bucket, proxy)
    file = make_file(tmp_path / "run7.bin", 12 * PART + 1)
    proxy.pace_total(20 * MiB)
    show(page, bridge, widget, tuning=QUICK)
    pick(page, file)
    until(lambda: len([put for put in proxy.puts() if put.complete]) >= 4, 30, "four parts")

    show(page, bridge, widget, tuning=QUICK)
    until(lambda: all(put.finished for put in proxy.puts()), what="a silent wire")
    [(key, upload_id)] = server.upload_ids(bucket)
    listed = server.client.list_parts(Bucket=bucket, Key=key, UploadId=upload_id)["Parts"]
    there = {part["PartNumber"] for part in listed}
    proxy.forget()
    proxy.pace_total(1e12)
    pick(page, file)
    until_done(widget)

    assert_arrived(server, widget, file)
    assert {put.part_number for put in proxy.puts()} == set(range(1, 14)) - there
    assert server.upload_ids(bucket) == []


@pytest.mark.parametrize("whose", ["theirs", "ours"])
def test_discarding_while_parts_are_compared_deletes_ones_own_upload_alone(
    page: Page,
    page_errors: PageErrors,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    whose: str,
) -> None:
    page_errors.expect_network()
    widget = widget_of(server, bucket, proxy)
    file = make_file(tmp_path / "run7.bin", 12 * PART)
    if whose == "theirs":
        begin(server, bucket, file, (1, 2, 3), PART)
    else:
        proxy.pace_total(20 * MiB)
        show(page, bridge, widget, tuning=QUICK)
        pick(page, file)
        until(lambda: any(put.complete for put in proxy.puts()), 30, "a part")
    there = server.upload_ids(bucket)
    show(page, bridge, widget, tuning=QUICK)
    page.wait_for_function("engine.offers.store !== ''")
    hold_reading(page)
    before = len(asked(bridge, "create_multipart_upload"))
    pick(page, file)
    until(lambda: len(asked(bridge, "create_multipart_upload")) > before, what="a look")
    expect_state(page, "run7.bin", "checking")

    press(page, "Discard run7.bin")
    if whose == "ours":
        expect(row(page, "run7.bin")).to_contain_text("Delete what was sent?")
        press(page, "Discard run7.bin")
    until(lambda: states(page) == {}, what="an empty list")

    assert server.upload_ids(bucket) == (there if whose == "theirs" else [])


@pytest.mark.parametrize("there", [(1, 2, 3), (9,), (2, 5)], ids=["head", "last only", "holes"])
def test_what_another_program_began_is_finished_with_its_part_size(
    page: Page,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    there: tuple[int, ...],
) -> None:
    widget = widget_of(server, bucket, proxy)
    file = make_file(tmp_path / "run7.bin", 8 * 8 * MiB + 1)
    begin(server, bucket, file, there, 8 * MiB)
    show(page, bridge, widget, tuning=QUICK)

    pick(page, file)
    until_done(widget)

    assert_arrived(server, widget, file)
    if there != (9,):
        assert {put.part_number for put in proxy.puts()} == set(range(1, 10)) - set(there)


def test_another_files_parts_are_left_alone(
    page: Page, bridge: Bridge, server: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    widget = widget_of(server, bucket, proxy)
    (tmp_path / "other").mkdir()
    other = make_file(tmp_path / "other" / "run7.bin", 4 * PART, seed=1)
    upload_id = begin(server, bucket, other, (1, 2, 3), PART)
    file = make_file(tmp_path / "run7.bin", 4 * PART, seed=2)
    show(page, bridge, widget, tuning=QUICK)

    pick(page, file)
    until_done(widget)

    assert_arrived(server, widget, file)
    assert server.upload_ids(bucket) == [("run7.bin", upload_id)]


def test_of_two_uploads_the_one_with_more_parts_is_gone_on_with(
    page: Page, bridge: Bridge, server: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    widget = widget_of(server, bucket, proxy)
    file = make_file(tmp_path / "run7.bin", 6 * PART)
    fewer = begin(server, bucket, file, (6,), PART)
    begin(server, bucket, file, (1, 2, 4), PART)
    show(page, bridge, widget, tuning=QUICK)

    pick(page, file)
    until_done(widget)

    assert_arrived(server, widget, file)
    assert sorted(put.part_number for put in proxy.puts()) == [3, 5, 6]
    assert server.upload_ids(bucket) == [("run7.bin", fewer)]


def test_an_upload_with_another_checksum_is_another_programs(
    page: Page,
    page_errors: PageErrors,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    page_errors.expect_network()
    widget = widget_of(server, bucket, proxy)
    file = make_file(tmp_path / "run7.bin", 6 * PART)
    theirs = begin(server, bucket, file, (1, 2, 3), PART, "CRC32")
    show(page, bridge, widget, tuning=QUICK)

    pick(page, file)
    until_done(widget)

    assert_arrived(server, widget, file)
    assert {put.part_number for put in proxy.puts() if put.complete} == {1, 2, 3, 4, 5, 6}
    assert server.upload_ids(bucket) == [("run7.bin", theirs)]


def test_an_upload_of_uneven_parts_is_left_alone(
    page: Page, bridge: Bridge, server: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    widget = widget_of(server, bucket, proxy)
    file = make_file(tmp_path / "run7.bin", 6 * PART)
    theirs = begin(server, bucket, file, (1, 2), PART)
    server.client.upload_part(
        Bucket=bucket,
        Key=file.name,
        UploadId=theirs,
        PartNumber=3,
        Body=b"x" * (6 * MiB),
        ChecksumAlgorithm="SHA256",
    )
    show(page, bridge, widget, tuning=QUICK)

    pick(page, file)
    until_done(widget)

    assert_arrived(server, widget, file)
    assert sorted(put.part_number for put in proxy.puts()) == [1, 2, 3, 4, 5, 6]
    assert server.upload_ids(bucket) == [("run7.bin", theirs)]


@pytest.mark.parametrize("server", ["ministack"], indirect=True)
def test_where_nothing_may_be_listed_a_new_upload_is_begun_beside(
    page: Page, bridge: Bridge, server: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    proxy.play(Fault(Answer(403, "AccessDenied"), Match(operation="ListMultipartUploads"), FOREVER))
    widget = UploadWidget(bucket, client=server.at(proxy.url).client, part_size=PART)
    file = make_file(tmp_path / "run7.bin", 3 * PART)
    theirs = begin(server, bucket, file, (1, 2), PART)
    show(page, bridge, widget, tuning=QUICK)
    expect(page.locator(".s3up-problem")).to_contain_text("s3:ListBucketMultipartUploads")

    pick(page, file)
    until_done(widget)

    assert_arrived(server, widget, file)
    assert sorted(put.part_number for put in proxy.puts()) == [1, 2, 3]
    assert server.upload_ids(bucket) == [("run7.bin", theirs)]


# SeaweedFS lists the older copy of such a part too, and that one is the file's.
@pytest.mark.parametrize("server", ["ministack"], indirect=True)
def test_parts_that_differ_are_sent_again_when_the_user_says_so(
    page: Page, bridge: Bridge, server: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    widget = widget_of(server, bucket, proxy)
    file = make_file(tmp_path / "run7.bin", 6 * PART)
    upload_id = begin(server, bucket, file, (1, 2, 3, 4, 5), PART)
    server.client.upload_part(
        Bucket=bucket,
        Key=file.name,
        UploadId=upload_id,
        PartNumber=2,
        Body=b"x" * PART,
        ChecksumSHA256=sha256(b"x" * PART),
    )
    show(page, bridge, widget, tuning=QUICK)
    pick(page, file)
    until(lambda: widget.state == "failed", 30, lambda: (widget, widget.error))
    assert "5 of 6 parts on S3 are this file's, 1 differs" in widget.error
    assert server.keys(bucket) == []

    page.get_by_role("button", name="Resume run7.bin").click()
    until(lambda: widget.state != "failed", what="a start")
    until_done(widget)

    assert_arrived(server, widget, file)
    assert sorted(put.part_number for put in proxy.puts()) == [2, 6]
