"""What a browser began a script finishes, and the reverse: each part is sent once."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from s3upload_widget import UploadWidget, upload_file
from support.files import make_file, sha256_of_file, sha256_of_object
from support.page.uploading import (
    QUICK,
    STANDSTILL,
    MiB,
    assert_arrived,
    pick,
    show,
    until_done,
)
from support.proxy.proxy import FaultyProxy
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.page.browser import PageErrors
    from support.servers.servers import S3Server

PART: Final = 5 * MiB
PARTS: Final = 9
EVERY: Final = set(range(1, PARTS + 1))
SLOW: Final = 15 * MiB
KEY: Final = "raw/run7.bin"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return make_file(tmp_path / "run7.bin", PARTS * PART - 7)


@pytest.fixture
def afterwards(ministack: S3Server) -> Iterator[FaultyProxy]:
    """By which S3 is reached by whoever goes on: nothing of the other's can come this way."""
    with FaultyProxy(ministack.endpoint_url) as second:
        yield second


def on_s3(server: S3Server, bucket: str) -> set[int]:
    """The numbers of the parts that S3 holds in the one upload there is."""
    [(key, upload_id)] = server.upload_ids(bucket)
    listed = server.client.list_parts(Bucket=bucket, Key=key, UploadId=upload_id)
    return {part["PartNumber"] for part in listed["Parts"]}


def until_stored(proxy: FaultyProxy, count: int) -> None:
    """Wait until so many parts are on S3, and let no more pass."""
    until(lambda: sum(put.complete for put in proxy.puts()) >= count, 60, "stored parts")
    proxy.pace_total(STANDSTILL)


def what_is_left(server: S3Server, proxy: FaultyProxy, bucket: str, cut_at: int) -> set[int]:
    """Which parts are missing, when whoever began is heard no more."""
    proxy.clear_faults()
    proxy.cut_off()
    there = on_s3(server, bucket)
    assert cut_at <= len(there) < PARTS
    return EVERY - there


def widget_of(server: S3Server, bucket: str, proxy: FaultyProxy) -> UploadWidget:
    return UploadWidget(
        bucket,
        "raw",
        client=server.client,
        browser_endpoint_url=proxy.url,
        part_size=PART,
        max_concurrency=1,
    )


@pytest.mark.parametrize("cut_at", [1, 5])
def test_a_closed_pages_upload_is_finished_by_a_script(
    page: Page,
    page_errors: PageErrors,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    afterwards: FaultyProxy,
    bucket: str,
    file: Path,
    cut_at: int,
) -> None:
    page_errors.expect_network()
    proxy.pace_total(SLOW)
    show(page, bridge, widget_of(ministack, bucket, proxy), tuning=QUICK)
    pick(page, file)
    until_stored(proxy, cut_at)
    page.close()
    missing = what_is_left(ministack, proxy, bucket, cut_at)

    # No part size is given: what is there says which it was.
    client = ministack.at(afterwards.url).client
    done = upload_file(file, f"s3://{bucket}/raw/", client=client, progress=False)

    assert (done.key, done.sha256) == (KEY, sha256_of_file(file))
    assert sha256_of_object(ministack.client, bucket, KEY) == done.sha256
    assert sorted(put.part_number for put in afterwards.puts()) == sorted(missing)
    assert ministack.upload_ids(bucket) == []


@pytest.mark.parametrize("cut_at", [1, 5])
def test_a_killed_scripts_upload_is_finished_by_a_page(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    afterwards: FaultyProxy,
    bucket: str,
    file: Path,
    cut_at: int,
) -> None:
    proxy.pace_total(SLOW)
    command = [sys.executable, "-m", "s3upload_widget", "put", str(file), f"s3://{bucket}/raw/"]
    options = ["--part-size", "5", "--max-concurrency", "1", "--endpoint-url", proxy.url]
    environment = {**os.environ, **ministack.environment}
    with subprocess.Popen([*command, *options], env=environment) as script:
        until_stored(proxy, cut_at)
        script.kill()
    missing = what_is_left(ministack, proxy, bucket, cut_at)

    widget = widget_of(ministack, bucket, afterwards)
    show(page, bridge, widget, tuning=QUICK)
    pick(page, file)
    until_done(widget)

    assert_arrived(ministack, widget, file)
    assert sorted(put.part_number for put in afterwards.puts()) == sorted(missing)
    assert ministack.upload_ids(bucket) == []
