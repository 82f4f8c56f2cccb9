"""``UploadedFile.verify()``: the object is read back, and a single changed byte is noticed."""

from __future__ import annotations

import copy
import pickle
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest

from s3upload_widget.errors import AccessDeniedError, IntegrityError, RefusedError
from s3upload_widget.parts import S3_LIMITS
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from support.clients.scripts import send
from support.clients.sender import Sender
from support.files import make_file
from support.proxy.faults import (
    FOREVER,
    Answer,
    CutResponse,
    Fault,
    Match,
    StripRequestHeaders,
    StripResponseHeaders,
)
from support.proxy.proxy import FaultyProxy
from support.servers.servers import one_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from s3upload_widget.results import UploadedFile
    from support.servers.servers import S3Server

MiB = 1 << 20

each_server = one_of("ministack", "seaweed")


@pytest.fixture
def lab(each_server: S3Server) -> Iterator[str]:
    with each_server.bucket() as bucket:
        yield bucket


def uploaded(server: S3Server, bucket: str, path: Path, **options: Any) -> UploadedFile:
    """In parts of 5 MiB, the least that every server takes."""
    options = {"limits": S3_LIMITS, "part_size": 5 * MiB, **options}
    return send(server, path, f"s3://{bucket}/raw/", **options).uploaded


def overwrite(server: S3Server, file: UploadedFile, body: bytes) -> None:
    server.client.put_object(Bucket=file.bucket, Key=file.key, Body=body)


@pytest.mark.parametrize("size", [0, 100, 5 * MiB + 1], ids=["empty", "one part", "parts"])
def test_an_untouched_object_is_what_was_uploaded(
    each_server: S3Server, lab: str, tmp_path: Path, size: int
) -> None:
    assert uploaded(each_server, lab, make_file(tmp_path / "a.bin", size)).verify() == "sha256"


def test_what_a_page_uploaded_is_read_with_the_widgets_client(
    each_server: S3Server, lab: str
) -> None:
    arrived: list[UploadedFile] = []
    service = Service(Store(lab, each_server.client), on_uploaded=arrived.append)
    Sender(service, b"tail").upload()

    assert arrived[0].verify() == "sha256"
    overwrite(each_server, arrived[0], b"tall")
    with pytest.raises(IntegrityError):
        arrived[0].verify()


