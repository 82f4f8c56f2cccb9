"""The tables: which clients send what over which link, and what is compared."""

from __future__ import annotations

import base64
import hashlib
import http.client
import os
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.dask_cluster import by_dask
from benchmarks.http2 import http2
from benchmarks.pages import peer, product
from benchmarks.relay import by_the_file_browser, through_the_kernel
from benchmarks.running import (
    CREDENTIALS_HOST,
    FAR,
    FARTHER,
    NARROW,
    PORT,
    UNLIMITED,
    GiB,
    KiB,
    Link,
    MiB,
    Run,
    Store,
)
from benchmarks.scripts import PROCESSES, READERS, STREAMS, WORKERS, reading, script
from benchmarks.signing import by_botocore, by_the_product

if TYPE_CHECKING:
    from collections.abc import Callable

DATA: Final = Path(".cache/bench-data").resolve()
PART: Final = 16 * MiB
PART_H2: Final = 5 * MiB
ROUND_TRIP: Final = 0.05
"""Seconds."""


@dataclass(frozen=True)
class Table:
    """One comparison.

    Attributes:
        name: Of the plot's file, and for ``make bench ARGS=``.
        says: The heading.
        link: What lies between.
        clients: Name of each client, and how it runs once.
        per: ``MB/s``, ``files/s`` or ``s``: what the ratio is made of.
        base: The client that others are compared with.
        wanted: Ratios to ``base`` that the product aims at, by client.
        full: Whether only a full run has it.
    """

    name: str
    says: str
    link: Link
    clients: dict[str, Callable[[Store], Run]]
    per: str
    base: str
    wanted: dict[str, float]
    full: bool = False

    def value(self, run: Run) -> float:
        """What a run is compared by."""
        if self.per == "MB/s":
            return run.rate / 1e6
        return run.files / run.seconds if self.per == "files/s" else run.seconds


