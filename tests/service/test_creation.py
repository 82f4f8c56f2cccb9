"""A server that lists no parts is found out before the first byte is sent to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3upload_widget import upload_file
from s3upload_widget.errors import AccessDeniedError, S3Error
from s3upload_widget.parts import MiB
from support.proxy.faults import FOREVER, Answer, Fault, Match

if TYPE_CHECKING:
    from pathlib import Path

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "run7.bin"
    path.write_bytes(bytes(6 * MiB))
    return path


@pytest.mark.parametrize(
    ("status", "code"), [(404, "NoSuchKey"), (405, "MethodNotAllowed"), (501, "NotImplemented")]
)
def test_nothing_is_sent_to_a_server_that_lists_no_parts(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path, status: int, code: str
) -> None:
    proxy.play(Fault(Answer(status, code), Match(operation="ListParts"), FOREVER))
    client = ministack.at(proxy.url).client

    with pytest.raises(S3Error, match=f"does not list the parts .*{code}.*part_size=6291456"):
        upload_file(file, f"s3://{bucket}/k", client=client, part_size=5 * MiB, progress=False)

    assert not proxy.of("UploadPart")
    assert ministack.upload_ids(bucket) == []
    whole = upload_file(file, f"s3://{bucket}/k", client=client, part_size=6 * MiB, progress=False)
    assert whole.verified_by == "sha256"


def test_nothing_is_sent_where_listing_parts_is_denied(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path
) -> None:
    proxy.play(Fault(Answer(403, "AccessDenied"), Match(operation="ListParts"), FOREVER))
    client = ministack.at(proxy.url).client

    with pytest.raises(AccessDeniedError, match="s3:ListMultipartUploadParts"):
        upload_file(file, f"s3://{bucket}/k", client=client, part_size=5 * MiB, progress=False)

    assert not proxy.of("UploadPart")
    assert ministack.upload_ids(bucket) == []


def test_a_server_that_knows_of_an_upload_a_moment_later_is_asked_again(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path
) -> None:
    proxy.play(Fault(Answer(404, "NoSuchUpload"), Match(operation="ListParts"), 2))
    client = ministack.at(proxy.url).client

    uploaded = upload_file(
        file, f"s3://{bucket}/k", client=client, part_size=5 * MiB, progress=False
    )

    assert uploaded.verified_by == "sha256"
    assert len(proxy.of("CreateMultipartUpload")) == 1
