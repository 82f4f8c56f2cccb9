"""Programs that show widgets, each run from a pinned environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from support import ROOT
from support.servers.ports import free_port
from support.servers.servers import ended
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

ENVIRONMENTS: Final = ROOT / ".cache" / "hosts"
APPS: Final = ROOT / "tests" / "support" / "hosts" / "apps"
_START_SECONDS: Final = 120.0


@dataclass(frozen=True)
class Host:
    """A running host, and what Python reports there."""

    url: str
    log: Path
    """Lines of JSON: what ``reports.report`` was called with."""
    output: Path
    """What the program writes."""

    def reports(self, kind: str) -> list[Any]:
        """Everything of one kind that was reported, the oldest first."""
        if not self.log.exists():
            return []
        lines = [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]
        return [what for name, what in lines if name == kind]

    def until_arrived(self, count: int, timeout: float = 90) -> dict[str, str]:
        """Wait until so many files are in ``value``; gives their SHA-256 by name."""
        until(lambda: len(self.reports("arrived")) >= count, timeout, self._story, 0.1)
        return {name: sha256 for name, sha256, _ in self.reports("arrived")}

    def _story(self) -> str:
        log = self.log.read_text("utf-8")[-2000:] if self.log.exists() else ""
        return f"{log}\n{self.output.read_text('utf-8', 'replace')[-4000:]}"


@contextmanager
def run_host(
    family: str,
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    path: str = "/",
) -> Iterator[Host]:
    """Run a program of an environment's, from a folder; ``{port}`` in its command is where.

    Args:
        family: Names the environment: ``apps`` or ``jupyter``.
        command: Arguments of its Python.
        folder: Its home, and where it works.
        environment: What it finds beside the usual.
        path: Of its page.
    """
    port = free_port()
    python = ENVIRONMENTS / family / "bin" / "python"
    url = f"http://127.0.0.1:{port}{path}"
    log, output = folder / "reports.jsonl", folder / "output.log"
    where = os.pathsep.join(map(str, (ROOT, APPS)))
    own = {"HOME": str(folder), "HOST_LOG": str(log), "PYTHONPATH": where}
    with output.open("ab") as written:
        process = subprocess.Popen(
            [str(python), *(word.format(port=port) for word in command)],
            env={**os.environ, **own, **environment},
            cwd=folder,
            stdout=written,
            stderr=written,
        )
        with ended(process):
            host = Host(url, log, output)
            until(lambda: _answers(process, url, output), _START_SECONDS, output.read_text, 0.2)
            yield host


def _answers(process: subprocess.Popen[bytes], url: str, output: Path) -> bool:
    if process.poll() is not None:
        msg = f"the host ended at once:\n{output.read_text('utf-8')}"
        raise RuntimeError(msg)
    try:
        with urllib.request.urlopen(url, timeout=20):  # noqa: S310  our own
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
