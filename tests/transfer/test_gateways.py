"""Files that arrive on gateways, which keep and tell less of an object than a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3upload_widget import upload_file
from support.servers.servers import one_of

if TYPE_CHECKING:
    from pathlib import Path

    from support.servers.servers import S3Server

server = one_of("juicefs", "juicefs_with_etags", "rclone")


@pytest.mark.parametrize("size", [0, 1, (16 << 20) + 1], ids=["empty", "one byte", "two parts"])
def test_a_file_arrives_as_it_is(server: S3Server, bucket: str, tmp_path: Path, size: int) -> None:
    path = tmp_path / "run7.bin"
    path.write_bytes(b"x" * size)

    uploaded = upload_file(path, f"s3://{bucket}/raw/", client=server.client, progress=False)

    assert server.body(bucket, uploaded.key) == path.read_bytes()
    assert server.upload_ids(bucket) == []
