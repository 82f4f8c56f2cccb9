"""Which unfinished uploads may be continued, on servers that tell much and on those that do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from s3upload_widget import checksums
from s3upload_widget.errors import AccessDeniedError, S3Error, S3UnavailableError
from s3upload_widget.parts import Limits, PartPlan
from s3upload_widget.resuming import candidates
from s3upload_widget.s3 import Store, connect
from support.canned import NS, canned
from support.faults import Answer, Fault, Match

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.canned import Script
    from support.proxy import FaultyProxy
    from support.servers import S3Server

KEY = "raw/a b+é%~&=.bin"
SMALL = Limits(min_part_size=4, max_part_size=64, max_parts=10, default_part_size=8)
PLAN = PartPlan(27, 8)
"""Parts of 8, 8, 8 and 3 bytes."""
FOREVER = 1_000


@pytest.fixture(params=["moto", "ministack", "seaweed"])
def server(request: pytest.FixtureRequest) -> S3Server:
    found: S3Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def store(server: S3Server) -> Iterator[Store]:
    with server.bucket() as bucket:
        yield Store(bucket, server.client)


@pytest.fixture
def watched(ministack: S3Server, proxy: FaultyProxy, bucket: str) -> Store:
    return Store(bucket, ministack.at(proxy.url).client)


def begin(store: Store, sizes: dict[int, int], *, key: str = KEY, algorithm: str = "SHA256") -> str:
    """Open an upload and send parts of these sizes, as a program that is then killed."""
    client: Any = store._clients.user()
    kind = {"ChecksumAlgorithm": algorithm} if algorithm else {}
    upload_id: str = client.create_multipart_upload(Bucket=store.bucket, Key=key, **kind)[
        "UploadId"
    ]
    for number, size in sizes.items():
        body = b"x" * size
        sent = {"ChecksumSHA256": checksums.sha256(body)} if algorithm == "SHA256" else kind
        client.upload_part(
            Bucket=store.bucket,
            Key=key,
            UploadId=upload_id,
            PartNumber=number,
            Body=body,
            **sent,
        )
    return upload_id


def sizes_found(store: Store, plan: PartPlan = PLAN) -> list[tuple[int, list[int]]]:
    found = candidates(store, KEY, plan, limits=SMALL)
    assert found.denied == ""
    return [
        (each.part_size, [part.part_number for part in each.parts]) for each in found.candidates
    ]


def test_where_nothing_was_begun_nothing_is_found(store: Store) -> None:
    begin(store, {1: 8}, key=f"{KEY}2")
    begin(store, {1: 8}, key=f"other/{KEY}")

    assert sizes_found(store) == []


def test_the_upload_of_exactly_this_key_is_found(store: Store) -> None:
    upload_id = begin(store, {1: 8, 3: 8})
    begin(store, {1: 8}, key=f"{KEY}2")

    (found,) = candidates(store, KEY, PLAN, limits=SMALL).candidates

    assert found.upload_id == upload_id
    assert found.part_size == 8
    assert found.bytes_listed == 16
    assert upload_id not in repr(found)


def test_of_several_the_one_with_most_listed_bytes_comes_first(store: Store) -> None:
    begin(store, {1: 8})
    begin(store, {})
    begin(store, {2: 8, 4: 3})

    assert sizes_found(store) == [(8, [2, 4]), (8, [1]), (8, [])]


def test_parts_of_another_size_are_continued_in_that_size(store: Store) -> None:
    begin(store, {2: 5, 3: 5})

    assert sizes_found(store) == [(5, [2, 3])]


def test_the_last_part_alone_tells_the_part_size(store: Store) -> None:
    begin(store, {5: 3})  # 6 + 6 + 6 + 6 + 3

    assert sizes_found(store) == [(6, [5])]


def test_uneven_parts_are_not_continued(store: Store) -> None:
    begin(store, {1: 8, 2: 7})
    begin(store, {1: 8, 5: 8})  # a longer file's

    assert sizes_found(store) == []


def test_a_part_size_that_s3_does_not_take_is_not_continued(store: Store) -> None:
    begin(store, {1: 3})
    begin(store, {1: 4})

    assert sizes_found(store, PartPlan(41, 8)) == []  # of 4 bytes it would be 11 parts


@pytest.mark.parametrize("name", ["moto", "ministack"])
def test_an_upload_with_another_checksum_is_another_programs(
    name: str, request: pytest.FixtureRequest
) -> None:
    server: S3Server = request.getfixturevalue(name)
    with server.bucket() as bucket:
        store = Store(bucket, server.client)
        begin(store, {1: 8}, algorithm="CRC32")

        assert sizes_found(store) == []


def test_an_upload_without_checksums_is_guarded_by_md5(store: Store) -> None:
    begin(store, {1: 8}, algorithm="")

    (found,) = candidates(store, KEY, PLAN, limits=SMALL).candidates

    assert not found.sha256


def test_listed_checksums_say_that_the_upload_keeps_sha256(
    ministack: S3Server, bucket: str
) -> None:
    store = Store(bucket, ministack.client)
    begin(store, {1: 8, 2: 8})

    (found,) = candidates(store, KEY, PLAN, limits=SMALL).candidates

    assert found.sha256


def test_one_part_without_a_checksum_says_that_none_are_asked_for(
    ministack: S3Server, bucket: str
) -> None:
    store = Store(bucket, ministack.client)
    upload_id = begin(store, {1: 8}, algorithm="")
    sent = {"PartNumber": 2, "Body": b"x" * 8, "ChecksumSHA256": checksums.sha256(b"x" * 8)}
    ministack.client.upload_part(Bucket=bucket, Key=KEY, UploadId=upload_id, **sent)  # type: ignore[arg-type]

    (found,) = candidates(store, KEY, PLAN, limits=SMALL).candidates

    assert not found.sha256


def test_where_listing_is_denied_what_was_remembered_is_found(
    watched: Store, proxy: FaultyProxy
) -> None:
    upload_id = begin(watched, {1: 8})
    gone = begin(watched, {1: 8})
    watched.abort(KEY, gone)
    denied = Fault(Answer(403, "AccessDenied"), Match(operation="ListMultipartUploads"), FOREVER)
    proxy.play(denied)

    found = candidates(watched, KEY, PLAN, remembered=[gone, upload_id], limits=SMALL)

    assert [each.upload_id for each in found.candidates] == [upload_id]
    assert "s3:ListBucketMultipartUploads" in found.denied
    assert candidates(watched, KEY, PLAN, limits=SMALL).candidates == ()
    with pytest.raises(AccessDeniedError, match="s3:ListBucketMultipartUploads"):
        list(watched.list_multipart_uploads("raw/"))


def test_where_the_parts_may_not_be_listed_the_missing_permission_is_named(
    watched: Store, proxy: FaultyProxy
) -> None:
    begin(watched, {1: 8})
    proxy.play(Fault(Answer(403, "AccessDenied"), Match(operation="ListParts"), FOREVER))

    found = candidates(watched, KEY, PLAN, limits=SMALL)

    assert found.candidates == ()
    assert "s3:ListMultipartUploadParts" in found.denied


def test_a_server_that_is_down_does_not_make_anybody_begin_anew(
    watched: Store, proxy: FaultyProxy
) -> None:
    proxy.play(Fault(Answer(503, "SlowDown"), Match(operation="ListMultipartUploads"), FOREVER))

    with pytest.raises(S3UnavailableError):
        candidates(watched, KEY, PLAN, limits=SMALL)


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
        found = candidates(Store("lab", client), "k", PLAN, remembered=["listed", "kept"])

    assert asked == ["listed", "kept"]
    assert "in circles" in found.denied
    assert len(found.candidates) == 0  # 8 bytes are below S3's least part size


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
        (found,) = candidates(Store("lab", client), "k", PLAN, limits=SMALL).candidates

    assert [(part.part_number, part.size) for part in found.parts] == [(1, 8)]
