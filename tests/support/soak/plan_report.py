"""Tells at the end of a run which plans of faults were played, by their kinds."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Sum up what ``support.soak.soak.drawn`` noted of each plan."""
    reports = [
        (report, value)
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, ())
        for name, value in getattr(report, "user_properties", ())
        if name == "plan" and report.when == "call"
    ]
    if not reports:
        return
    terminalreporter.section("plans of faults")
    for client in sorted({plan[0] for _, plan in reports}):
        mine = [(report, plan) for report, plan in reports if plan[0] == client]
        failed = [plan[1] for report, plan in mine if report.failed]
        numbers = sorted(plan[1] for _, plan in mine)
        seconds = sum(report.duration for report, _ in mine)
        servers = Counter(plan[2] for _, plan in mine)
        terminalreporter.line(
            f"{client}: {len(mine)} plans, seeds {numbers[0]} to {numbers[-1]}, {seconds:.0f} s, "
            f"{_counted(servers)}; failed: {', '.join(map(str, failed)) or 'none'}"
        )
    kinds = Counter(kind for _, plan in reports for kind in plan[3])
    terminalreporter.line(f"{kinds.total()} faults: {_counted(kinds)}")


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}x" for name, count in sorted(counter.items()))
