"""Which server the command line reaches, and as whom: ``--region`` and ``--profile``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from s3upload_widget.cli import cli
from support.files import make_file, sha256_of_file, sha256_of_object

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

CONFIG = """
[profile lab]
region = eu-central-1
endpoint_url = {endpoint}
aws_access_key_id = {access_key}
aws_secret_access_key = {secret_key}

[profile stranger]
region = eu-central-1
endpoint_url = {endpoint}
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = of-nobody
"""


@pytest.fixture
def config(ministack: S3Server, proxy: FaultyProxy, tmp_path: Path) -> Path:
    """A user's ``~/.aws/config``: one profile that may enter, and one that may not."""
    file = tmp_path / "config"
    file.write_text(
        CONFIG.format(
            endpoint=proxy.url,
            access_key=ministack.access_key,
            secret_key=ministack.secret_key,
        )
    )
    return file


@pytest.fixture
def _configured(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(each) for each in arguments])


def first_region(proxy: FaultyProxy) -> str:
    """Which region the first request was signed for: its answer may tell that it is another."""
    scope = proxy.exchanges[0].request.headers.get("authorization") or ""
    return scope.partition("Credential=")[2].split("/")[2]


@pytest.mark.usefixtures("_configured")
def test_a_profile_says_where_and_who(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 1000)

    done = run("put", file, f"s3://{bucket}/raw/", "--profile", "lab")

    assert done.exit_code == 0, done.output
    assert done.stdout == f"s3://{bucket}/raw/run7.bin\n"
    assert sha256_of_object(ministack.client, bucket, "raw/run7.bin") == sha256_of_file(file)
    assert first_region(proxy) == "eu-central-1"


@pytest.mark.usefixtures("_configured")
def test_a_profile_without_rights_is_refused(
    ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 1000)

    done = run("put", file, f"s3://{bucket}/raw/", "--profile", "stranger")

    assert done.exit_code == 1
    assert "Traceback" not in done.output
    assert ministack.keys(bucket) == []


@pytest.mark.usefixtures("_configured")
@pytest.mark.parametrize("command", ["put", "ls"])
def test_a_region_that_is_given_goes_before_the_profiles(
    proxy: FaultyProxy, bucket: str, tmp_path: Path, command: str
) -> None:
    file = make_file(tmp_path / "run7.bin", 1000)
    arguments = (file, f"s3://{bucket}/raw/") if command == "put" else (f"s3://{bucket}/",)

    done = run(command, *arguments, "--profile", "lab", "--region", "ap-south-1")

    assert done.exit_code == 0, done.output
    assert first_region(proxy) == "ap-south-1"
