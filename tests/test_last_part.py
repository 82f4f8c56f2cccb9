"""Of an upload that another program began only the last part is on S3: the others are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3upload_widget import UploadWidget
from support.files import make_file
from support.proxy import FaultyProxy
from support.scripts import begin
from support.uploading import QUICK, MiB, assert_arrived, pick, show, until_done

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.bridge import Bridge
    from support.servers import S3Server


@pytest.mark.parametrize("name", ["ministack", "seaweed"])
def test_where_only_the_last_part_is_listed_all_others_are_sent_in_its_cut(
    page: Page, bridge: Bridge, tmp_path: Path, name: str, request: pytest.FixtureRequest
) -> None:
    server: S3Server = request.getfixturevalue(name)
    file = make_file(tmp_path / "run7.bin", 24 * MiB + 1)
    with server.bucket() as bucket, FaultyProxy(server.endpoint_url) as proxy:
        begin(server, bucket, "run7.bin", file, [4], part_size=8 * MiB)
        widget = UploadWidget(
            bucket, client=server.client, browser_endpoint_url=proxy.url, part_size=5 * MiB
        )
        show(page, bridge, widget, tuning=QUICK)
        pick(page, file)
        until_done(widget)

        assert_arrived(server, widget, file)
        sent = sorted((put.part_number, put.body_bytes) for put in proxy.puts())
        assert sent == [(number, 8 * MiB) for number in (1, 2, 3)]
        assert server.upload_ids(bucket) == []
        page.goto("about:blank")
