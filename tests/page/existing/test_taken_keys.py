"""A key that has an object which nobody may look at: what S3 refused is never told to be stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from s3upload_widget import upload_file, upload_files
from s3upload_widget.errors import ObjectExistsError
from support.files import make_file, sha256_of_file, sha256_of_object
from support.page.desk import PART, Desk
from support.page.uploading import states
from support.proxy.faults import FOREVER, Answer, Fault, LoseResponse, Match
from support.servers.servers import one_of
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from s3upload_widget import UploadWidget
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

pytestmark = pytest.mark.usefixtures("network_may_fail")

NAME = "run7.bin"
DENIED = Fault(Answer(403, "AccessDenied"), Match(operation="HeadObject"), FOREVER)
THEIRS = b"theirs"

server = one_of("ministack", "seaweed")


@pytest.fixture
def proxy(proxy: FaultyProxy) -> FaultyProxy:
    """What the least policy gives: everything but a look at objects."""
    proxy.play(DENIED)
    return proxy


@pytest.fixture
def bucket(server: S3Server, bucket: str) -> str:
    server.client.put_object(Bucket=bucket, Key=NAME, Body=THEIRS)
    return bucket


@pytest.mark.parametrize("if_exists", ["verify", "rename"])
def test_a_script_says_that_the_key_is_taken_and_what_to_do(
    server: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path, if_exists: str
) -> None:
    file = make_file(tmp_path / NAME, 6)
    client = server.at(proxy.url).client

    with pytest.raises(ObjectExistsError, match="s3:GetObject") as refused:
        upload_file(file, f"s3://{bucket}/", client=client, if_exists=if_exists, progress=False)  # type: ignore[arg-type]

    assert f"s3://{bucket}/{NAME}" in str(refused.value)
    assert "Overwrite it" in str(refused.value)
    assert server.body(bucket, NAME) == THEIRS


def test_of_many_files_of_a_script_only_the_taken_one_fails(
    server: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    files = [make_file(tmp_path / name, 10) for name in ("a.bin", NAME, "z.bin")]
    client = server.at(proxy.url).client

    with pytest.raises(ObjectExistsError, match=NAME):
        upload_files(files, f"s3://{bucket}/", client=client, progress=False)

    assert server.body(bucket, NAME) == THEIRS
    assert server.body(bucket, "a.bin") == files[0].read_bytes()


def test_a_put_whose_answer_a_script_lost_is_done_where_it_may_look(
    server: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    proxy.clear_faults()
    file = make_file(tmp_path / "mine.bin", 10)
    lost = Fault(LoseResponse(), Match(operation="PutObject"))
    proxy.play(lost)

    done = upload_file(file, f"s3://{bucket}/", client=server.at(proxy.url).client, progress=False)

    assert done.verified_by == "sha256"
    assert proxy.played(lost) == 1
    assert len(proxy.of("PutObject")) == 2
    assert server.body(bucket, "mine.bin") == file.read_bytes()


@pytest.mark.parametrize("choice", ["Overwrite", "Keep both", "Skip"])
def test_a_page_asks_what_to_do_with_a_key_that_is_taken(
    desk: Desk, widget: UploadWidget, tmp_path: Path, choice: str
) -> None:
    file = make_file(tmp_path / NAME, 6)
    desk.show()
    desk.pick(file)
    desk.until_state("failed")

    assert "s3:GetObject" in widget.error
    assert list(widget.value) == []
    expect(desk.row(NAME)).to_contain_text("An object already has this key")
    assert desk.body(NAME) == THEIRS

    desk.press(f"{choice} {NAME}")
    if choice == "Skip":
        until(lambda: widget.files == () and not states(desk.page), what="an empty list")
        assert desk.body(NAME) == THEIRS
        return
    desk.until_done()
    desk.assert_arrived(file)
    if choice == "Keep both":
        assert widget.value[0].key == "run7-1.bin"
        assert desk.body(NAME) == THEIRS


@pytest.mark.parametrize("server", ["ministack"], indirect=True)
def test_keep_both_takes_another_name_for_a_file_of_several_parts_too(
    desk: Desk, tmp_path: Path
) -> None:
    file = make_file(tmp_path / NAME, 2 * PART)
    desk.show()
    desk.pick(file)
    desk.until_state("failed")

    desk.press(f"Keep both {NAME}")
    desk.until_done()

    desk.assert_arrived(file)
    assert desk.widget.value[0].key == "run7-1.bin"
    assert desk.body(NAME) == THEIRS
    assert desk.upload_ids() == []


def test_keep_both_finds_a_free_name_where_several_are_taken(desk: Desk, tmp_path: Path) -> None:
    desk.server.client.put_object(Bucket=desk.bucket, Key="run7-1.bin", Body=THEIRS)
    desk.show()
    desk.pick(make_file(tmp_path / NAME, 6))

    for _ in range(2):
        desk.until_state("failed")
        desk.press(f"Keep both {NAME}")
        until(lambda: desk.widget.state != "failed", what="another name")
    desk.until_done()

    assert [uploaded.key for uploaded in desk.widget.value] == ["run7-2.bin"]
    assert desk.body("run7-1.bin") == THEIRS


def test_of_many_small_files_those_whose_keys_are_taken_ask(
    desk: Desk, widget: UploadWidget, tmp_path: Path
) -> None:
    files = [make_file(tmp_path / f"small{n:02}.bin", 10, seed=n) for n in range(40)]
    taken = {file.name for file in files[::2]}
    for name in taken:
        desk.server.client.put_object(Bucket=desk.bucket, Key=name, Body=THEIRS)
    desk.show()

    desk.pick(*files)
    settled = {"done", "failed"}
    until(
        lambda: len(widget.files) == 40 and {each.state for each in widget.files} <= settled,
        120,
        lambda: widget.files,
    )

    assert {each.name for each in widget.files if each.state == "failed"} == taken
    assert {each.name for each in widget.value} == {file.name for file in files} - taken
    assert {desk.body(name) for name in taken} == {THEIRS}
    for file in files[1::2]:
        assert sha256_of_object(desk.server.client, desk.bucket, file.name) == sha256_of_file(file)
    expect(desk.row(files[0].name)).to_contain_text("An object already has this key")
    together = [[file["taken"] for file in each["files"]] for each in desk.asked("complete_files")]
    assert any({True, False} <= set(batch) for batch in together)
