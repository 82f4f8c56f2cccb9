"""``w.check()`` has the page try whether it reaches the store: the kernel's side of it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from s3upload_widget.protocol import Tried
from s3upload_widget.widget import reachability
from support.clients.checking import levels
from support.clients.talk import ORIGIN, NearPage, Page
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from s3upload_widget import UploadWidget
    from s3upload_widget.protocol import Reach
    from support.servers.servers import S3Server


@pytest.fixture(autouse=True)
def _asks_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that answers is waited for, however late it is."""
    monkeypatch.setattr(reachability, "PING_EVERY", 0.1)
    monkeypatch.setattr(reachability, "PATIENCE", 120.0)
    monkeypatch.setattr(reachability, "TIMES", 1_200)


@pytest.fixture
def _gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    give_up(monkeypatch)


def give_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is: but a second is a tenth of one."""
    monkeypatch.setattr(reachability, "PATIENCE", 0.3)
    monkeypatch.setattr(reachability, "TIMES", 8)


def when_asked(
    monkeypatch: pytest.MonkeyPatch, widget: UploadWidget, act: Callable[[], object]
) -> None:
    """Have something done with each question, before its answer is waited for."""
    asks = widget._controller.reachability
    send = asks._send

    def send_and_act(question: Reach) -> None:
        send(question)
        act()

    monkeypatch.setattr(asks, "_send", send_and_act)


@pytest.mark.parametrize(("reached", "level"), [(True, "ok"), (False, "problem")])
def test_what_the_page_says_is_in_the_report(
    widget: UploadWidget, page: Page, moto: S3Server, reached: bool, level: str
) -> None:
    with acting(lambda: answer(page, reached=reached)):
        report = widget.check()

    assert report["page"].level == level
    assert moto.endpoint_url in report["page"].what
    assert page.asked_to_reach[0] == (1, moto.endpoint_url)


def test_the_page_is_asked_again_until_it_has_answered(widget: UploadWidget, page: Page) -> None:
    def answer_late() -> None:
        page.hello()
        until(lambda: len(page.asked_to_reach) > 2, what="a third question")
        page.report(tried=Tried(number=1, reached=True))

    with acting(answer_late):
        assert ask(widget) == "reaches"

    assert set(page.asked_to_reach) == {(1, "https://s3.test")}


def test_an_answer_that_comes_twice_counts_once(widget: UploadWidget, page: Page) -> None:
    with acting(lambda: answer(page, reached=True)):
        assert ask(widget) == "reaches"
    page.report(tried=Tried(number=1, reached=False))

    with acting(lambda: answer(page, reached=False)):
        assert ask(widget) == "does not reach"


def test_the_answer_to_an_older_question_is_none_to_this_one(
    widget: UploadWidget, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        give_up(patch)
        assert ask(widget) == "not heard"

    def answer_both() -> None:
        until(lambda: page.asked_to_reach[-1][0] == 2, what="the second question")
        page.report(tried=Tried(number=1, reached=True))
        page.report(tried=Tried(number=2, reached=False))

    with acting(answer_both):
        assert ask(widget) == "does not reach"


@pytest.mark.usefixtures("_gives_up")
def test_an_answer_to_what_nobody_asked_is_none(widget: UploadWidget, page: Page) -> None:
    page.report(tried=Tried(number=2**53 - 1, reached=True))

    assert ask(widget) == "not heard"


def test_of_several_pages_the_first_answer_counts(widget: UploadWidget, page: Page) -> None:
    second = NearPage(widget, "page-0002")

    def answer_both() -> None:
        answer(second, reached=True)
        page.report(tried=Tried(number=1, reached=False))

    with acting(answer_both):
        assert ask(widget) == "reaches"


def test_two_who_ask_at_once_are_both_answered(widget: UploadWidget, page: Page) -> None:
    views: list[str] = []

    def answer_the_newest() -> None:
        until(lambda: {number for number, _ in page.asked_to_reach} == {1, 2})
        page.report(tried=Tried(number=2, reached=True))

    with acting(lambda: views.append(ask(widget))), acting(answer_the_newest):
        views.append(ask(widget))

    assert views == ["reaches", "reaches"]


@pytest.mark.usefixtures("_gives_up")
def test_a_page_that_is_gone_is_not_waited_for_long(widget: UploadWidget, page: Page) -> None:
    page.hello()

    report = widget.check()

    assert (report.origin, report["page"].level) == (ORIGIN, "hint")
    assert "no page that shows the widget answered" in report["page"].what
    assert len(page.asked_to_reach) == 3


@pytest.mark.usefixtures("_gives_up")
def test_a_page_that_lives_and_never_answers_is_given_up(
    widget: UploadWidget, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    when_asked(monkeypatch, widget, page.report)

    assert ask(widget) == "not heard"

    assert len(page.asked_to_reach) == 8


@pytest.mark.usefixtures("_gives_up")
def test_a_widget_that_is_closed_ends_the_wait(
    widget: UploadWidget, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def close() -> None:
        asked.append("and closed")
        widget.close()

    when_asked(monkeypatch, widget, close)

    assert ask(widget) == "not heard"

    assert asked == ["and closed"]


def test_the_origin_is_known_as_soon_as_a_page_shows_the_widget(
    widget: UploadWidget, page: Page
) -> None:
    page.hello()

    with acting(lambda: answer(page, reached=True)):
        report = widget.check()

    assert report.origin == ORIGIN
    assert levels(report)["cors"] == "ok"


def ask(widget: UploadWidget) -> str:
    return widget._controller.reachability.page_reaches("https://s3.test")


def answer(page: Page, *, reached: bool) -> None:
    """Answer the newest question, once there is one that was not there before."""
    before = len(page.asked_to_reach)
    asked = until(lambda: page.asked_to_reach[before:], what="a question")
    page.report(tried=Tried(number=asked[-1][0], reached=reached))


@contextmanager
def acting(act: Callable[[], object]) -> Iterator[None]:
    """Do this in another thread while the block runs."""
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    yield
    thread.join(60)
    assert not thread.is_alive()
