"""What is called while files are uploaded: observers of traits, and on_complete."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from s3upload_widget import UploadWidget, protocol
from support.clients.talk import Page, RecordingComm, summary
from support.waiting import until

if TYPE_CHECKING:
    import pytest


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


def test_an_observer_finds_the_context_that_registered_it(widget: UploadWidget, page: Page) -> None:
    """Whatever a thread of the widget's calls; ipykernel 7 knows by it which cell prints."""
    cell = ContextVar("cell", default="none")
    seen: list[str] = []
    cell.set("first")
    widget.observe(lambda _: seen.append(cell.get()), names="state")
    widget.on_complete(lambda _: seen.append("arrived " + cell.get()))
    cell.set("second")

    page.upload("run7.bin", b"0123456789")

    until(lambda: len(seen) == 3, what=lambda: seen)
    assert sorted(seen) == ["arrived first", "first", "first"]


def test_an_observer_is_taken_off_by_itself(widget: UploadWidget, page: Page) -> None:
    seen: list[object] = []
    widget.observe(seen.append, names="state")

    widget.unobserve(seen.append, names="state")

    page.upload("run7.bin", b"0123456789")
    assert seen == []


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


def test_traits_that_a_lost_connection_swallows_go_with_the_next_ones(
    widget: UploadWidget, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = RecordingComm.publish_msg

    def refuse_updates(self: RecordingComm, msg_type: str, data: Any = None, **keys: Any) -> None:
        if data["method"] == "update":
            message = "the socket is closed"
            raise OSError(message)
        send(self, msg_type, data, **keys)

    with monkeypatch.context() as patched:
        patched.setattr(RecordingComm, "publish_msg", refuse_updates)
        assert isinstance(page.pick("a.bin"), protocol.FilesPicked)
    assert widget.state == "queued"
    assert page.updates == []

    page.report(summary("queued", rate=5))

    assert page.updates[-1].items() >= {"state": "queued", "rate": 5}.items()


def test_an_observer_may_call_the_widget(widget: UploadWidget, page: Page) -> None:
    def clear(change: dict[str, Any]) -> None:
        if change["new"]:
            widget.clear()

    widget.observe(clear, names="value")

    page.upload("a.bin", b"a")

    until(lambda: widget.value == () and widget.files == ())
