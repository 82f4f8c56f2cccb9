"""Checksum files: ``sha256sum -c`` takes what is written, and S3 is compared with it."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import boto3
import pandas as pd
import pytest
from botocore.config import Config
from click.testing import CliRunner
from moto import mock_aws

from s3upload_widget import upload_files, write_checksums
from s3upload_widget.checksum_files import compare_checksums, read_checksums
from s3upload_widget.cli import cli
from s3upload_widget.errors import NoSuchBucketError, RefusedError
from support.files import sha256_of_file
from support.proxy.faults import FOREVER, Answer, Fault, Match

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from s3upload_widget import UploadedFile
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

NAMES = ["run7.csv", "a b/it's 50%.csv", "a b/数据.csv"]
ODD = ["back\\slash.csv", "two\nlines\r.csv"]
"""Other programs may have made objects of such names."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in [*NAMES, *ODD]:
        path = tmp_path / "out" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(100))
    return tmp_path / "out"


@pytest.fixture
def files(ministack: S3Server, bucket: str, folder: Path) -> tuple[UploadedFile, ...]:
    inside = [folder / name for name in ("run7.csv", "a b")]
    return upload_files(inside, f"s3://{bucket}/raw/", client=ministack.client, progress=False)


def verify(server: S3Server, *arguments: object) -> tuple[int, list[str]]:
    done = CliRunner().invoke(cli, ["verify", *map(str, arguments)], env=server.environment)
    return done.exit_code, done.stdout.splitlines()


def test_sha256sum_checks_the_local_copies_by_it(
    files: tuple[UploadedFile, ...], folder: Path, tmp_path: Path
) -> None:
    odd = [
        replace(
            files[0],
            uri=files[0].uri.replace("run7.csv", name),
            sha256=sha256_of_file(folder / name),
        )
        for name in ODD
    ]
    write_checksums([*files, *odd, files[0]], tmp_path / "raw.sha256")

    command = ["sha256sum", "--check", "--strict", str(tmp_path / "raw.sha256")]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)

    assert done.returncode == 0, done
    assert done.stdout.count(b": OK") == len(NAMES) + len(ODD)
    assert {name for name, _ in read_checksums(tmp_path / "raw.sha256")} == {*NAMES, *ODD}


def test_what_s3_holds_is_compared_with_it_one_by_one(
    ministack: S3Server, bucket: str, files: tuple[UploadedFile, ...], tmp_path: Path
) -> None:
    uri, path = f"s3://{bucket}/raw/", tmp_path / "raw.sha256"
    write_checksums(files, path)
    names = [file.key.removeprefix("raw/") for file in files]

    assert verify(ministack, uri, "--checksums", path) == (0, [f"{name}: OK" for name in names])

    ministack.client.put_object(Bucket=bucket, Key=files[0].key, Body=os.urandom(100))
    ministack.client.delete_object(Bucket=bucket, Key=files[1].key)
    code, lines = verify(ministack, uri, "--checksums", path)
    assert code == 1
    assert lines[:2] == [f"{names[0]}: FAILED", f"{names[1]}: FAILED (it is not on S3)"]
    assert lines[2:] == [f"{name}: OK" for name in names[2:]]


def test_what_sha256sum_writes_is_read(
    ministack: S3Server, bucket: str, files: tuple[UploadedFile, ...], folder: Path, tmp_path: Path
) -> None:
    for options in ([], ["--binary"], ["--tag"]):
        names = [file.key.removeprefix("raw/") for file in files]
        command = ["sha256sum", *options, *(f"./{name}" for name in names)]
        done = subprocess.run(command, cwd=folder, capture_output=True, check=True)
        (tmp_path / "raw.sha256").write_bytes(done.stdout)

        compared = compare_checksums(
            f"s3://{bucket}/raw/", tmp_path / "raw.sha256", client=ministack.client
        )

        assert [each.name for each in compared] == [f"./{name}" for name in names]
        assert {(each.result, each.how) for each in compared} == {("equal", "read")}


