"""Progress, value and files: what observers of the widget see."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from s3upload_widget import FileStatus, UploadWidget, protocol
from s3upload_widget.widget import controller, presence
from support.clients.talk import NearPage, Page, file_id, progress, summary
from support.waiting import until

if TYPE_CHECKING:
    import pytest

    from support.servers.servers import S3Server

MiB = 1024**2


def test_an_uploaded_file_is_in_value_before_the_page_hears_that_it_is_complete(
    widget: UploadWidget, page: Page, moto: S3Server
) -> None:
    replies_at_change: list[int] = []
    widget.observe(lambda _: replies_at_change.append(completed(page)), names="value")

    reply = page.upload("run7.bin", b"0123456789")

    (file,) = widget.value
    assert (
        reply.kind
        if hasattr(reply, "kind")
        else isinstance(reply, protocol.MultipartUploadCompleted)
    )
    assert replies_at_change == [0]
    stored = moto.body(file.bucket, file.key)
    assert (file.key, file.size, stored) == ("raw/run7.bin", 10, b"0123456789")
    assert widget.state == "done"
    assert widget.progress == 1.0
    assert repr(widget) == f"UploadWidget({file.uri.removesuffix('run7.bin')}, 1 done)"


def test_a_file_that_is_completed_twice_is_in_value_once(widget: UploadWidget, page: Page) -> None:
    page.upload("run7.bin", b"0123456789")
    again = protocol.CompleteMultipartUpload(
        file_id=file_id("run7.bin"),
        parts_sha256=["hNiYd/DUBB77a/kaFvAkjy/VcxhVyvBgJRWoL2+0vq4="],
        parts_md5=[],
        sha256="84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882",
        taken=False,
        etag="",
    )

    page.ask(again)

    assert len(widget.value) == 1


def test_files_tell_how_far_each_one_is(widget: UploadWidget, page: Page) -> None:
    page.pick("a.bin", "b.bin", size=40 * MiB)
    flying = msgspec.structs.replace(
        progress("a.bin", "uploading", bytes_done=20 * MiB, parts_done=1),
        parts_in_flight=[protocol.PartInFlight(part_number=2, bytes_sent=4 * MiB)],
    )

    page.report(
        summary("uploading", progress=0.25, bytes_done=20 * MiB, bytes_total=80 * MiB, eta=9.5),
        [flying],
    )

    assert widget.files[0] == FileStatus(
        name="a.bin",
        key="raw/a.bin",
        size=40 * MiB,
        state="uploading",
        error="",
        bytes_done=20 * MiB,
        part_size=7 * MiB,
        parts_total=6,
        parts_done=1,
        parts_in_flight=((2, 4 * MiB),),
    )
    assert (widget.files[1].state, widget.state, widget.progress) == ("queued", "uploading", 0.25)
    assert (widget.bytes_done, widget.bytes_total, widget.eta) == (20 * MiB, 80 * MiB, 9.5)
    assert repr(widget).endswith("/raw/, 1 uploading 50 %, 1 queued)")


def test_a_file_that_begins_anew_has_no_bytes_of_what_was_before(
    widget: UploadWidget, page: Page
) -> None:
    page.pick("a.bin", size=40 * MiB)
    parts = progress("a.bin", "uploading", bytes_done=30 * MiB, parts_done=1)
    flying = [protocol.PartInFlight(part_number=2, bytes_sent=MiB)]
    page.report(summary("uploading"), [msgspec.structs.replace(parts, parts_in_flight=flying)])

    page.pick("a.bin", size=40 * MiB)  # as the page does where its upload is gone from S3

    (file,) = widget.files
    assert (file.bytes_done, file.parts_done, file.parts_in_flight) == (0, 0, ())
    page.report(summary("uploading"), [progress("a.bin", "uploading", bytes_done=MiB)])
    assert widget.files[0].bytes_done == MiB
    assert "uploading 2 %" in repr(widget)


def test_a_publication_is_one_message_to_the_page(page: Page) -> None:
    page.pick("a.bin", size=40 * MiB)
    before = len(page.updates)

    page.report(
        summary("uploading", progress=0.5, bytes_done=1, rate=3), [progress("a.bin", "uploading")]
    )

    (update,) = page.updates[before:]
    assert update.keys() >= {"progress", "bytes_done", "rate", "state"}


def test_progress_never_goes_back_while_the_files_are_the_same(
    widget: UploadWidget, page: Page
) -> None:
    page.pick("a.bin")
    seen = []
    widget.observe(lambda change: seen.append(change["new"]), names="progress")

    for value in (0.2, 0.5, 0.4, 0.6):
        page.report(summary("uploading", progress=value), [progress("a.bin", "uploading")])

    assert seen == [0.2, 0.5, 0.6]


def test_progress_begins_anew_with_the_next_pick(widget: UploadWidget, page: Page) -> None:
    page.pick("a.bin")
    page.report(summary("uploading", progress=0.9), [progress("a.bin", "uploading")])

    page.pick("b.bin")
    page.report(summary("uploading", progress=0.4))

    assert widget.progress == 0.4


def test_progress_is_not_1_while_a_file_is_not_proven(widget: UploadWidget, page: Page) -> None:
    page.pick("a.bin")

    page.report(summary("done", progress=1.0), [progress("a.bin", "done", bytes_done=10)])

    assert (widget.progress, widget.state, widget.value) == (0.999, "completing", ())


def test_a_report_that_comes_late_changes_nothing(widget: UploadWidget, page: Page) -> None:
    page.pick("a.bin")
    page.report(summary("uploading", bytes_done=7), [progress("a.bin", "uploading")], number=5)

    page.report(summary("queued", bytes_done=1), [progress("a.bin", "queued")], number=4)

    assert (widget.state, widget.bytes_done) == ("uploading", 7)


def test_a_second_tab_without_files_does_not_hide_what_the_first_one_does(
    widget: UploadWidget, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3upload_widget.widget.controller.ALIVE", 600)
    page.pick("a.bin")
    page.report(summary("uploading", progress=0.5, rate=7), [progress("a.bin", "uploading")])
    second = NearPage(widget, "page-0002")

    second.hello()
    second.report()

    assert (widget.state, widget.progress, widget.rate) == ("uploading", 0.5, 7)
    assert page.orders == [[]], "the first page is asked whether it is there"


def test_files_of_a_page_that_is_gone_wait_for_somebody_to_pick_them(
    widget: UploadWidget, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3upload_widget.widget.controller.ALIVE", 0.05)
    page.pick("a.bin")
    page.report(summary("uploading", progress=0.5), [progress("a.bin", "uploading")])

    reloaded = NearPage(widget, "page-0002")
    reloaded.hello()
    reloaded.report()

    until(lambda: widget.state == "waiting", what="the state waiting")
    assert (widget.waiting_for, widget.files[0].state) == ("file", "waiting")


def test_a_page_that_falls_silent_while_it_sends_is_said_to_be_gone(
    widget: UploadWidget, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a reload starts another session, and nobody comes back to this one."""
    monkeypatch.setattr("s3upload_widget.widget.presence.SILENT", 0.1)
    monkeypatch.setattr("s3upload_widget.widget.presence.LOOK_EVERY", 0.05)
    monkeypatch.setattr("s3upload_widget.widget.controller.BACK", 0.05)
    page.pick("a.bin")
    page.report(summary("uploading", progress=0.5), [progress("a.bin", "uploading")])

    until(lambda: widget.state == "waiting", what="the state waiting")

    assert page.orders[:1] == [[]], "the page is asked whether it is there"
    assert widget.waiting_for == "file"
    assert widget.error == "the page that sent a.bin is gone: pick the file again, and it resumes"

    def heard_again() -> bool:
        page.report(summary("uploading", progress=0.6), [progress("a.bin", "uploading")])
        return (widget.state, widget.error) == ("uploading", "")

    monkeypatch.setattr("s3upload_widget.widget.presence.SILENT", 600)
    until(heard_again, what="the page that is back")


