"""Messages of pages: each request is answered once, and hostile ones harm nothing."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from s3upload_widget import UploadWidget, protocol
from support.clients.talk import ORIGIN, NearPage, Page
from support.waiting import until

if TYPE_CHECKING:
    from support.servers.servers import S3Server


def test_a_page_is_told_where_files_go(moto: S3Server) -> None:
    page = NearPage(UploadWidget(moto.new_bucket(), "raw", client=moto.client, multiple=False))

    welcome = page.hello()

    assert welcome.destination.startswith("s3://lab-")
    assert welcome.destination.endswith("/raw/")
    assert (welcome.multiple, welcome.directory, welcome.orders) == (False, False, [])


@pytest.mark.parametrize(
    ("version", "remedy"), [(0, "reload the page"), (99, "restart the kernel")]
)
def test_a_page_of_another_release_is_told_what_to_do(
    page: Page, version: int, remedy: str
) -> None:
    reply = page.ask(protocol.Hello(version=version, origin=ORIGIN))

    assert (reply.code, reply.retryable) == ("invalid_message", False)
    assert f"different releases of s3upload_widget (protocol {version} and 1)" in reply.message
    assert f"{remedy}, then run the cell again" in reply.message


@pytest.mark.parametrize("kind", [protocol.ForgetFile, protocol.AbortMultipartUpload])
def test_a_late_copy_of_what_ended_a_file_does_not_end_it_again(
    page: NearPage, kind: type[protocol.ForgetFile | protocol.AbortMultipartUpload]
) -> None:
    pick = page.one_pick("a.bin", 11 << 20)
    picking = protocol.PickFiles(origin="", files=[pick])
    creating = protocol.CreateMultipartUpload(file_id=pick.file_id, refused=[])
    ending = kind(file_id=pick.file_id)
    page.ask(picking)
    page.send(ending, "early")
    until(lambda: page.replies("early"))
    page.ask(picking)
    created = page.ask(creating)

    page.send(ending, "early")
    until(lambda: len(page.replies("early")) > 1)

    assert page.replies("early")[0] == page.replies("early")[1]
    again = page.ask(creating)
    assert again == created, again


def test_one_request_under_way_is_not_started_twice(moto: S3Server) -> None:
    started, go_on = threading.Semaphore(0), threading.Event()

    def slow_key(_: object) -> str:
        started.release()
        go_on.wait(60)
        return "x.bin"

    page = NearPage(UploadWidget(moto.new_bucket(), client=moto.client, key=slow_key))
    request = protocol.PickFiles(origin="", files=[page.one_pick("a.bin", 1)])

    page.send(request, "same")
    assert started.acquire(timeout=60)
    page.send(request, "same")
    go_on.set()

    until(lambda: page.replies("same"))
    assert len(page.replies("same")) == 1
    assert not started.acquire(blocking=False)


def test_an_answer_that_was_lost_is_given_again(page: Page) -> None:
    page.send(protocol.Hello(version=protocol.VERSION, origin=ORIGIN), "same")
    page.send(protocol.Hello(version=protocol.VERSION, origin=ORIGIN), "same")

    assert len(page.replies("same")) == 2


HELLO = {"kind": "hello", "version": 1, "origin": ORIGIN}


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
    reply = page.ask(protocol.CreateMultipartUpload(file_id="never-picked", refused=[]))

    assert reply.code == "unknown_file"


def test_a_request_whose_news_the_page_could_not_be_told_is_answered_all_the_same(
    widget: UploadWidget, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed() -> None:
        message = "the comm is closed"
        raise OSError(message)

    request = protocol.PickFiles(origin="", files=[page.one_pick("a.bin", 1)])
    with monkeypatch.context() as patch:
        patch.setattr(widget, "send_state", lambda *_, **__: closed())
        page.send(request, "same")
    page.send(request, "same")

    until(lambda: page.replies("same"), what="the reply")


def test_a_request_that_was_interrupted_is_answered_when_it_comes_again(
    widget: UploadWidget, page: Page
) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    request = protocol.PickFiles(origin="", files=[page.one_pick("a.bin", 1)])
    widget.observe(interrupt, names="files")
    with pytest.raises(KeyboardInterrupt):
        page.send(request, "same")
    widget.unobserve(interrupt, names="files")

    page.send(request, "same")

    until(lambda: page.replies("same"), what="the reply")
