"""The embedded S3 server, started for real."""

from __future__ import annotations

import importlib.metadata
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import psutil
import pytest

from s3upload_widget import serve_local_s3
from s3upload_widget.local import seaweedfs
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from s3upload_widget.local import LocalS3

ORIGIN = "http://localhost:4321"
BODY = bytes(range(256)) * 4_000


@pytest.fixture(scope="module")
def s3() -> Iterator[LocalS3]:
    with serve_local_s3(origins=[ORIGIN]) as server:
        yield server


def servers_of(data: Path) -> list[psutil.Process]:
    """The SeaweedFS processes that keep their data below ``data``."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(data) in argument for argument in process.info["cmdline"] or ())
        and process.pid != os.getpid()
    ]


def content_of(path: Path) -> bytes:
    """Nothing of a folder, nor of a file that a running server has just removed."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        return b""


def preflight(s3: LocalS3, origin: str) -> str | None:
    """What the server allows a page of ``origin`` that wants to PUT."""
    connection = HTTPConnection(s3.endpoint_url.removeprefix("http://"), timeout=60)
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "x-amz-checksum-sha256",
    }
    connection.request("OPTIONS", f"/{s3.bucket}/run7.bin", headers=headers)
    response = connection.getresponse()
    connection.close()
    return response.headers["Access-Control-Allow-Origin"] if response.status == 200 else None


def test_an_object_comes_back_with_the_same_bytes(s3: LocalS3) -> None:
    s3.client.put_object(Bucket=s3.bucket, Key="run7.bin", Body=BODY)

    assert s3.client.get_object(Bucket=s3.bucket, Key="run7.bin")["Body"].read() == BODY


def test_a_multipart_object_comes_back_with_the_same_bytes(s3: LocalS3) -> None:
    parts = [os.urandom(5 * 1024**2), b"the last part"]
    upload = s3.client.create_multipart_upload(Bucket=s3.bucket, Key="parts.bin")["UploadId"]
    etags = [
        s3.client.upload_part(
            Bucket=s3.bucket, Key="parts.bin", UploadId=upload, PartNumber=number, Body=body
        )["ETag"]
        for number, body in enumerate(parts, 1)
    ]

    s3.client.complete_multipart_upload(
        Bucket=s3.bucket,
        Key="parts.bin",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": n, "ETag": e} for n, e in enumerate(etags, 1)]},
    )

    body = s3.client.get_object(Bucket=s3.bucket, Key="parts.bin")["Body"].read()
    assert body == b"".join(parts)


def test_a_page_of_the_given_origin_may_put(s3: LocalS3) -> None:
    assert preflight(s3, ORIGIN) == ORIGIN


def test_a_page_of_another_origin_may_not_put(s3: LocalS3) -> None:
    assert preflight(s3, "http://elsewhere.example") is None


def test_wrong_credentials_are_refused(s3: LocalS3) -> None:
    url = s3.client.generate_presigned_url("list_objects_v2", Params={"Bucket": s3.bucket})

    forged = url[:-1] + ("1" if url.endswith("0") else "0")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(forged, timeout=60)  # noqa: S310  our own server's URL


def test_another_bucket_does_not_exist(s3: LocalS3) -> None:
    with pytest.raises(s3.client.exceptions.NoSuchBucket):
        s3.client.put_object(Bucket="elsewhere", Key="run7.bin", Body=b"")


def test_credentials_are_not_shown(s3: LocalS3) -> None:
    assert s3.secret_key not in repr(s3)
    assert s3.access_key not in repr(s3)


def test_nothing_listens_beyond_loopback(s3: LocalS3) -> None:
    listening = {
        connection.laddr.ip
        for process in servers_of(s3._folder)
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    }

    assert listening == {"127.0.0.1"}


def test_two_servers_are_two_places(s3: LocalS3) -> None:
    with serve_local_s3() as other:
        other.client.put_object(Bucket=other.bucket, Key="only-here.bin", Body=b"")

        assert "Contents" not in s3.client.list_objects_v2(Bucket=s3.bucket, Prefix="only-here")
        assert other.access_key != s3.access_key


