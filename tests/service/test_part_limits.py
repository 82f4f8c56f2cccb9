"""Servers with limits of their own: the message says which part size is taken, and how."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from s3upload_widget import upload_file
from s3upload_widget.doctor import check_bucket
from s3upload_widget.errors import S3Error
from s3upload_widget.parts import MiB, PartPlan
from s3upload_widget.s3 import Store
from support.proxy.faults import FOREVER, Answer, Fault, Match

if TYPE_CHECKING:
    from pathlib import Path

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

SWIFT = Answer(
    400,
    "InvalidArgument",
    message="Part number must be an integer between 1 and 2, inclusive",
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "run7.bin"
    path.write_bytes(bytes(15 * MiB))
    return path


def test_a_server_whose_part_numbers_end_says_which_part_size_is_enough(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path
) -> None:
    proxy.play(Fault(SWIFT, Match(operation="UploadPart", part_number=3), FOREVER))
    client = ministack.at(proxy.url).client

    with pytest.raises(S3Error, match=r"no part number above 2, .*part_size=8388608.*restart=True"):
        upload_file(file, f"s3://{bucket}/k", client=client, part_size=5 * MiB, progress=False)

    done = upload_file(
        file,
        f"s3://{bucket}/k",
        client=client,
        part_size=8 * MiB,
        restart=True,
        progress=False,
    )
    assert done.size == 15 * MiB


@pytest.mark.parametrize(("status", "code"), [(413, ""), (413, "Entity"), (400, "EntityTooLarge")])
def test_a_part_that_is_too_large_names_a_smaller_part_size(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path, status: int, code: str
) -> None:
    proxy.play(Fault(Answer(status, code), Match(operation="UploadPart", part_number=1), FOREVER))
    client = ministack.at(proxy.url).client

    with pytest.raises(
        S3Error, match=r"takes no part of 12582912 bytes.*part_size=5242880.*restart=True"
    ):
        upload_file(file, f"s3://{bucket}/k", client=client, part_size=12 * MiB, progress=False)


def test_the_next_plan_obeys_what_was_learnt(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    proxy.play(Fault(SWIFT, Match(operation="UploadPart", part_number=3), FOREVER))
    store = Store(bucket, ministack.at(proxy.url).client)
    upload_id = store.create_multipart_upload("k", content_type="").upload_id
    before = PartPlan(15 * MiB, 5 * MiB)
    assert store.part_limits.obeyed(before) == before

    with pytest.raises(S3Error):
        store.upload_part("k", upload_id, 3, b"x", sha256="A" * 43 + "=")

    assert store.part_limits.obeyed(before).count == 2


def test_the_check_tries_part_ten_thousand(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    swift = Answer(400, "InvalidArgument", message="Part number must be between 1 and 1000")
    proxy.play(Fault(swift, Match(operation="UploadPart", part_number=10_000), FOREVER))

    report = check_bucket(f"s3://{bucket}", client=ministack.at(proxy.url).client)

    (finding,) = [each for each in report.findings if each.check == "parts"]
    assert "1,000 parts" in finding.what
    assert report.ok
    assert ministack.upload_ids(bucket) == []


def test_a_server_that_takes_all_parts_is_not_mentioned(ministack: S3Server, bucket: str) -> None:
    report = check_bucket(f"s3://{bucket}", client=ministack.client)

    assert "parts" not in [each.check for each in report.findings]


def test_a_part_that_rclone_has_is_not_replaced_and_a_restart_is_offered(
    rclone: S3Server, file: Path
) -> None:
    client = rclone.client
    with rclone.bucket() as bucket:
        upload_id = client.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
        for number, body in ((1, bytes(5 * MiB)), (2, b"x" * 5 * MiB)):
            client.upload_part(
                Bucket=bucket, Key="k", UploadId=upload_id, PartNumber=number, Body=body
            )

        with pytest.raises(S3Error, match=re.compile(r"does not replace part 2 .*restart=True")):
            upload_file(file, f"s3://{bucket}/k", client=client, part_size=5 * MiB, progress=False)

        done = upload_file(
            file,
            f"s3://{bucket}/k",
            client=client,
            part_size=5 * MiB,
            restart=True,
            progress=False,
        )
        assert done.verified_by in {"md5", "sha256", "size"}
        assert rclone.body(bucket, "k") == bytes(15 * MiB)
