"""Clients derived from the user's: same credentials, endpoint and trust, our configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from s3upload_widget.checksums import sha256
from s3upload_widget.doctor import check_bucket
from s3upload_widget.errors import CredentialsError, RefusedError
from s3upload_widget.s3 import Store, connect
from s3upload_widget.s3.clients import is_aws
from s3upload_widget.uploader import upload_file
from support.clients.sender import put
from support.servers.aws import KEYS, aws_client, url_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.servers.servers import S3Server


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "us-gov-west-1", None])
def test_every_region_is_signed_with_version_4(region: str | None) -> None:
    url = url_of(Store("lab-data", aws_client(region_name=region)))

    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url
    assert "AWSAccessKeyId" not in url


@pytest.mark.parametrize(
    ("bucket", "options", "start"),
    [
        pytest.param("lab-data", {}, "https://lab-data.s3.eu-west-1.amazonaws.com/raw/", id="AWS"),
        pytest.param(
            "lab.data", {}, "https://s3.eu-west-1.amazonaws.com/lab.data/raw/", id="dotted name"
        ),
        pytest.param(
            "lab-data",
            {"endpoint_url": "https://minio.example.org:9000"},
            "https://minio.example.org:9000/lab-data/raw/",
            id="another server",
        ),
        pytest.param(
            "lab-data",
            {
                "endpoint_url": "https://oss.example.org",
                "config": Config(s3={"addressing_style": "virtual"}),
            },
            "https://lab-data.oss.example.org/raw/",
            id="another server that wants virtual hosts",
        ),
        pytest.param(
            "lab-data",
            {"config": Config(s3={"use_accelerate_endpoint": True})},
            "https://lab-data.s3-accelerate.amazonaws.com/raw/",
            id="acceleration",
        ),
        pytest.param(
            "lab-data",
            {"config": Config(use_dualstack_endpoint=True)},
            "https://lab-data.s3.dualstack.eu-west-1.amazonaws.com/raw/",
            id="dualstack",
        ),
    ],
)
def test_a_bucket_is_addressed_as_its_endpoint_wants_it(
    bucket: str, options: dict[str, Any], start: str
) -> None:
    store = Store(bucket, aws_client(**options))

    assert url_of(store).startswith(start)
    assert start.startswith(store.browser_origin)


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("https://s3.amazonaws.com", True),
        ("https://s3.eu-west-1.amazonaws.com", True),
        ("https://s3.cn-north-1.amazonaws.com.cn", True),
        ("https://s3-fips.us-east-1.amazonaws.com", True),
        ("https://bucket.vpce-1a2b.s3.us-east-1.vpce.amazonaws.com", False),
        ("https://s3.amazonaws.com.evil.example.org", False),
        ("http://127.0.0.1:9000", False),
    ],
)
def test_only_the_public_endpoints_of_aws_are_aws(endpoint: str, expected: bool) -> None:
    assert is_aws(endpoint) == expected


def test_the_page_is_sent_to_the_address_that_the_browser_knows(ministack: S3Server) -> None:
    store = Store(
        "lab-data", ministack.client, browser_endpoint_url="https://s3.example.org/storage"
    )

    assert url_of(store).startswith("https://s3.example.org/storage/lab-data/raw/a.csv?")
    assert store.browser_origin == "https://s3.example.org"
    assert ministack.endpoint_url in store.identity


def test_on_aws_the_buckets_own_region_is_found_and_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name.upper(), value)
    with mock_aws():
        boto3.client("s3", region_name="eu-central-1").create_bucket(
            Bucket="lab-data", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        store = Store("lab-data", aws_client(region_name="us-east-1"))

        store.require_bucket()

        assert store.browser_origin == "https://lab-data.s3.eu-central-1.amazonaws.com"
        assert "%2Feu-central-1%2Fs3%2F" in url_of(store)


def test_without_a_client_boto3s_default_one_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name.upper(), value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")

    assert url_of(Store("lab-data")).startswith("https://lab-data.s3.eu-north-1.amazonaws.com/")


def test_a_profiles_endpoint_is_used_without_a_client(
    monkeypatch: pytest.MonkeyPatch, ministack: S3Server, bucket: str
) -> None:
    for name, value in ministack.environment.items():
        monkeypatch.setenv(name, value)
    store = Store(bucket)

    store.require_bucket()

    assert store.browser_origin == ministack.endpoint_url


def test_a_servers_certificate_is_trusted_as_by_the_users_client() -> None:
    client = aws_client(endpoint_url="https://minio.example.org", verify=False)

    assert Store("lab-data", client).verify is False


def test_connect_makes_a_client_that_old_servers_understand(
    ministack: S3Server, bucket: str
) -> None:
    client = connect(
        endpoint_url=ministack.endpoint_url,
        access_key=ministack.access_key,
        secret_key=ministack.secret_key,
        region="us-east-1",
    )

    client.put_object(Bucket=bucket, Key="k", Body=b"1")

    url = Store(bucket, client).presign_put_object("k", size=1, sha256=sha256(b"2"))
    assert put(url.url, url.headers, b"2").status == 200


def test_an_access_point_is_a_bucket() -> None:
    store = Store("arn:aws:s3:eu-west-1:123456789012:accesspoint/lab", aws_client())

    assert store.browser_origin == (
        "https://lab-123456789012.s3-accesspoint.eu-west-1.amazonaws.com"
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda _: boto3,
        lambda session: session.resource("s3"),
        lambda _: "s3",
        lambda session: session.client("sqs"),
    ],
    ids=["module", "resource", "text", "another service"],
)
def test_what_is_no_s3_client_is_refused_at_once(make: Callable[[boto3.Session], Any]) -> None:
    with pytest.raises(RefusedError, match=r'client= .*: give boto3\.client\("s3"\)'):
        Store("lab-data", make(boto3.Session(region_name="eu-west-1")))


def test_whatever_is_like_a_client_is_one(ministack: S3Server, bucket: str) -> None:
    class Wrapper:
        def __getattr__(self, name: str) -> Any:
            return getattr(ministack.client, name)

    wrapper: Any = Wrapper()

    Store(bucket, wrapper).require_bucket()


@pytest.mark.parametrize(
    ("name", "value", "error", "says"),
    [
        ("AWS_PROFILE", "nobody", CredentialsError, "check its name and AWS_PROFILE"),
        ("AWS_DEFAULT_REGION", "no region", RefusedError, "use one such as eu-west-1"),
        ("AWS_ENDPOINT_URL", "localhost:9000", RefusedError, "AWS_ENDPOINT_URL"),
    ],
)
def test_an_environment_that_boto3_makes_no_client_of_is_said_to_be_wrong(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    value: str,
    error: type[Exception],
    says: str,
) -> None:
    path = tmp_path / "run7.csv"
    path.write_text("7")
    monkeypatch.setenv(name, value)

    with pytest.raises(error, match=says):
        upload_file(path, "s3://lab-data/raw/", progress=False)
    with pytest.raises(error, match=says):
        connect()
    report = check_bucket("s3://lab-data")
    assert not report.ok
    assert says in str(report)


def test_a_client_of_another_profile_serves_where_the_environments_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = aws_client()
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    assert "X-Amz-Credential=AKtest" in url_of(Store("lab-data", client))


@pytest.mark.parametrize("style", ["virtual", "path", ""])
@pytest.mark.parametrize("endpoint", ["https://oss.example.org", None])
def test_a_profile_keeps_its_addressing_style(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, style: str, endpoint: str | None
) -> None:
    config = tmp_path / "config"
    wanted = f"s3 =\n  addressing_style = {style}\n" if style else ""
    config.write_text(
        "[profile lab]\nregion = eu-west-1\naws_access_key_id = a\naws_secret_access_key = b\n"
        + wanted
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))

    url = url_of(Store("lab-data", connect(profile="lab", endpoint_url=endpoint)))

    host = "oss.example.org" if endpoint else "s3.eu-west-1.amazonaws.com"
    virtual = style == "virtual" or (style == "" and endpoint is None)
    start = f"https://lab-data.{host}/raw/" if virtual else f"https://{host}/lab-data/raw/"
    assert url.startswith(start)
