"""``make bench``: runs the tables, prints a line a run, and writes ``benchmarks/RESULTS.md``.

``ARGS="far resume"`` runs these tables only, and writes theirs alone with ``WRITE=1``; ``FULL=1``
runs all there are, five times each; ``REPEATS=1`` is for a hurry.
"""

from __future__ import annotations

import os
import sys

from benchmarks.report import line, write
from benchmarks.running import Run, store
from benchmarks.tables import Table, tables

REPEATS, MANY_REPEATS = 3, 5


def measure(table: Table, repeats: int) -> dict[str, list[Run]]:
    """Let the clients take turns."""
    runs: dict[str, list[Run]] = {client: [] for client in table.clients}
    with store(table.link) as running:
        for _ in range(repeats):
            for client, run in table.clients.items():
                runs[client].append(run(running))
                sys.stdout.write(f"{line(table, client, runs[client][-1])}\n")
                sys.stdout.flush()
    return runs


def main() -> None:
    """Run what the command line names."""
    full = bool(os.environ.get("FULL"))
    repeats = int(os.environ.get("REPEATS", MANY_REPEATS if full else REPEATS))
    named = sys.argv[1:]
    every = tables()
    chosen = [
        table for table in every if (table.name in named if named else full or not table.full)
    ]
    for table in chosen:
        runs = measure(table, repeats)
        if not named or os.environ.get("WRITE"):
            write(table, runs, [each.says for each in every])


if __name__ == "__main__":
    main()
