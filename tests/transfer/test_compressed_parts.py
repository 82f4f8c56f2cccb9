"""Servers that compress tell how much they keep of a part, not how much was sent."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from support.clients.scripts import assert_is_there, begin, send
from support.clients.sender import DATA, SMALL, Sender
from support.proxy.faults import Answer, Fault, Match
from support.servers.canned import NS

if TYPE_CHECKING:
    from pathlib import Path

    from s3upload_widget.service import Service
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server


def compressed(server: S3Server, bucket: str, key: str, upload_id: str) -> Fault:
    """What a server that compresses tells of the parts that are there."""
    parts = server.client.list_parts(Bucket=bucket, Key=key, UploadId=upload_id)["Parts"]
    told = "".join(
        f"<Part><PartNumber>{part['PartNumber']}</PartNumber><ETag>{part['ETag']}</ETag>"
        f"<Size>{part['Size'] - part['PartNumber']}</Size></Part>"
        for part in parts
    )
    listed = f"<ListPartsResult {NS}><IsTruncated>false</IsTruncated>{told}</ListPartsResult>"
    return Fault(Answer(200, "", document=listed), Match(operation="ListParts"))


def test_a_script_resumes_parts_whose_sizes_are_told_compressed(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    path = tmp_path / "run7.csv"
    path.write_bytes(os.urandom(5000))
    upload_id = begin(ministack, bucket, "k", path, [1, 2, 3])
    proxy.play(compressed(ministack, bucket, "k", upload_id))

    outcome = send(ministack.at(proxy.url), path, f"s3://{bucket}/k")

    assert_is_there(ministack, outcome.uploaded, path)
    assert sorted(put.part_number for put in proxy.puts()) == [4, 5]


def test_another_file_is_sent_beside_them(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    path = tmp_path / "run7.csv"
    path.write_bytes(os.urandom(5000))
    upload_id = begin(ministack, bucket, "k", path, [1, 2, 3])
    proxy.play(compressed(ministack, bucket, "k", upload_id))
    path.write_bytes(os.urandom(5000))

    outcome = send(ministack.at(proxy.url), path, f"s3://{bucket}/k")

    assert_is_there(ministack, outcome.uploaded, path)
    assert [found for _, found in ministack.upload_ids(bucket)] == [upload_id]


def test_a_page_is_offered_them_by_their_md5(
    watched: Service, ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    path = tmp_path / "run7.csv"
    path.write_bytes(DATA)
    size = SMALL.default_part_size
    upload_id = begin(ministack, bucket, "run7.csv", path, [1, 2, 3], part_size=size)
    proxy.play(compressed(ministack, bucket, "run7.csv", upload_id))

    created = Sender(watched, DATA).create()

    assert created.upload_id == upload_id
    assert [part.size for part in created.found] == [8, 8, 3]
    assert all(part.md5 and not part.sha256 for part in created.found)
