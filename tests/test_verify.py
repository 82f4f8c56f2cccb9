"""A file whose key has an object of its size is compared with it before a byte is sent."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from boto3.s3.transfer import TransferConfig
from playwright.sync_api import expect

from s3upload_widget import UploadWidget, upload_file
from support.existing import attributes, even, make_of_parts
from support.faults import FOREVER, Fault, Gate, Match
from support.files import make_file, sha256_of_file
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
from support.view import expect_state, press, row
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from support.bridge import Bridge
    from support.browser import PageErrors
    from support.servers import S3Server

PART = 5 * MiB
SIZE = 3 * 8 * MiB + 1
NAME = "run7.bin"
THERE = "Was there already, with the same bytes"
COMPARING = "Comparing with what is there"


@pytest.fixture(params=["ministack", "seaweed"])
def server(request: pytest.FixtureRequest) -> S3Server:
    found: S3Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def proxy(server: S3Server) -> Iterator[FaultyProxy]:
    """A proxy that everything passes, the kernel's requests too."""
    with FaultyProxy(server.endpoint_url) as faulty:
        yield faulty


@pytest.fixture
def bucket(server: S3Server) -> Iterator[str]:
    with server.bucket() as name:
        yield name


@pytest.fixture
def widget(bridge: Bridge, server: S3Server, proxy: FaultyProxy, bucket: str) -> UploadWidget:
    return widget_of(server, proxy, bucket)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return make_file(tmp_path / NAME, SIZE)


def widget_of(server: S3Server, proxy: FaultyProxy, bucket: str, **options: Any) -> UploadWidget:
    return UploadWidget(bucket, client=server.at(proxy.url).client, part_size=PART, **options)


def ours(server: S3Server, bucket: str, file: Path) -> None:
    uri = f"s3://{bucket}/{NAME}"
    upload_file(file, uri, client=server.client, part_size=PART, progress=False)


def boto3s(server: S3Server, bucket: str, file: Path) -> None:
    server.client.upload_file(
        str(file), bucket, NAME, Config=TransferConfig(multipart_chunksize=8 * MiB)
    )


def boto3s_with_sha256(server: S3Server, bucket: str, file: Path) -> None:
    server.client.upload_file(
        str(file),
        bucket,
        NAME,
        ExtraArgs={"ChecksumAlgorithm": "SHA256"},
        Config=TransferConfig(multipart_chunksize=8 * MiB),
    )


def one_put(server: S3Server, bucket: str, file: Path) -> None:
    server.client.put_object(Bucket=bucket, Key=NAME, Body=file.read_bytes())


def one_put_with_sha256(server: S3Server, bucket: str, file: Path) -> None:
    server.client.put_object(
        Bucket=bucket, Key=NAME, Body=file.read_bytes(), ChecksumAlgorithm="SHA256"
    )


def assert_nothing_was_sent(proxy: FaultyProxy, server: S3Server, bucket: str) -> None:
    assert proxy.puts() == ()
    assert proxy.of("CreateMultipartUpload") == ()
    assert server.upload_ids(bucket) == []


def body_of(server: S3Server, bucket: str, key: str = NAME) -> bytes:
    return server.client.get_object(Bucket=bucket, Key=key)["Body"].read()


def other_bytes(server: S3Server, bucket: str, size: int = SIZE) -> bytes:
    """Make an object of the file's size, of zeros."""
    data = bytes(size)
    make_of_parts(server, bucket, NAME, even(PART, data), data)
    return data


def hold_reading(page: Page) -> None:
    """Have every read of a file wait for ``letRead(count)``; workers would read past that."""
    page.evaluate(
        """() => {
            globalThis.Worker = undefined;
            const { arrayBuffer } = Blob.prototype;
            const waiting = [];
            let allowed = 0;
            globalThis.letRead = (count) => {
                for (allowed += count; allowed > 0 && waiting.length > 0; allowed -= 1)
                    waiting.shift()();
            };
            Blob.prototype.arrayBuffer = async function () {
                await new Promise((go) => { waiting.push(go); globalThis.letRead(0); });
                return arrayBuffer.call(this);
            };
        }"""
    )


def let_read(page: Page, count: int = 1_000) -> None:
    page.evaluate("(count) => letRead(count)", count)


def pick_again(page: Page, file: Path) -> Path:
    """Pick a file of the same name; for an input that has the very file already, it is no change."""
    folder = file.parent / "again"
    folder.mkdir()
    again = file.rename(folder / file.name)
    pick(page, again)
    return again


