"""The main job: a file from the page arrives in S3, equal to the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3upload_widget import UploadWidget
from support.files import make_file
from support.page.uploading import MiB, assert_arrived, pick, show, states, until_done
from support.servers.servers import one_of
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

PART = 5 * MiB

server = one_of("ministack", "seaweed")

BODIES = """() => {
  globalThis.bodies = [];
  const { send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.send = function (body) {
    bodies.push(body instanceof File ? "file" : "slice");
    send.call(this, body);
  };
}"""
"""Note what each request sends."""
DROP = """([name, type, content]) => {
  const data = new DataTransfer();
  data.items.add(new File([content], name, { type }));
  const drop = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
  document.querySelector(".s3up").dispatchEvent(drop);
}"""
"""Drop a file that another program on the page made, of any type."""


@pytest.mark.parametrize(
    "size",
    [0, 1, PART - 1, PART, PART + 1, 2 * PART, 7 * PART + 12_345],
    ids=["empty", "1 byte", "part-1", "one part", "part+1", "two parts", "eight parts"],
)
def test_a_file_of_any_size_arrives_equal(
    page: Page, bridge: Bridge, server: S3Server, bucket: str, tmp_path: Path, size: int
) -> None:
    widget = UploadWidget(bucket, "raw", client=server.client, part_size=PART)
    file = make_file(tmp_path / "run7.bin", size)
    show(page, bridge, widget)

    pick(page, file)
    until_done(widget)

    assert_arrived(server, widget, file)
    uploaded = widget.value[0]
    assert uploaded.key == "raw/run7.bin"
    assert uploaded.verified_by == "sha256"
    assert uploaded.etag.startswith('"')
    assert uploaded.started <= uploaded.finished
    assert (widget.progress, widget.bytes_done, widget.bytes_total) == (1.0, size, size)
    until(lambda: states(page) == {"run7.bin": "done"}, what=lambda: states(page))


def test_the_workers_that_hash_start_while_the_kernel_plans(
    page: Page, bridge: Bridge, server: S3Server, bucket: str, tmp_path: Path
) -> None:
    widget = UploadWidget(bucket, client=server.client, part_size=PART)
    file = make_file(tmp_path / "run7.bin", 2 * PART)
    show(page, bridge, widget)

    bridge.hold()
    with page.expect_worker():
        pick(page, file)
    bridge.release()

    until_done(widget)
    assert_arrived(server, widget, file)


@pytest.mark.parametrize(
    "name",
    ["two words.csv", "a+b#c%d&e=f?.csv", "数据 – 第7次.parquet", "🚀 données.csv", "x%2Fy.bin"],
)
def test_a_name_of_any_characters_arrives(
    page: Page, bridge: Bridge, server: S3Server, bucket: str, tmp_path: Path, name: str
) -> None:
    widget = UploadWidget(bucket, client=server.client, part_size=PART)
    file = make_file(tmp_path / name, PART + 1)
    show(page, bridge, widget)

    pick(page, file)
    until_done(widget)

    assert_arrived(server, widget, file)
    assert widget.value[0].key == name


@pytest.mark.parametrize(
    ("type_", "body", "stored"),
    [
        ("text/csv", "file", "text/csv"),
        ("text/csv;charset=utf-16", "file", "text/csv;charset=utf-16"),
        ("", "file", ""),
        ("of/no kind", "slice", ""),
    ],
    ids=["signed", "with a parameter", "none", "that no header holds"],
)
def test_a_file_of_one_part_is_sent_whole_with_no_other_type_than_was_signed(
    page: Page,
    bridge: Bridge,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    type_: str,
    body: str,
    stored: str,
) -> None:
    widget = UploadWidget(bucket, client=server.client, browser_endpoint_url=proxy.url)
    show(page, bridge, widget)
    page.evaluate(BODIES)

    page.evaluate(DROP, ["run7", type_, "1,2"])
    until_done(widget)

    (put,) = proxy.puts()
    assert put.request.headers.get("content-type", "") == stored
    assert page.evaluate("bodies") == [body]
    assert server.body(bucket, "run7") == b"1,2"


def test_what_extra_args_say_wins_over_the_type_of_a_file_that_is_sent_whole(
    page: Page, bridge: Bridge, server: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    own = {"ContentType": "text/x-own"}
    widget = UploadWidget(
        bucket, client=server.client, browser_endpoint_url=proxy.url, extra_args=own
    )
    file = make_file(tmp_path / "run7.csv", 1_000)
    show(page, bridge, widget)
    page.evaluate(BODIES)

    pick(page, file)
    until_done(widget)

    (put,) = proxy.puts()
    assert put.request.headers.get("content-type") == "text/x-own"
    assert page.evaluate("bodies") == ["file"]
    assert_arrived(server, widget, file)


def test_three_files_at_once_arrive(
    page: Page, bridge: Bridge, server: S3Server, bucket: str, tmp_path: Path
) -> None:
    widget = UploadWidget(bucket, client=server.client, part_size=PART)
    files = [make_file(tmp_path / f"run{n}.bin", n * PART + n, seed=n) for n in (1, 2, 3)]
    show(page, bridge, widget)

    pick(page, *files)
    until_done(widget, 3)

    assert_arrived(server, widget, *files)
    assert [status.state for status in widget.files] == ["done"] * 3
    assert [status.parts_done for status in widget.files] == [2, 3, 4]


def test_a_page_that_is_no_secure_context_uploads_too(
    page: Page, bridge: Bridge, server: S3Server, bucket: str, tmp_path: Path
) -> None:
    widget = UploadWidget(bucket, client=server.client, part_size=PART)
    file = make_file(tmp_path / "run7.bin", 3 * PART + 1)
    show(page, bridge, widget, insecure=True)
    assert page.evaluate("crypto.subtle === undefined && !isSecureContext")

    pick(page, file)
    until_done(widget)

    assert_arrived(server, widget, file)


def test_without_sha256_the_parts_are_still_proven(
    page: Page, bridge: Bridge, server: S3Server, bucket: str, tmp_path: Path
) -> None:
    widget = UploadWidget(bucket, client=server.client, part_size=PART, sha256=False)
    show(page, bridge, widget)

    pick(page, make_file(tmp_path / "run7.bin", 2 * PART))
    until_done(widget)

    assert (widget.value[0].sha256, widget.value[0].verified_by) == ("", "sha256")


def test_progress_never_goes_back_and_ends_at_exactly_one(
    page: Page, bridge: Bridge, server: S3Server, bucket: str, tmp_path: Path
) -> None:
    widget = UploadWidget(bucket, client=server.client, part_size=PART)
    seen: list[float] = []
    widget.observe(lambda change: seen.append(change["new"]), names="progress")
    show(page, bridge, widget, tuning={"reportMs": 20})

    pick(page, *(make_file(tmp_path / f"run{n}.bin", 6 * PART, seed=n) for n in (1, 2)))
    until_done(widget, 2)

    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert any(0 < value < 1 for value in seen)
    assert max(seen[:-1]) <= 0.999
