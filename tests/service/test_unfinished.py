"""Uploads that nobody finished are listed and aborted."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from s3upload_widget.errors import AccessDeniedError, RefusedError
from s3upload_widget.unfinished import abort_unfinished, list_unfinished
from support.proxy.faults import Answer, Fault, Match
from support.servers.servers import one_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

each_server = one_of("ministack", "seaweed")


@pytest.fixture
def lab(each_server: S3Server) -> Iterator[str]:
    with each_server.bucket() as bucket:
        yield bucket


def begin(server: S3Server, bucket: str, key: str, *sizes: int) -> str:
    client = server.client
    upload_id = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    for number, size in enumerate(sizes, start=1):
        client.upload_part(
            Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=b"x" * size
        )
    return upload_id


def test_what_is_unfinished_is_told_with_its_parts(each_server: S3Server, lab: str) -> None:
    upload_id = begin(each_server, lab, "raw/run 7é.bin", 8, 8, 3)

    (found,) = list_unfinished(f"s3://{lab}/raw/", client=each_server.client)

    assert (found.name, found.uri) == ("run 7é.bin", f"s3://{lab}/raw/run 7é.bin")
    assert (found.bytes_done, found.parts_done, found.part_size) == (19, 3, 8)
    assert found.upload_id == upload_id
    assert upload_id not in repr(found)
    assert str(found) == found.uri
    now = datetime.now(timezone.utc)
    assert now - timedelta(minutes=1) < found.started <= found.last_part_at + timedelta(seconds=1)
    assert found.last_part_at <= now + timedelta(seconds=1)


def test_an_upload_without_parts_is_as_old_as_its_beginning(
    each_server: S3Server, lab: str
) -> None:
    begin(each_server, lab, "run7.bin")

    (found,) = list_unfinished(f"s3://{lab}", client=each_server.client)

    assert (found.bytes_done, found.parts_done, found.part_size) == (0, 0, 0)
    assert found.last_part_at == found.started


def test_an_address_is_a_folder_or_one_key_and_no_beginning_of_names(
    each_server: S3Server, lab: str
) -> None:
    for key in ("raw", "raw/a", "raw/b/c", "raw2", "raw-x/a"):
        begin(each_server, lab, key)

    def keys(uri: str) -> list[str]:
        unfinished = list_unfinished(uri, client=each_server.client)
        return [found.uri.split("/", 3)[3] for found in unfinished]

    assert keys(f"s3://{lab}/raw/") == ["raw/a", "raw/b/c"]
    assert keys(f"s3://{lab}/raw") == ["raw", "raw/a", "raw/b/c"]
    assert keys(f"s3://{lab}/raw/a") == ["raw/a"]
    assert keys(f"s3://{lab}/") == ["raw", "raw-x/a", "raw/a", "raw/b/c", "raw2"]


def test_one_is_aborted_and_is_gone(each_server: S3Server, lab: str) -> None:
    begin(each_server, lab, "a", 8)
    begin(each_server, lab, "b", 8)

    first, _ = list_unfinished(f"s3://{lab}", client=each_server.client)
    first.abort()
    first.abort()

    assert [key for key, _ in each_server.upload_ids(lab)] == ["b"]


def test_only_what_is_old_enough_is_aborted(each_server: S3Server, lab: str) -> None:
    begin(each_server, lab, "a", 8)
    uri, client = f"s3://{lab}", each_server.client

    assert abort_unfinished(uri, client=client) == ()
    assert abort_unfinished(uri, older_than="12h", client=client) == ()
    assert abort_unfinished(uri, older_than=timedelta(minutes=5), client=client) == ()
    assert len(each_server.upload_ids(lab)) == 1

    would = abort_unfinished(uri, older_than=timedelta(seconds=-5), dry_run=True, client=client)
    assert [found.name for found in would] == ["a"]
    assert len(each_server.upload_ids(lab)) == 1

    done = abort_unfinished(uri, older_than=timedelta(seconds=-5), client=client)
    assert [found.name for found in done] == ["a"]
    assert each_server.upload_ids(lab) == []


def test_more_than_a_thousand_are_all_listed_and_aborted(ministack: S3Server, bucket: str) -> None:
    for number in range(1_001):
        begin(ministack, bucket, f"raw/{number:04}")
    uri, client = f"s3://{bucket}/raw/", ministack.client

    assert [found.name for found in list_unfinished(uri, client=client)] == [
        f"{number:04}" for number in range(1_001)
    ]
    assert len(abort_unfinished(uri, older_than=timedelta(seconds=-5), client=client)) == 1_001
    assert ministack.upload_ids(bucket) == []


def test_what_is_unfinished_can_be_copied_and_made_a_table_without_its_id(
    ministack: S3Server, bucket: str
) -> None:
    upload_id = begin(ministack, bucket, "raw/run7.bin", 8)
    (found,) = list_unfinished(f"s3://{bucket}", client=ministack.client)

    fields = dataclasses.asdict(found)

    assert (fields["uri"], fields["bytes_done"]) == (found.uri, 8)
    assert upload_id not in str(fields)
    assert copy.deepcopy([found]) == [found]
    assert copy.copy(found).upload_id == upload_id
    with pytest.raises(RefusedError, match=r"knows no client: list_unfinished\(\)"):
        pickle.loads(pickle.dumps(found)).abort()  # noqa: S301 - of our own


def test_two_that_look_the_same_are_two(ministack: S3Server, bucket: str) -> None:
    for _ in range(2):
        begin(ministack, bucket, "k")

    assert len(set(list_unfinished(f"s3://{bucket}", client=ministack.client))) == 2


@pytest.mark.parametrize(
    "older_than", [7, None, "", "7", "d", "-1d", "1.5h", "7 days", "9" * 30 + "d"]
)
def test_an_age_that_cannot_be_read_is_refused(older_than: Any) -> None:
    with pytest.raises(RefusedError, match=r"older_than=.*give '7d'"):
        abort_unfinished("s3://lab", older_than=older_than)


@pytest.mark.parametrize("uri", ["lab", "/data/raw", "https://lab/raw", "s3://", ""])
def test_what_is_no_address_of_s3_is_refused(uri: str) -> None:
    with pytest.raises(RefusedError, match=re.escape("give s3://bucket")):
        list_unfinished(uri)


def test_a_missing_permission_is_named(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    proxy.play(Fault(Answer(403, "AccessDenied"), Match(operation="ListMultipartUploads"), 1_000))

    with pytest.raises(AccessDeniedError, match="s3:ListBucketMultipartUploads"):
        list_unfinished(f"s3://{bucket}", client=ministack.at(proxy.url).client)