def test_one_key_is_compared_with_the_line_of_its_name(
    ministack: S3Server, bucket: str, files: tuple[UploadedFile, ...], tmp_path: Path
) -> None:
    write_checksums(files, tmp_path / "raw.sha256")

    one = f"s3://{bucket}/raw/run7.csv"
    assert verify(ministack, one, "--checksums", tmp_path / "raw.sha256") == (0, ["run7.csv: OK"])
    code, _ = verify(ministack, f"s3://{bucket}/raw/no", "--checksums", tmp_path / "raw.sha256")
    assert code == 1


def test_one_that_cannot_be_read_is_said_and_the_others_are_compared(
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    files: tuple[UploadedFile, ...],
    tmp_path: Path,
) -> None:
    write_checksums(files, tmp_path / "raw.sha256")
    denied = Fault(
        Answer(403, "AccessDenied"), Match(operation="GetObject", key="run7.csv"), times=FOREVER
    )
    proxy.play(denied)

    code, lines = verify(
        ministack.at(proxy.url), f"s3://{bucket}/raw/", "--checksums", tmp_path / "raw.sha256"
    )

    assert code == 1
    assert lines[0].startswith("run7.csv: FAILED (S3 denied GetObject")
    assert all(line.endswith(": OK") for line in lines[1:])


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS itself, as moto plays it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKtest")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with mock_aws():
        yield


@pytest.mark.usefixtures("aws")
def test_what_aws_lists_of_a_whole_object_is_enough(tmp_path: Path) -> None:
    client = boto3.client(
        "s3", region_name="us-east-1", config=Config(request_checksum_calculation="when_required")
    )
    client.create_bucket(Bucket="lab-data")
    client.put_object(Bucket="lab-data", Key="listed", Body=b"a", ChecksumAlgorithm="SHA256")
    client.put_object(Bucket="lab-data", Key="other", Body=b"b", ChecksumAlgorithm="SHA256")
    client.put_object(Bucket="lab-data", Key="plain", Body=b"a")
    sha256 = hashlib.sha256(b"a").hexdigest()
    (tmp_path / "f").write_text("".join(f"{sha256}  {n}\n" for n in ("listed", "other", "plain")))

    compared = compare_checksums("s3://lab-data", tmp_path / "f", client=client)

    assert [(each.result, each.how) for each in compared] == [
        ("equal", "listed"),
        ("differs", "listed"),
        ("equal", "read"),
    ]


def test_records_that_make_no_checksum_file_are_refused(
    files: tuple[UploadedFile, ...], tmp_path: Path
) -> None:
    path = tmp_path / "raw.sha256"
    for records, folder, said in (
        ([], "", "no record"),
        ([replace(files[0], sha256="")], "", "sha256=True"),
        ([files[0], replace(files[0], sha256="0" * 64)], "", "different bytes"),
        ([files[0], replace(files[1], bucket="b")], "", "several buckets"),
        (files, "s3://lab-other/", "is not in the folder"),
    ):
        with pytest.raises(RefusedError, match=said):
            write_checksums(records, path, folder=folder)
    assert not path.exists()
    assert list(pd.DataFrame(files)["sha256"]) == [file.sha256 for file in files]


def test_files_that_are_no_checksum_files_are_refused(
    ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    path = tmp_path / "raw.sha256"
    for text, said in (("", "has no checksums"), ("x\n", "line 1 of"), ("0" * 64, "line 1 of")):
        path.write_text(text)
        with pytest.raises(RefusedError, match=said):
            compare_checksums(f"s3://{bucket}/", path, client=ministack.client)
    path.write_text(f"{'0' * 64}  a\n")
    with pytest.raises(NoSuchBucketError):
        compare_checksums("s3://no-such-bucket-here/", path, client=ministack.client)
