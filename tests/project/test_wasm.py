"""The WebAssembly in the repository is what its source compiles to."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support import ROOT

if TYPE_CHECKING:
    from pathlib import Path

HASHING = ROOT / "js" / "src" / "hashing"


@pytest.mark.server
@pytest.mark.seconds(20)
def test_the_hashers_are_what_their_source_compiles_to(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "js/build_wasm.py", tmp_path], cwd=ROOT, check=True)

    made = sorted(tmp_path.iterdir())
    assert [each.name for each in made] == ["blocks-scalar.wasm", "blocks-simd.wasm"]
    for each in made:
        assert each.read_bytes() == (HASHING / each.name).read_bytes(), "run `make wasm`"
