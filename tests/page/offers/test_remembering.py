"""What the browser remembers of unfinished uploads it forgets only when S3 has forgotten it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from s3upload_widget import UploadWidget
from support.files import make_file
from support.page.offers import remembered
from support.page.uploading import QUICK, MiB, asked, pick, show
from support.page.view import LONG
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.page.browser import PageErrors
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

PART = 5 * MiB


def widget_of(
    server: S3Server, bucket: str, proxy: FaultyProxy, key: str | None = None
) -> UploadWidget:
    return UploadWidget(
        bucket,
        "raw",
        client=server.client,
        browser_endpoint_url=proxy.url,
        part_size=PART,
        key=key,
    )


@pytest.fixture
def begun(
    page: Page,
    page_errors: PageErrors,
    bridge: Bridge,
    ministack: S3Server,
    bucket: str,
    proxy: FaultyProxy,
    tmp_path: Path,
) -> str:
    """The id of an upload of raw/run7.bin that this browser began and left."""
    page_errors.expect_network()
    proxy.pace_total(20 * MiB)
    widget = widget_of(ministack, bucket, proxy)
    show(page, bridge, widget, tuning=QUICK)
    pick(page, make_file(tmp_path / "run7.bin", 8 * PART))
    until(lambda: any(put.complete for put in proxy.puts()), 60, "a part")
    page.goto("about:blank")
    [(_, upload_id)] = ministack.upload_ids(bucket)
    return upload_id


def look(page: Page, bridge: Bridge, widget: UploadWidget) -> None:
    """Show a widget, and let it list what is unfinished."""
    looks = len(asked(bridge, "list_unfinished"))
    show(page, bridge, widget, tuning=QUICK)
    until(lambda: len(asked(bridge, "list_unfinished")) > looks, 30, "a look")
    page.evaluate("engine.refresh()")


def kept(page: Page) -> list[tuple[str, str]]:
    return [(each["path"], each["uploadId"]) for each in remembered(page)]


def test_a_widget_of_one_key_forgets_nothing_of_its_neighbours(
    page: Page, bridge: Bridge, ministack: S3Server, bucket: str, proxy: FaultyProxy, begun: str
) -> None:
    look(page, bridge, widget_of(ministack, bucket, proxy, key="other.bin"))

    expect(page.locator(".s3up-offer")).to_have_count(0)
    assert kept(page) == [("run7.bin", begun)]


def test_discarding_anothers_upload_of_a_key_keeps_the_memory_of_ones_own(
    page: Page, bridge: Bridge, ministack: S3Server, bucket: str, proxy: FaultyProxy, begun: str
) -> None:
    ministack.client.create_multipart_upload(Bucket=bucket, Key="raw/run7.bin")
    look(page, bridge, widget_of(ministack, bucket, proxy))
    page.get_by_role("button", name="Show", exact=True).click(timeout=LONG)
    theirs = page.locator(".s3up-offer", has_text="no parts yet")

    theirs.get_by_role("button", name="Discard").click(timeout=LONG)
    theirs.locator(".s3up-question").get_by_role("button", name="Discard").click(timeout=LONG)

    expect(theirs).to_have_count(0, timeout=LONG)
    assert ministack.upload_ids(bucket) == [("raw/run7.bin", begun)]
    assert kept(page) == [("run7.bin", begun)]


def test_what_s3_does_not_know_any_more_is_forgotten(
    page: Page, bridge: Bridge, ministack: S3Server, bucket: str, proxy: FaultyProxy, begun: str
) -> None:
    ministack.client.abort_multipart_upload(Bucket=bucket, Key="raw/run7.bin", UploadId=begun)

    look(page, bridge, widget_of(ministack, bucket, proxy))

    until(lambda: kept(page) == [], 30, "the browser forgets it")
