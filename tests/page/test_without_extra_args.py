"""What was begun before, or is there, keeps its own properties: the page says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from support.files import make_file
from support.page.desk import PART
from support.page.view import LONG
from support.proxy.faults import Fault, Gate, Match
from support.servers.existing import begin

if TYPE_CHECKING:
    from pathlib import Path

    from support.page.desk import Desk

WANTED = {"Metadata": {"run": "7"}, "ServerSideEncryption": "AES256"}
SAID = "extra_args (Metadata, ServerSideEncryption) are not applied"


def test_a_file_that_resumes_says_what_its_upload_is_without(desk: Desk, tmp_path: Path) -> None:
    file = make_file(tmp_path / "run7.bin", 3 * PART)
    begin(desk, file, (1,))
    desk = desk.with_new_widget(extra_args=WANTED | {"ContentType": "text/plain"})
    desk.show()
    desk.proxy.pace_total(PART)

    desk.pick(file)

    said = SAID.replace("(", "(ContentType, ")
    expect(desk.row("run7.bin")).to_contain_text(said, timeout=LONG)
    desk.until_done()
    expect(desk.row("run7.bin")).to_contain_text(said)
    assert desk.widget.value[0].content_type != "text/plain"
    assert desk.server.client.head_object(Bucket=desk.bucket, Key="run7.bin")["Metadata"] == {}


def test_an_object_that_was_there_is_said_to_be_without_them(desk: Desk, tmp_path: Path) -> None:
    file = make_file(tmp_path / "run7.bin", 1000)
    desk.server.client.put_object(Bucket=desk.bucket, Key="run7.bin", Body=file.read_bytes())
    desk = desk.with_new_widget(extra_args=WANTED)
    desk.show()

    desk.pick(file)

    desk.until_done()
    expect(desk.row("run7.bin")).to_contain_text(SAID)
    expect(desk.row("run7.bin")).to_contain_text("was there already")


def test_a_new_upload_has_them_and_nothing_is_said(desk: Desk, tmp_path: Path) -> None:
    file = make_file(tmp_path / "run7.bin", 3 * PART)
    desk = desk.with_new_widget(extra_args=WANTED)
    desk.show()
    # Held until the pause has cut it: else all may be over before that.
    gate = Gate()
    desk.proxy.play(Fault(gate, Match(operation="UploadPart", part_number=3)))
    desk.pick(file)
    desk.until_stored(1)
    desk.press("Pause run7.bin")
    gate.opened.set()
    desk.press("Resume run7.bin")

    desk.until_done()

    expect(desk.row("run7.bin")).not_to_contain_text("extra_args")
    head = desk.server.client.head_object(Bucket=desk.bucket, Key="run7.bin")
    assert head["Metadata"] == {"run": "7"}
