"""What programs cost: CPU seconds and memory of a process and its children, from /proc (Linux)."""

from __future__ import annotations

import os
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

if TYPE_CHECKING:
    from typing_extensions import Self

_TICK: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_LOOK: Final = 0.05
"""Seconds between two looks at the memory."""


def busy() -> float:
    """CPU seconds that this machine has worked, whoever for, stolen time included."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle, waiting = fields[3:5]
    return (sum(fields) - idle - waiting) / _TICK


class Usage:
    """CPU and the most memory of a process and its children while the context lasts.

    Args:
        root: The process; its children are looked up once, at the start.
    """

    def __init__(self, root: int) -> None:
        self._root = psutil.Process(root)
        self._ended = threading.Event()
        self.cpu: Counter[str] = Counter()
        """Seconds by kind of process: ``browser``, ``renderer``, ``network``, ``other``."""
        self.grown = 0
        """Bytes at the peak above those at the start."""

    def __enter__(self) -> Self:
        self._kinds = {
            process.pid: _kind(process) for process in (self._root, *self._root.children(True))
        }
        self._before = self._cpu()
        self._most = self._start = self._memory()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self.cpu = self._cpu() - self._before
        self.grown = self._most - self._start

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK):
            self._most = max(self._most, self._memory())

    def _memory(self) -> int:
        pages = 0
        for pid in self._kinds:
            with suppress(OSError):
                pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * _PAGE

    def _cpu(self) -> Counter[str]:
        seconds: Counter[str] = Counter()
        for pid, kind in self._kinds.items():
            with suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                seconds[kind] += (int(fields[11]) + int(fields[12])) / _TICK  # type: ignore[assignment]  # seconds
        return seconds


def _kind(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        line = " ".join(process.cmdline())
        if "--type=renderer" in line:
            return "renderer"
        if "network.mojom" in line:
            return "network"
        return "other" if "--type=" in line else "browser"
    return "other"
