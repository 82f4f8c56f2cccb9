"""Temporary credentials, and uploads that failed: what let somebody in stands nowhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config

from s3upload_widget import UploadWidget
from support.files import make_file
from support.lab.headless import (
    TOKEN,
    UPLOADING,
    run_cells,
    saved_without_code,
    widget_cell,
)
from support.page.uploading import QUICK, MiB, pick, show, until_state
from support.proxy.faults import FOREVER, Answer, Fault, Match
from support.proxy.proxy import FaultyProxy
from support.servers.servers import REGION
from support.soak.leaks import assert_nothing_leaks, record_everything, secrets_of
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from playwright.sync_api import Page
    from types_boto3_s3 import S3Client

    from support.page.bridge import Bridge
    from support.page.browser import PageErrors
    from support.servers.servers import S3Server

PART: Final = 5 * MiB
QUOTED: Final = "FwoGZXIvYXdzEtoken%2F%2F%2F%2F%2F%2F%2F%2F%2F%2FwEaDOneTwoThree"
"""As it stands in an address."""


def temporary(server: S3Server) -> S3Client:
    """A client with credentials as a role gives them."""
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint_url,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        aws_session_token=TOKEN,
        region_name=REGION,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


def test_the_token_of_temporary_credentials_stands_nowhere_after_an_upload_failed(
    page: Page,
    page_errors: PageErrors,
    bridge: Bridge,
    moto: S3Server,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    page_errors.expect_network()
    record_everything(caplog)
    with moto.bucket() as bucket, FaultyProxy(moto.endpoint_url) as proxy:
        widget = UploadWidget(bucket, client=temporary(moto.at(proxy.url)), part_size=PART)
        expired = Answer(400, "ExpiredToken", f"{TOKEN} https://x/?X-Amz-Security-Token={QUOTED}")
        proxy.play(Fault(expired, Match(operation="UploadPart", part_number=2), times=FOREVER))
        proxy.play(Fault(expired, Match(operation="CompleteMultipartUpload"), times=FOREVER))
        show(page, bridge, widget, tuning=QUICK)

        pick(page, make_file(tmp_path / "run7.bin", 3 * PART))
        until(lambda: proxy.of("UploadPart"))  # parts are listed once before the first is signed
        proxy.play(Fault(expired, Match(operation="ListParts"), times=FOREVER))
        until_state(widget, "failed")

        secrets, ids = secrets_of(bridge, moto, proxy, others={TOKEN, QUOTED})
        assert any(QUOTED in secret for secret in secrets if "://" in secret)
        # moto's keys are its name, which stands in every other word here.
        secrets -= {moto.access_key, moto.secret_key}
        assert_nothing_leaks((secrets, ids), page, widget, caplog.records)
        page.goto("about:blank")


FAIL: Final = """
((_, upload_id),) = [
    (each["Key"], each["UploadId"])
    for each in client.list_multipart_uploads(Bucket=bucket)["Uploads"]
]
client.put_object(Bucket=bucket, Key="id", Body=upload_id.encode())
client.abort_multipart_upload(Bucket=bucket, Key="run7.bin", UploadId=upload_id)
del upload_id
ask("4", protocol.CompleteMultipartUpload(
    file_id="file_0001", parts_sha256=["A" * 43 + "="] * 5, parts_md5=[], sha256="", taken=False, etag=""))
error = "run7.bin: the upload is gone"
failed = dict(waiting_for="", error=error, bytes_done=0)
ask("5", protocol.ReportProgress(
    number=1,
    summary=protocol.Summary(
        state="failed", progress=0, bytes_total=40 << 20, rate=0, eta=-1, **failed),
    files=[protocol.FileProgress(
        file_id="file_0001", state="failed", parts_done=0, parts_in_flight=[], **failed)],
    removed=[], last_order=0, tried=protocol.Tried(number=0, reached=False),
))
w
"""
LOOK: Final = """
print(w.state, w.files, w.error)
try:
    w.result(timeout=0)
except Exception:
    import traceback
    traceback.print_exc()
"""


def test_no_secret_is_in_a_notebook_that_is_saved_after_an_upload_failed(moto: S3Server) -> None:
    server = replace(moto, access_key="AKIAIOSFODNN7EXAMPLE", secret_key="very-secret")
    bucket = server.new_bucket()

    notebook = run_cells(widget_cell(server, bucket), UPLOADING, FAIL, LOOK)

    upload_id = server.client.get_object(Bucket=bucket, Key="id")["Body"].read().decode()
    saved = saved_without_code(notebook)  # the keys stand there because this test wrote them there
    assert "failed" in "".join(output.get("text", "") for output in notebook.cells[3].outputs)
    assert "run7.bin: the upload is gone" in saved
    for secret in (upload_id, TOKEN, QUOTED, server.access_key, server.secret_key, "X-Amz-"):
        assert secret not in saved
