"""What proves an object or a part, and what does not. No server."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest

from s3upload_widget.checksums import composite_sha256, hexadecimal, md5, multipart_etag, sha256
from s3upload_widget.errors import IntegrityError, ProtocolError
from s3upload_widget.parts import PartPlan
from s3upload_widget.s3 import ListedPart, ObjectFound
from s3upload_widget.s3.store import LOOKS
from s3upload_widget.transfer import Hashes
from s3upload_widget.transfer.made import look_pause
from s3upload_widget.transfer.proof import (
    missing_parts,
    parts_without_checksum,
    unambiguous_parts,
    verify_object,
)

DATA = [b"aaaa", b"bbbb", b"c"]
SHA256 = [sha256(part) for part in DATA]
MD5 = [md5(part) for part in DATA]
PARTS = Hashes(parts=PartPlan(9, 4), sha256=SHA256, md5=[])
WITH_MD5 = replace(PARTS, md5=MD5)
SINGLE = Hashes(parts=PartPlan(1, 4), sha256=SHA256[2:], md5=MD5[2:])
WHEN = datetime(2026, 11, 22, tzinfo=timezone.utc)
RANDOM_ETAG = '"ffffffffffffffffffffffffffffffff"'


def found(
    size: int = 9, *, etag: str = "", checksum: str = "", encrypted: bool = False
) -> ObjectFound:
    return ObjectFound(
        size=size,
        etag=etag,
        sha256=checksum,
        version_id="",
        content_type="",
        last_modified=WHEN,
        encrypted=encrypted,
    )


def listed(number: int, *, etag: str = "", checksum: str = "", size: int = -1) -> ListedPart:
    return ListedPart(
        part_number=number,
        size=len(DATA[number - 1]) if size < 0 else size,
        etag=etag or f'"{hexadecimal(MD5[number - 1])}"',
        sha256=checksum,
        last_modified=WHEN,
    )


def missing(parts: list[ListedPart], hashes: Hashes = PARTS) -> list[int]:
    return missing_parts(unambiguous_parts(parts, hashes), hashes, {})


def test_a_part_whose_size_is_told_compressed_is_proven_by_its_md5_alone() -> None:
    compressed = [replace(part, size=2) for part in ALL]

    assert missing(compressed, WITH_MD5) == []
    assert missing(compressed, PARTS) == [1, 2, 3]
    echoed = [replace(part, sha256=SHA256[part.part_number - 1]) for part in compressed]
    assert missing(echoed, PARTS) == [1, 2, 3]
    assert missing([replace(part, size=-1) for part in echoed], PARTS) == []
    other = replace(compressed[1], etag=compressed[0].etag)
    assert missing([compressed[0], other, compressed[2]], WITH_MD5) == [2]


ETAG = f'"{multipart_etag(MD5)}"'
AN_ECHO = found(1, etag=RANDOM_ETAG, checksum=SHA256[2], encrypted=True)
ALL = [listed(1), listed(2), listed(3)]


@pytest.mark.parametrize(
    ("hashes", "object_found", "expected"),
    [
        pytest.param(PARTS, found(checksum=composite_sha256(SHA256)), "sha256", id="composite"),
        pytest.param(SINGLE, found(1, checksum=SHA256[2]), "sha256", id="single"),
        pytest.param(WITH_MD5, found(etag=ETAG), "md5", id="MD5 of MD5s"),
        pytest.param(SINGLE, found(1, etag=f'"{hexadecimal(MD5[2])}"'), "md5", id="MD5"),
        pytest.param(
            SINGLE, found(1, checksum=composite_sha256(SHA256[2:])), "sha256", id="one part"
        ),
        pytest.param(
            SINGLE, found(1, etag=f'"{multipart_etag(MD5[2:])}"'), "md5", id="MD5 of one part"
        ),
        pytest.param(PARTS, found(etag=ETAG), "size", id="no MD5 known"),
        pytest.param(
            WITH_MD5,
            found(etag=RANDOM_ETAG, encrypted=True),
            "size",
            id="an encrypted object's ETag",
        ),
        pytest.param(
            SINGLE,
            replace(AN_ECHO, on_aws=True),
            "sha256",
            id="an encrypted object's SHA-256",
        ),
        pytest.param(SINGLE, AN_ECHO, "size", id="one that nobody may have checked"),
        pytest.param(WITH_MD5, found(etag='"CJuo8+3u8/QCEAE="'), "size", id="no MD5 in the ETag"),
    ],
)
def test_an_object_is_proven_by_the_strongest_that_the_server_offers(
    hashes: Hashes, object_found: ObjectFound, expected: str
) -> None:
    assert verify_object(object_found, hashes, "s3://b/k") == expected


@pytest.mark.parametrize(
    ("hashes", "object_found"),
    [
        pytest.param(PARTS, found(8, checksum=composite_sha256(SHA256)), id="another size"),
        pytest.param(PARTS, found(checksum=composite_sha256(SHA256[::-1])), id="another order"),
        pytest.param(PARTS, found(checksum=SHA256[0]), id="another checksum"),
        pytest.param(
            WITH_MD5,
            found(etag=ETAG, checksum=composite_sha256(SHA256[::-1])),
            id="MD5 is no excuse",
        ),
        pytest.param(SINGLE, found(1, checksum=SHA256[0]), id="another single"),
        pytest.param(
            SINGLE,
            found(1, etag=f'"{hexadecimal(MD5[0])}"', checksum=SHA256[2]),
            id="SHA-256 that was only echoed",
        ),
        pytest.param(
            WITH_MD5,
            found(etag=f'"{multipart_etag(MD5[::-1])}"', checksum=composite_sha256(SHA256)),
            id="a composite that was only echoed",
        ),
        pytest.param(WITH_MD5, found(etag=f'"{multipart_etag(MD5[::-1])}"'), id="another MD5"),
    ],
)
def test_another_object_is_an_integrity_error_that_names_it(
    hashes: Hashes, object_found: ObjectFound
) -> None:
    with pytest.raises(IntegrityError, match="s3://b/k"):
        verify_object(object_found, hashes, "s3://b/k")


def test_parts_of_the_planned_sizes_are_there() -> None:
    assert missing(ALL) == []


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param([], [1, 2, 3], id="none"),
        pytest.param(ALL[:2], [3], id="one is not there"),
        pytest.param([listed(1, size=3), *ALL[1:]], [1], id="one is shorter"),
        pytest.param([listed(1, checksum=SHA256[1]), *ALL[1:]], [1], id="another checksum"),
    ],
)
def test_a_part_that_is_not_as_it_was_sent_is_missing(
    parts: list[ListedPart], expected: list[int]
) -> None:
    assert missing(parts) == expected


def test_a_part_that_was_signed_with_another_checksum_is_missing() -> None:
    assert missing_parts(unambiguous_parts(ALL, PARTS), PARTS, {2: SHA256[0], 3: SHA256[2]}) == [2]


def test_a_part_that_the_file_does_not_have_is_no_matter() -> None:
    beyond = replace(listed(1), part_number=4)

    assert missing([*ALL, beyond]) == []


def test_an_etag_that_differs_from_the_md5_is_a_missing_part() -> None:
    assert missing([listed(1, etag=RANDOM_ETAG), *ALL[1:]], WITH_MD5) == [1]


def test_etags_that_are_md5s_nowhere_say_nothing() -> None:
    assert missing([listed(number, etag=RANDOM_ETAG) for number in (1, 2, 3)], WITH_MD5) == []


def test_of_a_part_listed_twice_the_one_that_agrees_is_taken() -> None:
    wrong = listed(1, etag=RANDOM_ETAG)

    assert unambiguous_parts([wrong, *ALL], WITH_MD5)[1] == ALL[0]
    right = listed(1, checksum=SHA256[0])
    assert unambiguous_parts([listed(1, checksum=SHA256[1]), right], PARTS) == {1: right}


def test_a_part_listed_twice_of_which_nobody_can_tell_is_missing() -> None:
    assert missing([listed(1, etag=RANDOM_ETAG), *ALL]) == [1]


def test_parts_without_a_listed_checksum_are_unproven() -> None:
    parts = unambiguous_parts([listed(1, checksum=SHA256[0]), *ALL[1:]], PARTS)

    assert parts_without_checksum(parts) == [2, 3]


@pytest.mark.parametrize(("count", "md5s"), [(2, []), (4, []), (3, MD5[:2]), (3, ["", "", ""])])
def test_hashes_of_another_plan_are_refused(count: int, md5s: list[str]) -> None:
    with pytest.raises(ProtocolError):
        Hashes(parts=PartPlan(9, 4), sha256=(SHA256 * 2)[:count], md5=md5s)


def test_an_object_is_looked_for_longer_than_a_server_keeps_it_back() -> None:
    """As rclone up to 1.70 does, for 5 s: no chance may end the looks before."""
    pauses = [look_pause(failures) for failures in range(1, LOOKS)]

    assert pauses == sorted(pauses)
    assert 7 < sum(pauses) < 9
