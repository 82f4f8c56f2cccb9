"""A hostile page compares, completes, asks why and reports: nothing escapes, nothing is believed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s3upload_widget import UploadWidget
from s3upload_widget.checksums import md5, sha256
from support.clients.talk import NearPage
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.servers.servers import S3Server

MiB: Final = 1 << 20
THERE: Final = b"x" * (5 * MiB + 1)
"""An object that a file could be said to be equal to."""
NAMES: Final = ("a.bin", "a.bin", "b.bin", "../secret/x", "\ud800", "a\0b", "<img src=x>")

ids = st.sampled_from(("file_0001", "file_0002", "stranger_1"))
counts = st.sampled_from([0, 1, -1, 5 * MiB, 5 * MiB + 1, 2**53 - 1, 2**70, 0.5, 1.0])
floats = st.sampled_from([0, 1.0, 0.5, -1, 1e308, float("inf"), float("nan")])
texts = st.sampled_from(["", "x", "\ud800", "\0", "<b>", "x" * 10_000])
PARTS_OF: Final = (0, 1, 2, 2, 10)
"""How many parts the page hashed: of these sizes of files, and of none."""
hashes = {
    "parts_sha256": st.sampled_from([[sha256(b"")] * count for count in PARTS_OF]),
    "parts_md5": st.sampled_from([[md5(b"")] * count for count in PARTS_OF]),
    "sha256": st.sampled_from(["", "0" * 64]),
}
complete = st.fixed_dictionaries({"file_id": ids, **hashes, "taken": st.booleans(), "etag": texts})
states = st.sampled_from(["uploading", "failed", "done", "idle", "paused", "waiting", "nothing"])
summaries = st.fixed_dictionaries(
    {
        "state": states,
        "waiting_for": st.sampled_from(["", "kernel", "network", "file", "Godot"]),
        "progress": floats,
        "bytes_done": counts,
        "bytes_total": counts,
        "rate": floats,
        "eta": floats,
        "error": texts,
    }
)
in_flight = st.fixed_dictionaries({"part_number": counts, "bytes_sent": counts})
progress = st.fixed_dictionaries(
    {
        "file_id": ids,
        "state": states,
        "waiting_for": st.sampled_from(["", "network"]),
        "error": texts,
        "bytes_done": counts,
        "parts_done": counts,
        "parts_in_flight": st.lists(in_flight, max_size=2),
    }
)
origins = st.sampled_from(["", "null", "http://localhost:8888", "https://hub\r\nx: y", "\ud800"])


def kind(name: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"kind": st.just(name), **fields})


requests = st.one_of(
    kind("compare_object", file_id=ids, part_size=counts, **hashes),
    kind("complete_files", files=st.lists(complete, max_size=3)),
    kind("diagnose", file_id=ids, origin=origins),
    kind(
        "report_progress",
        number=counts,
        summary=summaries,
        files=st.lists(progress, max_size=2),
        removed=st.lists(ids, max_size=2),
        last_order=counts,
        tried=st.fixed_dictionaries({"number": counts, "reached": st.booleans()}),
    ),
)


@st.composite
def conversations(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Files that are picked and opened, and anything that is said of them in between."""
    said: list[dict[str, Any]] = []
    for file_id in ("file_0001", "file_0002"):
        name = draw(st.sampled_from(NAMES))
        size = draw(st.sampled_from([0, 1, len(THERE), 48 * MiB]))
        said += [picked(file_id, name, size), opened(file_id)]
    for request in draw(st.lists(requests, min_size=1, max_size=10)):
        said.insert(draw(st.integers(0, len(said))), request)
    return said


def picked(file_id: str, name: str, size: int) -> dict[str, Any]:
    nothing = {"type": "", "if_exists": "", "key": "", "upload_id": "", "twin": False}
    file = {"file_id": file_id, "name": name, "path": name, "size": size, "last_modified": 0}
    return {"kind": "pick_files", "origin": "", "files": [file | nothing]}


def opened(file_id: str) -> dict[str, Any]:
    return {"kind": "create_multipart_upload", "file_id": file_id, "refused": []}


@pytest.fixture(scope="module")
def bucket(moto: S3Server) -> Iterator[str]:
    with moto.bucket() as name:
        moto.client.put_object(Bucket=name, Key="raw/a.bin", Body=THERE)
        yield name


@pytest.mark.seconds(10)
@settings(
    deadline=None,
    max_examples=settings().max_examples * 3 // 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(said=conversations())
def test_whatever_a_page_reports_nothing_escapes_and_nothing_counts_as_uploaded(
    moto: S3Server, bucket: str, said: list[dict[str, Any]]
) -> None:
    widget = UploadWidget(bucket, "raw", client=moto.client, part_size=5 * MiB)
    page = NearPage(widget)
    try:
        for number, request in enumerate(said):
            page.tell({"rid": f"{number}", "client": page.client, "request": request})
            until(lambda: not widget._controller._dispatcher._under_way, 60, "an answer")
        assert len(page.heard) >= len(said)
        assert [each for each in replies(page) if each.get("code") == "internal"] == []
        # What Jupyter has to send on: plain JSON, in UTF-8.
        json.dumps([page.published, widget.error], default=str, allow_nan=False).encode()
        assert (widget.value, moto.keys(bucket)) == ((), ["raw/a.bin"])
        assert 0 <= widget.progress <= 1
    finally:
        widget.close()
        for key, upload_id in moto.upload_ids(bucket):
            moto.client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)


def replies(page: NearPage) -> Iterator[dict[str, Any]]:
    """Each reply, and each file's in it."""
    for heard in page.heard:
        if "reply" in heard:
            yield heard["reply"]
            yield from heard["reply"].get("files", ())


def test_each_of_these_requests_is_understood_when_it_is_well_formed(
    moto: S3Server, bucket: str
) -> None:
    """Or else they would only ever be refused for their form, and show nothing."""
    widget = UploadWidget(bucket, "raw", client=moto.client, part_size=5 * MiB)
    page = NearPage(widget)
    nothing: dict[str, Any] = {"parts_sha256": [], "parts_md5": [], "sha256": ""}
    hashed = {"parts_sha256": [sha256(b"")] * 2, "parts_md5": [], "sha256": "0" * 64, "etag": ""}
    name = "file_0001"
    asked = [
        picked(name, "a.bin", len(THERE)),
        {"kind": "compare_object", "file_id": name, "part_size": 0, **nothing},
        {"kind": "complete_files", "files": [{"file_id": name, "taken": False, **hashed}]},
        {"kind": "diagnose", "file_id": name, "origin": ""},
    ]
    for number, request in enumerate(asked):
        page.tell({"rid": f"{number}", "client": page.client, "request": request})
        until(lambda: not widget._controller._dispatcher._under_way, 60, "an answer")
    widget.close()

    told = {heard["rid"]: heard["reply"] for heard in page.heard if "reply" in heard}
    kinds = [told[number]["kind"] for number in "0123"]
    assert kinds == ["files_picked", "object_cut", "files_completed", "diagnosed"]
    assert told["2"]["files"][0]["code"] != "invalid_message"
