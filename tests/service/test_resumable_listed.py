"""Uploads and parts as servers list them, where something is to be resumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3upload_widget.errors import S3Error
from s3upload_widget.parts import Limits, PartPlan
from s3upload_widget.s3 import Store, connect
from s3upload_widget.transfer import find_resumable_uploads
from support.servers.canned import NS, canned

if TYPE_CHECKING:
    from support.servers.canned import Script

SMALL = Limits(min_part_size=4, max_part_size=64, max_parts=10, default_part_size=8)
PLAN = PartPlan(27, 8)
"""Parts of 8, 8, 8 and 3 bytes."""


def uploads_page(*uploads: tuple[str, str], **told: str) -> str:
    """A page of ListMultipartUploads: each upload's key and id."""
    listed = "".join(
        f"<Upload><Key>{key}</Key><UploadId>{upload_id}</UploadId></Upload>"
        for key, upload_id in uploads
    )
    fields = "".join(f"<{name}>{value}</{name}>" for name, value in told.items())
    root = "ListMultipartUploadsResult"
    return f"<{root} {NS}>{fields}{listed}</{root}>"


def listed_by(script: Script, **wanted: str) -> list[tuple[str, str]]:
    with canned(script) as url:
        client = connect(endpoint_url=url, access_key="k", secret_key="s", region="us-east-1")
        uploads = Store("lab", client).list_multipart_uploads(**wanted)
        return [(found.key, found.upload_id) for found in uploads]


def test_uploads_are_listed_page_by_page_and_each_once() -> None:
    pages = {
        ("", ""): uploads_page(
            ("a", "1"), ("a", "2"), IsTruncated="true", NextKeyMarker="a", NextUploadIdMarker="2"
        ),
        ("a", "2"): uploads_page(
            ("a", "2"), ("b", "3"), IsTruncated="true", NextKeyMarker="b", NextUploadIdMarker="3"
        ),
        ("b", "3"): uploads_page(("c", "4"), IsTruncated="false"),
    }

    def script(_: str, query: dict[str, str]) -> str:
        return pages[query.get("key-marker", ""), query.get("upload-id-marker", "")]

    assert listed_by(script) == [("a", "1"), ("a", "2"), ("b", "3"), ("c", "4")]
    assert listed_by(script, key="a") == [("a", "1"), ("a", "2")]


def test_a_server_that_tells_only_the_next_upload_id_is_followed_by_that() -> None:
    def script(_: str, query: dict[str, str]) -> str:
        assert "key-marker" not in query
        if query.get("upload-id-marker") == "1":
            return uploads_page(("a", "2"), IsTruncated="false")
        return uploads_page(("b", "1"), IsTruncated="true", NextUploadIdMarker="1")

    assert listed_by(script) == [("b", "1"), ("a", "2")]


@pytest.mark.parametrize("told", [{}, {"NextUploadIdMarker": "1"}, {"NextKeyMarker": "b"}])
def test_a_server_that_lists_uploads_in_circles_is_not_followed(told: dict[str, str]) -> None:
    def script(*_: object) -> str:
        return uploads_page(("b", "1"), IsTruncated="true", **told)

    with pytest.raises(S3Error, match="in circles"):
        listed_by(script)


def test_what_a_broken_list_did_show_is_found_beside_what_was_remembered() -> None:
    asked: list[str] = []

    def script(_: str, query: dict[str, str]) -> str:
        if "uploadId" in query:
            asked.append(query["uploadId"])
            return f"<ListPartsResult {NS}><IsTruncated>false</IsTruncated></ListPartsResult>"
        return uploads_page(("k", "listed"), IsTruncated="true")

    with canned(script) as url:
        client = connect(endpoint_url=url, access_key="k", secret_key="s", region="us-east-1")
        found = find_resumable_uploads(
            Store("lab", client), "k", PLAN, remembered=["listed", "kept"]
        )

    assert asked == ["listed", "kept"]
    assert "in circles" in found.denied
    assert len(found.uploads) == 0  # 8 bytes are below S3's least part size


@pytest.mark.parametrize("times", [("10:00:00", "10:00:01"), ("10:00:00", "10:00:00")])
def test_a_part_listed_twice_fits_by_what_may_be_the_newest(times: tuple[str, str]) -> None:
    parts = "".join(
        f"<Part><PartNumber>1</PartNumber><ETag>{size}</ETag><Size>{size}</Size>"
        f"<LastModified>2026-11-22T{time}.000Z</LastModified></Part>"
        for size, time in zip((9, 8), times, strict=True)
    )

    def script(_: str, query: dict[str, str]) -> str:
        if "uploadId" in query:
            return (
                f"<ListPartsResult {NS}><IsTruncated>false</IsTruncated>{parts}</ListPartsResult>"
            )
        return uploads_page(("k", "1"), IsTruncated="false")

    with canned(script) as url:
        client = connect(endpoint_url=url, access_key="k", secret_key="s", region="us-east-1")
        (found,) = find_resumable_uploads(Store("lab", client), "k", PLAN, limits=SMALL).uploads

    assert [(part.part_number, part.size) for part in found.parts] == [(1, 8)]