def test_a_folder_keeps_objects_and_unfinished_uploads_for_the_next_server(tmp_path: Path) -> None:
    with serve_local_s3(tmp_path) as first:
        first.client.put_object(Bucket="lab-data", Key="run7.bin", Body=BODY)
        upload = first.client.create_multipart_upload(Bucket="lab-data", Key="run8.bin")["UploadId"]
        first.client.upload_part(
            Bucket="lab-data", Key="run8.bin", UploadId=upload, PartNumber=1, Body=BODY
        )

    with serve_local_s3(tmp_path) as second:
        body = second.client.get_object(Bucket="lab-data", Key="run7.bin")["Body"].read()
        parts = second.client.list_parts(Bucket="lab-data", Key="run8.bin", UploadId=upload)

    assert body == BODY
    assert [part["Size"] for part in parts["Parts"]] == [len(BODY)]
    assert second.endpoint_url == first.endpoint_url
    assert second.secret_key == first.secret_key


def test_credentials_of_a_folder_are_only_the_users_to_read(tmp_path: Path) -> None:
    with serve_local_s3(tmp_path) as s3:
        readable = [
            path for path in tmp_path.rglob("*") if s3.secret_key.encode() in content_of(path)
        ]

    assert [path.name for path in readable] == ["server.json"]
    assert stat.S_IMODE(readable[0].stat().st_mode) == 0o600


def test_a_closed_server_starts_again_where_it_was(tmp_path: Path) -> None:
    with serve_local_s3(tmp_path) as s3:
        s3.client.put_object(Bucket=s3.bucket, Key="run7.bin", Body=BODY)
        before = s3.endpoint_url
        s3.close()
        s3.start()

        assert s3.client.head_object(Bucket=s3.bucket, Key="run7.bin")["ContentLength"] == len(BODY)
        assert s3.endpoint_url == before


def test_it_moves_to_other_ports_when_its_own_were_taken(tmp_path: Path) -> None:
    with serve_local_s3(tmp_path) as s3:
        before = s3.endpoint_url
        ports = s3._place.ports
        s3.close()
        taken = socket.create_server(("127.0.0.1", ports["s3"]))
        with taken:
            s3.start()

            assert s3.endpoint_url != before
            s3.client.put_object(Bucket=s3.bucket, Key="run7.bin", Body=BODY)


def test_two_servers_cannot_share_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s3upload_widget.local.server.RELEASE_SECONDS", 0.1)
    with serve_local_s3(tmp_path), pytest.raises(RuntimeError, match="another local S3 server"):
        serve_local_s3(tmp_path)


def test_closing_leaves_no_process_no_folder_and_no_socket() -> None:
    with serve_local_s3() as s3:
        sockets = seaweedfs.sockets(s3._place.ports)
        assert servers_of(s3._folder)
    s3.close()

    assert not servers_of(s3._folder)
    assert not s3._folder.exists()
    assert not [path for path in sockets if path.exists()]


def test_a_server_that_hangs_is_ended_soon_and_loses_nothing(tmp_path: Path) -> None:
    with serve_local_s3(tmp_path) as s3:
        s3.client.put_object(Bucket=s3.bucket, Key="run7.bin", Body=BODY)
        for process in servers_of(tmp_path / "data"):
            if process.name() == "weed":
                process.suspend()

        start = time.monotonic()
        s3.close()

        assert time.monotonic() - start < 30  # it would hang for ever
        assert not servers_of(tmp_path)
        s3.start()
        assert s3.client.get_object(Bucket=s3.bucket, Key="run7.bin")["Body"].read() == BODY


def test_a_killed_caller_leaves_no_process_and_its_folder_is_free_again(tmp_path: Path) -> None:
    program = (
        "import sys, time; from s3upload_widget import serve_local_s3;"
        "s3 = serve_local_s3(sys.argv[1]); print('ready', flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE
    ) as caller:
        assert caller.stdout is not None
        assert caller.stdout.readline() == b"ready\n"
        assert servers_of(tmp_path / "data")

        caller.send_signal(signal.SIGKILL)

    until(lambda: not servers_of(tmp_path), timeout=60)
    with serve_local_s3(tmp_path):
        pass


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "filerldb2").write_text("in the way")

    with pytest.raises(RuntimeError, match="filerldb2"):
        serve_local_s3(tmp_path)

    assert not servers_of(tmp_path)


def test_a_missing_seaweedfs_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", missing)

    with pytest.raises(ModuleNotFoundError, match=r'pip install "s3upload-widget\[local\]"'):
        serve_local_s3()
