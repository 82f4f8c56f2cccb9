"""What lets somebody into the bucket stays in memory: nothing of it is shown, saved or logged.

``test_bad_input`` holds every failure of its table to the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from s3upload_widget import UploadWidget
from support.files import make_file
from support.lab.headless import (
    TOKEN,
    UPLOADING,
    run_cells,
    saved_without_code,
    widget_cell,
)
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


LOOK = "print(w.files, w.error, w.state); w.unfinished()"


def test_no_secret_is_in_a_notebook_that_is_saved_with_its_widgets(
    moto: S3Server,
) -> None:
    server = replace(moto, access_key="AKIAIOSFODNN7EXAMPLE", secret_key="very-secret")
    bucket = server.new_bucket()

    notebook = run_cells(widget_cell(server, bucket), UPLOADING, LOOK)

    (_, upload_id), *_ = server.upload_ids(bucket)
    saved = saved_without_code(notebook)  # the keys stand there because this test wrote them there
    assert "run7.bin" in saved
    for secret in (upload_id, TOKEN, server.access_key, server.secret_key, "X-Amz-"):
        assert secret not in saved
