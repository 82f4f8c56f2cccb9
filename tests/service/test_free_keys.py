"""Which keys are free is told by lists, where these cost less than a look at each key."""

from __future__ import annotations

import random
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

import boto3
import pytest
from botocore.config import Config

from s3upload_widget.s3 import Store
from support.servers.canned import NS, canned

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from support.servers.canned import Script
    from support.servers.servers import S3Server

NAMES: Final = (
    "a.csv",
    "a b.csv",
    "ä+ö.csv",
    "数据.csv",
    "🚀.csv",
    "x%2Fy.csv",
    "z&<.csv",
)


def listing(
    keys: Sequence[str], page_size: int, *, reverse: bool = False, folders_first: bool = False
) -> Script:
    """ListObjectsV2 as S3 answers it of these keys, or as a server with an order of its own."""

    def place(name: str) -> bytes:
        return name.encode().replace(b"/", b"\0") if folders_first else name.encode()

    def script(_: str, query: dict[str, str]) -> str:
        prefix, after = query.get("prefix", ""), query.get("start-after", "")
        names = sorted(keys, key=place, reverse=reverse)
        fit = [n for n in names if n.startswith(prefix) and place(n) > place(after)]
        found = "".join(
            f"<Contents><Key>{escape(n)}</Key><Size>1</Size></Contents>" for n in fit[:page_size]
        )
        more = str(len(fit) > page_size).lower()
        return f"<ListBucketResult {NS}><IsTruncated>{more}</IsTruncated>{found}</ListBucketResult>"

    return script


@contextmanager
def listed_by(script: Script) -> Iterator[tuple[Store, list[str]]]:
    """A store whose server answers so, and what it was asked to begin after."""
    asked_after: list[str] = []

    def watched(method: str, query: dict[str, str]) -> str:
        asked_after.append(query.get("start-after", ""))
        return script(method, query)

    with canned(watched) as url:
        client = boto3.client(
            "s3",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="a",
            aws_secret_access_key="s",
            config=Config(s3={"addressing_style": "path"}),
        )
        yield Store("lab-data", client), asked_after


@pytest.mark.parametrize("server", ["ministack", "seaweed", "moto"])
def test_a_list_tells_which_keys_are_free(server: str, request: pytest.FixtureRequest) -> None:
    s3: S3Server = request.getfixturevalue(server)
    with s3.bucket() as bucket:
        there = [f"raw/{name}" for name in NAMES]
        for key in [*there, "raw", "raw0", "other.csv"]:
            s3.client.put_object(Bucket=bucket, Key=key, Body=b"x")
        free = [f"raw/{n}{name}" for n in range(3) for name in NAMES]

        assert Store(bucket, s3.client).list_free_keys([*there, *free]) == set(free)


@pytest.mark.parametrize("folders_first", [False, True], ids=["bytes", "folders"])
@pytest.mark.parametrize("seed", range(4))
def test_a_key_that_is_taken_is_never_told_to_be_free(seed: int, *, folders_first: bool) -> None:
    dice = random.Random(seed)  # noqa: S311 - repeatable, no secret
    universe = [f"{dice.choice('ab')}{dice.choice('/ .x数')}{n // 9}/{n}" for n in range(600)]
    universe += [f"a/{n}.csv" for n in range(60)]
    taken = dice.sample(universe, dice.choice([60, 400]))
    wanted = dice.sample(universe, 200)

    with listed_by(listing(taken, page_size=50, folders_first=folders_first)) as (store, pages):
        free = store.list_free_keys(wanted)

    assert free
    assert not free & set(taken)
    assert len(pages) <= 10
    if len(pages) < 10:
        assert len(free) > len(set(wanted) - set(taken)) / 2


def test_where_folders_are_sorted_first_no_object_is_leapt_over() -> None:
    there = ["raw/a/b.csv"]
    wanted = ["raw/a b.csv", *there, *(f"raw/z{n}" for n in range(30))]

    with listed_by(listing(there, page_size=9, folders_first=True)) as (store, _):
        assert store.list_free_keys(wanted) == set(wanted) - set(there)


def test_lists_leap_over_what_nobody_asked_for() -> None:
    between = [f"raw/{folder}/{n:04}" for folder in "bcdefgh" for n in range(300)]
    wanted = [f"raw/{folder}/{n:02}.csv" for folder in ("a", "i") for n in range(30)]

    with listed_by(listing(between, page_size=100)) as (store, pages):
        assert store.list_free_keys(wanted) == set(wanted)

    assert len(pages) == 2


def test_a_list_that_would_cost_more_than_looking_at_each_key_is_given_up() -> None:
    others = [f"raw/{n:05}.bin" for n in range(0, 8_000, 2)]
    wanted = [f"raw/{n:05}.bin" for n in range(1, 8_000, 200)]

    with listed_by(listing(others, page_size=100)) as (store, pages):
        free = store.list_free_keys(wanted)

    assert len(pages) == 2
    assert len(free) < len(wanted)
    with listed_by(listing(others, page_size=100)) as (store, pages):
        assert store.list_free_keys(wanted[:19]) == set()
    assert pages == []


def test_a_list_of_few_keys_is_worth_as_many_requests_as_it_is_said_to_be() -> None:
    others = [f"raw/{n:05}.bin" for n in range(0, 8_000, 2)]
    wanted = [f"raw/{n:05}.bin" for n in range(1, 14, 2)]

    with listed_by(listing(others, page_size=100)) as (store, pages):
        assert store.list_free_keys(wanted, 3) == set(wanted)
        assert len(pages) == 1
        assert store.list_free_keys(wanted[:2], 3) == set()
    assert len(pages) == 1


def test_a_server_that_lists_in_an_order_of_its_own_is_not_believed() -> None:
    keys = [f"raw/{n:03}" for n in range(40)]

    with listed_by(listing(keys[10:], page_size=1000, reverse=True)) as (store, _):
        assert store.list_free_keys(keys) == set()
