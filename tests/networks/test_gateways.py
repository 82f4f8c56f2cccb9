"""What stands before a store, and what becomes of uploads through it: nothing sent twice or lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from support.files import make_file
from support.page.uploading import QUICK
from support.proxy.faults import Delay, Fault, Match
from support.servers.reverse_proxies import Site
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from support.page.browser import PageErrors
    from support.page.desk import Desk
    from support.servers.reverse_proxies import ReverseProxy

PARTS: Final = 8
PATIENT: Final = {**QUICK, "stallMs": 30_000}


def puts_of_each(desk: Desk) -> list[int]:
    return [len(desk.proxy.puts(number)) for number in range(1, PARTS + 1)]


@pytest.mark.parametrize("http2", [True, False], ids=["h2", "h1"])
@pytest.mark.parametrize("buffered", [True, False], ids=["buffered", "passed on"])
def test_each_part_is_sent_once(
    desk: Desk, gateway: ReverseProxy, file: Path, http2: bool, buffered: bool
) -> None:
    gateway.start(Site(http2=http2, buffered=buffered))
    desk.show(PATIENT)

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert puts_of_each(desk) == [1] * PARTS


def test_many_small_files_are_sent_once(desk: Desk, tmp_path: Path) -> None:
    files = [make_file(tmp_path / f"{number}.csv", 1_000 + number) for number in range(30)]
    desk.show(PATIENT)

    desk.pick(*files)
    desk.until_done(len(files))

    desk.assert_arrived(*files)
    assert len(desk.proxy.puts()) == len(files)


def test_parts_that_the_store_keeps_after_a_gateway_gave_up_are_not_sent_again(
    desk: Desk, page_errors: PageErrors, gateway: ReverseProxy, file: Path
) -> None:
    """The gateway answers 504 after 2 s, without CORS; the store is done after 3 s."""
    page_errors.expect_network()
    gateway.start(Site(answer_seconds=2))
    desk.proxy.play(Fault(Delay(response=3.0), Match(operation="UploadPart"), times=PARTS))
    desk.show(PATIENT)

    desk.pick(file)
    desk.until_done(timeout=120)

    desk.assert_arrived(file)
    assert max(puts_of_each(desk)) <= 2


@pytest.mark.parametrize("program", ["nginx"], indirect=True)
def test_a_gateway_that_swallows_bodies_before_a_slow_store_gets_each_part_once(
    desk: Desk, gateway: ReverseProxy, file: Path
) -> None:
    """Behind it 4 MB/s for all: six parts at once take longer than a part is waited for at first."""
    gateway.start(Site(buffered=True))
    desk.proxy.pace_total(4e6)
    desk.show({**QUICK, "stallMs": 1000})

    desk.pick(file)
    desk.until_done(timeout=120)

    desk.assert_arrived(file)
    assert max(puts_of_each(desk)) <= 2


@pytest.mark.parametrize("away", ["the store", "the gateway"])
def test_what_was_away_is_used_as_soon_as_it_is_back(
    desk: Desk, page_errors: PageErrors, gateway: ReverseProxy, file: Path, away: str
) -> None:
    page_errors.expect_network()
    desk.proxy.pace_total(8e6)
    desk.show(PATIENT)
    desk.pick(file)
    desk.stop_at(1)

    if away == "the store":
        desk.proxy.go_offline()
    else:
        gateway.stop()
    until(lambda: desk.widget.waiting_for == "network", 60, lambda: (desk, desk.widget.files))
    before = len(desk.proxy.puts())
    desk.proxy.pace_total(8e6)
    if away == "the store":
        desk.proxy.go_online()
    else:
        gateway.start(Site())
    until(lambda: len(desk.proxy.puts()) > before, 10, lambda: (desk.stored(), desk.widget.files))
    desk.until_done(timeout=120)

    desk.assert_arrived(file)
