"""A key that has an object which nobody may look at: what S3 refused is never told to be stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from s3upload_widget import UploadWidget, upload_file, upload_files
from s3upload_widget.errors import ObjectExistsError
from support.faults import FOREVER, Answer, Fault, LoseResponse, Match
from support.files import make_file, sha256_of_file, sha256_of_object
from support.proxy import FaultyProxy
from support.uploading import (
    QUICK,
    MiB,
    asked,
    assert_arrived,
    pick,
    show,
    states,
    until_done,
    until_state,
)
from support.view import press, row
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from support.bridge import Bridge
    from support.browser import PageErrors
    from support.servers import S3Server

PART = 5 * MiB
NAME = "run7.bin"
DENIED = Fault(Answer(403, "AccessDenied"), Match(operation="HeadObject"), FOREVER)
THEIRS = b"theirs"


@pytest.fixture(params=["ministack", "seaweed"])
def server(request: pytest.FixtureRequest) -> S3Server:
    found: S3Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def proxy(server: S3Server) -> Iterator[FaultyProxy]:
    """What the least policy gives: everything but a look at objects."""
    with FaultyProxy(server.endpoint_url) as faulty:
        faulty.play(DENIED)
        yield faulty


@pytest.fixture
def bucket(server: S3Server) -> Iterator[str]:
    with server.bucket() as name:
        server.client.put_object(Bucket=name, Key=NAME, Body=THEIRS)
        yield name


@pytest.fixture
def widget(
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    page_errors: PageErrors,
) -> UploadWidget:
    page_errors.expect_network()
    return UploadWidget(bucket, client=server.at(proxy.url).client, part_size=PART)


def body_of(server: S3Server, bucket: str, key: str = NAME) -> bytes:
    return server.client.get_object(Bucket=bucket, Key=key)["Body"].read()


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
    assert body_of(server, bucket) == THEIRS


def test_of_many_files_of_a_script_only_the_taken_one_fails(
    server: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    files = [make_file(tmp_path / name, 10) for name in ("a.bin", NAME, "z.bin")]
    client = server.at(proxy.url).client

    with pytest.raises(ObjectExistsError, match=NAME):
        upload_files(files, f"s3://{bucket}/", client=client, progress=False)

    assert body_of(server, bucket) == THEIRS
    assert body_of(server, bucket, "a.bin") == files[0].read_bytes()


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
    assert body_of(server, bucket, "mine.bin") == file.read_bytes()


@pytest.mark.parametrize("choice", ["Overwrite", "Keep both", "Skip"])
def test_a_page_asks_what_to_do_with_a_key_that_is_taken(
    page: Page,
    bridge: Bridge,
    server: S3Server,
    bucket: str,
    widget: UploadWidget,
    tmp_path: Path,
    choice: str,
) -> None:
    file = make_file(tmp_path / NAME, 6)
    show(page, bridge, widget, tuning=QUICK)
    pick(page, file)
    until_state(widget, "failed")

    assert "s3:GetObject" in widget.error
    assert list(widget.value) == []
    expect(row(page, NAME)).to_contain_text("Exists already on S3")
    assert body_of(server, bucket) == THEIRS

    press(page, f"{choice} {NAME}")
    if choice == "Skip":
        until(lambda: widget.files == () and not states(page), what="an empty list")
        assert body_of(server, bucket) == THEIRS
        return
    until(lambda: widget.state != "failed", what="a start")
    until_done(widget)
    assert_arrived(server, widget, file)
    if choice == "Keep both":
        assert widget.value[0].key == "run7-1.bin"
        assert body_of(server, bucket) == THEIRS


@pytest.mark.parametrize("server", ["ministack"], indirect=True)
def test_keep_both_takes_another_name_for_a_file_of_several_parts_too(
    page: Page,
    bridge: Bridge,
    server: S3Server,
    bucket: str,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    file = make_file(tmp_path / NAME, 2 * PART)
    show(page, bridge, widget, tuning=QUICK)
    pick(page, file)
    until_state(widget, "failed")

    press(page, f"Keep both {NAME}")
    until(lambda: widget.state != "failed", what="a start")
    until_done(widget)

    assert_arrived(server, widget, file)
    assert widget.value[0].key == "run7-1.bin"
    assert body_of(server, bucket) == THEIRS
    assert server.upload_ids(bucket) == []


def test_keep_both_finds_a_free_name_where_several_are_taken(
    page: Page,
    bridge: Bridge,
    server: S3Server,
    bucket: str,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    server.client.put_object(Bucket=bucket, Key="run7-1.bin", Body=THEIRS)
    show(page, bridge, widget, tuning=QUICK)
    pick(page, make_file(tmp_path / NAME, 6))

    for _ in range(2):
        until_state(widget, "failed")
        press(page, f"Keep both {NAME}")
        until(lambda: widget.state != "failed", what="a start")
    until_done(widget)

    assert [uploaded.key for uploaded in widget.value] == ["run7-2.bin"]
    assert body_of(server, bucket, "run7-1.bin") == THEIRS


def test_of_many_small_files_those_whose_keys_are_taken_ask(
    page: Page,
    bridge: Bridge,
    server: S3Server,
    bucket: str,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    files = [make_file(tmp_path / f"small{n:02}.bin", 10, seed=n) for n in range(40)]
    taken = {file.name for file in files[::2]}
    for name in taken:
        server.client.put_object(Bucket=bucket, Key=name, Body=THEIRS)
    show(page, bridge, widget, tuning=QUICK)

    pick(page, *files)
    settled = {"done", "failed"}
    until(
        lambda: len(widget.files) == 40 and {each.state for each in widget.files} <= settled,
        120,
        lambda: widget.files,
    )

    assert {each.name for each in widget.files if each.state == "failed"} == taken
    assert {each.name for each in widget.value} == {file.name for file in files} - taken
    assert {body_of(server, bucket, name) for name in taken} == {THEIRS}
    for file in files[1::2]:
        assert sha256_of_object(server.client, bucket, file.name) == sha256_of_file(file)
    expect(row(page, files[0].name)).to_contain_text("Exists already on S3")
    together = [
        [file["taken"] for file in each["files"]] for each in asked(bridge, "complete_files")
    ]
    assert any({True, False} <= set(batch) for batch in together)
