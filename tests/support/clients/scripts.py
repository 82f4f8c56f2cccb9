"""Scripts that upload: in this process with small parts, and cut off after some of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from s3upload_widget import checksums
from s3upload_widget.parts import Limits
from s3upload_widget.uploader import Options, Outcome
from s3upload_widget.uploader.batch import upload
from support import ROOT
from support.files import sha256_of_file, sha256_of_object

if TYPE_CHECKING:
    from collections.abc import Iterable

    from s3upload_widget.results import UploadedFile
    from s3upload_widget.uploader.sources import FilePath, Source
    from support.servers.servers import S3Server

SMALL: Final = Limits(
    min_part_size=256, max_part_size=1 << 20, max_parts=1_000, default_part_size=1024
)
"""What ministack takes, which knows no least part size."""
PATIENT_COMMAND: Final = """
from s3upload_widget import interrupt
from s3upload_widget.cli import main
interrupt.GRACE = 600
main()
"""
"""The command line, which no slow machine keeps from saying after Ctrl-C what is on S3."""
_SCRIPT: Final = """
import sys
import boto3
from support.clients.scripts import SMALL
from s3upload_widget.uploader.batch import Options, upload
path, uri = sys.argv[1:]
upload([(path, "")], uri, Options(limits=SMALL, max_concurrency=4, progress=False))
"""


def start(server: S3Server, path: Path, uri: str) -> subprocess.Popen[bytes]:
    """Begin to upload one file in parts of 1 KiB, in a process that can be killed."""
    folders = (ROOT / "tests", Path.cwd())
    environment = {
        **os.environ,
        **server.environment,
        "PYTHONPATH": os.pathsep.join(map(str, folders)),
    }
    return subprocess.Popen([sys.executable, "-c", _SCRIPT, str(path), uri], env=environment)


def send(server: S3Server, path: FilePath | Source, uri: str, **options: Any) -> Outcome:
    """Upload one file in parts of 1 KiB."""
    (outcome,) = send_all(server, [path], uri, **options)
    return outcome


def send_all(
    server: S3Server, paths: Iterable[FilePath | Source], uri: str, **options: Any
) -> list[Outcome]:
    """Upload files in parts of 1 KiB."""
    chosen = {"client": server.client, "limits": SMALL, "progress": False, **options}
    return upload([(path, "") for path in paths], uri, Options(**chosen))


def assert_is_there(server: S3Server, uploaded: UploadedFile, path: Path) -> None:
    """The object and what is told of it are equal to the file."""
    assert uploaded.sha256 == sha256_of_file(path)
    assert uploaded.size == path.stat().st_size
    assert sha256_of_object(server.client, uploaded.bucket, uploaded.key) == uploaded.sha256
    assert uploaded.verified_by in {"sha256", "md5"}


def begin(
    server: S3Server,
    bucket: str,
    key: str,
    path: Path,
    parts: Iterable[int],
    *,
    part_size: int = 1024,
    algorithm: str = "SHA256",
) -> str:
    """Send some parts of a file, as a program that was then killed; gives the upload's id."""
    client, data = server.client, path.read_bytes()
    kind: dict[str, Any] = {"ChecksumAlgorithm": algorithm} if algorithm else {}
    upload_id = client.create_multipart_upload(Bucket=bucket, Key=key, **kind)["UploadId"]
    for number in parts:
        body = data[(number - 1) * part_size : number * part_size]
        sent = {"ChecksumSHA256": checksums.sha256(body)} if algorithm == "SHA256" else kind
        client.upload_part(
            Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=body, **sent
        )
    return upload_id
