"""The page's own try: whether it reaches the store, for ``w.check()`` and before the first pick."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.files import make_file
from support.page.lane import unreliable
from support.page.uploading import QUICK, pick, show, until_done
from support.proxy.faults import FOREVER, Delay, Fault, Match
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from s3upload_widget import UploadWidget
    from support.page.bridge import Bridge
    from support.page.browser import PageErrors
    from support.proxy.proxy import FaultyProxy


def test_a_page_that_reaches_the_store_says_so_and_shows_nothing(
    page: Page, bridge: Bridge, proxy: FaultyProxy, widget: UploadWidget
) -> None:
    show(page, bridge, widget, tuning=QUICK)
    until(lambda: proxy.of("Reach"), what="a first try")

    report = widget.check()

    assert (report.ok, report.origin) == (True, bridge.origin)
    assert report["page"].what == f"the page reaches {proxy.url}"
    assert line(page) == ""


def test_its_tries_carry_nothing_that_opens_anything(
    page: Page, bridge: Bridge, proxy: FaultyProxy, widget: UploadWidget
) -> None:
    show(page, bridge, widget, tuning=QUICK)
    widget.check()

    until(lambda: len(proxy.of("Reach")) == 2, 30, "both tries")
    for each in proxy.of("Reach"):
        assert (each.method, each.path, each.request.query) == ("HEAD", "/favicon.ico", {})
        told = {name.lower() for name, _ in each.request.headers}
        assert not told & {"cookie", "authorization", "referer", "origin"}


def test_a_page_that_does_not_reach_the_store_says_so_before_a_file_is_picked(
    page: Page,
    page_errors: PageErrors,
    bridge: Bridge,
    proxy: FaultyProxy,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    page_errors.expect_network()
    proxy.go_offline()
    show(page, bridge, widget, tuning=QUICK)
    until(lambda: f"This page cannot reach {proxy.url};" in line(page), 30, lambda: line(page))

    found = widget.check()["page"]

    assert (found.level, proxy.url in found.what) == ("problem", True)
    proxy.go_online()
    until(lambda: line(page) == "", 30, "the line to go")
    pick(page, make_file(tmp_path / "run7.bin", 1_000))
    until_done(widget)


def test_a_store_that_never_answers_is_not_reached(
    page: Page, page_errors: PageErrors, bridge: Bridge, proxy: FaultyProxy, widget: UploadWidget
) -> None:
    page_errors.expect_network()
    proxy.play(Fault(Delay(request=60.0), Match(operation="Reach"), times=FOREVER))
    show(page, bridge, widget, tuning={**QUICK, "reachMs": 300})

    assert widget.check()["page"].level == "problem"
    until(lambda: line(page), 30, "the line")


def test_files_say_themselves_what_hinders_them(
    page: Page,
    page_errors: PageErrors,
    bridge: Bridge,
    proxy: FaultyProxy,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    page_errors.expect_network()
    proxy.go_offline()
    show(page, bridge, widget, tuning={**QUICK, "probeMs": 60_000})
    until(lambda: line(page), 30, "the line")

    pick(page, make_file(tmp_path / "run7.bin", 1_000))

    until(lambda: line(page) == "", 30, "the line to go")


@pytest.mark.parametrize("seed", range(3))
def test_the_question_and_its_answer_may_be_lost_late_doubled_and_out_of_order(
    page: Page, bridge: Bridge, proxy: FaultyProxy, widget: UploadWidget, seed: int
) -> None:
    show(page, bridge, widget, tuning={**QUICK, "resendMs": [100, 200, 400, 800]})
    until(lambda: proxy.of("Reach"), what="a first try")
    proxy.forget()
    bridge.to_kernel.fate = unreliable(seed)
    bridge.to_page.fate = unreliable(seed + 100)

    views = [widget.check()["page"].level for _ in range(3)]

    assert views == ["ok"] * 3
    assert len(proxy.of("Reach")) == 3


def test_a_question_that_was_lost_is_asked_again(
    page: Page, bridge: Bridge, widget: UploadWidget
) -> None:
    show(page, bridge, widget, tuning=QUICK)
    until(lambda: page.evaluate("engine.offers.store") != "", what="the first look")

    bridge.to_page.drop_next()

    assert widget._controller.reachability.page_reaches(f"{bridge.origin}") == "reaches"


def test_a_page_that_is_gone_is_not_heard(page: Page, bridge: Bridge, widget: UploadWidget) -> None:
    show(page, bridge, widget, tuning=QUICK)
    page.goto("about:blank")

    found = widget.check()["page"]

    assert (found.level, found.what.startswith("not tried")) == ("hint", True)


def line(page: Page) -> str:
    """What the view says of a store that is out of reach."""
    return page.locator(".s3up-unreached").inner_text()
