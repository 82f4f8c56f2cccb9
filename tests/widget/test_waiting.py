"""Waiting for uploads from a cell: with a page that answers, and with none."""

from __future__ import annotations

import _thread
import asyncio
import threading
from contextlib import contextmanager
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, TypeAlias

import pytest

from s3upload_widget import CannotWaitError, UploadError, UploadWidget, protocol
from s3upload_widget.errors import KeyRefusedError
from s3upload_widget.widget import waiting
from support.clients.talk import Page, file_id, progress, summary
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from s3upload_widget import UploadedFile

    Wait: TypeAlias = Callable[[UploadWidget, float | None], tuple[UploadedFile, ...]]


def block(widget: UploadWidget, timeout: float | None) -> tuple[UploadedFile, ...]:
    return widget.result(timeout)


def suspend(widget: UploadWidget, timeout: float | None) -> tuple[UploadedFile, ...]:
    return asyncio.run(widget.wait(timeout))


@pytest.fixture(autouse=True)
def _waits_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that answers is waited for, however late it is."""
    monkeypatch.setattr(waiting, "FIRST_PATIENCE", 120.0)
    monkeypatch.setattr(waiting, "PATIENCE", 120.0)


both_ways = pytest.mark.parametrize("wait", [block, suspend])


@both_ways
def test_what_is_settled_is_given_at_once_without_asking_a_page(
    widget: UploadWidget, page: Page, wait: Wait
) -> None:
    page.upload("a.bin", b"a")

    assert wait(widget, 0) == widget.value
    assert page.orders == []


@both_ways
def test_waiting_that_began_before_the_pick_gets_the_files(
    widget: UploadWidget, page: Page, wait: Wait
) -> None:
    with acting(lambda: pinged_then(page, lambda: page.upload("a.bin", b"a"))):
        files = wait(widget, 30)

    assert [file.name for file in files] == ["a.bin"]


@both_ways
def test_waiting_goes_on_until_nothing_moves(widget: UploadWidget, page: Page, wait: Wait) -> None:
    with acting(lambda: (page.pick("slow.bin"), page.upload("a.bin", b"a"))):
        pass  # Jupyter delivers nothing in the thread that waits

    def finish() -> None:
        page.report(summary("paused"), [progress("slow.bin", "paused")])
        page.report(removed=[file_id("slow.bin")])

    with acting(lambda: pinged_then(page, finish)):
        files = wait(widget, 30)

    assert [file.name for file in files] == ["a.bin"]


@both_ways
def test_a_failed_file_raises_its_own_error(widget: UploadWidget, page: Page, wait: Wait) -> None:
    page.pick("../up.bin")

    with pytest.raises(KeyRefusedError, match=r"up\.bin.* cannot be stored"):
        wait(widget, 0)


def test_files_that_failed_of_different_things_raise_one_error_that_names_each(
    widget: UploadWidget, page: Page
) -> None:
    page.upload("fine.bin", b"a")
    page.pick("../up.bin", "disk.bin")
    page.report(summary("failed"), [progress("disk.bin", "failed", error="cannot be read")])

    with pytest.raises(UploadError) as caught:
        widget.result(0)

    assert type(caught.value) is UploadError
    assert "2 of 3 files failed: up.bin: " in str(caught.value)
    assert "; disk.bin: cannot be read" in str(caught.value)


def test_the_class_of_the_error_is_that_of_what_the_service_said(
    widget: UploadWidget, page: Page
) -> None:
    page.pick("a.bin", size=1)
    part = protocol.PartChecksums(
        file_id=file_id("a.bin"),
        part_number=2,
        sha256="A" * 43 + "=",
        md5="",
        refused=[],
        perhaps_stored=False,
    )
    refused = page.ask(protocol.PresignParts(parts=[part], origins=[])).parts[0]
    page.report(summary("failed"), [progress("a.bin", "failed", error="das ging schief")])

    with pytest.raises(UploadError, match=r"a\.bin: das ging schief") as caught:
        widget.result(0)

    assert caught.value.code == refused.code


def test_blocking_the_thread_that_delivers_the_pages_messages_is_refused_at_once(
    widget: UploadWidget, page: Page
) -> None:
    page.hello()
    page.report()
    page.report()
    before = len(page.orders)

    with pytest.raises(CannotWaitError, match="blocks the thread in which the page's messages"):
        widget.result()

    assert len(page.orders) == before


@both_ways
def test_the_time_may_be_up_before_the_upload_is(
    widget: UploadWidget, page: Page, wait: Wait
) -> None:
    page.pick("a.bin")

    with pytest.raises(TimeoutError, match=r"not finished within 0.3 s; it continues"):
        wait(widget, 0.3)


@both_ways
def test_without_a_page_waiting_says_that_it_cannot(
    widget: UploadWidget, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "FIRST_PATIENCE", 0.2)

    with pytest.raises(CannotWaitError, match="no page that shows this widget answers"):
        wait(widget, None)


@both_ways
def test_a_page_that_falls_silent_is_noticed(
    widget: UploadWidget, page: Page, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that only goes on when it is looked at."""
    looks = count()
    clock = SimpleNamespace(monotonic=lambda: next(looks) * 0.2)
    monkeypatch.setattr(waiting, "time", clock)
    monkeypatch.setattr(waiting, "PATIENCE", 3.0)
    monkeypatch.setattr(waiting, "NAP", 0.01)
    page.pick("a.bin")

    with pytest.raises(CannotWaitError, match="on_complete"):
        wait(widget, None)

    assert len(page.orders) >= 2, "one ping may be lost"


