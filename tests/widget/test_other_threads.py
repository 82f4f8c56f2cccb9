"""Hosts that let only some threads send to the page: whoever asks is answered, or told."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import comm
import pytest

from s3upload_widget import UploadWidget, protocol
from support.clients.talk import ORIGIN, NearPage, RecordingComm
from support.waiting import until

if TYPE_CHECKING:
    from support.servers.servers import S3Server


class OneThreadComm(RecordingComm):
    """A comm that sends from one thread alone, or from none."""

    allowed: int | None = 0

    def publish_msg(self, msg_type: str, *args: Any, **options: Any) -> None:
        if msg_type == "comm_msg" and threading.get_ident() != self.allowed:
            msg = "outside of the session"
            raise RuntimeError(msg)
        super().publish_msg(msg_type, *args, **options)


@pytest.fixture
def page(moto: S3Server, monkeypatch: pytest.MonkeyPatch) -> NearPage:
    monkeypatch.setattr(comm, "create_comm", OneThreadComm)
    return NearPage(UploadWidget(moto.new_bucket(), client=moto.client))


def test_a_reply_waits_for_the_thread_that_may_send_it(
    page: NearPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OneThreadComm, "allowed", threading.get_ident())

    rid = page.send(protocol.PickFiles(origin=ORIGIN, files=[page.one_pick("a.bin", 10)]))
    until(lambda: page.report() and page.replies(rid), what="the reply to the pick")

    [reply] = page.replies(rid)
    assert [file["key"] for file in reply["files"]] == ["a.bin"]
    assert page.widget.error == ""


def test_where_no_thread_may_send_the_error_says_so(page: NearPage) -> None:
    page.send(protocol.PickFiles(origin=ORIGIN, files=[page.one_pick("a.bin", 10)]))

    def reported() -> str:
        page.send_report()
        return page.widget.error

    assert until(reported, what="the error") == (
        "no message gets through to the page: RuntimeError: outside of the session"
    )
