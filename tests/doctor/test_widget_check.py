"""``w.check()``: the widget knows the page, the place and the options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3upload_widget import UploadWidget
from s3upload_widget.doctor import Remedy, remedies
from support.clients.checking import assert_untouched, levels
from support.files import make_file
from support.page.uploading import QUICK, pick, show, until_done, until_state

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.page.browser import PageErrors
    from support.servers.servers import S3Server


def test_before_a_page_picked_anything_its_origin_is_unknown(
    ministack: S3Server, bucket: str
) -> None:
    widget = UploadWidget(bucket, "raw", client=ministack.client)
    try:
        report = widget.check()
    finally:
        widget.close()

    assert (report.uri, report.origin) == (f"s3://{bucket}/raw/", "")
    assert levels(report)["cors"] == "hint"
    assert report.ok
    assert_untouched(ministack, bucket)


def test_what_the_report_says_is_missing_is_all_that_is_missing(
    page: Page, page_errors: PageErrors, bridge: Bridge, ministack: S3Server, tmp_path: Path
) -> None:
    page_errors.expect_network()
    with ministack.bucket(("https://other.example.org",)) as bucket:
        widget = UploadWidget(bucket, client=ministack.client, transport="direct")
        show(page, bridge, widget, tuning=QUICK | {"reachMs": 60_000})
        pick(page, make_file(tmp_path / "run7.bin", 1_000))
        until_state(widget, "failed")

        report = widget.check()

        assert report.origin == bridge.origin
        assert [each.check for each in report if each.level == "problem"] == ["cors"]
        remedy = remedies(report, client=ministack.client)[0]
        assert isinstance(remedy, Remedy)
        remedy.apply()
        assert widget.check().ok
        widget.resume()
        until_done(widget)
