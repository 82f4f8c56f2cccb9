"""Gateways that speak S3 over something else: they know less than a store, and tell it otherwise."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from support.servers.ports import free_port
from support.servers.servers import S3Server, answers, ended
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS: Final = Path(sys.executable).parent
START_SECONDS: Final = 120.0


@contextmanager
def run_juicefs(directory: Path, *, keep_etag: bool = False) -> Iterator[S3Server]:
    """Run a JuiceFS gateway (MinIO's code): ETags are told at PUT and Complete, and then forgotten.

    Args:
        directory: For its metadata, its blocks and its log.
        keep_etag: Whether it is told to keep ETags, metadata and tags.
    """
    server, port = _server()
    meta = f"sqlite3://{directory / 'meta.db'}"
    program = str(PROGRAMS / "juicefs")
    volume = [program, "format", "--storage", "file", "--bucket", f"{directory}/blocks/"]
    subprocess.run([*volume, meta, "lab"], check=True, capture_output=True)
    kept = ["--keep-etag", "--object-meta", "--object-tag"] if keep_etag else []
    quiet = ["--no-banner", "--no-usage-report", "--no-bgjob", "--metrics", "127.0.0.1:0"]
    cache = ["--cache-dir", str(directory / "cache")]
    command = [program, "gateway", "--multi-buckets", *kept, *quiet, *cache, meta]
    environment = {
        "MINIO_ROOT_USER": server.access_key,
        "MINIO_ROOT_PASSWORD": server.secret_key,
    }
    with _running([*command, f"127.0.0.1:{port}"], environment, directory, server):
        yield server


@contextmanager
def run_rclone(directory: Path) -> Iterator[S3Server]:
    """Run ``rclone serve s3``: the ETag of every object is the MD5 of the whole, however it came."""
    server, port = _server()
    objects = directory / "objects"
    objects.mkdir()
    command = [
        *(str(PROGRAMS / "rclone"), "serve", "s3"),
        *("--auth-key", f"{server.access_key},{server.secret_key}"),
        *("--vfs-cache-mode", "writes", "--cache-dir", str(directory / "cache")),
        *("--config", os.devnull, "--addr", f"127.0.0.1:{port}", str(objects)),
    ]
    with _running(command, {}, directory, server):
        yield server


def _server() -> tuple[S3Server, int]:
    port = free_port()
    access_key = f"AK{secrets.token_hex(9).upper()}"
    url = f"http://127.0.0.1:{port}"
    return S3Server(url, access_key, secrets.token_hex(20), sets_cors=False), port


@contextmanager
def _running(
    command: list[str], environment: dict[str, str], directory: Path, server: S3Server
) -> Iterator[None]:
    log = directory / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={"PATH": os.environ["PATH"], "HOME": str(directory), **environment},
            stdout=output,
            stderr=output,
        )
        with ended(process):
            until(lambda: answers(server, process), START_SECONDS, log.read_text)
            yield
