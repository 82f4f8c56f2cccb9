"""``s3upload check``, against a real server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from s3upload_widget.cli import cli
from s3upload_widget.policy import cors_rule, lifecycle_rule
from support.clients.checking import ORIGIN, assert_untouched, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

OTHER = "https://other.example.org"


@pytest.fixture
def account(ministack: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The environment leads boto3 to the server, as a user's does."""
    for name, value in ministack.environment.items():
        monkeypatch.setenv(name, value)
    return ministack


@pytest.fixture
def closed(account: S3Server) -> Iterator[str]:
    """A bucket that lets the pages of others in."""
    with account.bucket((OTHER,)) as bucket:
        yield bucket
        assert_untouched(account, bucket)


def run(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(cli, ["check", *arguments], input=answer)


def origins(account: S3Server, bucket: str) -> list[str]:
    rules = account.client.get_bucket_cors(Bucket=bucket)["CORSRules"]
    return [origin for rule in rules for origin in rule["AllowedOrigins"]]


def test_a_bucket_that_is_ready_is_0(account: S3Server, bucket: str) -> None:
    done = run(f"s3://{bucket}/raw", "--origin", ORIGIN)

    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(f"s3://{bucket}/raw/ is ready for pages of {ORIGIN}: 2 hints")
    assert_untouched(account, bucket)


def test_a_problem_is_1_and_nothing_is_changed_unasked(account: S3Server, closed: str) -> None:
    done = run(f"s3://{closed}", "--origin", ORIGIN)

    assert done.exit_code == 1
    assert "PROBLEM  cors" in done.stdout
    assert "Traceback" not in done.output
    assert origins(account, closed) == [OTHER]


def test_programs_get_json(account: S3Server, closed: str) -> None:
    done = run(f"s3://{closed}", "--origin", ORIGIN, "--json")

    data = json.loads(done.stdout)
    assert (done.exit_code, data["ok"], data["origin"]) == (1, False, ORIGIN)
    assert {each["check"] for each in data["findings"]} >= {"cors", "lifecycle", "page"}


def test_fix_shows_each_rule_asks_and_adds_it(account: S3Server, closed: str) -> None:
    done = run(f"s3://{closed}/raw", "--origin", ORIGIN, "--fix", answer="y\ny\n")

    assert done.exit_code == 0, done.output
    assert "PROBLEM  cors" in done.stdout
    assert "ok       cors" in done.stdout
    assert json.dumps(ORIGIN) in done.stderr
    rules = account.client.get_bucket_cors(Bucket=closed)["CORSRules"]
    assert rules == [cors_rule([OTHER]), cors_rule([ORIGIN])]
    lifecycle = account.client.get_bucket_lifecycle_configuration(Bucket=closed)["Rules"]
    assert lifecycle == [lifecycle_rule("raw/")]


def test_what_is_declined_is_not_added(account: S3Server, closed: str) -> None:
    done = run(f"s3://{closed}", "--origin", ORIGIN, "--fix", answer="n\nn\n")

    assert done.exit_code == 1
    assert origins(account, closed) == [OTHER]


def test_yes_is_an_answer_too(account: S3Server, closed: str) -> None:
    done = run(f"s3://{closed}", "--origin", ORIGIN, "--fix", "--yes", "--json")

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["ok"]
    assert origins(account, closed) == [OTHER, ORIGIN]


def test_a_bucket_that_is_ready_is_asked_nothing(account: S3Server, bucket: str) -> None:
    put = account.client.put_bucket_lifecycle_configuration
    put(Bucket=bucket, LifecycleConfiguration={"Rules": [lifecycle_rule()]})

    done = run(f"s3://{bucket}", "--origin", ORIGIN, "--fix")

    assert done.exit_code == 0, done.output
    assert done.stderr == ""


def test_what_cannot_be_read_is_not_written(
    account: S3Server, proxy: FaultyProxy, closed: str
) -> None:
    for operation in ("GetBucketCors", "GetBucketLifecycleConfiguration"):
        refuse(proxy, operation)

    done = run(f"s3://{closed}", "--origin", ORIGIN, "--fix", "--yes", "--endpoint-url", proxy.url)

    assert done.exit_code == 1
    assert "Nothing is written" in done.stderr
    assert "s3:GetBucketCORS" in done.stderr
    assert origins(account, closed) == [OTHER]


def test_what_may_not_be_written_is_one_sentence(
    account: S3Server, proxy: FaultyProxy, closed: str
) -> None:
    refuse(proxy, "PutBucketCors")

    done = run(f"s3://{closed}", "--origin", ORIGIN, "--fix", "--yes", "--endpoint-url", proxy.url)

    assert done.exit_code == 1
    assert "s3:PutBucketCORS" in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["https://lab-data.s3.amazonaws.com"],
        ["s3://lab-data", "--origin", "hub.example.org"],
        ["s3://lab-data", "--yes"],
    ],
    ids=" ".join,
)
def test_a_mistyped_command_is_2(arguments: list[str]) -> None:
    done = run(*arguments)

    assert done.exit_code == 2
    assert "Usage:" in done.stderr


def test_a_bucket_that_takes_nothing_from_pages_is_1() -> None:
    done = run("s3://lab--use1-az4--x-s3")

    assert done.exit_code == 1
    assert "directory bucket" in done.stderr