def random_file(size: int) -> Path:
    """A file of random bytes, made once and in the system's cache."""
    path = DATA / f"random-{size // MiB}.bin"
    if not path.exists():
        DATA.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for _ in range(size // (64 * MiB)):
                file.write(os.urandom(64 * MiB))
    with path.open("rb") as file:  # or the first client reads the disk, and the others do not
        while file.read(64 * MiB):
            pass
    return path


def sparse_file(size: int) -> Path:
    """A file of zeros that takes no room."""
    path = DATA / f"zeros-{size // MiB}.bin"
    DATA.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.truncate(size)
    return path


def sparse_files(count: int, size: int) -> Path:
    """A folder of files of zeros that take no room."""
    folder = DATA / f"{count}-sparse-{size}"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        with (folder / f"{number:05}.bin").open("ab") as file:
            file.truncate(size)
    return folder


def many_files(count: int, size: int) -> list[Path]:
    """Small files of random bytes, made once."""
    folder = DATA / f"{count}-of-{size}"
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{number:04}.bin" for number in range(count)]
    for file in files:
        if not file.exists():
            file.write_bytes(os.urandom(size))
    return files


def resumed(store: Store, *, sha256: bool) -> Run:
    """Upload 4 GiB of which S3 has the first half: the parts that the kernel would find."""
    file = sparse_file(4 * GiB)
    store.forget()
    zeros = bytes(PART)
    sha = base64.b64encode(hashlib.sha256(zeros).digest()).decode()
    md5 = base64.b64encode(hashlib.md5(zeros).digest()).decode()  # noqa: S324
    connection = http.client.HTTPConnection("127.0.0.1", PORT)
    connection.request(
        "POST", f"/b/{file.name}?uploads=", headers={"x-amz-checksum-algorithm": "SHA256"}
    )
    told = re.search(r"<UploadId>(.*)</UploadId>", connection.getresponse().read().decode())
    upload_id = told[1] if told else ""
    for number in range(1, 4 * GiB // PART // 2 + 1):
        connection.request(
            "PUT",
            f"/b/{file.name}?partNumber={number}&uploadId={upload_id}",
            headers={
                "x-amz-decoded-content-length": str(PART),  # the sink believes it
                "x-amz-checksum-sha256": sha,
                "Content-MD5": md5,
            },
        )
        connection.getresponse().read()
    return product(store, [file], {"sha256": sha256}, keep=True)


def one_file(size: int, *clients: str) -> dict[str, Callable[[Store], Run]]:
    """Clients that send one file of random bytes; Uppy 6, which sends part by part, a smaller one."""
    big, less = random_file(size), random_file(128 * MiB)
    known: dict[str, Callable[[Store], Run]] = {
        "bare, 6 lanes": lambda store: peer("bare", store, [big]),
        "Uppy 5": lambda store: peer("uppy5", store, [big]),
        "Uppy 6": lambda store: peer("uppy6", store, [big]),
        "Uppy 6, 128 MiB": lambda store: peer("uppy6", store, [less]),
        "product": lambda store: product(store, [big]),
        "product, sha256=False": lambda store: product(store, [big], {"sha256": False}),
        "product, 4 names": lambda store: product(
            store, [big], {"browser_endpoint_url": store.names(4)}
        ),
        "product, 4 names, sha256=False": lambda store: product(
            store, [big], {"browser_endpoint_url": store.names(4), "sha256": False}
        ),
        "product, credentials": lambda store: product(
            store, [big], {"browser_endpoint_url": f"http://{CREDENTIALS_HOST}:{PORT}"}
        ),
    }
    return {name: known[name] for name in clients}


def by_http2() -> dict[str, Callable[[Store], Run]]:
    """Clients that send one file over HTTP/2 with stream windows of 64 KiB, 50 ms away."""
    file = random_file(256 * MiB)

    def bare(lanes: int) -> Callable[[Store], Run]:
        def run(store: Store) -> Run:
            with http2(ROUND_TRIP) as url:
                return peer("bare", store, [file], url=url, lanes=lanes, part_size=PART_H2)

        return run

    def ours(store: Store) -> Run:
        with http2(ROUND_TRIP) as url:
            return product(store, [file], {"browser_endpoint_url": url, "part_size": PART_H2})

    return {**{f"bare, {lanes} lanes": bare(lanes) for lanes in (6, 24, 48)}, "product": ours}


def small_files(count: int, size: int, names: int = 1) -> dict[str, Callable[[Store], Run]]:
    """Clients that send many small files, picked at once; the product by several names, too."""
    files = many_files(count, size)
    clients: dict[str, Callable[[Store], Run]] = {
        "bare, 6 lanes": lambda store: peer("bare", store, files),
        "Uppy 6": lambda store: peer("uppy6", store, files),
        "product": lambda store: product(store, files),
    }
    if names > 1:
        clients[f"product, {names} names"] = lambda store: product(
            store, files, {"browser_endpoint_url": store.names(names)}
        )
    return clients


def by_script(path: Path, *clients: str) -> dict[str, Callable[[Store], Run]]:
    """Scripts and tools that send a file or a folder."""

    def run(client: str) -> Callable[[Store], Run]:
        return lambda store: script(client, store, path)

    return {client: run(client) for client in clients}


def tables() -> list[Table]:
    """Every table, in the order of the results."""
    huge = 16 * GiB
    return [
        Table(
            "farther",
            "512 MiB, farther away",
            FARTHER,
            one_file(
                512 * MiB,
                "bare, 6 lanes",
                "Uppy 6, 128 MiB",
                "product",
                "product, credentials",
                "product, 4 names",
            ),
            "MB/s",
            "bare, 6 lanes",
            {"product": 0.96, "product, credentials": 1.8, "product, 4 names": 2.5},
        ),
        Table(
            "far",
            "512 MiB, far away",
            FAR,
            one_file(
                512 * MiB,
                "bare, 6 lanes",
                "Uppy 6, 128 MiB",
                "product",
                "product, 4 names",
                "product, 4 names, sha256=False",
            ),
            "MB/s",
            "bare, 6 lanes",
            {"product, 4 names": 1.4, "product, 4 names, sha256=False": 2.0},
        ),
        Table(
            "unlimited",
            "1 GiB, as fast as this machine",
            UNLIMITED,
            one_file(GiB, "bare, 6 lanes", "Uppy 6", "product", "product, sha256=False"),
            "MB/s",
            "bare, 6 lanes",
            {"product": 0.45, "product, sha256=False": 0.66},
        ),
        Table(
            "http2",
            "256 MiB over HTTP/2, stream windows of 64 KiB",
            Link("http2", "50 ms there and back"),
            by_http2(),
            "MB/s",
            "bare, 48 lanes",
            {"product": 0.9},
        ),
        Table(
            "tiny-files",
            "1,000 files of 10 KB, as fast as this machine",
            UNLIMITED,
            small_files(1000, 10_000),
            "files/s",
            "Uppy 6",
            {"product": 1.0},
        ),
        Table(
            "tiny-files-far",
            "1,000 files of 10 KB, far away",
            FAR,
            small_files(1000, 10_000, names=4),
            "files/s",
            "Uppy 6",
            {"product": 1.5, "product, 4 names": 1.5},
        ),
        Table(
            "small-files",
            "200 files of 1 MiB, as fast as this machine",
            UNLIMITED,
            small_files(200, MiB),
            "files/s",
            "Uppy 6",
            {"product": 1.0},
        ),
        Table(
            "small-files-far",
            "200 files of 1 MiB, far away",
            FAR,
            small_files(200, MiB, names=4),
            "files/s",
            "Uppy 6",
            {"product": 1.5, "product, 4 names": 1.5},
        ),
        Table(
            "resume",
            "4 GiB, half of it there",
            UNLIMITED,
            {
                "product": lambda store: resumed(store, sha256=True),
                "product, sha256=False": lambda store: resumed(store, sha256=False),
            },
            "s",
            "product, sha256=False",
            {},
        ),
        Table(
            "size",
            "The page's memory: 4 GiB beside 1 GiB",
            UNLIMITED,
            {
                "1 GiB": lambda store: product(store, [sparse_file(GiB)], {"sha256": False}),
                "4 GiB": lambda store: product(store, [sparse_file(4 * GiB)], {"sha256": False}),
            },
            "MB/s",
            "1 GiB",
            {},
        ),
        Table(
            "size-full",
            "The page's memory: 16 GiB beside 1 GiB",
            UNLIMITED,
            {
                "1 GiB": lambda store: product(store, [sparse_file(GiB)], {"sha256": False}),
                "16 GiB": lambda store: product(store, [sparse_file(huge)], {"sha256": False}),
            },
            "MB/s",
            "1 GiB",
            {},
            full=True,
        ),
        Table(
            "signing",
            "1,000 URLs of parts",
            UNLIMITED,
            {"botocore": by_botocore, "product": by_the_product},
            "s",
            "botocore",
            {},
        ),
        Table(
            "relay",
            "1 GiB through the kernel, in JupyterLab",
            UNLIMITED,
            {
                "file browser, then boto3": lambda store: by_the_file_browser(
                    store, random_file(GiB)
                ),
                "product, relay": lambda store: through_the_kernel(store, random_file(GiB)),
            },
            "s",
            "file browser, then boto3",
            {"product, relay": 0.5},
        ),
        Table(
            "script",
            "A script, 2 GiB, as fast as this machine",
            UNLIMITED,
            by_script(
                random_file(2 * GiB),
                "boto3",
                "product",
                "as on AWS",
                "unhashed",
                "crt",
                "aws-cli",
                "s5cmd",
                "rclone",
            ),
            "s",
            "boto3",
            {"product": 1.0, "as on AWS": 1.0},
        ),
        Table(
            "script-files",
            "A script, 200 files of 1 MiB, as fast as this machine",
            UNLIMITED,
            by_script(
                many_files(200, MiB)[0].parent, "boto3", "product", "aws-cli", "s5cmd", "rclone"
            ),
            "s",
            "boto3",
            {"product": 1.0},
        ),
        Table(
            "script-files-far",
            "A script, 200 files of 1 MiB, far away",
            FAR,
            by_script(
                many_files(200, MiB)[0].parent, "boto3", "product", "aws-cli", "s5cmd", "rclone"
            ),
            "s",
            "boto3",
            {"product": 1.0},
        ),
        Table(
            "stream",
            "1 GiB that is being made, as fast as this machine",
            UNLIMITED,
            by_script(random_file(GiB), "upload_file", *STREAMS),
            "MB/s",
            STREAMS[1],
            {STREAMS[0]: 1.0},
        ),
        Table(
            "reading",
            "512 MiB read back, far away",
            FAR,
            {client: partial(reading, client, size=512 * MiB) for client in READERS},
            "MB/s",
            READERS[0],
            {},
        ),
        *by_workers(),
    ]


def _for_workers(name: str) -> Path:
    return sparse_file(3 * PART_H2 * int(name.split(maxsplit=1)[0]))


def by_workers() -> list[Table]:
    """Files that the workers of an executor send."""
    alone = "upload_file"
    parts, files = sparse_file(10_000 * 64 * KiB), sparse_files(10_000, MiB)
    return [
        Table(
            "executor",
            "Workers of an executor, 1 GiB, as fast as this machine",
            UNLIMITED,
            by_script(random_file(GiB), alone, PROCESSES[0]),
            "MB/s",
            alone,
            {PROCESSES[0]: 0.9},
        ),
        Table(
            "executor-far",
            "Workers of an executor, 512 MiB, far away",
            FAR,
            by_script(random_file(512 * MiB), PROCESSES[0], PROCESSES[1], PROCESSES[2], alone),
            "MB/s",
            PROCESSES[0],
            {PROCESSES[1]: 1.8},
        ),
        Table(
            "workers",
            "Workers that threads play, three parts of 5 MiB for each, over narrow connections",
            NARROW,
            {
                name: client
                for name in WORKERS
                for name, client in by_script(_for_workers(name), name).items()
            },
            "MB/s",
            WORKERS[0],
            {},
            full=True,
        ),
        Table(
            "dask-parts",
            "10,000 parts of 64 KiB; of Dask the CPU is its scheduler's",
            UNLIMITED,
            {
                "upload_file": lambda store: script("10,000 parts", store, parts),
                "Dask, 2 workers": lambda store: by_dask(store, parts, "Dask, 10,000 parts"),
            },
            "s",
            "upload_file",
            {},
            full=True,
        ),
        Table(
            "dask-files",
            "10,000 files of 1 MiB; of Dask the CPU is its scheduler's",
            UNLIMITED,
            {
                "upload_files": lambda store: script("upload_file", store, files),
                "Dask, 2 workers": lambda store: by_dask(store, files, "Dask"),
            },
            "s",
            "upload_files",
            {},
            full=True,
        ),
    ]
