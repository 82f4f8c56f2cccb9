"""Plans of faults are drawn from seeds: repeatable, readable, and of every kind."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

import pytest

from support.proxy.faults import FOREVER
from support.soak.kinds import ABORT_KINDS, ASK_KINDS, PAGE_KINDS, PUT_KINDS
from support.soak.plans import draw_plan, kinds_of
from support.soak.soak import USUAL, seeds

if TYPE_CHECKING:
    from support.soak.plans import Client


@pytest.mark.parametrize("client", USUAL)
def test_a_seed_draws_the_same_plan_again(client: Client) -> None:
    first = [draw_plan(client, seed) for seed in range(50)]

    assert first == [draw_plan(client, seed) for seed in range(50)]
    assert len({str(plan) for plan in first}) == 50


def test_the_usual_plans_are_two_hundred_and_hold_every_kind_of_fault() -> None:
    plans = [draw_plan(client, seed) for client in USUAL for seed in range(USUAL[client])]

    assert len(plans) >= 200
    played = {kind for plan in plans for kind in plan.kinds}
    page = {f"page: {name}" for name in PUT_KINDS | PAGE_KINDS}
    kernel = {f"kernel: {name}" for name in ASK_KINDS}
    assert page | kernel <= played
    assert played & {f"kernel: {name}" for name in ABORT_KINDS}


def test_the_usual_plans_hold_every_server_ending_and_way_to_go_on() -> None:
    plans = [draw_plan("browser", seed) for seed in range(USUAL["browser"])]

    assert {plan.server for plan in plans} == {"ministack", "moto", "seaweed"}
    assert Counter(plan.ending for plan in plans)["discarded"] >= 5
    assert {plan.then for plan in plans} == {"resume", "pick again", "refresh", "script"}
    assert min(chain.from_iterable(plan.sizes.values() for plan in plans)) == 0


def test_a_plan_reads_as_text_with_its_seed_and_how_to_run_it_alone() -> None:
    plan = draw_plan("browser", 17)

    text = str(plan)

    assert text.startswith("seed 17 (browser) on ")
    assert "SOAK_SEED=17 SOAK_PLANS=1 pytest tests/soak/test_browser.py" in text
    for planned in plan.faults:
        assert f"{planned.wire} wire: {planned.kind}: {planned.fault.action!r}" in text
    assert str(FOREVER) not in str([draw_plan("browser", seed).kinds for seed in range(99)])


def test_a_server_that_compares_no_checksums_gets_no_flipped_bits() -> None:
    names = [name for _, name, _ in kinds_of("browser", "moto", "arrives")]

    assert not [name for name in names if "bit" in name]


def test_the_environment_chooses_other_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOAK_SEED", raising=False)
    monkeypatch.delenv("SOAK_PLANS", raising=False)
    assert [seeds(client) for client in USUAL] == [range(number) for number in USUAL.values()]
    monkeypatch.setenv("SOAK_SEED", "1000")
    assert seeds("lab") == range(1000, 1000 + USUAL["lab"])
    monkeypatch.setenv("SOAK_PLANS", str(10 * sum(USUAL.values())))
    assert [len(seeds(client)) for client in USUAL] == [10 * usual for usual in USUAL.values()]
    monkeypatch.setenv("SOAK_PLANS", "1")
    assert [seeds(client) for client in USUAL] == [range(1000, 1001)] * 3
