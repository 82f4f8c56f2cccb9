"""What lets somebody into the bucket stays in memory: nothing of it is shown, saved or logged.

``test_bad_input`` holds every failure of its table to the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbclient import NotebookClient

from s3upload_widget import UploadWidget
from support.files import make_file
from support.page.uploading import QUICK, MiB, pick, show, until_done, until_state
from support.proxy.faults import FOREVER, Answer, Fault, Match
from support.soak.leaks import assert_nothing_leaks, record_everything, secrets_of

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.page.browser import PageErrors
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

PART = 5 * MiB
TOKEN = "FwoGZXIvYXdzEtoken//////////wEaDOneTwoThree"


@pytest.mark.parametrize("fails", [False, True], ids=["completes", "fails"])
def test_no_secret_is_shown_saved_or_logged(
    page: Page,
    page_errors: PageErrors,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    fails: bool,
) -> None:
    page_errors.expect_network()
    record_everything(caplog)
    widget = UploadWidget(bucket, client=ministack.at(proxy.url).client, part_size=PART)
    if fails:
        wrong = Answer(500, "InternalError", f"{ministack.secret_key} https://x/?X-Amz-Signature=1")
        proxy.play(Fault(wrong, Match(operation="CompleteMultipartUpload"), times=FOREVER))
        denied = Answer(403, "AccessDenied", "https://x/?X-Amz-Credential=1")
        proxy.play(Fault(denied, Match(operation="UploadPart", part_number=2), times=FOREVER))
    show(page, bridge, widget, tuning=QUICK)

    pick(page, make_file(tmp_path / "run7.bin", 3 * PART))
    if fails:
        until_state(widget, "failed")
    else:
        until_done(widget)

    secrets, ids = secrets_of(bridge, ministack, proxy)
    assert len(secrets) > 6
    assert len(ids) == 1
    assert_nothing_leaks((secrets, ids), page, widget, caplog.records)
    # What the browser itself writes there of requests that failed is not ours to hide.
    console = "\n".join(page_errors.unexpected)
    assert [secret for secret in secrets | ids if secret in console] == []


CELL = """
import boto3, msgspec
from s3upload_widget import UploadWidget, protocol
client = boto3.client(
    "s3", endpoint_url={endpoint!r}, aws_access_key_id={access_key!r},
    aws_secret_access_key={secret_key!r}, aws_session_token={token!r}, region_name="us-east-1",
)
w = UploadWidget({bucket!r}, client=client)
"""
PLAY = """
def ask(rid, request):
    content = {"rid": rid, "client": "page-0001", "request": msgspec.to_builtins(request)}
    w._controller.receive(content)
    while w._controller._dispatcher._under_way:
        pass
    return request

pick = dict(file_id="file_0001", name="run7.bin", path="run7.bin", size=40 << 20, type="", key="", upload_id="")
ask("1", protocol.PickFiles(
    origin="", files=[protocol.Pick(**pick, last_modified=0, if_exists="")]))
ask("2", protocol.CreateMultipartUpload(file_id="file_0001", refused=[]))
part = dict(file_id="file_0001", part_number=1, sha256="A" * 43 + "=", md5="", unconditional=False)
ask("3", protocol.PresignParts(parts=[protocol.PartChecksums(**part)]))
w
"""
LOOK = "print(w.files, w.error, w.state); w.unfinished()"


def test_no_secret_is_in_a_notebook_that_is_saved_with_its_widgets(
    moto: S3Server,
) -> None:
    server = replace(moto, access_key="AKIAIOSFODNN7EXAMPLE", secret_key="very-secret")
    bucket = server.new_bucket()
    setup = CELL.format(
        endpoint=server.endpoint_url,
        access_key=server.access_key,
        secret_key=server.secret_key,
        token=TOKEN,
        bucket=bucket,
    )
    cells = [nbformat.v4.new_code_cell(source) for source in (setup, PLAY, LOOK)]  # type: ignore[no-untyped-call]
    notebook = nbformat.v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call]

    NotebookClient(notebook, timeout=120, store_widget_state=True).execute()

    (_, upload_id), *_ = server.upload_ids(bucket)
    cells[0].source = ""  # the keys stand there because this test wrote them there
    models = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    for model in models.values():
        model["state"].pop("_esm", None)
    saved = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    assert "run7.bin" in saved
    for secret in (upload_id, TOKEN, server.access_key, server.secret_key, "X-Amz-"):
        assert secret not in saved