@pytest.mark.parametrize("size", [100, 5 * MiB + 1], ids=["one part", "parts"])
def test_one_changed_byte_is_an_integrity_error(
    each_server: S3Server, lab: str, tmp_path: Path, size: int
) -> None:
    path = make_file(tmp_path / "a.bin", size)
    file = uploaded(each_server, lab, path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1

    overwrite(each_server, file, bytes(data))

    with pytest.raises(
        IntegrityError, match=f"{file.uri} does not hold.*sha256 is .* not {file.sha256}"
    ):
        file.verify()


def test_another_length_and_a_missing_object_are_told(
    each_server: S3Server, lab: str, tmp_path: Path
) -> None:
    file = uploaded(each_server, lab, make_file(tmp_path / "a.bin", 100))

    overwrite(each_server, file, b"short")
    with pytest.raises(IntegrityError, match="it has 5 bytes, not 100"):
        file.verify()

    each_server.client.delete_object(Bucket=file.bucket, Key=file.key)
    with pytest.raises(IntegrityError, match="not on S3 any more"):
        file.verify()


def test_without_the_files_sha256_its_md5_is_compared_where_the_etag_is_that(
    each_server: S3Server, lab: str, tmp_path: Path
) -> None:
    file = uploaded(each_server, lab, make_file(tmp_path / "a.bin", 100), sha256=False)
    assert file.sha256 == ""

    assert file.verify() == "md5"

    overwrite(each_server, file, b"x" * 100)
    with pytest.raises(IntegrityError, match="its md5 is"):
        file.verify()


def test_where_nothing_can_be_compared_it_says_so_and_reads_nothing(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    behind = ministack.at(proxy.url)
    file = uploaded(behind, bucket, make_file(tmp_path / "a.bin", 5 * MiB + 1), sha256=False)

    with pytest.raises(RefusedError, match=r"sha256=False.*upload with sha256=True"):
        file.verify()

    assert not proxy.of("GetObject")


def test_an_earlier_version_is_read_as_it_was(
    ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    ministack.client.put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    file = uploaded(ministack, bucket, make_file(tmp_path / "a.bin", 5 * MiB + 1))
    overwrite(ministack, file, b"other")

    assert file.version_id
    assert file.verify() == "sha256"
    for found in ministack.client.list_object_versions(Bucket=bucket)["Versions"]:
        ministack.client.delete_object(
            Bucket=bucket, Key=found["Key"], VersionId=found["VersionId"]
        )


def test_a_connection_that_breaks_is_gone_on_with_from_there(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    behind = ministack.at(proxy.url)
    # What is in the sockets' buffers is lost with the connection: up to 10 MiB.
    file = uploaded(behind, bucket, make_file(tmp_path / "a.bin", 24 * MiB))
    proxy.play(Fault(CutResponse(20 * MiB), Match(operation="GetObject")))

    assert file.verify() == "sha256"

    first, second = (got.request.headers for got in proxy.of("GetObject"))
    assert "range" not in first
    assert second.get("range") in {f"bytes={n * MiB}-" for n in range(1, 21)}
    assert second.get("if-match") == file.etag


def test_an_object_that_is_replaced_while_it_is_read_is_not_pieced_together(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    behind = ministack.at(proxy.url)
    file = uploaded(behind, bucket, make_file(tmp_path / "a.bin", 5 * MiB + 1))
    proxy.play(
        Fault(CutResponse(2 * MiB), Match(operation="GetObject", nth=1)),
        Fault(Answer(412, "PreconditionFailed"), Match(operation="GetObject", nth=2)),
    )

    with pytest.raises(IntegrityError, match="replaced while it was read"):
        file.verify()


def test_to_be_denied_the_look_names_the_permission(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    file = uploaded(ministack.at(proxy.url), bucket, make_file(tmp_path / "a.bin", 100))
    proxy.play(Fault(Answer(403, "AccessDenied"), Match(operation="GetObject"), times=FOREVER))

    with pytest.raises(AccessDeniedError, match="s3:GetObject"):
        file.verify()


def test_the_client_is_no_part_of_the_record(
    ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    file = uploaded(ministack, bucket, make_file(tmp_path / "a.bin", 100))
    loaded = pickle.loads(pickle.dumps(file))  # noqa: S301 - dumped right here

    assert loaded == file
    assert hash(loaded) == hash(file)
    assert "_verify" not in repr(file)
    assert "_verify" not in "".join(asdict(file))
    assert copy.deepcopy(file).verify() == copy.copy(file).verify() == "sha256"
    for record in (loaded, replace(file, name="b.bin")):
        with pytest.raises(RefusedError, match="knows no client"):
            record.verify()


def test_a_connection_that_breaks_resumes_where_s3_tells_no_etag(
    juicefs: S3Server, tmp_path: Path
) -> None:
    """JuiceFS tells one when it completes, and none when it is read."""
    with juicefs.bucket() as bucket, FaultyProxy(juicefs.endpoint_url) as wire:
        file = uploaded(juicefs.at(wire.url), bucket, make_file(tmp_path / "a.bin", 24 * MiB))
        wire.play(Fault(CutResponse(20 * MiB), Match(operation="GetObject")))

        assert file.etag
        assert file.verify() == "sha256"

        second = wire.of("GetObject")[1].request.headers
        assert not second.get("if-match")
        assert second.get("range")


def test_a_server_that_reads_from_the_start_again_is_not_read_twice(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    file = uploaded(ministack.at(proxy.url), bucket, make_file(tmp_path / "a.bin", 24 * MiB))
    proxy.play(
        Fault(CutResponse(20 * MiB), Match(operation="GetObject", nth=1)),
        Fault(StripRequestHeaders(("range",)), Match(operation="GetObject", nth=2)),
    )

    assert file.verify() == "sha256"


def test_another_object_of_the_same_size_is_noticed_where_s3_tells_no_etag(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    file = uploaded(ministack.at(proxy.url), bucket, make_file(tmp_path / "a.bin", 24 * MiB))
    proxy.play(
        Fault(StripResponseHeaders(("etag",)), Match(operation="GetObject"), times=FOREVER),
        Fault(CutResponse(20 * MiB), Match(operation="GetObject", nth=1)),
        Fault(StripResponseHeaders(("last-modified",)), Match(operation="GetObject", nth=2)),
    )

    with pytest.raises(IntegrityError, match="replaced while it was read"):
        file.verify()
