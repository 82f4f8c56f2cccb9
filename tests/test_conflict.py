"""An object that appears under the key while the file is sent: no part is sent a second time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from s3upload_widget import UploadWidget
from support.faults import Answer, Fault, Gate, Match
from support.files import make_file
from support.uploading import (
    QUICK,
    MiB,
    assert_arrived,
    pick,
    show,
    until_done,
    until_state,
)
from support.view import press, row
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.bridge import Bridge
    from support.browser import PageErrors
    from support.proxy import FaultyProxy
    from support.servers import S3Server

PART = 5 * MiB


def test_what_arrives_between_two_tries_of_one_put_is_not_overwritten(
    page: Page,
    page_errors: PageErrors,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    page_errors.expect_network()
    widget = UploadWidget(bucket, client=ministack.at(proxy.url).client)
    gate = Gate()
    proxy.play(
        Fault(Answer(500, "InternalError"), Match(operation="PutObject", nth=1)),
        Fault(gate, Match(operation="PutObject", nth=2)),
    )
    show(page, bridge, widget, tuning=QUICK)
    pick(page, make_file(tmp_path / "run7.bin", 10))
    until(lambda: len(proxy.puts()) == 2, 60, "a second try")

    ministack.client.put_object(Bucket=bucket, Key="run7.bin", Body=b"theirs")
    gate.opened.set()
    until_state(widget, "failed")

    assert "overwrite it" in widget.error
    body = ministack.client.get_object(Bucket=bucket, Key="run7.bin")["Body"].read()
    assert body == b"theirs"
    press(page, "Skip run7.bin")
    until(lambda: widget.files == (), what="an empty list")


def test_overwriting_what_appeared_meanwhile_sends_no_part_again(
    page: Page, bridge: Bridge, ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    widget = UploadWidget(bucket, client=ministack.at(proxy.url).client, part_size=PART)
    file = make_file(tmp_path / "run7.bin", 4 * PART)
    gate = Gate()
    proxy.play(Fault(gate, Match(operation="CompleteMultipartUpload")))
    show(page, bridge, widget, tuning=QUICK)
    pick(page, file)
    until(lambda: len(proxy.of("CompleteMultipartUpload")) == 1, 60, "all parts on S3")

    ministack.client.put_object(Bucket=bucket, Key="run7.bin", Body=b"theirs")
    gate.opened.set()
    until_state(widget, "failed")

    assert "overwrite it" in widget.error
    expect(row(page, "run7.bin")).to_contain_text("Exists already on S3")
    [(_, upload_id)] = ministack.upload_ids(bucket)
    body = ministack.client.get_object(Bucket=bucket, Key="run7.bin")["Body"].read()
    assert body == b"theirs"

    press(page, "Overwrite run7.bin")
    until(lambda: widget.state != "failed", what="a start")
    until_done(widget)

    assert_arrived(ministack, widget, file)
    assert sorted(put.part_number for put in proxy.puts()) == [1, 2, 3, 4]
    assert {put.upload_id for put in proxy.puts()} == {upload_id}
    assert len(proxy.of("CreateMultipartUpload")) == 1
    assert ministack.upload_ids(bucket) == []
