"""Writes ``benchmarks/RESULTS.md`` and a plot for each table."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Final

import boto3
import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.running import GiB, MiB
from support.page.browser import chromium_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.running import Run
    from benchmarks.tables import Table

HERE: Final = Path(__file__).parent
_HEAD: Final = """# How fast it is

Written by `make bench`, last on {date}: {machine}.
{versions}.

Each table is one run: its clients take turns against the same store (`sink.py`), which drops the bytes, believes every checksum and plays the link.
Read the ratios: rates are this machine's, and it does other things meanwhile.
The product's times are from the pick to the state `done`, with all that it asks of S3, everything verified; `sha256=False` leaves out the whole file's SHA-256 only.
The bare browser sends parts and nothing else; it hashes nothing and proves nothing, and neither does Uppy.
"""
_MORE: Final = (
    "| CPU s{} | memory | first byte, s | last answer → end, s | PUTs at once | requests |"
)
PRINT_MS: Final = 200
"""A page on which prints are later than that feels stuck."""
_BLUE, _GREY = "#1976d2", "#9e9e9e"


def write(table: Table, runs: dict[str, list[Run]], order: Sequence[str]) -> None:
    """Write the results of a table in place of its earlier ones.

    Args:
        table: What was measured.
        runs: Of each of its clients.
        order: The headings of all tables, as they follow each other.
    """
    (HERE / "plots").mkdir(exist_ok=True)
    page = HERE / "RESULTS.md"
    _, *sections = page.read_text().split("\n## ") if page.exists() else [""]
    of = {each.split("\n")[0]: f"## {each}" for each in sections}
    of[table.says] = _section(table, runs)
    known = [of[heading].rstrip() for heading in order if heading in of]
    page.write_text("\n\n".join([_head().rstrip(), *known]) + "\n")
    _plot(table, runs)


def line(table: Table, client: str, run: Run) -> str:
    """One run, for whoever watches."""
    cpu = sum(run.cpu.values())
    late = f", prints after {_late([run]):.0f} ms" if run.prints else ""
    value = f"{table.value(run):9.3f} {table.per:8}"
    return f"{table.name:18} {client:32} {value} {cpu:6.2f} CPU s{late}"


def _head() -> str:
    browser = subprocess.run(
        [chromium_path(), "--version"], capture_output=True, text=True, check=True
    )
    return _HEAD.format(
        date=_today(),
        machine=f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        versions=f"{browser.stdout.split(' built')[0].strip()}, boto3 {boto3.__version__}, "
        f"Python {platform.python_version()}",
    )


def _today() -> str:
    return str(datetime.now(timezone.utc).date())


def _section(table: Table, runs: dict[str, list[Run]]) -> str:
    base = _median(table, runs[table.base])
    rows = [_row(table, client, of_client, base) for client, of_client in runs.items()]
    return "\n".join(
        [
            f"## {table.says}",
            "",
            f"{table.link.says[0].upper()}{table.link.says[1:]}; {_times(runs)}, on {_today()}.",
            "",
            f"| client | {table.per} (range) | of {table.base} | wanted {_MORE}".format(
                _unit(table, runs)
            ),
            "|---|---|---|---|---|---|---|---|---|---|",
            *rows,
            "",
            *filter(None, (_prints(client, of_client) for client, of_client in runs.items())),
            f"![{table.says}](plots/{table.name}.svg)",
            "",
        ]
    )


def _times(runs: dict[str, list[Run]]) -> str:
    count = len(next(iter(runs.values())))
    return "once each" if count == 1 else f"{count} times each"


def _unit(table: Table, runs: dict[str, list[Run]]) -> str:
    run = runs[table.base][0]
    return " per GiB" if run.size and run.files == 1 else " per 1,000" if run.files > 1 else ""


def _row(table: Table, client: str, runs: list[Run], base: float) -> str:
    values = sorted(table.value(run) for run in runs)
    run = sorted(runs, key=table.value)[len(runs) // 2]
    each = run.size / GiB if run.size and run.files == 1 else run.files / 1000
    cpu = statistics.median(sum(run.cpu.values()) for run in runs) / each
    grown = statistics.median(run.grown for run in runs) / MiB
    wanted = table.wanted.get(client)
    sign = "≤" if table.per == "s" else "≥"
    requests = " + ".join(f"{count} {verb}" for verb, count in sorted(run.requests.items()))
    cells = [
        client,
        f"{statistics.median(values):.3g} ({values[0]:.3g}–{values[-1]:.3g})",
        f"{statistics.median(values) / base:.2f}",
        f"{sign} {wanted}" if wanted else "",
        f"{cpu:.1f}" if run.cpu else "",
        f"+{grown:.0f} MiB" if run.grown else "",
        f"{statistics.median(run.first for run in runs):.2f}" if run.requests else "",
        f"{statistics.median(run.tail for run in runs):.2f}" if run.requests else "",
        f"{run.most_puts}" if run.requests else "",
        requests,
    ]
    return f"| {' | '.join(cells)} |"


def _prints(client: str, runs: list[Run]) -> str:
    """How late another cell's prints came to the page meanwhile; empty where nothing printed."""
    if not any(run.prints for run in runs):
        return ""
    return (
        f"Meanwhile, what another cell prints is on the page after {_late(runs):.0f} ms in the "
        f"median ({client}; wanted ≤ {PRINT_MS}).\n"
    )


def _late(runs: Sequence[Run]) -> float:
    """Milliseconds, in the median of all prints."""
    return statistics.median(seconds for run in runs for seconds in run.prints) * 1000


def _median(table: Table, runs: list[Run]) -> float:
    return statistics.median(table.value(run) for run in runs)


def _plot(table: Table, runs: dict[str, list[Run]]) -> None:
    names = list(runs)[::-1]
    values = [_median(table, runs[name]) for name in names]
    colours = [_BLUE if "product" in name or "GiB" in name else _GREY for name in names]
    with mpl.rc_context({"svg.hashsalt": table.name, "font.size": 9}):
        figure = Figure(figsize=(7, 0.6 + 0.35 * len(names)), layout="constrained")
        axes = figure.subplots()
        axes.barh(names, values, color=colours)
        axes.set_xlabel(table.per)
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(HERE / "plots" / f"{table.name}.svg", metadata={"Date": None})