def until_comparing(page: Page) -> None:
    expect(row(page, NAME)).to_contain_text(COMPARING, timeout=30_000)
    expect_state(page, NAME, "checking")


@pytest.mark.parametrize(
    ("make", "verified_by"),
    [
        (ours, "sha256"),
        (boto3s, "md5"),
        (boto3s_with_sha256, "sha256"),
        (one_put, "md5"),
        (one_put_with_sha256, "sha256"),
    ],
)
def test_the_same_bytes_are_done_without_sending(
    page: Page,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    widget: UploadWidget,
    file: Path,
    make: Callable[[S3Server, str, Path], None],
    verified_by: str,
) -> None:
    make(server, bucket, file)
    before = server.client.head_object(Bucket=bucket, Key=NAME)
    show(page, bridge, widget, tuning=QUICK)

    pick(page, file)
    until_done(widget)

    assert_arrived(server, widget, file)
    assert_nothing_was_sent(proxy, server, bucket)
    [uploaded] = widget.value
    assert (uploaded.verified_by, uploaded.etag) == (verified_by, before["ETag"])
    assert (widget.progress, widget.bytes_done, widget.bytes_total) == (1.0, SIZE, SIZE)
    expect(row(page, NAME)).to_contain_text(THERE)
    assert len(asked(bridge, "compare_object")) == 2


def test_what_is_hashed_is_told_and_never_counted_as_done(
    page: Page,
    bridge: Bridge,
    server: S3Server,
    bucket: str,
    widget: UploadWidget,
    file: Path,
) -> None:
    ours(server, bucket, file)
    show(page, bridge, widget, tuning=QUICK)
    hold_reading(page)
    pick(page, file)
    until_comparing(page)

    let_read(page, 2)

    expect(row(page, NAME)).to_contain_text("40 %")
    until(lambda: widget.state == "checking", what="a report")
    assert (widget.bytes_done, widget.progress, widget.files[0].bytes_done) == (0, 0, 0)
    let_read(page)
    until_done(widget)
    reports = [each["summary"] for each in asked(bridge, "report_progress")]
    assert {each["bytes_done"] for each in reports if each["state"] == "checking"} == {0}


@pytest.mark.parametrize("size", [0, 10_000], ids=["empty", "small"])
def test_a_small_file_is_settled_with_one_question(
    page: Page,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    widget: UploadWidget,
    tmp_path: Path,
    size: int,
) -> None:
    file = make_file(tmp_path / NAME, size)
    one_put(server, bucket, file)
    show(page, bridge, widget, tuning=QUICK)

    pick(page, file)
    until_done(widget)

    assert_arrived(server, widget, file)
    assert_nothing_was_sent(proxy, server, bucket)
    assert len(asked(bridge, "compare_object")) == 1


