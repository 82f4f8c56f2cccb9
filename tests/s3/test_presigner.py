"""URLs that carry exactly one part, against servers that check them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from s3upload_widget.checksums import md5, sha256
from s3upload_widget.s3 import ObjectFound, Store
from support.clients.sender import put
from support.servers.servers import one_of
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.servers.servers import S3Server

MiB = 1 << 20
KEY = "raw/a b+é%~&=.bin"
DATA = [b"x" * (5 * MiB), b"tail"]

server = one_of("ministack", "seaweed")


@pytest.fixture
def store(server: S3Server) -> Iterator[Store]:
    with server.bucket() as bucket:
        yield Store(bucket, server.client)


def open_upload(store: Store) -> str:
    opened = store.create_multipart_upload(KEY, content_type="text/csv")
    assert opened.sha256
    return opened.upload_id


def test_a_part_is_refused_whose_bytes_are_not_the_signed_ones(store: Store) -> None:
    upload_id = open_upload(store)
    url = store.presign_upload_part(KEY, upload_id, 1, size=4, sha256=sha256(b"tail"))

    answer = put(url.url, url.headers, b"tall")

    assert (answer.status, answer.code) == (400, "BadDigest")
    assert store.list_parts(KEY, upload_id) == ()


@pytest.mark.parametrize("body", [b"", b"tai", b"tails"])
def test_a_part_is_refused_whose_length_is_not_the_signed_one(store: Store, body: bytes) -> None:
    upload_id = open_upload(store)
    url = store.presign_upload_part(KEY, upload_id, 1, size=4, sha256=sha256(b"tail"))

    assert put(url.url, url.headers, body).status in {400, 403}
    assert store.list_parts(KEY, upload_id) == ()


@pytest.mark.parametrize(
    ("signed", "instead"),
    [
        ("partNumber=1&", "partNumber=2&"),
        ("/raw/", "/other/"),
        ("X-Amz-Expires=3", "X-Amz-Expires=4"),
    ],
)
def test_a_url_is_refused_after_anything_in_it_was_changed(
    store: Store, signed: str, instead: str
) -> None:
    upload_id = open_upload(store)
    url = store.presign_upload_part(KEY, upload_id, 1, size=4, sha256=sha256(b"tail"))
    changed = url.url.replace(signed, instead)

    assert changed != url.url
    assert put(changed, url.headers, b"tail").status == 403


def test_a_part_is_refused_without_the_headers_that_were_signed(store: Store) -> None:
    upload_id = open_upload(store)
    url = store.presign_upload_part(
        KEY, upload_id, 1, size=4, sha256=sha256(b"tail"), md5=md5(b"tail")
    )

    assert set(url.headers) == {"x-amz-checksum-sha256", "content-md5"}
    for name in url.headers:
        fewer = {key: value for key, value in url.headers.items() if key != name}
        assert put(url.url, fewer, b"tail").status in {400, 403}
    assert put(url.url, url.headers, b"tail").status == 200


@pytest.mark.parametrize("data", [b"", b"hello"], ids=["empty", "small"])
def test_one_put_makes_an_object_with_its_checksum(store: Store, data: bytes) -> None:
    url = store.presign_put_object(
        KEY, size=len(data), sha256=sha256(data), content_type="text/csv"
    )

    assert put(url.url, url.headers, data).status == 200

    look = store.head_object(KEY)
    assert isinstance(look, ObjectFound)
    assert (look.size, look.sha256, look.content_type) == (len(data), sha256(data), "text/csv")


def test_one_put_that_must_not_overwrite_does_not(store: Store) -> None:
    first, second = (
        store.presign_put_object(KEY, size=1, sha256=sha256(data), must_not_exist=True)
        for data in (b"1", b"2")
    )

    assert put(first.url, first.headers, b"1").status == 200
    assert put(second.url, second.headers, b"2").status == 412


def test_every_signed_header_is_handed_out_but_those_of_the_browser(server: S3Server) -> None:
    store = Store(
        "lab-data",
        server.client,
        extra_args={
            "CacheControl": "no-cache",
            "ContentType": "text/x-lab",
            "Metadata": {"owner": "Jürgen  Ü"},
            "RequestPayer": "requester",
            "StorageClass": "STANDARD_IA",
            "Tagging": "a=b",
        },
    )

    url = store.presign_put_object(
        KEY, size=4, sha256=sha256(b"tail"), content_type="text/csv", must_not_exist=True
    )

    signed = unquote(re.findall(r"X-Amz-SignedHeaders=([^&]*)", url.url)[0]).split(";")
    assert set(url.headers) | {"host", "content-length"} == set(signed)
    assert url.headers == {
        "cache-control": "no-cache",
        "content-type": "text/x-lab",
        "if-none-match": "*",
        "x-amz-checksum-sha256": sha256(b"tail"),
        "x-amz-meta-owner": "J%C3%BCrgen %C3%9C",
        "x-amz-request-payer": "requester",
        "x-amz-sdk-checksum-algorithm": "SHA256",
        "x-amz-storage-class": "STANDARD_IA",
        "x-amz-tagging": "a=b",
    }
    part = store.presign_upload_part(KEY, "id", 1, size=4, sha256=sha256(b"tail"))
    assert part.headers == {
        "x-amz-checksum-sha256": sha256(b"tail"),
        "x-amz-request-payer": "requester",
    }


def test_an_upload_id_and_a_url_are_not_in_a_repr(store: Store) -> None:
    opened = store.create_multipart_upload(KEY, content_type="")
    url = store.presign_upload_part(KEY, opened.upload_id, 1, size=4, sha256=sha256(b"tail"))

    assert opened.upload_id not in repr(opened)
    assert "X-Amz" not in repr(url)


def test_a_url_is_refused_when_its_time_is_over(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3upload_widget.s3.calls.URL_LIFETIME", 1)
    url = store.presign_put_object(KEY, size=1, sha256=sha256(b"1"))

    assert url.expires_in == 1
    refused = until(lambda: (found := put(url.url, url.headers, b"1")).status == 403 and found)
    assert refused
