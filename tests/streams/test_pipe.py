"""``put -`` and streams: standard input goes in parts, without a temporary file."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from s3upload_widget.cli import cli
from s3upload_widget.errors import ObjectExistsError, RefusedError, S3Error
from s3upload_widget.uploader import Options
from s3upload_widget.uploader.stream_upload import upload_pipe
from support.clients.scripts import SMALL
from support.files import sha256_of_object
from support.proxy.faults import FOREVER, Answer, Fault, Match

if TYPE_CHECKING:
    from typing import Any

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

KiB, MiB = 1 << 10, 1 << 20
SWIFT = Answer(400, "InvalidArgument", message="Part number must be between 1 and 2")


def options(server: S3Server, **more: Any) -> Options:
    return Options(**{"client": server.client, "limits": SMALL, "progress": False, **more})


class Trickle(io.BytesIO):
    """A pipe: it gives 100 bytes at most at a time."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 100, 100))


@pytest.mark.parametrize("size", [0, 5, KiB, KiB + 1, 9 * KiB, 20 * KiB + 7])
def test_a_stream_of_any_size_arrives(ministack: S3Server, bucket: str, size: int) -> None:
    data = os.urandom(size)

    done = upload_pipe(Trickle(data), "run7.csv", f"s3://{bucket}/raw/", options(ministack))

    assert done.uploaded.uri == f"s3://{bucket}/raw/run7.csv"
    assert (done.uploaded.size, done.uploaded.content_type) == (size, "text/csv")
    assert done.uploaded.verified_by == "sha256"
    assert sha256_of_object(ministack.client, bucket, "raw/run7.csv") == done.uploaded.sha256
    assert ministack.upload_ids(bucket) == []


def test_trouble_on_the_way_is_outlasted(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    proxy.play(Fault(Answer(503, "SlowDown"), Match(operation="UploadPart"), times=2))
    data = os.urandom(9 * KiB)

    done = upload_pipe(
        io.BytesIO(data), "run7.csv", f"s3://{bucket}/", options(ministack.at(proxy.url))
    )

    assert ministack.client.get_object(Bucket=bucket, Key="run7.csv")["Body"].read() == data
    assert done.stats.sent == 9


def test_an_object_that_is_there_is_compared_with_a_short_stream_and_not_with_a_long_one(
    ministack: S3Server, bucket: str
) -> None:
    for size in (10, 3 * KiB):
        data, key = os.urandom(size), f"s3://{bucket}/{size}"
        upload_pipe(io.BytesIO(data), "run7", key, options(ministack))
        if size == 10:
            assert upload_pipe(io.BytesIO(data), "run7", key, options(ministack)).stats.kept == 1
            continue
        with pytest.raises(ObjectExistsError, match="a stream is not compared"):
            upload_pipe(io.BytesIO(data), "run7", key, options(ministack))
        other = upload_pipe(io.BytesIO(data), "run7", key, options(ministack, if_exists="rename"))
        assert other.uploaded.key == f"{size}-1"
        upload_pipe(io.BytesIO(data), "run7", key, options(ministack, if_exists="overwrite"))


def test_a_stream_of_too_many_parts_is_said_to_need_larger_ones(
    ministack: S3Server, bucket: str
) -> None:
    data = bytes(256 * (SMALL.max_parts + 1))

    with pytest.raises(RefusedError, match="a larger part_size"):
        upload_pipe(io.BytesIO(data), "run7", f"s3://{bucket}/", options(ministack, part_size=256))

    assert ministack.keys(bucket) == []


def test_nothing_of_a_stream_is_sent_to_a_server_that_lists_no_parts(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    lists_none = Answer(405, "MethodNotAllowed")
    proxy.play(Fault(lists_none, Match(operation="ListParts"), FOREVER))
    stream, behind = io.BytesIO(bytes(3 * KiB)), options(ministack.at(proxy.url))

    with pytest.raises(S3Error, match="does not list the parts of an upload"):
        upload_pipe(stream, "run7", f"s3://{bucket}/", behind)

    assert not proxy.of("UploadPart")
    assert ministack.upload_ids(bucket) == []


@pytest.mark.parametrize(
    ("refusal", "part", "part_size", "said"),
    [
        (Answer(413, ""), 1, 12 * MiB, r"takes no part of 12582912 bytes.*part_size=5242880"),
        (SWIFT, 3, 5 * MiB, r"takes no part number above 2.*part_size=8388608"),
    ],
    ids=["too large", "too many"],
)
def test_a_limit_that_a_stream_meets_names_the_part_size_that_is_taken(
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    refusal: Answer,
    part: int,
    part_size: int,
    said: str,
) -> None:
    proxy.play(Fault(refusal, Match(operation="UploadPart", part_number=part), FOREVER))
    client = ministack.at(proxy.url).client
    chosen = Options(client=client, part_size=part_size, progress=False)

    with pytest.raises(S3Error, match=said):
        upload_pipe(io.BytesIO(bytes(15 * MiB)), "run7", f"s3://{bucket}/", chosen)


def test_standard_input_is_put_under_its_name(ministack: S3Server, bucket: str) -> None:
    command = [sys.executable, "-m", "s3upload_widget", "put", "-", f"s3://{bucket}/raw/"]
    data = os.urandom(11 << 20)

    done = subprocess.run(
        [*command, "--name", "run7.csv.gz", "--part-size", "5"],
        input=data,
        capture_output=True,
        check=True,
        env={**os.environ, **ministack.environment},
    )

    assert done.stdout.decode() == f"s3://{bucket}/raw/run7.csv.gz\n"
    stored = ministack.client.get_object(Bucket=bucket, Key="raw/run7.csv.gz")
    assert stored["ContentType"] == "application/gzip"
    assert stored["Body"].read() == data


@pytest.mark.parametrize(
    "arguments",
    [
        ["-", "s3://lab/"],
        ["-", "s3://lab"],
        ["-", "a.csv", "s3://lab/", "--name", "b"],
        ["a.csv", "s3://lab/", "--name", "b"],
    ],
    ids=" ".join,
)
def test_standard_input_needs_a_name_and_goes_alone(arguments: list[str]) -> None:
    done = CliRunner().invoke(cli, ["put", *arguments])

    assert done.exit_code == 2
    assert "Usage:" in done.stderr
