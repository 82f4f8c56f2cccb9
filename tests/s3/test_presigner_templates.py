"""URLs that no longer come from botocore are those that botocore would have signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.config import Config

from s3upload_widget.checksums import md5, sha256
from s3upload_widget.s3 import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3upload_widget.s3 import PresignedUrl

KEYS: Final = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "very/secret+"}
NAMES: Final = ("run7.bin", "raw/a b+é%~&=;.bin", "~*(x)!'/[]{}|^`.csv", "a:@,$/#?.txt")
STYLE: Final = Config(s3={"addressing_style": "path"})
HOSTS: Final[dict[str, Any]] = {
    name: {"use_dualstack_endpoint": name == "dual", "use_accelerate_endpoint": name == "fast"}
    for name in ("dual", "fast")
}
POINT: Final = "arn:aws:s3:eu-west-1:123456789012:accesspoint/lab"
STORES: Final[dict[str, dict[str, Any]]] = {
    "AWS": {},
    "a session token": {"aws_session_token": "to/ken+with=signs"},
    "the first region": {"region_name": "us-east-1"},
    "China": {"region_name": "cn-north-1"},
    "path style": {"config": STYLE},
    "dual-stack": {"config": Config(s3=HOSTS["dual"])},
    "acceleration": {"config": Config(s3=HOSTS["fast"])},
    "a bucket with a dot": {"bucket": "lab.data"},
    "an access point": {"bucket": POINT},
    "a server with a port": {"endpoint_url": "http://127.0.0.1:9000"},
    "a server without one": {"endpoint_url": "http://s3.example.org"},
    "a port that says nothing": {"endpoint_url": "https://s3.example.org:443"},
    "a path before the bucket": {"endpoint_url": "https://example.org/s3"},
    "encryption": {
        "extra_args": {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/a  b"},
    },
    "metadata": {"extra_args": {"Metadata": {"who": "a  b ", "why": "x"}, "Tagging": "a=b&c=d"}},
    "requester pays": {"extra_args": {"RequestPayer": "requester"}},
}


def part(store: Store, name: str, number: int) -> PresignedUrl:
    data = name.encode() * number
    return store.presign_upload_part(
        name, f"id/of~{name}+=", number, size=len(data), sha256=sha256(data), md5=md5(data)
    )


def part_without_md5(store: Store, name: str, number: int) -> PresignedUrl:
    data = name.encode() * number
    return store.presign_upload_part(name, "u.p-_~", number, size=len(data), sha256=sha256(data))


def whole_file(store: Store, name: str, number: int) -> PresignedUrl:
    data = name.encode() * number
    return store.presign_put_object(
        name, size=len(data), sha256=sha256(data), content_type="text/csv; charset=utf-8"
    )


def guarded_file(store: Store, name: str, number: int) -> PresignedUrl:
    data = name.encode() * number
    return store.presign_put_object(
        name, size=len(data), must_not_exist=True, sha256=sha256(data), md5=md5(data)
    )


@pytest.mark.parametrize("sign", [part, part_without_md5, whole_file, guarded_file])
@pytest.mark.parametrize("options", STORES.values(), ids=STORES)
def test_a_template_signs_as_botocore_does(
    options: dict[str, Any], sign: Callable[[Store, str, int], PresignedUrl]
) -> None:
    store, botocores = store_of(**options), store_of(**options)
    sign(store, "the first one is botocore's own", 1)

    for number, name in enumerate(NAMES, 2):

        def sign_both(name: str = name, number: int = number) -> tuple[PresignedUrl, PresignedUrl]:
            botocores._calls._presigners.clear()
            return sign(botocores, name, number), sign(store, name, number)

        theirs, ours = in_one_second(sign_both)
        assert ours == theirs

    ((_, presigner),) = store._calls._presigners.values()
    assert None not in presigner._templates.values()


def test_renewed_credentials_sign_at_once() -> None:
    store = store_of()
    part(store, "run7.bin", 1)
    credentials = store._calls._clients.credentials()

    credentials.access_key, credentials.secret_key = "AKIAOTHER", "other"
    other: dict[str, Any] = {"aws_access_key_id": "AKIAOTHER", "aws_secret_access_key": "other"}

    theirs, ours = in_one_second(
        lambda: (part(store_of(**other), "a.bin", 2), part(store, "a.bin", 2))
    )
    assert theirs == ours


def store_of(
    *, bucket: str = "lab-data", extra_args: dict[str, Any] | None = None, **options: Any
) -> Store:
    client = boto3.client("s3", **{**KEYS, "region_name": "eu-central-1", **options})
    return Store(bucket, client, extra_args=extra_args or {})


def in_one_second(
    sign: Callable[[], tuple[PresignedUrl, PresignedUrl]],
) -> tuple[PresignedUrl, PresignedUrl]:
    """Two URLs of one second; a signature holds its time."""
    while True:
        first, second = sign()
        if date(first) == date(second):
            return first, second


def date(presigned: PresignedUrl) -> str:
    return parse_qs(urlsplit(presigned.url).query)["X-Amz-Date"][0]
