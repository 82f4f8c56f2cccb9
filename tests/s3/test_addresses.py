"""The names by which a page reaches one bucket, and what is signed for each."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from s3upload_widget.errors import RefusedError
from s3upload_widget.s3 import Store

KEYS: dict[str, Any] = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
SHA256 = "A" * 43 + "="


def origins_of(bucket: str, region: str, config: Config | None = None) -> list[str]:
    client = boto3.client("s3", region_name=region, config=config, **KEYS)
    return list(Store(bucket, client).origins)


@pytest.mark.parametrize(
    ("region", "suffix", "first"),
    [
        ("eu-west-1", "amazonaws.com", "s3.eu-west-1"),
        ("us-east-1", "amazonaws.com", "s3"),
        ("us-gov-west-1", "amazonaws.com", "s3.us-gov-west-1"),
        ("cn-north-1", "amazonaws.com.cn", "s3.cn-north-1"),
    ],
)
def test_aws_knows_a_bucket_by_four_names(region: str, suffix: str, first: str) -> None:
    assert origins_of("lab-data", region) == [
        f"https://lab-data.{first}.{suffix}",
        f"https://s3.{region}.{suffix}",
        f"https://lab-data.s3.dualstack.{region}.{suffix}",
        f"https://s3.dualstack.{region}.{suffix}",
    ]


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1", "us-gov-west-1", "cn-north-1"])
@pytest.mark.parametrize("style", ["virtual", "path"])
@pytest.mark.parametrize("dual_stack", [False, True])
def test_each_name_is_one_that_botocore_makes(region: str, style: str, dual_stack: bool) -> None:
    # By the path, botocore knows the region's own name beside the one for all regions.
    s3: Any = {"addressing_style": style, "use_dualstack_endpoint": dual_stack}
    s3 |= {"us_east_1_regional_endpoint": "regional"} if style == "path" else {}
    config = Config(signature_version="s3v4", s3=s3)
    client = boto3.client("s3", region_name=region, config=config, **KEYS)
    url = client.generate_presigned_url("put_object", Params={"Bucket": "lab-data", "Key": "k"})

    assert "/".join(url.split("/", 3)[:3]) in origins_of("lab-data", region)


def test_a_bucket_with_dots_has_no_name_of_its_own() -> None:
    assert origins_of("lab.data", "eu-west-1") == [
        "https://s3.eu-west-1.amazonaws.com",
        "https://s3.dualstack.eu-west-1.amazonaws.com",
    ]


def test_a_client_for_paths_goes_by_the_path_first() -> None:
    config = Config(s3={"addressing_style": "path"})

    first, *others = origins_of("lab-data", "eu-west-1", config)

    assert first == "https://s3.eu-west-1.amazonaws.com"
    assert len(set(others)) == 3


@pytest.mark.parametrize(
    ("bucket", "config"),
    [
        ("arn:aws:s3:eu-west-1:123456789012:accesspoint/lab", None),
        ("lab-abcdefghijklmnopqrstuvwxyz123-s3alias", None),
        ("lab-data", Config(use_fips_endpoint=True)),
        ("lab-data", Config(use_dualstack_endpoint=True)),
        ("lab-data", Config(s3={"use_accelerate_endpoint": True})),
    ],
    ids=["access point", "its alias", "FIPS", "dual-stack", "acceleration"],
)
def test_where_names_are_not_certain_there_is_one(bucket: str, config: Config | None) -> None:
    assert len(origins_of(bucket, "eu-west-1", config)) == 1


def test_a_server_has_the_names_that_the_user_gives() -> None:
    urls = ["https://one.example.org", "https://two.example.org:9000/s3", "https://one.example.org"]
    client = boto3.client("s3", endpoint_url="http://10.0.0.1:9000", **KEYS)

    assert Store("lab-data", client).origins == ("http://10.0.0.1:9000",)
    assert Store("lab-data", client, browser_endpoint_url=urls).origins == (
        "https://one.example.org",
        "https://two.example.org:9000",
    )
    assert Store("lab-data", client, browser_endpoint_url=[]).origins == ("http://10.0.0.1:9000",)


@pytest.mark.parametrize("urls", [["s3.example.org"], [""], [9000], b"https://x", [["https://x"]]])
def test_names_that_are_no_addresses_are_refused(urls: Any) -> None:
    with pytest.raises(RefusedError, match="several such addresses"):
        Store("lab-data", browser_endpoint_url=urls)


def test_a_part_is_signed_for_the_name_that_was_asked_for() -> None:
    client = boto3.client("s3", region_name="eu-west-1", **KEYS)
    store = Store("lab-data", client)

    def url_for(origin: str, number: int = 1) -> str:
        return store.presign_upload_part(
            "raw/run7.bin", "upload", number, size=5, sha256=SHA256, origin=origin
        ).url

    for origin in store.origins:
        # Twice, as the second one is made of a template.
        for url in (url_for(origin), url_for(origin, 2)):
            assert url.startswith(f"{origin}/")
            in_path = not urlsplit(origin).netloc.startswith("lab-data.")
            assert urlsplit(url).path == ("/lab-data" if in_path else "") + "/raw/run7.bin"
    signatures = {url_for(origin).rpartition("=")[2] for origin in store.origins}
    assert len(signatures) == 4


@pytest.mark.parametrize("origin", ["", "https://evil.example.org", "https://s3.eu-west-2.x", "//"])
def test_for_any_other_name_the_first_is_signed(origin: str) -> None:
    store = Store("lab-data", boto3.client("s3", region_name="eu-west-1", **KEYS))

    signed = store.presign_put_object("k", size=5, sha256=SHA256, origin=origin)

    assert signed.url.startswith(f"{store.browser_origin}/k?")


def test_code_of_users_gets_the_servers_address_without_a_password() -> None:
    def address(**options: Any) -> str:
        return Store(
            "lab-data", boto3.client("s3", region_name="eu-west-1", **KEYS, **options)
        ).endpoint_url

    assert address() == ""
    assert address(endpoint_url="http://ada:secret@10.0.0.7:9000/s3/") == "http://10.0.0.7:9000/s3"
