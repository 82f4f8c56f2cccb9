"""The widget as a notebook sees it: traits, and a page that speaks to it over a comm."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import comm
import msgspec
import pytest
import traitlets

from s3upload_widget import FileStatus, RefusedError, UploadWidget, protocol
from support.talk import NearPage, Page, RecordingComm, file_id, progress, summary
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.servers import S3Server

ROOT = Path(__file__).parent.parent
MiB = 1024**2


@pytest.fixture(autouse=True)
def _recording(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comm, "create_comm", RecordingComm)


@pytest.fixture
def widget(moto: S3Server) -> Iterator[UploadWidget]:
    w = UploadWidget(moto.new_bucket(), "raw", client=moto.client)
    yield w
    w.close()


@pytest.fixture
def page(widget: UploadWidget) -> Page:
    return NearPage(widget)


def test_making_one_needs_no_network_and_no_kernel() -> None:
    code = (
        "import socket; socket.socket.connect = None\n"
        "from s3upload_widget import UploadWidget\n"
        "print(UploadWidget('lab-data', 'raw'))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "UploadWidget(s3://lab-data/raw/)"
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("target", "prefix"),
    [("s3://lab-data/raw/", ""), ("s3://lab-data/raw", ""), ("lab-data", "raw")],
)
def test_a_bucket_is_named_by_its_name_or_its_address(target: str, prefix: str) -> None:
    assert repr(UploadWidget(target, prefix)) == "UploadWidget(s3://lab-data/raw/)"


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"acept": ".csv"}, TypeError, "has no option 'acept'; did you mean 'accept'"),
        ({"zzz": 1}, TypeError, "has no option 'zzz'; there are bucket, prefix, key"),
        ({"part_size": 1024}, RefusedError, "part_size=1024 is outside"),
        ({"max_concurrency": 0}, RefusedError, "max_concurrency=0 cannot be: give 1 to 64"),
        ({"max_concurrency": 65}, RefusedError, "give 1 to 64"),
        ({"max_concurrency": "6"}, RefusedError, "max_concurrency='6' cannot be"),
        ({"if_exists": "skip"}, RefusedError, "give one of 'verify', 'overwrite', 'rename'"),
        ({"max_size": -1}, RefusedError, "max_size=-1 cannot be"),
        ({"transport": "relay"}, RefusedError, "is to come"),
        ({"prefix": "../up"}, RefusedError, "prefix='../up' cannot be used"),
        ({"extra_args": {"SSECustomerKey": "k"}}, RefusedError, "SSECustomerKey"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_an_option_that_cannot_work_is_refused_at_once(
    options: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        UploadWidget("lab-data", **options)


def test_a_copy_that_was_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "s3upload_widget",
        tmp_path / "s3upload_widget",
        ignore=shutil.ignore_patterns("static", "__pycache__"),
    )

    done = subprocess.run(
        [sys.executable, "-c", "from s3upload_widget import UploadWidget"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "widget.js is missing" in done.stderr
    assert "make build" in done.stderr


def test_a_cell_may_set_what_is_settable_and_the_page_hears_of_it(
    widget: UploadWidget, page: Page
) -> None:
    widget.max_concurrency, widget.disabled = 2, True

    assert page.updates == [{"max_concurrency": 2}, {"disabled": True}]
    with pytest.raises(traitlets.TraitError, match="max_concurrency"):
        widget.max_concurrency = 0


@pytest.mark.parametrize("name", ["state", "progress", "value", "files", "error", "eta"])
def test_a_cell_cannot_set_what_is_told(widget: UploadWidget, name: str) -> None:
    with pytest.raises(traitlets.TraitError, match=name):
        setattr(widget, name, getattr(widget, name))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "done"),
        ("progress", 1.0),
        ("value", ["evil"]),
        ("error", "call this number"),
        ("disabled", True),
        ("max_concurrency", 64),
        ("accept", ".exe"),
        ("_esm", "alert(1)"),
        ("_css", "body{}"),
        ("_engine_id", "another"),
        ("_view_module", "evil"),
    ],
)
def test_the_page_sets_nothing_of_ours(
    widget: UploadWidget, page: Page, name: str, value: object
) -> None:
    before = getattr(widget, name)

    page.deliver({"method": "update", "state": {name: value}, "buffer_paths": []})

    assert getattr(widget, name) == before


def test_the_page_may_set_what_belongs_to_looks(widget: UploadWidget, page: Page) -> None:
    page.deliver({"method": "update", "state": {"tooltip": "drop here"}, "buffer_paths": []})

    assert widget.tooltip == "drop here"


def test_a_page_is_told_where_files_go(moto: S3Server) -> None:
    page = NearPage(UploadWidget(moto.new_bucket(), "raw", client=moto.client, multiple=False))

    welcome = page.hello()

    assert welcome.destination.startswith("s3://lab-")
    assert welcome.destination.endswith("/raw/")
    assert (welcome.multiple, welcome.directory, welcome.orders) == (False, False, [])


def test_a_page_of_another_version_is_told_to_reload(page: Page) -> None:
    reply = page.ask(protocol.Hello(version=99))

    assert reply == protocol.Failed(
        code="invalid_message",
        message="this page speaks version 99 of the protocol: reload the page",
        retryable=False,
    )


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
    stored = moto.client.get_object(Bucket=file.bucket, Key=file.key)["Body"].read()
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
        part_size=16 * MiB,
        parts_total=3,
        parts_done=1,
        parts_in_flight=((2, 4 * MiB),),
    )
    assert (widget.files[1].state, widget.state, widget.progress) == ("queued", "uploading", 0.25)
    assert (widget.bytes_done, widget.bytes_total, widget.eta) == (20 * MiB, 80 * MiB, 9.5)
    assert repr(widget).endswith("/raw/, 1 uploading 50 %, 1 queued)")


def test_a_publication_is_one_message_to_the_page(page: Page) -> None:
    page.pick("a.bin", size=40 * MiB)
    before = len(page.updates)

    page.report(
        summary("uploading", progress=0.5, bytes_done=1, rate=3), [progress("a.bin", "uploading")]
    )

    (update,) = page.updates[before:]
    assert update.keys() >= {"progress", "bytes_done", "rate", "state"}


def test_observers_of_the_state_find_everything_else_up_to_date(
    widget: UploadWidget, page: Page
) -> None:
    seen: list[tuple[str, float, int]] = []
    widget.observe(
        lambda change: seen.append((change["new"], widget.progress, len(widget.value))),
        names="state",
    )

    page.upload("run7.bin", b"0123456789")

    assert seen == [("queued", 0.0, 0), ("done", 1.0, 1)]


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
    widget: UploadWidget, page: Page
) -> None:
    page.pick("a.bin")
    page.report(summary("uploading", progress=0.5), [progress("a.bin", "uploading")])
    second = NearPage(widget, "page-0002")

    second.hello()
    second.report()

    assert (widget.state, widget.progress) == ("uploading", 0.5)
    assert page.orders == [[]], "the first page is asked whether it is there"


def test_files_of_a_page_that_is_gone_wait_for_somebody_to_pick_them(
    widget: UploadWidget, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3upload_widget.conversation.ALIVE", 0.05)
    page.pick("a.bin")
    page.report(summary("uploading", progress=0.5), [progress("a.bin", "uploading")])

    reloaded = NearPage(widget, "page-0002")
    reloaded.hello()
    reloaded.report()

    until(lambda: widget.state == "waiting", what="the state waiting")
    assert (widget.waiting_for, widget.files[0].state) == ("file", "waiting")


def test_a_refused_file_says_why(widget: UploadWidget, page: Page) -> None:
    page.pick("ok.bin", "../up.bin")

    assert [file.state for file in widget.files] == ["queued", "failed"]
    assert "would be resolved by the browser" in widget.files[1].error


def test_one_request_under_way_is_not_started_twice(moto: S3Server) -> None:
    started, go_on = threading.Semaphore(0), threading.Event()

    def slow_key(_: object) -> str:
        started.release()
        go_on.wait(10)
        return "x.bin"

    page = NearPage(UploadWidget(moto.new_bucket(), client=moto.client, key=slow_key))
    request = protocol.PickFiles(origin="", files=[page.one_pick("a.bin", 1)])

    page.send(request, "same")
    assert started.acquire(timeout=10)
    page.send(request, "same")
    go_on.set()

    until(lambda: page.replies("same"))
    assert len(page.replies("same")) == 1
    assert not started.acquire(blocking=False)


def test_an_answer_that_was_lost_is_given_again(page: Page) -> None:
    page.send(protocol.Hello(version=protocol.VERSION), "same")
    page.send(protocol.Hello(version=protocol.VERSION), "same")

    assert len(page.replies("same")) == 2


HELLO = {"kind": "hello", "version": 1}


@pytest.mark.parametrize(
    "content",
    [
        None,
        "hello",
        [],
        {},
        {"rid": 1, "client": "page-0001", "request": HELLO},
        {"rid": "1", "client": "../../x", "request": HELLO},
        {"rid": "1", "client": "page-0001", "request": {"kind": "rm_rf"}},
        {"rid": "1", "client": "page-0001", "request": HELLO, "more": 1},
        {"rid": "1", "client": "page-0001", "request": {"kind": "hello", "version": "1"}},
        {"rid": "1", "client": "page-0001", "request": {"kind": "pick_files", "files": [[]]}},
        {"rid": "1", "client": "page-0001", "request": {"kind": "presign_parts", "parts": []}},
        {"rid": "x" * 10_000, "client": "page-0001", "request": HELLO},
    ],
    ids=str,
)
def test_a_hostile_message_is_refused_and_harms_nothing(
    widget: UploadWidget, page: Page, content: object
) -> None:
    page.tell(content)

    assert [reply["code"] for heard in page.heard if (reply := heard["reply"])] in (
        [],
        ["invalid_message"],
    )
    assert widget.state == "idle"
    assert page.hello().destination


@pytest.mark.parametrize(
    "data", [None, [], {}, {"method": "custom"}, {"method": "update", "state": None}], ids=str
)
def test_what_is_no_widget_message_at_all_harms_nothing(page: Page, data: object) -> None:
    page.deliver(data)

    assert page.hello().destination


def test_a_request_for_a_file_that_nobody_picked_is_refused(page: Page) -> None:
    reply = page.ask(protocol.CreateMultipartUpload(file_id="never-picked"))

    assert reply.code == "unknown_file"


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
    page.ask(protocol.CreateMultipartUpload(file_id=file_id("a.bin")))
    bucket = widget._destination.split("/")[2]
    assert len(moto.upload_ids(bucket)) == 1

    widget.abort("raw/a.bin")

    until(lambda: not moto.upload_ids(bucket), what="the upload to be gone")
    until(lambda: widget.files == (), what="the row to be gone")
    assert widget.state == "idle"


def test_abort_is_carried_out_though_the_widget_is_closed_at_once(
    widget: UploadWidget, page: Page, moto: S3Server
) -> None:
    page.pick("a.bin", size=40 * MiB)
    page.ask(protocol.CreateMultipartUpload(file_id=file_id("a.bin")))
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


def test_files_that_the_user_takes_off_the_page_leave_the_list(
    widget: UploadWidget, page: Page
) -> None:
    page.pick("a.bin", "b.bin")

    page.report(removed=[file_id("a.bin")])

    assert [row.name for row in widget.files] == ["b.bin"]


def test_on_complete_is_called_on_one_thread_of_its_own(widget: UploadWidget, page: Page) -> None:
    calls: list[tuple[str, str]] = []
    widget.on_complete(lambda file: calls.append((file.name, threading.current_thread().name)))

    page.upload("a.bin", b"a")
    page.upload("b.bin", b"b")

    until(lambda: len(calls) == 2, what="both calls")
    assert calls == [("a.bin", "s3upload-callback"), ("b.bin", "s3upload-callback")]


def test_an_on_complete_function_that_fails_is_named_in_error(
    widget: UploadWidget, page: Page, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: object) -> None:
        message = "no such table"
        raise LookupError(message)

    widget.on_complete(broken)

    page.upload("a.bin", b"a")

    until(lambda: widget.error, what="the error")
    assert widget.error == "your on_complete function failed for a.bin: LookupError: no such table"
    assert "no such table" in caplog.text
    assert len(widget.value) == 1


def test_an_observer_that_fails_hinders_no_upload(widget: UploadWidget, page: Page) -> None:
    def broken(_: object) -> None:
        message = "plot is closed"
        raise ValueError(message)

    widget.observe(broken, names=["state", "progress", "value", "error"])

    page.upload("a.bin", b"a")

    assert (widget.state, widget.progress, len(widget.value)) == ("done", 1.0, 1)
    assert "observes" in widget.error
    assert "plot is closed" in widget.error


def test_an_observer_may_call_the_widget(widget: UploadWidget, page: Page) -> None:
    def clear(change: dict[str, Any]) -> None:
        if change["new"]:
            widget.clear()

    widget.observe(clear, names="value")

    page.upload("a.bin", b"a")

    until(lambda: widget.value == () and widget.files == ())


def test_no_secret_is_in_what_jupyter_keeps_or_prints(
    moto: S3Server, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    caplog.set_level(logging.DEBUG, "s3upload_widget")
    client = replace(moto, access_key="AKIAEXAMPLE", secret_key="very-secret").client
    widget = UploadWidget(moto.new_bucket(), client=client)
    page = NearPage(widget)
    page.upload("small.bin", b"abc")
    page.pick("large.bin", size=40 * MiB)
    page.ask(protocol.CreateMultipartUpload(file_id=file_id("large.bin")))
    part = protocol.PartChecksums(
        file_id=file_id("large.bin"), part_number=1, sha256="A" * 43 + "=", md5=""
    )
    url = page.ask(protocol.PresignParts(parts=[part])).parts[0].url
    page.report(summary("failed", error=f"no answer from {url}"))

    kept = json.dumps([widget.get_state(), widget._repr_mimebundle_(), page.updates], default=str)
    seen = kept + repr(widget) + repr(widget.files) + widget.error + caplog.text

    (_, upload_id), *_ = moto.upload_ids(url.split("/")[3])
    assert "no answer from" in widget.error
    for secret in (upload_id, "AKIAEXAMPLE", "very-secret", "X-Amz-", "uploadId="):
        assert secret not in seen


def test_its_text_is_there_where_no_widget_can_be_shown(widget: UploadWidget) -> None:
    bundle = widget._repr_mimebundle_()

    assert bundle is not None
    assert bundle[0]["text/plain"] == repr(widget)


def test_a_comm_that_is_replaced_is_guarded_too(widget: UploadWidget) -> None:
    widget.comm = None
    widget.open()

    NearPage(widget).hello()

    assert widget.comm.handle_msg.__name__ == "<lambda>"


def test_close_ends_its_threads_and_further_calls_are_harmless(
    widget: UploadWidget, page: Page
) -> None:
    before = set(threading.enumerate())
    widget.on_complete(print)
    page.upload("a.bin", b"a")
    started = [thread for thread in threading.enumerate() if thread not in before]
    ours = [thread for thread in started if thread.name.startswith("s3upload")]
    assert ours

    widget.close()
    widget.close()
    widget.pause()
    widget.abort()
    widget.clear()

    for thread in ours:
        thread.join(10)
        assert not thread.is_alive()


def test_all_threads_are_daemons(widget: UploadWidget, page: Page) -> None:
    page.upload("a.bin", b"a")

    ours = [thread for thread in threading.enumerate() if thread.name.startswith("s3upload")]

    assert ours
    assert all(thread.daemon for thread in ours)


def completed(page: Page) -> int:
    """How many Complete replies the page has heard."""
    kinds = [heard["reply"]["kind"] for heard in page.heard if "reply" in heard]
    return kinds.count("multipart_upload_completed")
