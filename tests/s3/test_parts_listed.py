"""Parts as S3 lists them: page by page, twice, in circles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from s3upload_widget.errors import S3Error
from s3upload_widget.s3 import Store, connect
from support.servers.canned import canned, parts_page

if TYPE_CHECKING:
    from support.servers.canned import Script


def list_from(script: Script) -> list[tuple[int, str]]:
    with canned(script) as url:
        client = connect(endpoint_url=url, access_key="k", secret_key="s", region="us-east-1")
        return [(part.part_number, part.etag) for part in Store("lab", client).list_parts("k", "u")]


def test_parts_are_listed_page_by_page() -> None:
    pages = {
        "0": parts_page((1, "a", "10:00:00"), (2, "b", "10:00:00"), truncated=True, marker=2),
        "2": parts_page((3, "c", "10:00:00"), truncated=True),  # tells no marker
        "3": parts_page((4, "d", "10:00:00")),
    }

    listed = list_from(lambda _, query: pages[query["part-number-marker"]])

    assert listed == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]


def test_of_a_part_listed_twice_the_newest_counts() -> None:
    page = parts_page(
        (2, "new", "10:00:01"),
        (2, "old", "10:00:00"),
        (1, "old", "10:00:00"),
        (1, "new", "10:00:01"),
    )

    assert list_from(lambda *_: page) == [(1, "new"), (2, "new")]


def test_parts_that_are_equally_new_are_all_listed_once() -> None:
    page = parts_page((1, "a", "10:00:00"), (1, "b", "10:00:00"), (1, "a", "10:00:00"))

    assert list_from(lambda *_: page) == [(1, "a"), (1, "b")]


@pytest.mark.parametrize("parts", [(), ((1, "a", "10:00:00"),)], ids=["empty", "the same"])
def test_a_server_that_lists_in_circles_is_not_followed(parts: tuple[Any, ...]) -> None:
    with pytest.raises(S3Error, match="in circles"):
        list_from(lambda *_: parts_page(*parts, truncated=True, marker=0))
