from __future__ import annotations

import hashlib

import pytest

from s3upload_widget import checksums
from s3upload_widget.errors import IntegrityError

EMPTY_SHA256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


@pytest.mark.parametrize(
    ("data", "hexadecimal"),
    [
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ],
)
def test_sha256_is_that_of_the_standard(data: bytes, hexadecimal: str) -> None:
    assert checksums.hexadecimal(checksums.sha256(data)) == hexadecimal


def test_checksums_are_written_as_s3_writes_them() -> None:
    assert checksums.sha256(b"") == EMPTY_SHA256
    assert checksums.md5(b"") == "1B2M2Y8AsgTpgAmY7PhCfg=="


def test_a_composite_is_the_checksum_of_the_checksums_and_their_number() -> None:
    parts = [checksums.sha256(b"one"), checksums.sha256(b"two")]
    raw = hashlib.sha256(b"one").digest() + hashlib.sha256(b"two").digest()

    assert checksums.composite_sha256(parts) == checksums.sha256(raw) + "-2"


def test_a_composite_is_recognised_with_and_without_its_number() -> None:
    parts = [checksums.sha256(b"one"), checksums.sha256(b"two")]
    composite = checksums.composite_sha256(parts)

    assert checksums.same_composite(composite, parts)
    assert checksums.same_composite(composite.removesuffix("-2"), parts)


@pytest.mark.parametrize("other", ["", "-2", EMPTY_SHA256, f"{EMPTY_SHA256}-2"])
def test_another_composite_is_not_taken_for_ours(other: str) -> None:
    assert not checksums.same_composite(other, [checksums.sha256(b"one"), EMPTY_SHA256])


def test_the_order_of_parts_matters() -> None:
    parts = [checksums.sha256(b"one"), checksums.sha256(b"two")]

    assert not checksums.same_composite(checksums.composite_sha256(parts), parts[::-1])


def test_a_multipart_etag_is_the_md5_of_the_md5s_and_their_number() -> None:
    raw = hashlib.md5(b"one").digest() + hashlib.md5(b"two").digest()  # noqa: S324

    etag = checksums.multipart_etag([checksums.md5(b"one"), checksums.md5(b"two")])

    assert etag == hashlib.md5(raw).hexdigest() + "-2"  # noqa: S324


def test_etags_are_compared_without_quotes_and_case() -> None:
    assert checksums.same_etag('"ABC-1"', "abc-1")
    assert not checksums.same_etag('"abc-1"', '"abc-2"')


@pytest.mark.parametrize(
    ("etag", "expected"),
    [
        ('"d41d8cd98f00b204e9800998ecf8427e"', True),
        ("d41d8cd98f00b204e9800998ecf8427e-12", True),
        ('"d41d8cd98f00b204e9800998ecf8427e-0"', False),
        ('"CJuo8+3u8/QCEAE="', False),
        ("", False),
    ],
)
def test_an_etag_of_another_form_is_not_read_as_md5(etag: str, expected: bool) -> None:
    assert checksums.reads_as_md5(etag) == expected


def test_a_checksum_that_is_not_base64_is_an_integrity_error() -> None:
    with pytest.raises(IntegrityError, match="base64"):
        checksums.composite_sha256(["no checksum!"])
