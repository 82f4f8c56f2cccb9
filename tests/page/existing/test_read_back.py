"""A file whose key has an object of which S3 shows no checksum: the kernel reads it back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from support.files import make_file
from support.proxy.faults import CutResponse, Fault, Gate, Match

if TYPE_CHECKING:
    from pathlib import Path

    from s3upload_widget import UploadWidget
    from support.page.desk import Desk
    from support.proxy.proxy import FaultyProxy
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
        expect(desk.row("run7.csv")).to_contain_text("Overwrite", timeout=60_000)
        assert widget.value == ()
    desk.assert_nothing_was_sent()
    assert desk.server.body(desk.bucket, "run7.csv") == body


@pytest.mark.parametrize("same", [True, False], ids=["same", "other"])
def test_what_is_above_the_limit_is_read_back_when_the_user_says_so(
    desk: Desk, tmp_path: Path, *, same: bool
) -> None:
    file = make_file(tmp_path / "run7.csv", SIZE)
    data = file.read_bytes()
    body = data if same else data[:-1] + bytes([data[-1] ^ 1])
    desk.server.client.put_object(Bucket=desk.bucket, Key="run7.csv", Body=body)
    desk = desk.with_new_widget(read_back=SIZE - 1)
    desk.show()
    desk.pick(file)
    expect(desk.row("run7.csv")).to_contain_text("no checksum to compare it by", timeout=60_000)

    desk.press("Compare by reading it back from S3 run7.csv")

    if same:
        desk.until_done()
        assert [uploaded.verified_by for uploaded in desk.widget.value] == ["read"]
    else:
        expect(desk.row("run7.csv")).to_contain_text("with other bytes", timeout=60_000)
        expect(desk.row("run7.csv")).not_to_contain_text("Compare by reading")
        assert desk.widget.value == ()
    desk.assert_nothing_was_sent()


def test_the_page_shows_how_much_was_read(
    desk: Desk, server: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.csv", SIZE)
    server.client.put_object(Bucket=bucket, Key="run7.csv", Body=file.read_bytes())
    # The kernel reads through the proxy, too: half of the object, and the rest when it may.
    desk = desk.with_new_widget(client=server.at(proxy.url).client)
    gate = Gate()
    cut = Fault(CutResponse(SIZE // 2), Match(operation="GetObject", nth=1))
    proxy.play(cut, Fault(gate, Match(operation="GetObject", nth=2)))
    desk.show()

    desk.pick(file)

    row = desk.row("run7.csv")
    expect(row).to_contain_text("Reading the existing object back from S3", timeout=60_000)
    expect(row).to_contain_text(re.compile("[1-9][0-9]? %"))
    gate.opened.set()
    desk.until_done()


def test_the_etag_of_the_answer_to_a_put_proves_what_nothing_else_does(
    desk: Desk, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.csv", 1000)
    desk.show()

    desk.pick(file)

    desk.until_done()
    assert [uploaded.verified_by for uploaded in desk.widget.value] == ["md5"]
