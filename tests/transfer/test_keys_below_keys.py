"""A key below a key that has an object, on servers that keep keys as files in folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3upload_widget import protocol, upload_file
from s3upload_widget.errors import KeyRefusedError
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from support.clients.sender import Sender, failed
from support.files import make_file
from support.servers.servers import S3Server, one_of

if TYPE_CHECKING:
    from pathlib import Path

    from support.proxy.proxy import FaultyProxy

server = one_of("juicefs", "rclone")
SIZES = pytest.mark.parametrize("size", [5, (16 << 20) + 1], ids=["one PUT", "parts"])


@SIZES
def test_a_script_sends_the_body_twice_at_most_and_says_why(
    server: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path, size: int
) -> None:
    server.client.put_object(Bucket=bucket, Key="run7", Body=b"1")
    file = make_file(tmp_path / "x", size)
    client = server.at(proxy.url).client

    with pytest.raises(KeyRefusedError, match=rf"s3://{bucket}/run7 is an object"):
        upload_file(file, f"s3://{bucket}/run7/x", client=client, progress=False)

    assert len(proxy.puts(1)) <= 2
    assert server.body(bucket, "run7") == b"1"


@SIZES
def test_a_page_is_told_when_it_asks_a_third_time(server: S3Server, bucket: str, size: int) -> None:
    server.client.put_object(Bucket=bucket, Key="run7", Body=b"1")
    sender = Sender(Service(Store(bucket, server.client), prefix="run7/"), b"x" * size, name="x")
    sender.open()
    for _ in range(2):
        assert isinstance(sender.presign(1)[0], protocol.PresignedPart)

    [refused] = sender.presign(1)

    assert isinstance(refused, protocol.RefusedPart)
    assert (refused.code, refused.retryable) == ("key_refused", False)
    assert f"s3://{bucket}/run7 is an object" in refused.message


@pytest.mark.parametrize("server", ["juicefs"], indirect=True)
def test_a_server_that_takes_the_parts_and_refuses_the_object_ends_the_upload(
    server: S3Server, bucket: str
) -> None:
    server.client.put_object(Bucket=bucket, Key="run7", Body=b"1")
    data = b"x" * ((16 << 20) + 1)
    sender = Sender(Service(Store(bucket, server.client), prefix="run7/"), data, name="x")
    sender.open()
    sender.send()

    assert failed(sender.complete()) == "key_refused"


@SIZES
@pytest.mark.parametrize("server", ["juicefs", "seaweed"], indirect=True)
def test_a_key_that_is_a_folder_is_said_to_be_one(
    server: S3Server, bucket: str, tmp_path: Path, size: int
) -> None:
    server.client.put_object(Bucket=bucket, Key="run7/x", Body=b"1")
    file = make_file(tmp_path / "run7", size)

    with pytest.raises(KeyRefusedError, match="is a folder"):
        upload_file(file, f"s3://{bucket}/run7", client=server.client, progress=False)


@SIZES
@pytest.mark.parametrize("server", ["seaweed"], indirect=True)
def test_a_page_is_told_of_a_key_that_is_a_folder(server: S3Server, bucket: str, size: int) -> None:
    server.client.put_object(Bucket=bucket, Key="run7/x", Body=b"1")
    sender = Sender(Service(Store(bucket, server.client)), b"x" * size, name="run7")
    sender.open()
    sender.send()

    assert failed(sender.complete()) == "key_refused"
    assert server.body(bucket, "run7/x") == b"1"