def test_how_long_a_page_may_be_silent_adds_up_to_less_than_half_a_minute() -> None:
    assert presence.SILENT + presence.LOOK_EVERY + controller.BACK < 30


def test_a_file_of_a_page_that_is_gone_can_be_picked_again(
    widget: UploadWidget, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3upload_widget.widget.controller.ALIVE", 0.05)
    page.pick("a.bin")
    page.report(summary("uploading", progress=0.5), [progress("a.bin", "uploading")])
    reloaded = NearPage(widget, "page-0002")
    reloaded.hello()
    reloaded.pick("b.bin")
    until(lambda: widget.files[0].state == "waiting", what="the file left alone")
    picks = [msgspec.structs.replace(page.one_pick("a.bin", 10), file_id="another-id")]

    (again,) = reloaded.ask(protocol.PickFiles(origin="", files=picks)).files

    assert isinstance(again, protocol.PlannedFile)
    assert [(file.key, file.state) for file in widget.files] == [
        ("raw/b.bin", "queued"),
        ("raw/a.bin", "queued"),
    ]


def test_a_file_that_is_picked_again_takes_the_place_of_its_row(
    widget: UploadWidget, page: Page
) -> None:
    page.pick("a.bin")
    page.ask(protocol.AbortMultipartUpload(file_id=file_id("a.bin")))
    picks = [msgspec.structs.replace(page.one_pick("a.bin", 10), file_id="another-id")]

    NearPage(widget, "page-0002").ask(protocol.PickFiles(origin="", files=picks))

    assert [(file.key, file.state) for file in widget.files] == [("raw/a.bin", "queued")]


def test_a_refused_file_says_why(widget: UploadWidget, page: Page) -> None:
    page.pick("ok.bin", "../up.bin")

    assert [file.state for file in widget.files] == ["queued", "failed"]
    assert "would be resolved by the browser" in widget.files[1].error


def test_an_error_holds_only_what_a_message_can_carry(widget: UploadWidget, page: Page) -> None:
    page.pick("a.bin")

    page.report(files=[progress("a.bin", "failed", error="half\ud800 was changed")])

    assert widget.error == "half? was changed"


def test_accept_can_be_changed_for_the_next_pick(widget: UploadWidget, page: Page) -> None:
    widget.accept = ".csv"
    (refused,) = page.pick("a.bin").files
    widget.accept = ".bin"
    (planned,) = page.pick("a.bin").files

    assert (refused.code, planned.key) == ("not_accepted", "raw/a.bin")


def test_files_that_the_user_takes_off_the_page_leave_the_list(
    widget: UploadWidget, page: Page
) -> None:
    page.pick("a.bin", "b.bin")

    page.report(removed=[file_id("a.bin")])

    assert [row.name for row in widget.files] == ["b.bin"]


def completed(page: Page) -> int:
    """How many Complete replies the page has heard."""
    kinds = [heard["reply"]["kind"] for heard in page.heard if "reply" in heard]
    return kinds.count("multipart_upload_completed")


def test_a_file_that_is_overwritten_by_another_pick_leaves_value(
    widget: UploadWidget, page: Page
) -> None:
    told: list[str] = []
    widget.on_complete(lambda file: told.append(file.sha256))
    page.upload("a.bin", b"first")
    page.upload("b.bin", b"beside")
    second = NearPage(widget, "page-0002")
    picked = msgspec.structs.replace(
        page.one_pick("a.bin", 6), file_id="another-id", if_exists="overwrite"
    )
    second.ask(protocol.PickFiles(origin="", files=[picked]))

    second.finish("another-id", b"second")

    digest = hashlib.sha256(b"second").hexdigest()
    assert [(file.key, file.size) for file in widget.value] == [("raw/b.bin", 6), ("raw/a.bin", 6)]
    assert widget.value[-1].sha256 == digest
    until(lambda: len(told) == 3, what="a call for each")
    assert told[-1] == digest
