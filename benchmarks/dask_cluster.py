"""What Dask's scheduler costs: very many small calls, by two workers on this machine."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks.running import Run, Store
from benchmarks.scripts import PROGRAM, environment

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[Path, psutil.Process]]:
    """A scheduler and two workers, each a process; gives the file with its address."""
    address = folder / "scheduler.json"
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    dask = [sys.executable, "-m", "dask"]
    about = ["--scheduler-file", str(address), "--no-dashboard"]
    with ExitStack() as stack:

        def start(*command: str) -> subprocess.Popen[bytes]:
            process = stack.enter_context(subprocess.Popen([*dask, *command, *about], **quiet))
            stack.callback(process.terminate)
            return process

        scheduler = start("scheduler", "--host", "127.0.0.1", "--port", "0")
        while not address.exists():
            time.sleep(0.05)
        for _ in range(2):
            start("worker", "--nthreads", "1", "--no-nanny", "--local-directory", str(folder))
        yield address, psutil.Process(scheduler.pid)


def by_dask(store: Store, path: Path, client: str) -> Run:
    """Upload what many calls make of a file or a folder; the CPU is the scheduler's."""
    store.forget()
    with tempfile.TemporaryDirectory() as folder, cluster(Path(folder)) as (address, scheduler):
        before = sum(scheduler.cpu_times()[:2])
        ran = subprocess.run(
            [sys.executable, PROGRAM, client, str(path)],
            env={**environment(Path(folder), store), "BENCH_SCHEDULER": str(address)},
            check=True,
            stdout=subprocess.PIPE,
        )
        cpu: Any = sum(scheduler.cpu_times()[:2]) - before
    stats = store.stats()
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return Run(
        seconds=float(ran.stdout),
        size=sum(file.stat().st_size for file in files),
        files=len(files),
        cpu=Counter({"scheduler": cpu}),
        most_puts=stats["most_puts"],
        requests=stats["requests"],
    )
