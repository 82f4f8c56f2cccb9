"""The ends of what S3 takes: sizes, numbers, keys, metadata, and headers that buckets ask for."""

from __future__ import annotations

import contextlib
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest

from s3upload_widget import protocol
from s3upload_widget.checksums import sha256
from s3upload_widget.errors import ProtocolError
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from support.clients.sender import ORIGIN, Sender
from support.servers.servers import one_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

GiB: Final = 1 << 30
TB: Final = 10**12
CHECKSUM: Final = {"x-amz-checksum-sha256": sha256(b"")}
OWNER: Final = {"x-amz-expected-bucket-owner": "123456789012"}
PAYER: Final = {"x-amz-request-payer": "requester"}
KEY_ID: Final = "arn:aws:kms:eu-central-1:123456789012:key/1234"

ASKED_FOR: Final[tuple[tuple[dict[str, Any], dict[str, str], dict[str, str]], ...]] = (
    # extra_args, the headers that make an object, and those of each of its parts
    ({"ServerSideEncryption": "AES256"}, {"x-amz-server-side-encryption": "AES256"}, {}),
    (
        {
            "ServerSideEncryption": "aws:kms",
            "SSEKMSKeyId": KEY_ID,
            "SSEKMSEncryptionContext": "eyJsYWIiOiAiMSJ9",
            "BucketKeyEnabled": True,
        },
        {
            "x-amz-server-side-encryption": "aws:kms",
            "x-amz-server-side-encryption-aws-kms-key-id": KEY_ID,
            "x-amz-server-side-encryption-context": "eyJsYWIiOiAiMSJ9",
            "x-amz-server-side-encryption-bucket-key-enabled": "true",
        },
        {},
    ),
    ({"RequestPayer": "requester"}, PAYER, PAYER),
    ({"ExpectedBucketOwner": "123456789012"}, OWNER, OWNER),
    (
        {
            "ObjectLockMode": "COMPLIANCE",
            "ObjectLockRetainUntilDate": datetime(2030, 1, 1, tzinfo=timezone.utc),
            "ObjectLockLegalHoldStatus": "ON",
        },
        {
            "x-amz-object-lock-mode": "COMPLIANCE",
            "x-amz-object-lock-retain-until-date": "2030-01-01T00:00:00Z",
            "x-amz-object-lock-legal-hold": "ON",
        },
        {},
    ),
)


def of_extra_args(value: object) -> str:
    return "-".join(value) if isinstance(value, dict) else ""


@pytest.mark.parametrize(("extra_args", "of_object", "of_part"), ASKED_FOR, ids=of_extra_args)
def test_what_a_bucket_asks_for_is_signed_where_s3_takes_it(
    ministack: S3Server,
    extra_args: dict[str, Any],
    of_object: dict[str, str],
    of_part: dict[str, str],
) -> None:
    store = Store("lab-data", ministack.client, extra_args=extra_args)

    single = store.presign_put_object("k", size=0, sha256=CHECKSUM["x-amz-checksum-sha256"])
    part = store.presign_upload_part("k", "u", 1, size=1, sha256=CHECKSUM["x-amz-checksum-sha256"])

    # A checksum too, without which S3 takes nothing into a bucket with Object Lock.
    algorithm = {"x-amz-sdk-checksum-algorithm": "SHA256"}
    assert single.headers == CHECKSUM | algorithm | of_object
    assert part.headers == CHECKSUM | of_part
    for url in (single, part):
        (signed,) = parse_qs(urlsplit(url.url).query)["X-Amz-SignedHeaders"]
        assert set(signed.split(";")) == {"host", "content-length", *url.headers}


@pytest.mark.parametrize(("extra_args", "of_object", "of_part"), ASKED_FOR, ids=of_extra_args)
def test_what_a_bucket_asks_for_is_asked_of_it_by_the_kernel_too(
    sink: FaultyProxy,
    ministack: S3Server,
    extra_args: dict[str, Any],
    of_object: dict[str, str],
    of_part: dict[str, str],
) -> None:
    store = Store("lab-data", ministack.at(sink.url).client, extra_args=extra_args)

    for ask in (
        lambda: store.create_multipart_upload("k", content_type=""),
        lambda: store.upload_part("k", "u", 1, b"", sha256=sha256(b"")),
        lambda: store.list_parts("k", "u"),
        lambda: store.complete_multipart_upload("k", "u", [], size=0),
        lambda: store.head_object("k"),
    ):
        with contextlib.suppress(Exception):  # a sink gives no answer that means anything
            ask()

    said = {each.operation: each.request.headers for each in sink.exchanges}
    made = said.pop("CreateMultipartUpload")
    assert made.get("x-amz-checksum-algorithm") == "SHA256"
    assert {name: made.get(name) for name in of_object} == of_object
    assert {"UploadPart", "ListParts", "CompleteMultipartUpload", "HeadObject"} <= set(said)
    for operation, headers in said.items():
        assert {name: headers.get(name) for name in of_part} == of_part, operation
        assert [name for name in set(of_object) - set(of_part) if name in headers] == []