@both_ways
def test_a_page_that_answered_once_is_waited_for(
    widget: UploadWidget, page: Page, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "PATIENCE", 0.2)
    monkeypatch.setattr(waiting, "FIRST_PATIENCE", 0.2)
    monkeypatch.setattr(waiting, "PING_EVERY", 0.05)
    waits = widget._controller.waiting
    ping = waits.ping
    monkeypatch.setattr(waits, "ping", lambda: (ping(), page.report()))

    with pytest.raises(TimeoutError):
        wait(widget, 1)

    assert len(page.orders) == 1


@both_ways
def test_a_page_is_asked_again_where_the_whole_machine_stood_still(
    widget: UploadWidget, page: Page, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a laptop that slept: the page had no time to answer."""
    now = 0.0
    waits = widget._controller.waiting
    ping = waits.ping

    def ping_and_sleep() -> None:
        nonlocal now
        ping()
        now += 100
        if len(page.orders) > 1:
            page.report()

    monkeypatch.setattr(waiting, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(waiting, "PATIENCE", 3.0)
    monkeypatch.setattr(waiting, "FIRST_PATIENCE", 8.0)
    monkeypatch.setattr(waiting, "NAP", 0.01)
    monkeypatch.setattr(waits, "ping", ping_and_sleep)

    with pytest.raises(TimeoutError):
        wait(widget, 150)


@both_ways
def test_closing_the_widget_ends_all_waiting(widget: UploadWidget, page: Page, wait: Wait) -> None:
    with (
        acting(lambda: pinged_then(page, widget.close)),
        pytest.raises(CannotWaitError, match="closed"),
    ):
        wait(widget, None)


def test_an_interrupt_ends_result(widget: UploadWidget, page: Page) -> None:
    def interrupt() -> None:
        page.report()
        _thread.interrupt_main()

    with acting(lambda: pinged_then(page, interrupt)), pytest.raises(KeyboardInterrupt):
        widget.result()

    assert page.upload("a.bin", b"a")


def test_a_wait_that_is_cancelled_leaves_nothing_behind(widget: UploadWidget, page: Page) -> None:
    async def cancelled() -> None:
        task = asyncio.create_task(widget.wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())

    page.upload("a.bin", b"a")
    assert widget._controller.waiting._wakers == set()


def test_many_may_wait_at_once(widget: UploadWidget, page: Page) -> None:
    got: list[int] = []
    threads = [
        threading.Thread(target=lambda: got.append(len(widget.result(30)))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()

    until(lambda: page.orders)
    page.upload("a.bin", b"a")

    for thread in threads:
        thread.join(30)
    assert got == [1, 1, 1]


@contextmanager
def acting(act: Callable[[], object]) -> Iterator[None]:
    """Let the page do something beside."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001  told in the test's own thread
            failures.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield
    thread.join(30)
    assert failures == []


def pinged_then(page: Page, act: Callable[[], object]) -> None:
    """Do something as soon as the widget asks who is there."""
    until(lambda: page.orders, what="a ping")
    act()


def test_an_observer_that_waits_is_told_that_it_cannot(widget: UploadWidget, page: Page) -> None:
    errors: list[Exception] = []

    def observer(_: object) -> None:
        try:
            widget.result(5)
        except (CannotWaitError, TimeoutError) as error:
            errors.append(error)

    widget.observe(observer, names="files")
    page.pick("a.bin")

    until(lambda: errors, what="the error")
    assert "use .on_complete()" in str(errors[0])
