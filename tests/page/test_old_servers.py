"""Servers that know less than AWS: no SHA-256, no conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3upload_widget import protocol
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from s3upload_widget.uploader import upload_file
from support.clients.sender import (
    DATA,
    LARGE,
    NO_CONDITIONS,
    SINGLE,
    Sender,
    failed,
    put,
    service_at,
    verified_by,
)
from support.files import make_file
from support.proxy.faults import (
    Answer,
    Fault,
    FlipBit,
    Match,
    StripRequestHeaders,
    StripResponseHeaders,
)
from support.proxy.proxy import FaultyProxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from s3upload_widget.results import UploadedFile
    from support.page.browser import PageErrors
    from support.page.desk import Desk
    from support.servers.servers import S3Server

ALWAYS = 1_000


@pytest.fixture
def old_proxy(moto: S3Server) -> Iterator[FaultyProxy]:
    """A server that knows no checksum but MD5, as those of some years ago."""
    with FaultyProxy(moto.endpoint_url) as proxy:
        ancient = ("x-amz-checksum-*", "x-amz-sdk-checksum-*")
        proxy.play(
            Fault(StripRequestHeaders(ancient), times=ALWAYS),
            Fault(StripResponseHeaders(ancient), times=ALWAYS),
        )
        yield proxy


@pytest.fixture
def old(moto: S3Server, old_proxy: FaultyProxy) -> S3Server:
    return moto.at(old_proxy.url)


def guards(part: object) -> bool:
    """Whether the URL has S3 refuse where the key has an object."""
    assert isinstance(part, protocol.PresignedPart), part
    return "if-none-match" in part.headers


def test_a_server_that_knows_no_conditions_gets_one_put_without(watched: Service) -> None:
    sender = Sender(watched, SINGLE)
    sender.open()

    first, again = sender.presign(1)[0], sender.presign(1)[0]
    sender.refused = [NO_CONDITIONS]
    without = sender.presign(1)[0]

    assert [guards(part) for part in (first, again, without)] == [True, True, False]


def test_without_conditions_an_object_that_arrived_is_not_overwritten_either(
    watched: Service, ministack: S3Server, bucket: str
) -> None:
    sender = Sender(watched, SINGLE, refused=[NO_CONDITIONS])
    sender.open()
    assert guards(sender.presign(1)[0])
    ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=b"other")

    (refused,) = sender.presign(1)

    assert isinstance(refused, protocol.RefusedPart)
    assert refused.code == "exists"


def test_a_page_sends_without_conditions_where_s3_knows_none(
    desk: Desk, page_errors: PageErrors, tmp_path: Path
) -> None:
    page_errors.expect_network()
    desk = desk.with_new_widget(client=desk.server.at(desk.proxy.url).client)
    file = make_file(tmp_path / "run7.csv", 10)
    unknown = Fault(Answer(501, "NotImplemented"), Match(operation="PutObject"))
    desk.proxy.play(unknown)
    desk.show()

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    conditions = ["if-none-match" in put.request.headers for put in desk.proxy.puts()]
    assert conditions == [True, False]


def test_a_server_that_knows_no_conditions_completes_without(
    watched: Service, proxy: FaultyProxy
) -> None:
    sender = Sender(watched, DATA)
    sender.open()
    sender.send()
    unknown = Fault(
        Answer(501, "NotImplemented"), Match(operation="CompleteMultipartUpload"), times=3
    )
    proxy.play(unknown)

    replies = [sender.complete() for _ in range(3)]

    assert proxy.played(unknown) >= 1
    assert verified_by(replies[-1]) == "sha256"


@pytest.mark.parametrize("data", [LARGE, SINGLE, b""], ids=["parts", "single", "empty"])
def test_a_server_without_sha256_proves_by_md5(old: S3Server, data: bytes) -> None:
    with old.bucket() as bucket:
        sender = Sender(Service(Store(bucket, old.client), part_size=5 << 20), data)

        assert verified_by(sender.upload()) == "md5"

        assert sender.md5
        assert old.body(bucket, "run7.csv") == data


def test_a_server_without_sha256_gets_no_part_without_md5(old: S3Server) -> None:
    with old.bucket() as bucket:
        sender = Sender(service_at(old, bucket), DATA)
        sender.open()
        sender.md5 = False

        (refused,) = sender.presign(1)

        assert isinstance(refused, protocol.RefusedPart)
        assert refused.code == "invalid_message"


def test_a_part_that_broke_on_its_way_to_an_old_server_is_asked_for(
    old: S3Server, old_proxy: FaultyProxy
) -> None:
    with old.bucket() as bucket:
        sender = Sender(Service(Store(bucket, old.client), part_size=5 << 20), LARGE)
        sender.open()
        old_proxy.play(Fault(FlipBit(), Match(operation="UploadPart", part_number=2)))
        sender.send()

        assert sender.complete() == protocol.PartsMissing(file_id="file_0001", part_numbers=[2])

        sender.send(2)
        assert verified_by(sender.complete()) == "md5"
        assert old.body(bucket, "run7.csv") == LARGE


def test_an_object_that_broke_on_its_way_to_an_old_server_is_never_taken(
    old: S3Server, old_proxy: FaultyProxy
) -> None:
    uploaded: list[UploadedFile] = []
    with old.bucket() as bucket:
        service = service_at(old, bucket, if_exists="overwrite", on_uploaded=uploaded.append)
        sender = Sender(service, SINGLE)
        sender.open()
        old_proxy.play(Fault(FlipBit(), Match(operation="PutObject")))
        sender.send()

        assert failed(sender.complete()) == "integrity"

        assert uploaded == []
        sender.send()
        assert verified_by(sender.complete()) == "md5"


def test_where_no_checksum_tells_whose_object_it_is_a_put_that_was_taken_is_ours(
    old: S3Server, tmp_path: Path
) -> None:
    """An ETag of what is encrypted with KMS is no MD5."""
    encrypted = {"ServerSideEncryption": "aws:kms"}
    file = make_file(tmp_path / "run8.csv", 10)
    with old.bucket() as bucket:
        sender = Sender(Service(Store(bucket, old.client, extra_args=encrypted)), SINGLE)

        assert verified_by(sender.upload()) == "size"

        assert old.body(bucket, "run7.csv") == SINGLE
        uri = f"s3://{bucket}/"
        done = upload_file(file, uri, client=old.client, extra_args=encrypted, progress=False)
        assert done.verified_by == "size"


def test_where_no_checksum_tells_whose_object_it_is_a_put_that_was_refused_is_not(
    old: S3Server,
) -> None:
    encrypted = {"ServerSideEncryption": "aws:kms"}
    with old.bucket() as bucket:
        sender = Sender(Service(Store(bucket, old.client, extra_args=encrypted)), SINGLE)
        sender.open()
        [part] = sender.presign(1)
        assert isinstance(part, protocol.PresignedPart)
        old.client.put_object(Bucket=bucket, Key="run7.csv", Body=SINGLE[::-1], **encrypted)  # type: ignore[arg-type]

        assert put(part.url, part.headers, SINGLE).status == 412
        sender.taken = True

        assert failed(sender.complete()) == "exists"
        assert old.body(bucket, "run7.csv") == SINGLE[::-1]


@pytest.mark.parametrize("transport", ["direct", "relay"])
@pytest.mark.parametrize(("status", "code"), [(501, "NotImplemented"), (400, "InvalidArgument")])
def test_a_page_sends_parts_without_a_header_that_s3_refuses(
    desk: Desk, page_errors: PageErrors, tmp_path: Path, status: int, code: str, transport: str
) -> None:
    page_errors.expect_network()
    header = "x-amz-checksum-sha256"
    refusal = Answer(status, code, message="no")
    desk.proxy.play(Fault(refusal, Match(operation="UploadPart", header=header), ALWAYS))
    desk = desk.with_new_widget(transport=transport)
    file, other = (make_file(tmp_path / name, 11 << 20, seed=len(name)) for name in ("a", "bb"))
    desk.show()

    desk.pick(file)
    desk.until_done()
    desk.pick(other)
    desk.until_done(2)

    desk.assert_arrived(file, other)
    of_other = [put for put in desk.proxy.puts() if put.path.endswith("/bb")]
    assert not any(header in put.request.headers for put in of_other)


@pytest.mark.parametrize("transport", ["direct", "relay"])
def test_a_row_says_which_part_size_a_server_with_few_part_numbers_takes(
    desk: Desk, page_errors: PageErrors, tmp_path: Path, transport: str
) -> None:
    page_errors.expect_network()
    swift = Answer(400, "InvalidArgument", message="Part number must be between 1 and 2")
    desk.proxy.play(Fault(swift, Match(operation="UploadPart", part_number=3), ALWAYS))
    desk = desk.with_new_widget(transport=transport)
    file = make_file(tmp_path / "run7.bin", 15 << 20)
    desk.show()
    desk.pick(file)

    desk.until_state("failed")

    assert "no part number above 2" in desk.widget.error
    assert f"part_size={8 << 20}" in desk.widget.error
    desk.discard()
    assert desk.upload_ids() == []
    desk.pick(file)
    desk.until_done()
    desk.assert_arrived(file)
