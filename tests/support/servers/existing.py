"""Objects as other programs make them, and what AWS tells of their parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from xml.sax.saxutils import escape

from boto3.s3.transfer import TransferConfig

from s3upload_widget import upload_file
from s3upload_widget.checksums import sha256
from support.clients import scripts
from support.page.desk import PART
from support.page.uploading import MiB
from support.proxy.faults import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from types_boto3_s3.type_defs import CompletedPartTypeDef

    from support.page.desk import Desk
    from support.servers.servers import S3Server


def ours(desk: Desk, file: Path) -> None:
    """As a script of ours does."""
    uri = f"s3://{desk.bucket}/{file.name}"
    upload_file(file, uri, client=desk.server.client, part_size=PART, progress=False)


def boto3s(desk: Desk, file: Path) -> None:
    """As boto3 does."""
    parts = TransferConfig(multipart_chunksize=8 * MiB)
    desk.server.client.upload_file(str(file), desk.bucket, file.name, Config=parts)


def boto3s_with_sha256(desk: Desk, file: Path) -> None:
    """As boto3 does where it is asked for checksums."""
    parts = TransferConfig(multipart_chunksize=8 * MiB)
    desk.server.client.upload_file(
        str(file), desk.bucket, file.name, {"ChecksumAlgorithm": "SHA256"}, Config=parts
    )


def one_put(desk: Desk, file: Path) -> None:
    """In one piece."""
    desk.server.client.put_object(Bucket=desk.bucket, Key=file.name, Body=file.read_bytes())


def one_put_with_sha256(desk: Desk, file: Path) -> None:
    """In one piece, with its checksum."""
    desk.server.client.put_object(
        Bucket=desk.bucket, Key=file.name, Body=file.read_bytes(), ChecksumAlgorithm="SHA256"
    )


def begin(
    desk: Desk,
    file: Path,
    parts: tuple[int, ...],
    part_size: int = PART,
    algorithm: Literal["SHA256", "CRC32"] = "SHA256",
) -> str:
    """Begin an upload as another program would, and send some of its parts; the upload id."""
    where = (desk.server, desk.bucket, file.name)
    return scripts.begin(*where, file, parts, part_size=part_size, algorithm=algorithm)


def even(part_size: int, data: bytes) -> list[int]:
    """Cut as most programs do."""
    return [part_size] * -(-len(data) // part_size)


def make_of_parts(
    server: S3Server, bucket: str, key: str, sizes: Sequence[int], data: bytes
) -> None:
    """Make an object of parts of these sizes, the last as it comes, without checksums."""
    create = server.client.create_multipart_upload
    upload_id = create(Bucket=bucket, Key=key)["UploadId"]
    parts: list[CompletedPartTypeDef] = []
    start = 0
    for number, size in enumerate(sizes, 1):
        end = start + size if number < len(sizes) else len(data)
        answer = server.client.upload_part(
            Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=data[start:end]
        )
        parts.append({"PartNumber": number, "ETag": answer["ETag"]})
        start = end
    server.client.complete_multipart_upload(
        Bucket=bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts}
    )


def attributes(data: bytes, part_size: int) -> Answer:
    """Tell the checksums of an object's parts, which no server at hand does."""
    parts = [data[start : start + part_size] for start in range(0, len(data), part_size)]
    listed = "".join(
        f"<Part><PartNumber>{number}</PartNumber><Size>{len(part)}</Size>"
        f"<ChecksumSHA256>{sha256(part)}</ChecksumSHA256></Part>"
        for number, part in enumerate(parts, 1)
    )
    document = (
        '<GetObjectAttributesResponse xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<ObjectParts><IsTruncated>false</IsTruncated>{listed}</ObjectParts>"
        "</GetObjectAttributesResponse>"
    )
    return Answer(200, "", document=document)


def listed_parts(parts: Iterable[tuple[str, str, int]]) -> Answer:
    """List an upload's parts by their ETags, SHA-256 and sizes, as a server that echoes does."""
    listed = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(etag)}</ETag>"
        f"<ChecksumSHA256>{checksum}</ChecksumSHA256><Size>{size}</Size></Part>"
        for number, (etag, checksum, size) in enumerate(parts, 1)
    )
    document = (
        '<ListPartsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<ChecksumAlgorithm>SHA256</ChecksumAlgorithm><IsTruncated>false</IsTruncated>{listed}"
        "</ListPartsResult>"
    )
    return Answer(200, "", document=document)
