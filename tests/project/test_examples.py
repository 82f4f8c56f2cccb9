"""The examples in docstrings run as they stand, against a real server."""

from __future__ import annotations

import doctest
import importlib
from typing import TYPE_CHECKING

import pytest

from support import ROOT
from support.files import make_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.servers.servers import S3Server

PACKAGE = ROOT / "s3upload_widget"
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    for path in PACKAGE.rglob("*.py")
    if ">>> " in path.read_text("utf-8")
)


@pytest.fixture
def _lab_data(
    ministack: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """The bucket and the files that examples speak of."""
    for name, value in ministack.environment.items():
        monkeypatch.setenv(name, value)
    make_file(tmp_path / "run7.parquet", 3_200_000)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "day.txt").write_text("sunny.\n")
    monkeypatch.chdir(tmp_path)
    with ministack.bucket(name="lab-data"):
        yield


@pytest.mark.usefixtures("_lab_data")
@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_a_module_run(module: str) -> None:
    found = doctest.testmod(importlib.import_module(f"s3upload_widget.{module}"))

    assert found.attempted > 0
    assert found.failed == 0


def test_what_users_call_has_examples() -> None:
    assert {"doctor.check", "results", "unfinished", "uploader.api", "widget.widget"} <= set(
        MODULES
    )
