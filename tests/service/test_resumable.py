"""Which unfinished uploads may be continued, on servers that tell much and on those that do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from s3upload_widget import checksums
from s3upload_widget.errors import AccessDeniedError, S3UnavailableError
from s3upload_widget.parts import Limits, PartPlan
from s3upload_widget.s3 import Store
from s3upload_widget.transfer import find_resumable_uploads
from support.proxy.faults import Answer, Fault, Match
from support.servers.servers import one_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

KEY = "raw/a b+é%~&=.bin"
SMALL = Limits(min_part_size=4, max_part_size=64, max_parts=10, default_part_size=8)
PLAN = PartPlan(27, 8)
"""Parts of 8, 8, 8 and 3 bytes."""
FOREVER = 1_000

each_server = one_of("moto", "ministack", "seaweed")


@pytest.fixture
def store(each_server: S3Server) -> Iterator[Store]:
    with each_server.bucket() as bucket:
        yield Store(bucket, each_server.client)


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
    found = find_resumable_uploads(store, KEY, plan, limits=SMALL)
    assert found.denied == ""
    return [(each.part_size, [part.part_number for part in each.parts]) for each in found.uploads]


def test_where_nothing_was_begun_nothing_is_found(store: Store) -> None:
    begin(store, {1: 8}, key=f"{KEY}2")
    begin(store, {1: 8}, key=f"other/{KEY}")

    assert sizes_found(store) == []


def test_the_upload_of_exactly_this_key_is_found(store: Store) -> None:
    upload_id = begin(store, {1: 8, 3: 8})
    begin(store, {1: 8}, key=f"{KEY}2")

    (found,) = find_resumable_uploads(store, KEY, PLAN, limits=SMALL).uploads

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

    (found,) = find_resumable_uploads(store, KEY, PLAN, limits=SMALL).uploads

    assert not found.sha256


def test_listed_checksums_say_that_the_upload_keeps_sha256(
    ministack: S3Server, bucket: str
) -> None:
    store = Store(bucket, ministack.client)
    begin(store, {1: 8, 2: 8})

    (found,) = find_resumable_uploads(store, KEY, PLAN, limits=SMALL).uploads

    assert found.sha256


def test_one_part_without_a_checksum_says_that_none_are_asked_for(
    ministack: S3Server, bucket: str
) -> None:
    store = Store(bucket, ministack.client)
    upload_id = begin(store, {1: 8}, algorithm="")
    sent = {"PartNumber": 2, "Body": b"x" * 8, "ChecksumSHA256": checksums.sha256(b"x" * 8)}
    ministack.client.upload_part(Bucket=bucket, Key=KEY, UploadId=upload_id, **sent)  # type: ignore[arg-type]

    (found,) = find_resumable_uploads(store, KEY, PLAN, limits=SMALL).uploads

    assert not found.sha256


def test_where_listing_is_denied_what_was_remembered_is_found(
    watched: Store, proxy: FaultyProxy
) -> None:
    upload_id = begin(watched, {1: 8})
    gone = begin(watched, {1: 8})
    watched.abort_multipart_upload(KEY, gone)
    denied = Fault(Answer(403, "AccessDenied"), Match(operation="ListMultipartUploads"), FOREVER)
    proxy.play(denied)

    found = find_resumable_uploads(watched, KEY, PLAN, remembered=[gone, upload_id], limits=SMALL)

    assert [each.upload_id for each in found.uploads] == [upload_id]
    assert "s3:ListBucketMultipartUploads" in found.denied
    assert find_resumable_uploads(watched, KEY, PLAN, limits=SMALL).uploads == ()
    with pytest.raises(AccessDeniedError, match="s3:ListBucketMultipartUploads"):
        list(watched.list_multipart_uploads("raw/"))


def test_where_the_parts_may_not_be_listed_the_missing_permission_is_named(
    watched: Store, proxy: FaultyProxy
) -> None:
    begin(watched, {1: 8})
    proxy.play(Fault(Answer(403, "AccessDenied"), Match(operation="ListParts"), FOREVER))

    found = find_resumable_uploads(watched, KEY, PLAN, limits=SMALL)

    assert found.uploads == ()
    assert "s3:ListMultipartUploadParts" in found.denied


def test_a_server_that_is_down_does_not_make_anybody_begin_anew(
    watched: Store, proxy: FaultyProxy
) -> None:
    proxy.play(Fault(Answer(503, "SlowDown"), Match(operation="ListMultipartUploads"), FOREVER))

    with pytest.raises(S3UnavailableError):
        find_resumable_uploads(watched, KEY, PLAN, limits=SMALL)
