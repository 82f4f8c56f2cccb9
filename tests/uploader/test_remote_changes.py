"""A file behind an fsspec URL that changes while a script uploads it: nothing is completed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import fsspec
import pytest

from s3upload_widget.errors import FileChangedError
from s3upload_widget.uploader import upload_file
from support.proxy.faults import Fault, Gate, Match
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

MiB = 1 << 20
PATH = "/lab/run7.bin"
URL = f"memory:/{PATH}"
SIZE = 11 * MiB


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    """fsspec's files in memory, with one of three parts."""
    system = fsspec.filesystem("memory")
    system.pipe_file(PATH, b"a" * SIZE)
    yield system
    system.store.clear()


def same_size(system: fsspec.AbstractFileSystem) -> None:
    system.pipe_file(PATH, b"b" * SIZE)


def shorter(system: fsspec.AbstractFileSystem) -> None:
    system.pipe_file(PATH, b"a" * (SIZE - 1))


def gone(system: fsspec.AbstractFileSystem) -> None:
    system.rm_file(PATH)


@pytest.mark.parametrize("change", [same_size, shorter, gone])
def test_a_remote_file_that_changes_meanwhile_is_an_error_and_nothing_is_completed(
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    memory: fsspec.AbstractFileSystem,
    change: Callable[[fsspec.AbstractFileSystem], None],
) -> None:
    client = ministack.at(proxy.url).client
    gate = Gate(answer=True)
    proxy.play(Fault(gate, Match(operation="UploadPart", nth=1)))
    with ThreadPoolExecutor(1) as pool:
        uploaded = pool.submit(
            upload_file,
            URL,
            f"s3://{bucket}/raw/",
            client=client,
            part_size=5 * MiB,
            progress=False,
        )
        until(proxy.puts, 30, "a part on the wire")
        change(memory)
        gate.opened.set()
        with pytest.raises(FileChangedError, match=r"run7\.bin"):
            uploaded.result(60)

    assert ministack.keys(bucket) == []
    assert proxy.of("CompleteMultipartUpload") == ()
    memory.pipe_file(PATH, b"c" * SIZE)
    again = upload_file(
        URL, f"s3://{bucket}/raw/", client=ministack.client, restart=True, progress=False
    )
    assert again.size == SIZE
