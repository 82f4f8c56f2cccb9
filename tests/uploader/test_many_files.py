"""Many files of one part: lists show which keys are free and what was sent, and HEAD the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3upload_widget.errors import ObjectExistsError
from s3upload_widget.s3 import Store
from s3upload_widget.uploader import Failure, Options, Outcome, upload_each
from s3upload_widget.uploader.key_lists import FreeKeys
from support.clients.scripts import SMALL, assert_is_there
from support.files import make_file, sha256_of_object
from support.proxy.faults import Answer, Fault, Match, StripRequestHeaders
from support.proxy.proxy import FaultyProxy

if TYPE_CHECKING:
    from pathlib import Path

    from support.servers.servers import S3Server

FILES = 60
FOREVER = 1_000


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Files of a few bytes, all different."""
    return [
        make_file(tmp_path / f"{number:03}.bin", 10 + number, number) for number in range(FILES)
    ]


def send_each(server: S3Server, files: list[Path], bucket: str) -> list[Outcome | Failure]:
    options = Options(client=server.client, limits=SMALL, progress=False)
    return upload_each([(path, "") for path in files], f"s3://{bucket}/raw/", options)


def assert_are_there(
    server: S3Server, outcomes: list[Outcome | Failure], files: list[Path]
) -> None:
    for outcome, path in zip(outcomes, files, strict=True):
        assert isinstance(outcome, Outcome), outcome
        assert outcome.stats.parts_done == 1
        assert_is_there(server, outcome.uploaded, path)


def test_lists_take_the_place_of_heads(
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    files: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("s3upload_widget.uploader.key_lists.FRESH", 600)

    outcomes = send_each(ministack.at(proxy.url), files, bucket)

    assert_are_there(ministack, outcomes, files)
    assert len(proxy.puts()) == FILES
    assert len(proxy.of("HeadObject")) < FILES / 3


def test_a_bucket_with_versions_says_each_by_head(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, files: list[Path]
) -> None:
    ministack.client.put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
    )

    outcomes = send_each(ministack.at(proxy.url), files, bucket)

    assert_are_there(ministack, outcomes, files)
    assert all(isinstance(each, Outcome) and each.uploaded.version_id for each in outcomes)
    for found in ministack.client.list_object_versions(Bucket=bucket)["Versions"]:
        ministack.client.delete_object(
            Bucket=bucket, Key=found["Key"], VersionId=found["VersionId"]
        )


@pytest.mark.parametrize("operation", ["ListObjectsV2", "HeadObject"])
def test_where_one_of_both_is_denied_the_other_tells(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, files: list[Path], operation: str
) -> None:
    proxy.play(Fault(Answer(403, "AccessDenied"), Match(operation=operation), FOREVER))

    outcomes = send_each(ministack.at(proxy.url), files, bucket)

    for outcome, path in zip(outcomes, files, strict=True):
        assert isinstance(outcome, Outcome)
        there = sha256_of_object(ministack.client, bucket, outcome.uploaded.key)
        assert there == outcome.uploaded.sha256
        assert path.stat().st_size == outcome.uploaded.size


def test_a_file_that_s3_took_and_does_not_show_is_sent_again(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, files: list[Path]
) -> None:
    proxy.play(Fault(Answer(200, "", empty=True), Match(operation="PutObject", key="030.bin")))

    outcomes = send_each(ministack.at(proxy.url), files, bucket)

    assert_are_there(ministack, outcomes, files)
    assert len(proxy.puts()) == FILES + 1


def test_a_key_that_is_taken_after_it_was_listed_keeps_its_object(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, files: list[Path]
) -> None:
    taken = [(path, number) for number, path in enumerate(files) if number % 20 == 7]
    for path, _ in taken:
        ministack.client.put_object(Bucket=bucket, Key=f"raw/{path.name}", Body=b"another's")

    outcomes = send_each(ministack.at(proxy.url), files, bucket)

    for path, number in taken:
        failed = outcomes[number]
        assert isinstance(failed, Failure)
        assert isinstance(failed.error, ObjectExistsError)
        found = ministack.client.get_object(Bucket=bucket, Key=f"raw/{path.name}")
        assert found["Body"].read() == b"another's"
    others = [path for path in files if path not in {each for each, _ in taken}]
    arrived = [each for each in outcomes if isinstance(each, Outcome)]
    assert_are_there(ministack, list(arrived), others)


def test_a_list_counts_while_it_is_fresh(
    ministack: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3upload_widget.uploader.key_lists.FRESH", 600)
    keys = [f"raw/{number:03}" for number in range(FILES)]
    free = FreeKeys(Store(bucket, ministack.client), keys)
    assert free.shows(keys[30])
    assert not free.shows("raw/unasked")
    ministack.client.put_object(Bucket=bucket, Key=keys[30], Body=b"another's")
    assert free.shows(keys[30])

    monkeypatch.setattr("s3upload_widget.uploader.key_lists.FRESH", 0)

    assert not free.shows(keys[30])


def test_lists_that_take_longer_than_they_count_are_given_up(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3upload_widget.uploader.key_lists.FRESH", 0)
    keys = [f"raw/{number:03}" for number in range(FILES)]
    free = FreeKeys(Store(bucket, ministack.at(proxy.url).client), keys)

    assert [free.shows(key) for key in keys] == [True] + [False] * (FILES - 1)
    assert len(proxy.of("ListObjectsV2")) == 1


def test_no_list_is_made_for_few_keys(ministack: S3Server, proxy: FaultyProxy, bucket: str) -> None:
    store = Store(bucket, ministack.at(proxy.url).client)

    assert not FreeKeys(store, ["a", "b"]).shows("a")
    assert proxy.of("ListObjectsV2") == ()


def test_a_server_that_ignores_conditions_is_asked_before_each_file_that_no_list_shows(
    moto: S3Server, files: list[Path]
) -> None:
    with moto.bucket() as bucket, FaultyProxy(moto.endpoint_url) as old:
        old.play(Fault(StripRequestHeaders(("if-none-match",)), times=FOREVER))
        old.play(Fault(Answer(403, "AccessDenied"), Match(operation="ListObjectsV2"), FOREVER))

        outcomes = send_each(moto.at(old.url), files, bucket)

        assert_are_there(moto, outcomes, files)
        assert len(old.of("HeadObject")) >= 2 * FILES