@pytest.mark.parametrize(
    ("size", "part_size", "total"),
    [
        (50 * TB, 4769 * 1024**2, 9999),
        (5 * GiB, 16 * 1024**2, 320),
        (160_000 * 1024**2, 16 * 1024**2, 10_000),
    ],
    ids=["50 TB", "5 GiB", "10,000 parts of 16 MiB"],
)
def test_the_largest_files_are_planned_and_their_last_part_signed(
    ministack: S3Server, bucket: str, size: int, part_size: int, total: int
) -> None:
    service = Service(Store(bucket, ministack.client))
    sender = Sender(service, b"")
    plan = picked(sender, size)

    assert (plan.part_size, plan.parts_total) == (part_size, total)

    created = service.handle(protocol.CreateMultipartUpload(file_id=sender.file_id, refused=[]))
    assert isinstance(created, protocol.MultipartUploadCreated)
    last, beyond = sign(service, sender.file_id, total), sign(service, sender.file_id, total + 1)
    assert isinstance(last, protocol.PresignedPart)
    assert f"partNumber={total}&" in last.url
    assert beyond is None or isinstance(beyond, protocol.RefusedPart)


def test_a_part_of_5_gib_is_the_largest(ministack: S3Server, bucket: str) -> None:
    service = Service(Store(bucket, ministack.client), part_size=5 * GiB)
    sender = Sender(service, b"")

    assert picked(sender, 5 * GiB).parts_total == 1
    assert isinstance(sign(service, sender.file_id, 1), protocol.PresignedPart)


def picked(sender: Sender, size: int) -> protocol.PlannedFile:
    """Pick a file that is said to be so large."""
    pick = protocol.Pick(**{**as_dict(sender.as_pick()), "size": size})
    reply = sender.service.handle(protocol.PickFiles(origin=ORIGIN, files=[pick]))
    assert isinstance(reply, protocol.FilesPicked)
    (planned,) = reply.files
    assert isinstance(planned, protocol.PlannedFile), planned
    return planned


def as_dict(pick: protocol.Pick) -> dict[str, Any]:
    return {name: getattr(pick, name) for name in pick.__struct_fields__}


def sign(
    service: Service, file_id: str, number: int
) -> protocol.PresignedPart | protocol.RefusedPart | protocol.StoredPart | None:
    """Have one part signed; None where no message can name it."""
    content = {
        "file_id": file_id,
        "part_number": number,
        "sha256": sha256(b""),
        "md5": "",
        "refused": [],
        "perhaps_stored": False,
    }
    request = {"kind": "presign_parts", "parts": [content], "origins": []}
    try:
        envelope = protocol.decode({"rid": "1", "client": "page-0001", "request": request})
    except ProtocolError:
        return None
    reply = service.handle(envelope.request)
    assert isinstance(reply, protocol.PartsPresigned)
    return reply.parts[0]


each_server = one_of("ministack", "seaweed")


@pytest.fixture
def lab(each_server: S3Server) -> Iterator[str]:
    with each_server.bucket() as bucket:
        yield bucket


@pytest.mark.parametrize("letter", ["a", "é"], ids=["ASCII", "not ASCII"])
@pytest.mark.parametrize("data", [b"hello", b"x" * (5 << 20) + b"tail"], ids=["one part", "parts"])
def test_a_key_of_1024_bytes_is_taken(
    each_server: S3Server, lab: str, letter: str, data: bytes
) -> None:
    name = "/".join([(letter * 200).encode()[:200].decode()] * 5)
    name += "/" + "k" * (1_023 - len(name.encode()))
    assert len(name.encode()) == 1_024
    service = Service(Store(lab, each_server.client), part_size=5 << 20, key=name)

    reply = Sender(service, data).upload()

    assert isinstance(reply, protocol.MultipartUploadCompleted), reply
    assert each_server.keys(lab) == [name]


@pytest.mark.parametrize("data", [b"hello", b"x" * (5 << 20) + b"tail"], ids=["one part", "parts"])
def test_metadata_of_2048_bytes_that_are_no_ascii_arrives(
    ministack: S3Server, bucket: str, data: bytes
) -> None:
    # Each é is six bytes on its way.
    metadata = {"owner": "é" * 300, "x": "y" * (2_048 - 5 - 1_800 - 1)}
    store = Store(bucket, ministack.client, extra_args={"Metadata": metadata})

    Sender(Service(store, part_size=5 << 20), data).upload()

    head = ministack.client.head_object(Bucket=bucket, Key="run7.csv")
    assert head["Metadata"] == {"owner": "%C3%A9" * 300, "x": metadata["x"]}
