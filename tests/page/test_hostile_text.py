"""Names of files and words of S3 are shown as text: nothing in them becomes a part of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from s3upload_widget import UploadWidget
from support.files import make_file
from support.page.uploading import QUICK, assert_arrived, pick, show, until_done, until_state
from support.proxy.faults import FOREVER, Answer, Fault, Match

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.page.browser import PageErrors
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

EVIL = "<img src=x onerror='globalThis.broken = 1'>"
NAMES = (
    f"{EVIL}.csv",
    "a\"><svg onload='globalThis.broken=2'>&lt;b&gt;.csv",
    "${globalThis.broken=3}{{4}}`.csv",
    "javascript:globalThis.broken=5",
)


def assert_text_alone(page: Page) -> None:
    assert page.evaluate("globalThis.broken") is None
    assert (
        page.evaluate("document.querySelectorAll('.s3up :is(img, b, iframe, a[href])').length") == 0
    )
    assert page.evaluate("document.querySelectorAll('[onerror], [onload]').length") == 0


def test_files_of_hostile_names_arrive_and_are_shown_as_they_are_called(
    page: Page, bridge: Bridge, ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    widget = UploadWidget(bucket, client=ministack.client, description=EVIL)
    show(page, bridge, widget, tuning=QUICK)
    files = [make_file(tmp_path / name, 1000, seed) for seed, name in enumerate(NAMES)]

    pick(page, *files)
    until_done(widget, len(files))

    assert_arrived(ministack, widget, *files)
    for file in files:
        expect(page.locator(".s3up").get_by_text(file.name, exact=True).first).to_be_visible()
    assert_text_alone(page)


@pytest.mark.parametrize("whom", ["kernel", "page"])
def test_what_s3_says_is_shown_as_text(
    page: Page,
    page_errors: PageErrors,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    whom: str,
) -> None:
    page_errors.expect_network()
    widget = UploadWidget(bucket, client=ministack.at(proxy.url).client)
    show(page, bridge, widget, tuning=QUICK)
    answer = Answer(
        403, f"AccessDenied{EVIL}", f"</Message>{EVIL} is not authorized to perform: {EVIL}"
    )
    operation = "CreateMultipartUpload" if whom == "kernel" else "PutObject"
    proxy.play(Fault(answer, Match(operation=operation), times=FOREVER))

    pick(page, make_file(tmp_path / NAMES[0], 40 << 20 if whom == "kernel" else 1000))
    until_state(widget, "failed")

    message = page.locator(".s3up-row .s3up-message")
    expect(message).to_contain_text("403" if whom == "page" else EVIL)
    assert_text_alone(page)
