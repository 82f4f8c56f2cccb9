"""Credentials that come, end or are renewed while a client is in use."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.credentials import RefreshableCredentials
from botocore.session import Session

from s3upload_widget.checksums import sha256
from s3upload_widget.errors import CredentialsError
from s3upload_widget.s3 import Store
from support.proxy.faults import Answer, Fault, Match
from support.servers.aws import KEYS, aws_client, url_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from types_boto3_s3 import S3Client

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server


def test_credentials_that_come_later_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store("lab-data")
    with pytest.raises(CredentialsError, match="no AWS credentials"):
        url_of(store)

    for name, value in KEYS.items():
        monkeypatch.setenv(name.upper(), value)

    assert "X-Amz-Credential=AKtest" in url_of(store)


def test_credentials_that_were_renewed_in_the_environment_are_found(
    monkeypatch: pytest.MonkeyPatch, ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    for name, value in ministack.at(proxy.url).environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKold")
    boto3.client("sts")  # now boto3's default session keeps AKold for good
    store = Store(bucket)
    assert "X-Amz-Credential=AKold" in url_of(store)
    proxy.play(Fault(Answer(403, "ExpiredToken"), Match(operation="ListParts")))
    with pytest.raises(CredentialsError, match="renew"):
        store.list_parts("k", "u")

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ministack.access_key)

    store.require_bucket()
    assert f"X-Amz-Credential={ministack.access_key}" in url_of(store)


@pytest.mark.parametrize("which", ["another widget", "the same widget"])
def test_credentials_renewed_in_the_environment_serve_the_first_request_after(
    which: str, monkeypatch: pytest.MonkeyPatch, ministack: S3Server, bucket: str
) -> None:
    for name, value in ministack.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKold")
    boto3.client("sts")  # now boto3's default session keeps AKold for good
    store = Store(bucket)
    assert "X-Amz-Credential=AKold" in url_of(store)

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ministack.access_key)

    store = Store(bucket) if which == "another widget" else store
    store.require_bucket()
    assert store.create_multipart_upload("k", content_type="").sha256
    assert f"X-Amz-Credential={ministack.access_key}" in url_of(store)


def test_renewed_credentials_are_those_of_the_profile_that_was_chosen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "credentials"

    def write(number: int) -> None:
        file.write_text(
            "".join(
                f"[{name}]\naws_access_key_id = AK{name}{number}\naws_secret_access_key = s\n"
                for name in ("default", "lab")
            )
        )

    write(1)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    boto3.setup_default_session(profile_name="lab", region_name="eu-north-1")
    store = Store("lab-data")
    assert "X-Amz-Credential=AKlab1" in url_of(store)

    write(2)
    store.refresh_credentials()

    assert "X-Amz-Credential=AKlab2" in url_of(store)
    assert "X-Amz-Credential=AKlab2" in url_of(Store("lab-data"))
    assert url_of(store).startswith("https://lab-data.s3.eu-north-1.amazonaws.com/")

    file.write_text("")  # the profile is gone
    store.refresh_credentials()

    assert "X-Amz-Credential=AKlab2" in url_of(store)


def test_credentials_that_were_given_to_the_default_session_are_not_replaced_by_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in KEYS:
        monkeypatch.setenv(name.upper(), "AKanother")
    boto3.setup_default_session(
        aws_access_key_id="AKtest", aws_secret_access_key="secret", region_name="eu-west-1"
    )
    store = Store("lab-data")
    assert "X-Amz-Credential=AKtest" in url_of(store)

    store.refresh_credentials()

    assert "X-Amz-Credential=AKtest" in url_of(store)


def refreshing(refresh: Callable[[], dict[str, str]], left: timedelta) -> S3Client:
    session: Any = Session()  # botocore has no public way to give it a credentials object
    credentials = RefreshableCredentials(
        "AKfirst", "secret", "token", datetime.now(timezone.utc) + left, refresh, "test"
    )
    session._credentials = credentials
    return boto3.Session(botocore_session=session, region_name="eu-west-1").client("s3")


def renewed() -> dict[str, str]:
    return {
        "access_key": "AKsecond",
        "secret_key": "secret",
        "token": "token",
        "expiry_time": (datetime.now(timezone.utc) + timedelta(minutes=30)).isoformat(),
    }


def test_a_url_lives_no_longer_than_the_credentials() -> None:
    start = time.monotonic()
    store = Store("lab-data", refreshing(renewed, timedelta(minutes=20)))

    url = store.presign_put_object("k", size=1, sha256=sha256(b"1"))

    took = time.monotonic() - start
    assert 1_198 - took <= url.expires_in <= 1_200
    assert f"X-Amz-Expires={int(url.expires_in)}&" in url.url


def test_a_url_lives_an_hour_where_the_credentials_have_no_end() -> None:
    url = Store("lab-data", aws_client()).presign_put_object("k", size=1, sha256=sha256(b"1"))

    assert url.expires_in == 3_600


def test_credentials_that_the_users_client_renews_are_renewed_here() -> None:
    store = Store("lab-data", refreshing(renewed, timedelta(minutes=5)))

    url = store.presign_put_object("k", size=1, sha256=sha256(b"1"))

    assert "X-Amz-Credential=AKsecond" in url.url
    assert url.expires_in > 1_700


def test_credentials_that_cannot_be_renewed_are_said_to_have_ended() -> None:
    def fail() -> dict[str, str]:
        msg = "the vault is closed, see https://vault/?X-Amz-Security-Token=abc"
        raise RuntimeError(msg)

    store = Store("lab-data", refreshing(fail, timedelta(seconds=-5)))

    with pytest.raises(CredentialsError, match="the vault is closed") as failure:
        url_of(store)
    assert "Security-Token" not in str(failure.value)


def test_a_profile_that_is_set_right_is_taken_at_the_next_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = Store("lab-data")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(CredentialsError):
        url_of(store)

    monkeypatch.delenv("AWS_PROFILE")
    for name, value in KEYS.items():
        monkeypatch.setenv(name.upper(), value)

    assert "X-Amz-Credential=AKtest" in url_of(store)
