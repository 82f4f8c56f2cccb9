"""Runs of scripts and command-line tools, each a process of its own."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.running import Run, Store

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRAM: Final = str(Path(__file__).with_name("script_client.py"))
_PEERS: Final = Path(__file__).parent.parent / ".cache/bench/bin"
_AWS: Final = """[default]
s3 =
  addressing_style = path
  payload_signing_enabled = false
"""
_RCLONE: Final = """[bench]
type = s3
provider = Other
access_key_id = bench
secret_access_key = bench
region = us-east-1
endpoint = {url}
"""
OURS: Final = ("product", "unhashed", "as on AWS")
PROCESSES: Final = ("2 processes", "4 processes", "8 processes")
WORKERS: Final = ("1 workers", "4 workers", "16 workers", "64 workers")
STREAMS: Final = ("upload_stream", "temporary file, then boto3")
READERS: Final = ("boto3, download_fileobj", "open().read()", "open(), 1 MiB at a time")
TIMED: Final = ("upload_file", "10,000 parts", *PROCESSES, *WORKERS, *STREAMS)
"""What is compared without the time that programs and workers take to start."""


def script(client: str, store: Store, path: Path) -> Run:
    """Upload a file, or the files of a folder; the time is that of the whole process, mostly.

    Raises:
        subprocess.CalledProcessError: The client failed.
    """
    store.forget()
    with tempfile.TemporaryDirectory() as folder:
        variables = environment(Path(folder), store)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.time()
        ran = subprocess.run(
            _command(client, store, path), env=variables, check=True, capture_output=True
        )
        taken = float(ran.stdout) if client in TIMED else time.time() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    stats = store.stats()
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    size = sum(file.stat().st_size for file in files)
    if stats["bytes"] < size:
        raise RuntimeError(stats)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(
        seconds=taken,
        size=size,
        files=len(files),
        cpu=Counter({client: cpu}),
        first=stats["first_byte"] - started,
        tail=started + taken - stats["last_put"],
        most_puts=stats["most_puts"],
        requests=stats["requests"],
    )


def reading(client: str, store: Store, size: int) -> Run:
    """Read an object of so many bytes; the time is that of the reading alone."""
    store.forget()
    store.make("made", size)
    with tempfile.TemporaryDirectory() as folder:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ran = subprocess.run(
            [sys.executable, PROGRAM, client, "made"],
            env=environment(Path(folder), store),
            check=True,
            stdout=subprocess.PIPE,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    requests = store.stats()["requests"]
    return Run(float(ran.stdout), size, cpu=Counter({client: cpu}), requests=requests)


def _command(client: str, store: Store, path: Path) -> list[str]:
    if client in (*OURS, "boto3", *TIMED):
        return [sys.executable, PROGRAM, client, str(path)]
    if client == "crt":
        return [str(_PEERS / "python"), PROGRAM, client, str(path)]
    if client == "aws-cli":
        command = [str(_PEERS / "aws"), "s3", "cp", "--no-progress", "--endpoint-url", store.url]
        return [*command, str(path), "s3://b/x/", *(["--recursive"] if path.is_dir() else [])]
    if client == "s5cmd":
        source = f"{path}/" if path.is_dir() else str(path)
        return [str(_PEERS / "s5cmd"), "--endpoint-url", store.url, "cp", source, "s3://b/x/"]
    return [str(_PEERS / "rclone"), "copy", str(path), "bench:b/x"]


def environment(folder: Path, store: Store) -> Mapping[str, str]:
    """Where clients find the store and their credentials."""
    (folder / "aws").write_text(_AWS)
    (folder / "rclone").write_text(_RCLONE.format(url=store.url))
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return {
        **kept,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(folder / "aws"),
        "RCLONE_CONFIG": str(folder / "rclone"),
        "BENCH_STORE": store.url,
    }
