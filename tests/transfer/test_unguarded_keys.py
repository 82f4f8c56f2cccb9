"""No object of another program is overwritten on servers that ignore the condition of a request."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import pytest

from s3upload_widget import ObjectExistsError, protocol, upload_file
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from support.clients.sender import SINGLE, Sender, failed
from support.proxy.faults import Fault, Gate, Match
from support.servers.servers import S3Server, one_of
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.proxy.proxy import FaultyProxy

server = one_of("juicefs", "rclone")
THEIRS: Final = b"theirs"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run7.csv"


def send_beside(
    server: S3Server,
    proxy: FaultyProxy,
    path: Path,
    uri: str,
    held: Match,
    meanwhile: Callable[[], object],
) -> None:
    """Upload a file; while one request's answer is held up, do something else."""
    gate = Gate(answer=True)
    fault = Fault(gate, held)
    proxy.play(fault)
    with ThreadPoolExecutor(1) as beside:
        client = server.at(proxy.url).client
        uploading = beside.submit(upload_file, path, uri, client=client, progress=False)
        try:
            until(lambda: proxy.played(fault) or uploading.done(), 30)
            meanwhile()
        finally:
            gate.opened.set()
        uploading.result()


@pytest.mark.parametrize(
    ("size", "held"),
    [(5, "HeadObject"), ((16 << 20) + 1, "UploadPart")],
    ids=["one PUT", "parts"],
)
def test_a_script_overwrites_nothing(
    server: S3Server, proxy: FaultyProxy, bucket: str, path: Path, size: int, held: str
) -> None:
    path.write_bytes(b"x" * size)

    with pytest.raises(ObjectExistsError):
        send_beside(
            server,
            proxy,
            path,
            f"s3://{bucket}/run7.csv",
            Match(operation=held, nth=1),
            lambda: server.client.put_object(Bucket=bucket, Key="run7.csv", Body=THEIRS),
        )

    assert server.body(bucket, "run7.csv") == THEIRS


def test_a_page_overwrites_nothing_with_parts(server: S3Server, bucket: str) -> None:
    sender = Sender(Service(Store(bucket, server.client)), b"x" * ((16 << 20) + 1))
    sender.open()
    sender.send()
    server.client.put_object(Bucket=bucket, Key="run7.csv", Body=THEIRS)

    assert failed(sender.complete()) == "exists"
    assert server.body(bucket, "run7.csv") == THEIRS


def test_a_page_overwrites_nothing_with_one_put(server: S3Server, bucket: str) -> None:
    sender = Sender(Service(Store(bucket, server.client)), SINGLE)
    sender.open()
    server.client.put_object(Bucket=bucket, Key="run7.csv", Body=THEIRS)

    [refused] = sender.presign(1)

    assert isinstance(refused, protocol.RefusedPart)
    assert refused.code == "exists"
    assert server.body(bucket, "run7.csv") == THEIRS
