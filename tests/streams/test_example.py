"""examples/stream_parquet.py and the code of docs/scale.md run as they stand."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet

from support import ROOT
from support.proxy.faults import FOREVER, Answer, Fault, Match

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server


def stream_parquet(server: S3Server, uri: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "examples" / "stream_parquet.py", uri, "15"],
        env={**os.environ, **server.environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_a_table_is_on_s3_once_all_of_it_was_computed_and_sent(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    server, uri = ministack.at(proxy.url), f"s3://{bucket}/raw/waves.parquet"
    denied = Match(operation="UploadPart", part_number=2)
    proxy.play(Fault(Answer(403, "AccessDenied"), denied, times=FOREVER))

    failed = stream_parquet(server, uri)

    assert failed.returncode == 1
    assert "Traceback" not in failed.stderr
    assert "s3:PutObject" in failed.stderr
    assert ministack.keys(bucket) == []
    assert 1 in ministack.parts_there(bucket)

    proxy.clear_faults()
    before = len(proxy.puts(1))
    done = stream_parquet(server, uri)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{uri}  ")
    assert len(proxy.puts(1)) == before  # the first part was there
    table = pyarrow.parquet.read_table(io.BytesIO(ministack.body(bucket, "raw/waves.parquet")))
    assert (table["t"].to_numpy() == np.arange(1_500_000)).all()


def test_the_code_of_the_docs_runs_from_top_to_bottom(
    ministack: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "docs" / "scale.md").read_text("utf-8").partition("## Data that is being")[2]
    for name, value in ministack.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}

    with ministack.bucket(name="lab-data"):
        for code in re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            exec(compile(code, "scale.md", "exec"), names)  # noqa: S102 - it is our own

        assert ministack.keys("lab-data") == ["raw/day.parquet"]
    assert (tmp_path / "raw.sha256").read_text().endswith("  day.parquet\n")
