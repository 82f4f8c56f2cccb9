"""``UploadedFile.open()``: the object as a file, read in ranges, all of the very object uploaded."""

from __future__ import annotations

import copy
import io
import os
import pickle
import random
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from s3upload_widget.errors import AccessDeniedError, IntegrityError, RefusedError
from s3upload_widget.parts import S3_LIMITS
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from support.clients.scripts import send
from support.clients.sender import Sender
from support.proxy.faults import Answer, CutResponse, Fault, Gate, Match, StripRequestHeaders
from support.servers.servers import one_of
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from s3upload_widget import UploadedFile
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

MiB = 1 << 20

each_server = one_of("ministack", "seaweed", "moto", "juicefs", "juicefs_with_etags", "rclone")


@pytest.fixture
def lab(each_server: S3Server) -> Iterator[str]:
    with each_server.bucket() as bucket:
        yield bucket


def uploaded(server: S3Server, bucket: str, path: Path, data: bytes) -> UploadedFile:
    """In parts of 5 MiB, the least that every server takes."""
    path.write_bytes(data)
    options = {"limits": S3_LIMITS, "part_size": 5 * MiB}
    return send(server, path, f"s3://{bucket}/raw/", **options).uploaded


@pytest.mark.parametrize("size", [0, 1, 5 * MiB + 1])
def test_it_reads_as_the_file_that_was_uploaded(
    each_server: S3Server, lab: str, tmp_path: Path, size: int
) -> None:
    data = os.urandom(size)
    file = uploaded(each_server, lab, tmp_path / "a.bin", data)
    chance = random.Random(size)  # noqa: S311 - no secret

    with file.open() as opened, io.BytesIO(data) as local:
        assert (opened.readable(), opened.seekable(), opened.writable()) == (True, True, False)
        assert opened.name == file.uri
        for _ in range(40):
            place, length = chance.randrange(size + 2), chance.choice([0, 1, 100, 70_000, MiB])
            assert opened.seek(place) == local.seek(place)
            assert opened.read(length) == local.read(length)
            assert opened.readline() == local.readline()
            assert opened.tell() == local.tell()
        assert opened.seek(0) == 0
        assert opened.read() == data
        assert opened.read(1) == b""
    with pytest.raises(ValueError, match="closed"):
        opened.read()


def table() -> pa.Table:
    return pa.table({"n": list(range(300_000)), "x": [str(n * 7919) for n in range(300_000)]})


def parquet() -> bytes:
    written = io.BytesIO()
    pyarrow.parquet.write_table(table(), written, row_group_size=50_000)
    return written.getvalue()


def test_pandas_and_pyarrow_read_parquet_of_it_in_ranges(
    ministack: S3Server, bucket: str, proxy: FaultyProxy, tmp_path: Path
) -> None:
    data = parquet()
    file = uploaded(ministack.at(proxy.url), bucket, tmp_path / "a.parquet", data)

    with file.open() as opened:
        assert pd.read_parquet(opened)["n"].sum() == sum(range(300_000))
    with file.open() as opened:
        assert pyarrow.parquet.read_table(opened) == table()
    before = len(proxy.of("GetObject"))
    with file.open() as opened:
        assert pyarrow.parquet.ParquetFile(opened).metadata.num_rows == 300_000

    assert len(proxy.of("GetObject")) == before + 1
    assert all("range" in exchange.request.headers for exchange in proxy.of("GetObject"))


def test_one_member_of_a_zip_is_read_without_the_others(
    ministack: S3Server, bucket: str, proxy: FaultyProxy, tmp_path: Path
) -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in ("a", "b", "c"):
            archive.writestr(name, os.urandom(3 * MiB))
        archive.writestr("note", "sunny")
    file = uploaded(ministack.at(proxy.url), bucket, tmp_path / "a.zip", written.getvalue())

    with file.open() as opened, zipfile.ZipFile(opened) as archive:
        assert archive.read("note") == b"sunny"
        assert archive.testzip() is None


