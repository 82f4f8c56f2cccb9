#!/usr/bin/env bash
# Guess:   delete(filter) deletes the rows that a scan by the same filter finds, in Delta as in Iceberg tables; and
#          whether a row is deleted depends on that row alone.
# Instead: of rows with NaN, delete("x > 5") of deltalake deletes those whose file has another value above 5, and
#          keeps the others. pyiceberg's scan("x != 1") finds a NaN row beside a 9, delete("x != 1") deletes the 9
#          and keeps the NaN, and the scan then finds nothing. No error; Lance deletes what it finds.
# Version: deltalake 1.6.6, pyiceberg 0.12.0, pylance 14.0.2, pyarrow 26.0.1.
# Why:     an instrument's bad rows are NaN. What was to be deleted (a failed run, a person's data) is still
#          there, and the look by the same filter afterwards says that nothing is left.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq deltalake==1.6.6 'pyiceberg[sql-sqlite,pyarrow]==0.12.0' pylance==14.0.2 \
  pyarrow==26.0.1
cd "$work"
venv/bin/python - <<'PYTHON'
from importlib.metadata import version
from pathlib import Path

import lance
import pyarrow
from deltalake import DeltaTable, QueryBuilder, write_deltalake
from pyiceberg.catalog.sql import SqlCatalog

print(*(f"{package} {version(package)}" for package in ("deltalake", "pyiceberg", "pylance", "pyarrow")))
NAN = float("nan")
# Two files: the second NaN has a value above 5 beside it.
files = [
    pyarrow.table({"x": [1.0, NAN], "row": [1, 2]}),
    pyarrow.table({"x": [1.0, NAN, 9.0], "row": [3, 4, 5]}),
]


def rows(table: pyarrow.Table) -> list[int]:
    return sorted(table["row"].to_pylist())


def by_delta(where: str) -> tuple[list[int], list[int]]:
    """The rows that the filter finds where all are in one file, and those left after delete()."""
    for file in files:
        write_deltalake("delta", file, mode="append")
    delta = DeltaTable("delta")
    loaded = pyarrow.table(QueryBuilder().register("t", delta).execute("SELECT * FROM t"))
    write_deltalake("delta-one", loaded)
    one = QueryBuilder().register("t", DeltaTable("delta-one"))
    found = pyarrow.table(one.execute(f"SELECT * FROM t WHERE {where}"))
    delta.delete(where)
    return rows(found), rows(delta.to_pyarrow_table())


def by_iceberg(where: str) -> tuple[list[int], list[int], list[int]]:
    """The rows that the filter finds, those left after delete(), and those that the filter finds then."""
    catalog = SqlCatalog("lab", uri="sqlite:///catalog.db", warehouse=Path("warehouse").absolute().as_uri())
    catalog.create_namespace("lab")
    iceberg = catalog.create_table("lab.runs", schema=files[0].schema)
    for file in files:
        iceberg.append(file)
    found = rows(iceberg.scan(where).to_arrow())
    iceberg.delete(where)
    return found, rows(iceberg.scan().to_arrow()), rows(iceberg.scan(where).to_arrow())


def by_lance(where: str) -> tuple[list[int], list[int]]:
    for file in files:
        mode = "append" if Path("runs.lance").exists() else "create"
        dataset = lance.write_dataset(file, "runs.lance", mode=mode)
    found = rows(dataset.to_table(filter=where))
    dataset.delete(where)
    return found, rows(dataset.to_table())


delta, iceberg, lance_rows = by_delta("x > 5"), by_iceberg("x != 1"), by_lance("x > 5")
print("deltalake, x > 5: found", delta[0], "left", delta[1])
print("lance, x > 5: found", lance_rows[0], "left", lance_rows[1])
print("pyiceberg, x != 1: found", iceberg[0], "left", iceberg[1], "found again", iceberg[2])
assert lance_rows == ([2, 4, 5], [1, 3]), "lance deletes other rows"
assert delta == ([2, 4, 5], [1, 2, 3]), "deltalake deletes other rows"
assert iceberg == ([4, 5], [1, 2, 3, 4], []), "pyiceberg deletes other rows"
PYTHON
