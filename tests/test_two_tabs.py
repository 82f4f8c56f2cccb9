"""Two tabs of one browser, on one widget or two: they share what the browser remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from playwright.sync_api import expect

from s3upload_widget import UploadWidget
from support.files import make_file
from support.uploading import QUICK, MiB, assert_arrived, pick, show, until_done
from support.view import expect_state, row
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.bridge import Bridge
    from support.browser import PageErrors
    from support.proxy import FaultyProxy
    from support.servers import S3Server

PART: Final = 5 * MiB
PARTS: Final = 20
LANES: Final = 2
LONG: Final = 30_000
PATIENT: Final = {**QUICK, "stallMs": 30_000, "lookMs": 300}


def stored(proxy: FaultyProxy) -> list[int]:
    """The number of each part that S3 took, as often as it took it."""
    return sorted(put.part_number for put in proxy.puts() if put.complete)


def test_one_tab_sends_the_other_shows_it_as_held_and_takes_it_over(
    page: Page,
    page_errors: PageErrors,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    page_errors.expect_network()
    widget = UploadWidget(
        bucket,
        client=ministack.client,
        browser_endpoint_url=proxy.url,
        part_size=PART,
        max_concurrency=LANES,
    )
    file = make_file(tmp_path / "run7.bin", PARTS * PART)
    proxy.pace_total(10 * MiB)
    show(page, bridge, widget, tuning=PATIENT)
    pick(page, file)
    until(lambda: len(stored(proxy)) >= 2, 60, "two parts on S3")

    other = page.context.new_page()
    page_errors.watch(other)
    show(other, bridge, widget, tuning=PATIENT)
    offer = other.locator('.s3up-offer[data-name="run7.bin"]')
    expect(offer.locator(".s3up-held")).to_have_text(
        "Another page seems to be sending it: Continue takes it over.", timeout=LONG
    )
    expect_state(page, "run7.bin", "uploading")

    with other.expect_file_chooser() as chooser:
        offer.get_by_role("button", name="Continue").click()
    chooser.value.set_files(file)
    expect_state(page, "run7.bin", "failed")
    expect(row(page, "run7.bin")).to_contain_text("goes on from another page")
    proxy.clear_faults()
    until_done(widget)

    expect_state(other, "run7.bin", "done")
    assert_arrived(ministack, widget, file)
    every = stored(proxy)
    assert set(every) == set(range(1, PARTS + 1))
    assert len(every) - len(set(every)) <= LANES  # at most those that were on their way
    assert ministack.upload_ids(bucket) == []


def test_so_it_is_where_each_tab_has_a_widget_of_its_own(
    page: Page,
    page_errors: PageErrors,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    page_errors.expect_network()
    sending, other = (
        UploadWidget(
            bucket, client=ministack.client, browser_endpoint_url=proxy.url, part_size=PART
        )
        for _ in range(2)
    )
    file = make_file(tmp_path / "run7.bin", PARTS * PART)
    proxy.pace_total(10 * MiB)
    show(page, bridge, sending, tuning=PATIENT)
    pick(page, file)
    until(lambda: len(stored(proxy)) >= 2, 60, "two parts on S3")

    tab = page.context.new_page()
    page_errors.watch(tab)
    show(tab, bridge, other, tuning=PATIENT)
    offer = tab.locator('.s3up-offer[data-name="run7.bin"]')
    expect(offer.locator(".s3up-held")).to_be_visible(timeout=LONG)
    expect_state(page, "run7.bin", "uploading")
    with tab.expect_file_chooser() as chooser:
        offer.get_by_role("button", name="Continue").click()
    chooser.value.set_files(file)
    expect_state(page, "run7.bin", "failed")
    expect(row(page, "run7.bin")).to_contain_text("goes on from another page")

    row(page, "run7.bin").get_by_role("button", name="Resume").click()
    expect_state(tab, "run7.bin", "failed")
    expect(row(tab, "run7.bin")).to_contain_text("goes on from another page")
    proxy.clear_faults()
    until_done(sending)

    assert_arrived(ministack, sending, file)
    assert set(stored(proxy)) == set(range(1, PARTS + 1))
    assert ministack.upload_ids(bucket) == []


def test_what_a_closed_tab_was_sending_is_held_by_nobody(
    page: Page,
    page_errors: PageErrors,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    page_errors.expect_network()
    first, second = (
        UploadWidget(
            bucket, client=ministack.client, browser_endpoint_url=proxy.url, part_size=PART
        )
        for _ in range(2)
    )
    proxy.pace_total(10 * MiB)
    show(page, bridge, first, tuning=PATIENT)
    pick(page, make_file(tmp_path / "run7.bin", PARTS * PART))
    until(lambda: len(stored(proxy)) >= 2, 60, "two parts on S3")
    tab = page.context.new_page()
    page_errors.watch(tab)
    show(tab, bridge, second, tuning=PATIENT)
    held = tab.locator(".s3up-offer .s3up-held")
    expect(held).to_be_visible(timeout=LONG)

    page.close()

    expect(held).to_have_count(0, timeout=LONG)
    expect(tab.locator('.s3up-offer[data-name="run7.bin"]')).to_be_visible()
    assert ministack.upload_ids(bucket) != []
