"""What lets somebody into the bucket stays in memory: nothing of it is shown, saved or logged."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from s3upload_widget import UploadWidget
from support.faults import FOREVER, Answer, Fault, Match
from support.files import make_file
from support.uploading import QUICK, MiB, pick, show, until_done, until_state

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.bridge import Bridge
    from support.browser import PageErrors
    from support.proxy import FaultyProxy
    from support.servers import S3Server

PART = 5 * MiB


def secrets_of(bridge: Bridge, server: S3Server, proxy: FaultyProxy) -> set[str]:
    """Everything secret that was on any wire, and the words that betray a signed URL."""
    found = {server.secret_key, server.access_key, "X-Amz-Signature", "X-Amz-Credential"}
    found |= {exchange.upload_id for exchange in proxy.exchanges if exchange.upload_id}
    for message in bridge.told:
        reply = message.data.get("content", {}).get("reply", {})
        for part in reply.get("parts", []):
            query = parse_qs(urlsplit(part["url"]).query)
            found |= {part["url"], query["X-Amz-Signature"][0]}
    return found


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
    caplog.set_level(logging.DEBUG, "s3upload_widget")
    behind = ministack.at(proxy.url)
    widget = UploadWidget(bucket, client=behind.client, part_size=PART)
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

    places = {
        "state": json.dumps(widget.get_state(), default=str),
        "repr": repr(widget) + repr(widget.files) + repr(widget.value) + repr(widget.error),
        "mime bundle": json.dumps(widget._repr_mimebundle_(), default=str),
        "log": caplog.text,
        "page": page.content(),
        # What the browser itself writes there of requests that failed is not ours to hide.
        "console": "\n".join(page_errors.unexpected),
        "storage": page.evaluate("JSON.stringify({ ...localStorage, ...sessionStorage })"),
        "databases": page.evaluate("indexedDB.databases().then(JSON.stringify)"),
    }
    secrets = secrets_of(bridge, ministack, proxy)
    assert len(secrets) > 6
    assert [
        (place, secret) for place, text in places.items() for secret in secrets if secret in text
    ] == []