@pytest.mark.parametrize("server", ["ministack"], indirect=True)
def test_a_folder_that_is_there_takes_one_question_for_each_file(
    page: Page,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    files = [make_file(tmp_path / f"{n:04}.bin", 10_000, seed=n) for n in range(1_000)]
    with ThreadPoolExecutor(8) as threads:
        put = server.client.put_object
        list(threads.map(lambda f: put(Bucket=bucket, Key=f.name, Body=f.read_bytes()), files))
    show(page, bridge, widget)

    pick(page, *files)
    until_done(widget, 1_000, timeout=120)

    assert {each.sha256 for each in widget.value} == {sha256_of_file(each) for each in files}
    assert_nothing_was_sent(proxy, server, bucket)
    assert len({each["file_id"] for each in asked(bridge, "compare_object")}) == 1_000
    assert len(proxy.of("HeadObject")) <= 2_100


def test_other_bytes_are_a_conflict_that_is_seen_at_the_first_part_that_differs(
    page: Page,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    widget: UploadWidget,
    file: Path,
) -> None:
    data = other_bytes(server, bucket)
    told = Fault(attributes(data, PART), Match(operation="GetObjectAttributes"), times=FOREVER)
    proxy.play(told)
    show(page, bridge, widget, tuning=QUICK)
    hold_reading(page)
    pick(page, file)
    until_comparing(page)

    let_read(page, 1)  # of five

    until_state(widget, "failed")
    assert "with other bytes" in widget.error
    last = asked(bridge, "compare_object")[-1]
    assert (last["part_size"], last["parts_sha256"]) == (PART, [])
    assert_nothing_was_sent(proxy, server, bucket)
    assert body_of(server, bucket) == data


def test_another_size_is_a_conflict_at_once(
    page: Page,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    widget: UploadWidget,
    file: Path,
) -> None:
    server.client.put_object(Bucket=bucket, Key=NAME, Body=b"older")
    show(page, bridge, widget, tuning=QUICK)
    hold_reading(page)

    pick(page, file)
    until_state(widget, "failed")

    assert "5 bytes" in widget.error
    assert asked(bridge, "compare_object") == []
    assert_nothing_was_sent(proxy, server, bucket)


@pytest.mark.parametrize("server", ["moto"], indirect=True)
def test_an_object_without_any_checksum_is_a_conflict_that_says_so(
    page: Page,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    widget: UploadWidget,
    file: Path,
) -> None:
    server.client.put_object(
        Bucket=bucket, Key=NAME, Body=file.read_bytes(), ServerSideEncryption="aws:kms"
    )
    show(page, bridge, widget, tuning=QUICK)

    pick(page, file)
    until_state(widget, "failed")

    assert "S3 tells no checksum that it could be compared by" in widget.error
    expect(row(page, NAME)).to_contain_text("Exists already on S3")
    assert asked(bridge, "compare_object") == []
    assert proxy.puts() == ()


@pytest.mark.parametrize("choice", ["Overwrite", "Keep both", "Skip"])
@pytest.mark.parametrize("size", [10_000, SIZE], ids=["small", "large"])
def test_after_the_comparison_the_user_chooses(
    page: Page,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    widget: UploadWidget,
    tmp_path: Path,
    choice: str,
    size: int,
) -> None:
    file = make_file(tmp_path / NAME, size)
    data = other_bytes(server, bucket, size)
    show(page, bridge, widget, tuning=QUICK)
    pick(page, file)
    until_state(widget, "failed")
    assert_nothing_was_sent(proxy, server, bucket)

    press(page, f"{choice} {NAME}")

    if choice == "Skip":
        until(lambda: widget.files == () and not states(page), what="an empty list")
        assert_nothing_was_sent(proxy, server, bucket)
        assert body_of(server, bucket) == data
        return
    until(lambda: widget.state != "failed", what="a start")
    until_done(widget)
    assert_arrived(server, widget, file)
    if choice == "Keep both":
        assert widget.value[0].key == "run7-1.bin"
        assert body_of(server, bucket) == data
    assert server.upload_ids(bucket) == []


def test_what_was_begun_beside_the_object_is_left_alone_until_the_user_chose(
    page: Page,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    widget: UploadWidget,
    file: Path,
) -> None:
    other_bytes(server, bucket)
    upload_id = server.client.create_multipart_upload(
        Bucket=bucket, Key=NAME, ChecksumAlgorithm="SHA256"
    )["UploadId"]
    server.client.upload_part(
        Bucket=bucket,
        Key=NAME,
        UploadId=upload_id,
        PartNumber=1,
        Body=file.read_bytes()[:PART],
        ChecksumAlgorithm="SHA256",
    )
    show(page, bridge, widget, tuning=QUICK)
    pick(page, file)
    until_state(widget, "failed")
    assert server.upload_ids(bucket) == [(NAME, upload_id)]
    assert proxy.puts() == ()

    press(page, f"Overwrite {NAME}")
    until(lambda: widget.state != "failed", what="a start")
    until_done(widget)

    assert_arrived(server, widget, file)
    assert sorted(put.part_number for put in proxy.puts()) == [2, 3, 4, 5]
    assert server.upload_ids(bucket) == []


@pytest.mark.parametrize("becomes", ["deleted", "the same", "other bytes", "another size"])
def test_the_object_as_it_is_at_last_decides(
    page: Page,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    widget: UploadWidget,
    file: Path,
    becomes: str,
) -> None:
    first = bytes(SIZE) if becomes == "the same" else file.read_bytes()
    make_of_parts(server, bucket, NAME, even(PART, first), first)
    gate = Gate()
    proxy.play(Fault(gate, Match(operation="HeadObject", key=NAME, nth=3)))
    show(page, bridge, widget, tuning=QUICK)
    pick(page, file)
    until(lambda: len(proxy.of("HeadObject")) == 3, 60, "the last look at the object")

    if becomes == "deleted":
        server.client.delete_object(Bucket=bucket, Key=NAME)
    else:
        newer = {"the same": file.read_bytes(), "other bytes": bytes(SIZE), "another size": b"x"}
        make_of_parts(server, bucket, NAME, even(PART, newer[becomes]), newer[becomes])
    gate.opened.set()

    if becomes in {"deleted", "the same"}:
        until_done(widget)
        assert_arrived(server, widget, file)
        assert len(proxy.puts()) == (5 if becomes == "deleted" else 0)
    else:
        until_state(widget, "failed")
        assert "exists" in widget.error
        assert_nothing_was_sent(proxy, server, bucket)


def test_a_comparison_can_be_paused_and_resumed(
    page: Page,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    widget: UploadWidget,
    file: Path,
) -> None:
    ours(server, bucket, file)
    show(page, bridge, widget, tuning=QUICK)
    hold_reading(page)
    pick(page, file)
    until_comparing(page)
    let_read(page, 1)

    press(page, f"Pause {NAME}")
    until_state(widget, "paused")
    let_read(page)
    press(page, f"Resume {NAME}")
    until_done(widget)

    assert_arrived(server, widget, file)
    assert_nothing_was_sent(proxy, server, bucket)


def test_discarding_during_a_comparison_leaves_the_object(
    page: Page,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    widget: UploadWidget,
    file: Path,
) -> None:
    ours(server, bucket, file)
    show(page, bridge, widget, tuning=QUICK)
    hold_reading(page)
    pick(page, file)
    until_comparing(page)

    press(page, f"Discard {NAME}")
    until(lambda: widget.files == () and not states(page), what="an empty list")
    let_read(page)

    assert widget.value == ()
    assert_nothing_was_sent(proxy, server, bucket)
    assert body_of(server, bucket) == file.read_bytes()
    pick_again(page, file)
    until_done(widget)


def test_a_file_that_changes_during_a_comparison_has_to_be_picked_again(
    page: Page,
    page_errors: PageErrors,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    widget: UploadWidget,
    file: Path,
) -> None:
    page_errors.expect_network()
    ours(server, bucket, file)
    show(page, bridge, widget, tuning=QUICK)
    hold_reading(page)
    pick(page, file)
    until_comparing(page)

    os.utime(file, (1, 1))
    let_read(page)
    until_state(widget, "failed")

    assert "was changed, moved or deleted" in widget.error
    again = pick_again(page, file)
    until(lambda: widget.state != "failed", what="a start")
    until_done(widget)
    assert_arrived(server, widget, again)
    assert_nothing_was_sent(proxy, server, bucket)


@pytest.mark.parametrize("server", ["ministack"], indirect=True)
def test_a_kernel_that_restarts_during_a_comparison_is_asked_anew(
    page: Page,
    page_errors: PageErrors,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    widget: UploadWidget,
    file: Path,
) -> None:
    page_errors.expect_network()
    page_errors.expect("Cannot send")
    ours(server, bucket, file)
    show(page, bridge, widget, tuning=QUICK)
    hold_reading(page)
    pick(page, file)
    until_comparing(page)

    bridge.restart_kernel()
    newer = widget_of(server, proxy, bucket)
    page.evaluate("removeView()")
    bridge.url(newer)
    page.evaluate("(id) => mount(id, 1)", newer.model_id)
    let_read(page)
    until_done(newer)

    assert_arrived(server, newer, file)
    until(lambda: states(page) == {NAME: "done"}, what=lambda: states(page))
    assert_nothing_was_sent(proxy, server, bucket)


@pytest.mark.parametrize("server", ["ministack"], indirect=True)
def test_other_files_are_sent_while_a_large_one_is_compared(
    page: Page,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    widget: UploadWidget,
    tmp_path: Path,
) -> None:
    file = make_file(tmp_path / NAME, 14 * PART)  # more parts than two for each lane
    ours(server, bucket, file)
    gate = Gate()
    proxy.play(Fault(gate, Match(operation="HeadObject", key=NAME, nth=3)))
    show(page, bridge, widget, tuning=QUICK)

    pick(page, file, make_file(tmp_path / "new.bin", 2 * PART))
    until(lambda: [each.name for each in widget.value] == ["new.bin"], 60, "the other file")

    assert states(page)[NAME] == "checking"
    gate.opened.set()
    until_done(widget, 2)
    assert len(proxy.puts()) == 2
