"""The command line, against a real server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from s3upload_widget.cli import cli
from support.clients.scripts import PATIENT_COMMAND, begin
from support.files import make_file, sha256_of_file, sha256_of_object
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

MiB = 1 << 20


@pytest.fixture
def account(ministack: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The environment leads boto3 to the server, as a user's does."""
    for name, value in ministack.environment.items():
        monkeypatch.setenv(name, value)
    return ministack


def run(*arguments: object, answer: str = "") -> Result:
    return CliRunner().invoke(cli, [str(each) for each in arguments], input=answer)


def test_a_file_is_put_and_the_last_line_says_what_it_took(
    account: S3Server, bucket: str, tmp_path: Path
) -> None:
    path = make_file(tmp_path / "run7.bin", 11 * MiB)
    begin(account, bucket, "raw/run7.bin", path, [2], part_size=5 * MiB)

    done = run("put", path, f"s3://{bucket}/raw/")

    assert done.exit_code == 0, done.output
    assert done.stdout == f"s3://{bucket}/raw/run7.bin\n"
    assert done.stderr.splitlines()[-1].startswith("1 on S3; parts: 2 sent, 1 skipped")
    assert sha256_of_object(account.client, bucket, "raw/run7.bin") == sha256_of_file(path)
    again = run("put", path, f"s3://{bucket}/raw/run7.bin")
    assert "0 sent, 1 skipped" in again.stderr


def test_a_folder_and_a_pattern_are_put(account: S3Server, bucket: str, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv", "c.txt"):
        (tmp_path / name).write_text(name)
    (tmp_path / "out" / "deep").mkdir(parents=True)
    (tmp_path / "out" / "deep" / "d.csv").write_text("d")

    assert run("put", tmp_path / "*.csv", tmp_path / "out", f"s3://{bucket}/raw").exit_code == 0

    assert account.keys(bucket) == ["raw/a.csv", "raw/b.csv", "raw/out/deep/d.csv"]


def test_what_exists_is_kept_unless_it_is_to_be_overwritten(
    account: S3Server, bucket: str, tmp_path: Path
) -> None:
    path, uri = tmp_path / "a.csv", f"s3://{bucket}/a.csv"
    for text in ("old", "new"):
        path.write_text(text)
        done = run("put", path, uri)
    assert done.exit_code == 1
    assert "exists with other bytes" in done.stderr
    assert account.client.get_object(Bucket=bucket, Key="a.csv")["Body"].read() == b"old"

    assert run("put", path, uri, "--if-exists", "rename").stdout == f"s3://{bucket}/a-1.csv\n"
    assert run("put", path, uri, "--if-exists", "overwrite").exit_code == 0
    assert account.client.get_object(Bucket=bucket, Key="a.csv")["Body"].read() == b"new"


def test_what_is_unfinished_is_listed_for_people_and_for_programs(
    account: S3Server, bucket: str, tmp_path: Path
) -> None:
    upload_id = begin(account, bucket, "raw/a", make_file(tmp_path / "a", 3_000), [1, 2])

    told, data = run("ls", f"s3://{bucket}"), run("ls", f"s3://{bucket}", "--json")

    assert "2 parts" in told.stdout
    assert told.stdout.endswith(f"s3://{bucket}/raw/a\n")
    (found,) = json.loads(data.stdout)
    assert (found["uri"], found["bytes_done"]) == (f"s3://{bucket}/raw/a", 2_048)
    assert upload_id not in told.output + data.output
    assert run("ls", f"s3://{bucket}/none").stderr == "nothing is unfinished\n"


def test_nothing_is_aborted_unasked(account: S3Server, bucket: str, tmp_path: Path) -> None:
    begin(account, bucket, "raw/a", make_file(tmp_path / "a", 3_000), [1])
    uri = f"s3://{bucket}/raw/"

    assert "nothing is unfinished" in run("abort", uri, "--older-than", "1d").stderr
    declined = run("abort", uri, "--older-than", "0s", answer="n\n")
    assert declined.exit_code == 1
    assert f"s3://{bucket}/raw/a" in declined.stdout
    assert len(account.upload_ids(bucket)) == 1

    agreed = run("abort", uri, "--older-than", "0s", answer="y\n")
    assert agreed.exit_code == 0
    assert agreed.stderr.endswith("1 aborted\n")
    assert account.upload_ids(bucket) == []


def test_yes_is_an_answer_too(account: S3Server, bucket: str, tmp_path: Path) -> None:
    begin(account, bucket, "raw/a", make_file(tmp_path / "a", 3_000), [1])

    assert run("abort", f"s3://{bucket}", "--older-than", "0s", "--yes").exit_code == 0

    assert account.upload_ids(bucket) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["put"],
        ["put", "only-one"],
        ["put", "none-*.csv", "s3://lab/"],
        ["put", "a", "s3://lab/", "--if-exists", "perhaps"],
        ["put", "a", "s3://lab/", "--part-size", "4"],
        ["abort", "s3://lab"],
        ["ls", "s3://lab", "--endpoint-url", "localhost:9000"],
        ["ls", "s3://lab", "--region", "no region"],
        ["nothing"],
    ],
    ids=" ".join,
)
def test_a_mistyped_command_is_2(arguments: list[str]) -> None:
    done = run(*arguments)

    assert done.exit_code == 2
    assert "Usage:" in done.stderr


