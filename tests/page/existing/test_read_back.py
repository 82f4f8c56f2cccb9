"""A file whose key has an object of which S3 shows no checksum: the kernel reads it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from support.files import make_file

if TYPE_CHECKING:
    from pathlib import Path

    from s3upload_widget import UploadWidget
    from support.page.desk import Desk
    from support.servers.servers import S3Server

SIZE = (16 << 20) + 1
"""Two parts."""


@pytest.fixture
def server(juicefs: S3Server) -> S3Server:
    return juicefs


@pytest.mark.parametrize("same", [True, False], ids=["same", "other"])
def test_the_page_compares_with_what_the_kernel_reads_back(
    desk: Desk, widget: UploadWidget, tmp_path: Path, *, same: bool
) -> None:
    file = make_file(tmp_path / "run7.csv", SIZE)
    data = file.read_bytes()
    body = data if same else data[:-1] + bytes([data[-1] ^ 1])
    desk.server.client.put_object(Bucket=desk.bucket, Key="run7.csv", Body=body)
    desk.show()

    desk.pick(file)

    if same:
        desk.until_done()
        assert [uploaded.verified_by for uploaded in widget.value] == ["read"]
    else:
        expect(desk.row("run7.csv")).to_contain_text("Overwrite", timeout=30_000)
        assert widget.value == ()
    desk.assert_nothing_was_sent()
    assert desk.server.body(desk.bucket, "run7.csv") == body
