"""Servers that refuse a header: learnt once, and the next strongest proof is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from s3upload_widget import upload_file
from s3upload_widget.doctor import check_bucket
from s3upload_widget.errors import S3Error
from s3upload_widget.parts import MiB
from s3upload_widget.s3 import NoObject, Store
from support.proxy.faults import FOREVER, HEADER_REFUSALS, Answer, Fault, Match

if TYPE_CHECKING:
    from pathlib import Path

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

HEADERS: Final = (
    # the operation, the header, how much is sent, and what proves it
    ("CreateMultipartUpload", "x-amz-checksum-algorithm", 6, "md5"),
    ("UploadPart", "x-amz-checksum-sha256", 6, "sha256"),  # this server computes its own
    ("CompleteMultipartUpload", "x-amz-mp-object-size", 6, "sha256"),
    ("CompleteMultipartUpload", "if-none-match", 6, "sha256"),
    ("HeadObject", "x-amz-checksum-mode", 1, "md5"),
    ("PutObject", "x-amz-sdk-checksum-algorithm", 1, "sha256"),
    ("PutObject", "x-amz-checksum-sha256", 1, "md5"),
    ("PutObject", "if-none-match", 1, "sha256"),
)


@pytest.mark.parametrize(("status", "code", "said"), HEADER_REFUSALS)
@pytest.mark.parametrize(("operation", "header", "size", "proof"), HEADERS)
def test_a_header_that_is_refused_is_left_out(
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    operation: str,
    header: str,
    size: int,
    proof: str,
    status: int,
    code: str,
    said: str,
) -> None:
    answer = Answer(status, code, message=said.format(header))
    proxy.play(Fault(answer, Match(operation=operation, header=header), FOREVER))
    client = ministack.at(proxy.url).client
    (tmp_path / "a").write_bytes(b"a" * size * MiB)

    uploaded = upload_file(
        tmp_path / "a", f"s3://{bucket}/a", client=client, part_size=5 * MiB, progress=False
    )

    assert uploaded.verified_by == proof
    assert ministack.body(bucket, "a") == b"a" * size * MiB


def test_it_is_learnt_once_for_a_store(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    header = "x-amz-checksum-mode"
    refused = Answer(400, "InvalidArgument", message="no")
    proxy.play(Fault(refused, Match(operation="HeadObject", header=header), FOREVER))
    store = Store(bucket, ministack.at(proxy.url).client)

    assert store.head_object("a") == NoObject()
    assert store.refused_headers == (header,)
    before = len(proxy.of("HeadObject"))

    assert [store.head_object(key) for key in "bc"] == [NoObject()] * 2

    assert len(proxy.of("HeadObject")) == before + 2


def test_a_refusal_for_another_reason_teaches_nothing(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    proxy.play(Fault(Answer(400, "InvalidArgument"), Match(operation="PutObject"), FOREVER))
    store = Store(bucket, ministack.at(proxy.url).client)

    with pytest.raises(S3Error, match="InvalidArgument"):
        store.put_object("k", b"x", sha256="A" * 43 + "=")

    assert store.refused_headers == ()


def test_the_check_names_what_is_refused(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    header = "x-amz-checksum-sha256"
    refused = Answer(501, "NotImplemented")
    proxy.play(Fault(refused, Match(operation="UploadPart", header=header), FOREVER))

    report = check_bucket(f"s3://{bucket}", client=ministack.at(proxy.url).client)

    (finding,) = [each for each in report.findings if each.check == "headers"]
    assert header in finding.what
    assert report.ok