def test_a_failure_is_1_and_one_sentence(account: S3Server) -> None:
    missing = run("put", "/none/run7.bin", "s3://lab/")
    address = run("ls", "lab")
    bucket = run("ls", "s3://no-such-bucket", "--endpoint-url", account.endpoint_url)
    profile = run("ls", "s3://lab", "--profile", "nobody")

    for done, words in (
        (missing, "/none/run7.bin"),
        (address, "give s3://bucket"),
        (bucket, "no-such-bucket"),
        (profile, "the AWS profile does not exist"),
    ):
        assert done.exit_code == 1
        assert words in done.stderr
        assert "Traceback" not in done.output


@pytest.mark.parametrize("command", [[], ["put"], ["ls"], ["abort"]], ids=str)
def test_help_is_there(command: list[str]) -> None:
    done = run(*command, "--help")

    assert done.exit_code == 0
    assert "Usage:" in done.stdout


def test_the_demo_takes_its_own_options() -> None:
    command = [sys.executable, "-m", "s3upload_widget", "demo", "--help"]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert "usage:" in done.stdout


def test_ctrl_c_is_130_and_what_arrived_is_continued(
    account: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    # So large that it is not done in the moment that the signal takes on a busy machine.
    path = make_file(tmp_path / "run7.bin", 120 * MiB)
    proxy.pace_total(4 * MiB)
    uri = f"s3://{bucket}/raw/"
    command = [sys.executable, "-c", PATIENT_COMMAND, "put", str(path), uri]
    options = ["--part-size", "5", "--max-concurrency", "2", "--endpoint-url", proxy.url]
    with subprocess.Popen([*command, *options], stderr=subprocess.PIPE, env=os.environ) as process:
        until(lambda: [put for put in proxy.of("UploadPart") if put.complete], 60)
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=60)[1].decode()

    assert process.returncode == 130, told
    assert "it is continued" in told
    assert "Traceback" not in told
    proxy.clear_faults()
    done = run("put", path, uri)
    assert done.exit_code == 0, done.output
    assert ", 0 skipped" not in done.stderr
    assert sha256_of_object(account.client, bucket, "raw/run7.bin") == sha256_of_file(path)


def test_a_pattern_that_names_folders_and_what_is_in_them_puts_each_file_once(
    account: S3Server, bucket: str, tmp_path: Path
) -> None:
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / "a").write_text("a")
    (tmp_path / "tree" / "sub" / "b").write_text("b")

    done = run("put", tmp_path / "tree" / "**", f"s3://{bucket}/raw/")

    assert done.exit_code == 0, done.output
    assert account.keys(bucket) == ["raw/tree/a", "raw/tree/sub/b"]


def test_an_empty_folder_is_said_to_hold_no_file(tmp_path: Path) -> None:
    done = run("put", tmp_path, "s3://lab/")

    assert done.exit_code == 1
    assert f"there is no file in {tmp_path}" in done.stderr