def test_what_a_page_uploaded_is_opened_with_the_widgets_client(
    ministack: S3Server, bucket: str
) -> None:
    arrived: list[UploadedFile] = []
    service = Service(Store(bucket, ministack.client), on_uploaded=arrived.append)
    Sender(service, b"tail").upload()

    with arrived[0].open() as opened:
        assert opened.read() == b"tail"


def test_a_long_one_is_read_by_several_requests_at_a_time_each_for_the_very_object(
    ministack: S3Server, bucket: str, proxy: FaultyProxy, tmp_path: Path
) -> None:
    data = os.urandom(21 * MiB + 1)
    file = uploaded(ministack.at(proxy.url), bucket, tmp_path / "a.bin", data)
    gate = Gate()
    third = Match(operation="GetObject", nth=3)
    proxy.play(Fault(gate, third), Fault(CutResponse(100_000), Match(operation="GetObject", nth=5)))

    with file.open() as opened, ThreadPoolExecutor(1) as beside:
        read = beside.submit(opened.read)
        until(lambda: sum(each.complete for each in proxy.of("GetObject")) > 3)
        assert not read.done()
        gate.opened.set()
        assert read.result(60) == data

    sent = [each.request.headers for each in proxy.of("GetObject")]
    assert (len(sent), len({each.get("range") for each in sent})) == (7, 6)  # one was cut
    assert {each.get("if-match").strip('"') for each in sent} == {file.etag.strip('"')}


def test_reads_that_follow_each_other_are_read_ahead_side_by_side(
    ministack: S3Server, bucket: str, proxy: FaultyProxy, tmp_path: Path
) -> None:
    data = os.urandom(21 * MiB + 1)
    file = uploaded(ministack.at(proxy.url), bucket, tmp_path / "a.bin", data)

    with file.open() as opened:
        pieces = list(iter(partial(opened.read, 300_000), b""))

    assert b"".join(pieces) == data
    assert len(proxy.of("GetObject")) < 21


def test_a_connection_that_breaks_is_outlasted(
    ministack: S3Server, bucket: str, proxy: FaultyProxy, tmp_path: Path
) -> None:
    data = os.urandom(3 * MiB)
    file = uploaded(ministack.at(proxy.url), bucket, tmp_path / "a.bin", data)
    proxy.play(
        Fault(CutResponse(100_000), Match(operation="GetObject"), times=2),
        Fault(Answer(503, "SlowDown"), Match(operation="GetObject"), times=2),
    )

    with file.open() as opened:
        opened.seek(1)
        assert opened.read(2 * MiB) == data[1 : 2 * MiB + 1]


def test_a_server_that_ignores_ranges_is_read_right(
    ministack: S3Server, bucket: str, proxy: FaultyProxy, tmp_path: Path
) -> None:
    data = os.urandom(MiB)
    file = uploaded(ministack.at(proxy.url), bucket, tmp_path / "a.bin", data)
    proxy.play(Fault(StripRequestHeaders(("range",)), Match(operation="GetObject"), times=9))

    with file.open() as opened:
        opened.seek(300_000)
        assert opened.read(1000) == data[300_000:301_000]
        opened.seek(-5, 2)
        assert opened.read() == data[-5:]


def test_a_server_that_ignores_ranges_sends_a_long_one_twice_and_no_more(
    ministack: S3Server, bucket: str, proxy: FaultyProxy, tmp_path: Path
) -> None:
    data = os.urandom(21 * MiB)
    file = uploaded(ministack.at(proxy.url), bucket, tmp_path / "a.bin", data)
    proxy.play(Fault(StripRequestHeaders(("range",)), Match(operation="GetObject"), times=99))

    with file.open() as opened:
        assert opened.read() == data

    assert len(proxy.of("GetObject")) == 2


