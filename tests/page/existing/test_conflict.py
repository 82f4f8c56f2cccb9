"""An object that appears under the key while the file is sent: no part is sent a second time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from support.files import make_file
from support.page.desk import PART, Desk
from support.proxy.faults import Answer, Fault, Gate, Match
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from support.page.browser import PageErrors


def test_what_arrives_between_two_tries_of_one_put_is_not_overwritten(
    desk: Desk, page_errors: PageErrors, tmp_path: Path
) -> None:
    page_errors.expect_network()
    gate = Gate()
    desk.proxy.play(
        Fault(Answer(500, "InternalError"), Match(operation="PutObject", nth=1)),
        Fault(gate, Match(operation="PutObject", nth=2)),
    )
    desk.show()
    desk.pick(make_file(tmp_path / "run7.bin", 10))
    until(lambda: len(desk.proxy.puts()) == 2, 60, "a second try")

    desk.server.client.put_object(Bucket=desk.bucket, Key="run7.bin", Body=b"theirs")
    gate.opened.set()
    desk.until_state("failed")

    assert "overwrite it" in desk.widget.error
    assert desk.body("run7.bin") == b"theirs"
    desk.press("Skip run7.bin")
    until(lambda: desk.widget.files == (), what="an empty list")


@pytest.mark.parametrize("transport", ["auto", "relay"])
def test_overwriting_what_appeared_meanwhile_sends_no_part_again(
    desk: Desk, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 4 * PART)
    gate = Gate()
    desk.proxy.play(Fault(gate, Match(operation="CompleteMultipartUpload")))
    desk.show()
    desk.pick(file)
    until(lambda: len(desk.proxy.of("CompleteMultipartUpload")) == 1, 60, "all parts on S3")

    desk.server.client.put_object(Bucket=desk.bucket, Key="run7.bin", Body=b"theirs")
    gate.opened.set()
    desk.until_state("failed")

    assert "overwrite it" in desk.widget.error
    expect(desk.row("run7.bin")).to_contain_text("An object already has this key")
    [(_, upload_id)] = desk.upload_ids()
    assert desk.body("run7.bin") == b"theirs"

    desk.press("Overwrite run7.bin")
    desk.until_done()

    desk.assert_arrived(file)
    assert desk.sent() == [1, 2, 3, 4]
    assert {put.upload_id for put in desk.proxy.puts()} == {upload_id}
    assert len(desk.proxy.of("CreateMultipartUpload")) == 1
    assert desk.upload_ids() == []
