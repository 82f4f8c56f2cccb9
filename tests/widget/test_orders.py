"""What a cell asks the page to do, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3upload_widget import UploadWidget, protocol
from support.clients.talk import NearPage, Page, file_id, progress, summary
from support.waiting import until

if TYPE_CHECKING:
    from support.servers.servers import S3Server

MiB = 1024**2


def test_an_order_is_repeated_until_the_page_has_done_it(widget: UploadWidget, page: Page) -> None:
    page.hello()

    widget.pause()

    assert page.orders == [[(1, "pause", [])]]
    assert [order.number for order in page.report(last_order=0).orders] == [1]
    assert page.report(last_order=1).orders == []
    assert page.hello().orders == []


def test_a_later_order_takes_the_place_of_one_it_makes_pointless(
    widget: UploadWidget, page: Page
) -> None:
    page.hello()
    widget.pause()
    widget.resume()
    widget.clear()

    assert [(order.number, order.verb) for order in page.report().orders] == [
        (2, "resume"),
        (3, "clear"),
    ]


def test_an_order_for_one_file_does_not_replace_one_for_all(
    widget: UploadWidget, page: Page
) -> None:
    page.pick("a.bin")
    widget.pause()

    widget.resume("raw/a.bin")

    assert page.orders[-1] == [(1, "pause", []), (2, "resume", [file_id("a.bin")])]


def test_an_order_given_before_there_is_a_page_is_remembered(
    widget: UploadWidget, page: Page
) -> None:
    widget.pause()

    assert [order.verb for order in page.hello().orders] == ["pause"]


def test_a_new_page_hears_no_order_that_another_one_has_done(
    widget: UploadWidget, page: Page
) -> None:
    page.hello()
    widget.pause()
    page.report(last_order=1)

    assert NearPage(widget, "page-0002").hello().orders == []


def test_a_page_that_was_there_hears_each_order_until_it_has_done_it_itself(
    widget: UploadWidget, page: Page
) -> None:
    second = NearPage(widget, "page-0002")
    page.hello()
    second.hello()
    widget.pause()

    page.report(last_order=1)

    assert [order.verb for order in second.report().orders] == ["pause"]


@pytest.mark.parametrize("verb", ["pause", "resume", "abort"])
def test_an_order_for_a_key_that_no_file_has_says_which_there_are(
    widget: UploadWidget, page: Page, verb: str
) -> None:
    page.pick("a.bin")

    with pytest.raises(KeyError, match=r"no file .* key 'b.bin'; there are: 'raw/a.bin'"):
        getattr(widget, verb)("b.bin")

    assert page.orders == []


def test_abort_deletes_what_s3_holds_even_without_a_page(
    widget: UploadWidget, page: Page, moto: S3Server
) -> None:
    page.pick("a.bin", size=40 * MiB)
    page.ask(protocol.CreateMultipartUpload(file_id=file_id("a.bin"), refused=[]))
    bucket = widget._destination.split("/")[2]
    assert len(moto.upload_ids(bucket)) == 1

    widget.abort("raw/a.bin")

    until(lambda: not moto.upload_ids(bucket), what="the upload to be gone")
    until(lambda: widget.files == (), what="the row to be gone")
    assert widget.state == "idle"


@pytest.mark.parametrize("key", ["raw/a.bin", None], ids=["one", "all"])
def test_abort_leaves_an_upload_of_which_no_byte_was_compared(
    widget: UploadWidget, page: Page, moto: S3Server, key: str | None
) -> None:
    bucket = widget._destination.split("/")[2]
    theirs = moto.client.create_multipart_upload(
        Bucket=bucket, Key="raw/a.bin", ChecksumAlgorithm="SHA256"
    )["UploadId"]
    moto.client.upload_part(
        Bucket=bucket, Key="raw/a.bin", UploadId=theirs, PartNumber=1, Body=bytes(16 * MiB)
    )
    page.pick("a.bin", size=40 * MiB)
    created = page.ask(protocol.CreateMultipartUpload(file_id=file_id("a.bin"), refused=[]))
    assert created.upload_id == theirs

    widget.abort(key)

    until(lambda: widget.files == (), what="the row to be gone")
    assert moto.upload_ids(bucket) == [("raw/a.bin", theirs)]


def test_abort_is_carried_out_though_the_widget_is_closed_at_once(
    widget: UploadWidget, page: Page, moto: S3Server
) -> None:
    page.pick("a.bin", size=40 * MiB)
    page.ask(protocol.CreateMultipartUpload(file_id=file_id("a.bin"), refused=[]))
    bucket = widget._destination.split("/")[2]

    widget.abort()
    widget.close()

    until(lambda: not moto.upload_ids(bucket), what="the upload to be gone")


def test_clear_takes_finished_files_off_and_leaves_the_others(
    widget: UploadWidget, page: Page, moto: S3Server
) -> None:
    page.upload("done.bin", b"0123456789")
    page.pick("more.bin")
    (file,) = widget.value

    widget.clear()

    assert (widget.value, [row.name for row in widget.files]) == ((), ["more.bin"])
    assert page.orders == [[(1, "clear", [])]]
    assert moto.keys(file.bucket) == [file.key]


def test_what_is_resumed_has_not_failed_any_more(widget: UploadWidget, page: Page) -> None:
    page.hello()
    page.pick("a.bin")
    page.report(summary("failed"), [progress("a.bin", "failed", error="denied")])
    assert (widget.state, widget.error) == ("failed", "denied")

    widget.resume()

    assert (widget.state, widget.error) == ("queued", "")
    with pytest.raises(TimeoutError):
        widget.result(timeout=0)


def test_a_pick_that_is_asked_again_changes_nothing(widget: UploadWidget, page: Page) -> None:
    page.pick("a.bin")
    waiting = progress("a.bin", "waiting", error="S3 cannot be reached")
    page.report(summary("waiting", progress=0.5), [waiting])

    page.pick("a.bin")

    assert (widget.state, widget.error, widget.progress) == (
        "waiting",
        "S3 cannot be reached",
        0.5,
    )


def test_an_error_is_there_as_soon_as_its_state_is(widget: UploadWidget, page: Page) -> None:
    told: list[str] = []
    widget.observe(lambda _: told.append(widget.error), names="state")

    page.pick("../up.bin")

    until(lambda: widget.state == "failed", what="the refusal")
    assert told[-1]