@pytest.mark.parametrize("body", [b"short", bytes(3 * MiB)], ids=["shorter", "as long"])
def test_one_that_is_overwritten_before_or_while_it_is_read_is_never_mixed(
    ministack: S3Server, bucket: str, tmp_path: Path, body: bytes
) -> None:
    file = uploaded(ministack, bucket, tmp_path / "a.bin", os.urandom(3 * MiB))
    opened = file.open()
    first = opened.read(100)

    ministack.client.put_object(Bucket=file.bucket, Key=file.key, Body=body)

    opened.seek(2 * MiB)
    with pytest.raises(IntegrityError, match=r"was overwritten since it was uploaded"):
        opened.read(MiB)
    opened.seek(0)
    assert opened.read(100) == first  # of what was read ahead
    with pytest.raises(IntegrityError, match=r"was overwritten since it was uploaded"):
        file.open()


@pytest.mark.parametrize(("size", "length"), [(3 * MiB, 100), (21 * MiB, -1)])
def test_one_that_is_overwritten_is_not_mixed_where_the_server_ignores_if_match(
    ministack: S3Server, bucket: str, proxy: FaultyProxy, tmp_path: Path, size: int, length: int
) -> None:
    file = uploaded(ministack.at(proxy.url), bucket, tmp_path / "a.bin", os.urandom(size))
    proxy.play(Fault(StripRequestHeaders(("if-match",)), Match(operation="GetObject"), times=99))
    opened = file.open()
    opened.read(100)

    ministack.client.put_object(Bucket=file.bucket, Key=file.key, Body=bytes(size))

    opened.seek(2 * MiB)
    with pytest.raises(IntegrityError, match=r"was overwritten"):
        opened.read(length)


def test_a_deleted_one_is_told_before_and_while_it_is_read(
    ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    file = uploaded(ministack, bucket, tmp_path / "a.bin", os.urandom(3 * MiB))
    opened = file.open()

    ministack.client.delete_object(Bucket=file.bucket, Key=file.key)

    for read in (opened.read, file.open):
        with pytest.raises(IntegrityError, match="is not on S3 any more"):
            read()


def test_an_earlier_version_is_read_as_it_was(
    ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    ministack.client.put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    data = os.urandom(MiB)
    file = uploaded(ministack, bucket, tmp_path / "a.bin", data)
    ministack.client.put_object(Bucket=file.bucket, Key=file.key, Body=b"other")

    with file.open() as opened:
        assert opened.read() == data
    for found in ministack.client.list_object_versions(Bucket=file.bucket)["Versions"]:
        ministack.client.delete_object(
            Bucket=file.bucket, Key=found["Key"], VersionId=found["VersionId"]
        )


@pytest.mark.parametrize("operation", ["HeadObject", "GetObject"])
def test_who_may_not_read_is_told_the_permission_or_reads_without_a_head(
    ministack: S3Server, bucket: str, proxy: FaultyProxy, tmp_path: Path, operation: str
) -> None:
    file = uploaded(ministack.at(proxy.url), bucket, tmp_path / "a.bin", b"tail")
    proxy.play(Fault(Answer(403, "AccessDenied"), Match(operation=operation), times=9))

    with file.open() as opened:
        if operation == "HeadObject":
            assert opened.read() == b"tail"
            return
        with pytest.raises(AccessDeniedError, match="s3:GetObject"):
            opened.read()


def test_records_stay_plain_and_a_loaded_one_knows_no_client(
    ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    file = uploaded(ministack, bucket, tmp_path / "a.bin", b"tail")

    loaded = pickle.loads(pickle.dumps(file))  # noqa: S301 - our own

    assert loaded == file
    assert ministack.secret_key not in repr(asdict(file)) + pickle.dumps(file).decode("latin-1")
    assert list(pd.DataFrame([file])["key"]) == ["raw/a.bin"]
    with pytest.raises(RefusedError, match="knows no client"):
        loaded.open()
    with copy.deepcopy(file).open() as opened:
        assert opened.read() == b"tail"
