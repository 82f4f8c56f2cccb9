"""Objects as other programs make them, and what AWS tells of their parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3upload_widget.checksums import sha256
from support.faults import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from types_boto3_s3.type_defs import CompletedPartTypeDef

    from support.servers import S3Server


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
