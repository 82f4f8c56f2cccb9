"""After a reload the page offers to go on with what was begun: Continue, Later, Discard."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from s3upload_widget import UploadWidget
from support.browser import PageErrors, drop_files
from support.faults import FOREVER, Answer, Fault, Match
from support.files import make_file
from support.uploading import QUICK, MiB, asked, assert_arrived, pick, show, states, until_done
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from support.bridge import Bridge
    from support.browser import Browsing
    from support.proxy import FaultyProxy
    from support.servers import S3Server

PART = 5 * MiB
LONG = 30_000
FAST = {**QUICK, "lookMs": 300}
"""Looks again soon while another page seems to send."""
SEES_ONCE = {**QUICK, "lookMs": 3_600_000}


@pytest.fixture(autouse=True)
def _cut_requests_are_no_surprise(page_errors: PageErrors) -> None:
    page_errors.expect_network()


@pytest.fixture
def widget(ministack: S3Server, bucket: str, proxy: FaultyProxy) -> UploadWidget:
    return widget_of(ministack, bucket, proxy)


def widget_of(server: S3Server, bucket: str, proxy: FaultyProxy, **options: Any) -> UploadWidget:
    return UploadWidget(
        bucket,
        "raw",
        client=server.client,
        browser_endpoint_url=proxy.url,
        part_size=PART,
        max_concurrency=2,
        **options,
    )


@pytest.fixture
def begun(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    bucket: str,
    widget: UploadWidget,
    proxy: FaultyProxy,
    tmp_path: Path,
) -> tuple[Path, set[int]]:
    """A file of nine parts of which some are on S3; its page is gone."""
    file = make_file(tmp_path / "run7.bin", 8 * PART + 1)
    return file, begin(page, bridge, ministack, bucket, widget, proxy, file)


def begin(
    page: Page,
    bridge: Bridge,
    server: S3Server,
    bucket: str,
    widget: UploadWidget,
    proxy: FaultyProxy,
    file: Path,
) -> set[int]:
    """Send some parts of a file, then leave the page. The parts that are on S3."""
    proxy.pace_total(20 * MiB)
    show(page, bridge, widget, tuning=FAST)
    pick(page, file)
    until(lambda: len([put for put in proxy.puts() if put.complete]) >= 3, 60, "three parts")
    page.goto("about:blank")
    until(lambda: all(put.finished for put in proxy.puts()), what="a silent wire")
    proxy.pace_total(1e12)
    proxy.forget()
    return parts_on(server, bucket)


def parts_on(server: S3Server, bucket: str) -> set[int]:
    [(key, upload_id)] = server.upload_ids(bucket)
    listed = server.client.list_parts(Bucket=bucket, Key=key, UploadId=upload_id)["Parts"]
    return {part["PartNumber"] for part in listed}


def offer(page: Page, name: str = "run7.bin") -> Locator:
    return page.locator(f'.s3up-offer[data-name="{name}"]')


def press(page: Page, label: str, name: str = "run7.bin") -> None:
    page.get_by_role("button", name=f"{label} {name}", exact=True).click(timeout=LONG)


def choose(page: Page, label: str, file: Path) -> None:
    """Press a button of the offer, and choose a file."""
    with page.expect_file_chooser() as chooser:
        press(page, label)
    chooser.value.set_files(file)


def remembered(page: Page) -> list[dict[str, Any]]:
    """What the page's database holds."""
    found: list[dict[str, Any]] = page.evaluate(
        """async () => {
            const opened = indexedDB.open("s3upload_widget 1");
            await new Promise((done) => { opened.onsuccess = done; });
            const database = opened.result;
            const all = database.transaction("uploads").objectStore("uploads").getAll();
            await new Promise((done) => { all.onsuccess = done; });
            database.close();
            return all.result.map((each) => ({ ...each, handle: each.handle?.kind ?? "" }));
        }"""
    )
    return found


def sent(proxy: FaultyProxy) -> set[int]:
    return {put.part_number for put in proxy.puts()}


def test_continue_asks_for_the_same_file_and_sends_the_rest(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    widget: UploadWidget,
    proxy: FaultyProxy,
    bucket: str,
    begun: tuple[Path, set[int]],
) -> None:
    file, there = begun
    show(page, bridge, widget, tuning=FAST)
    size = file.stat().st_size

    expect(offer(page)).to_contain_text("of 42 MB on S3", timeout=LONG)
    expect(offer(page)).to_contain_text(re.compile(r"began .+ · last part "))
    percent = len(there) * PART * 100 // size
    expect(offer(page).locator(".s3up-percent")).to_have_text(f"{percent} %")
    assert sent(proxy) == set()
    choose(page, "Continue", file)
    until_done(widget)

    assert_arrived(ministack, widget, file)
    assert sent(proxy) == set(range(1, 10)) - there
    assert len(proxy.puts()) == 9 - len(there)
    expect(offer(page)).to_have_count(0)
    assert remembered(page) == []
    assert ministack.upload_ids(bucket) == []


def test_closing_the_picker_changes_nothing(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    widget: UploadWidget,
    bucket: str,
    begun: tuple[Path, set[int]],
) -> None:
    _, there = begun
    show(page, bridge, widget, tuning=FAST)

    with page.expect_file_chooser() as chooser:
        press(page, "Continue")
    chooser.value.element.dispatch_event("cancel")

    expect(offer(page).get_by_role("button")).to_have_text(["Continue", "Later", "Discard"])
    assert parts_on(ministack, bucket) == there
    assert states(page) == {}


def test_later_keeps_all_and_a_resume_button_stays(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    widget: UploadWidget,
    proxy: FaultyProxy,
    begun: tuple[Path, set[int]],
) -> None:
    file, there = begun
    show(page, bridge, widget, tuning=FAST)

    press(page, "Later")
    expect(offer(page).get_by_role("button")).to_have_text(["Resume", "Discard"])
    choose(page, "Resume", file)
    until_done(widget)

    assert_arrived(ministack, widget, file)
    assert sent(proxy) == set(range(1, 10)) - there


def test_discard_asks_then_deletes_and_forgets(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    widget: UploadWidget,
    bucket: str,
    begun: tuple[Path, set[int]],
) -> None:
    _, there = begun
    show(page, bridge, widget, tuning=FAST)
    assert [each["uri"] for each in remembered(page)] == [f"s3://{bucket}/raw/run7.bin"]

    press(page, "Discard")
    press(page, "Keep")
    assert parts_on(ministack, bucket) == there
    press(page, "Discard")
    press(page, "Discard")

    expect(offer(page)).to_have_count(0, timeout=LONG)
    assert ministack.upload_ids(bucket) == []
    assert remembered(page) == []


def test_what_goes_on_is_discarded_though_the_kernel_has_not_answered_yet(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    widget: UploadWidget,
    bucket: str,
    begun: tuple[Path, set[int]],
) -> None:
    file, there = begun
    show(page, bridge, widget, tuning=FAST)
    expect(offer(page)).to_be_visible(timeout=LONG)
    bridge.hold()
    choose(page, "Continue", file)
    expect(page.locator(".s3up-row")).to_have_count(1)

    press(page, "Discard")
    assert parts_on(ministack, bucket) == there
    expect(page.locator(".s3up-question")).to_be_visible()
    press(page, "Discard")
    bridge.release()

    expect(page.locator(".s3up-row")).to_have_count(0, timeout=LONG)
    until(lambda: ministack.upload_ids(bucket) == [], 20, "nothing left on S3")
    until(lambda: remembered(page) == [], what="nothing remembered")
    expect(offer(page)).to_have_count(0)


def test_a_file_of_another_size_is_refused_at_once(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    widget: UploadWidget,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    begun: tuple[Path, set[int]],
) -> None:
    file, there = begun
    other = make_file(tmp_path / "run8.bin", 3 * PART)
    show(page, bridge, widget, tuning=FAST)
    before = len(asked(bridge, "pick_files"))

    choose(page, "Continue", other)

    row = page.locator('.s3up-row[data-name="run8.bin"]')
    expect(row).to_contain_text(
        "run8.bin is another file: it has 16 MB, and run7.bin, which was begun, has 42 MB."
    )
    assert len(asked(bridge, "pick_files")) == before
    assert parts_on(ministack, bucket) == there
    press(page, "Back", "run8.bin")
    choose(page, "Continue", file)
    until_done(widget)
    assert_arrived(ministack, widget, file)
    assert sent(proxy) == set(range(1, 10)) - there


def test_a_file_of_other_bytes_is_refused_and_may_start_over(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    widget: UploadWidget,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    begun: tuple[Path, set[int]],
) -> None:
    file, there = begun
    other = make_file(tmp_path / "run8.bin", file.stat().st_size, seed=8)
    show(page, bridge, widget, tuning=FAST)

    choose(page, "Continue", other)

    row = page.locator('.s3up-row[data-name="run8.bin"]')
    expect(row).to_contain_text("run8.bin is another file: none of the parts", timeout=LONG)
    expect(row.get_by_role("button", name="Discard")).to_have_count(0)
    assert parts_on(ministack, bucket) == there
    assert sent(proxy) == set()
    press(page, "Start over", "run8.bin")
    until(lambda: widget.state == "done", 60, lambda: f"done; it is {widget.state}")
    assert_arrived(ministack, widget, other)
    assert [uploaded.key for uploaded in widget.value] == ["raw/run8.bin"]
    assert ministack.upload_ids(bucket) == []
    assert remembered(page) == []


def test_a_new_kernel_offers_what_the_browser_remembers(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    begun: tuple[Path, set[int]],
) -> None:
    file, there = begun
    bridge.restart_kernel()
    widget = widget_of(ministack, bucket, proxy)
    show(page, bridge, widget, tuning=FAST)

    expect(offer(page)).to_contain_text("of 42 MB on S3", timeout=LONG)
    choose(page, "Continue", file)
    until_done(widget)

    assert_arrived(ministack, widget, file)
    assert sent(proxy) == set(range(1, 10)) - there


def test_another_browser_is_offered_what_this_kernel_began(
    chromium: Browsing,
    bridge: Bridge,
    ministack: S3Server,
    widget: UploadWidget,
    proxy: FaultyProxy,
    page_errors: PageErrors,
    begun: tuple[Path, set[int]],
) -> None:
    file, there = begun
    with chromium.page(page_errors) as other:
        show(other, bridge, widget, tuning=FAST)
        expect(offer(other)).to_contain_text("of 42 MB on S3", timeout=LONG)
        choose(other, "Continue", file)
        until_done(widget)

    assert_arrived(ministack, widget, file)
    assert sent(proxy) == set(range(1, 10)) - there


def test_uploads_of_others_stand_behind_one_line(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    widget: UploadWidget,
    bucket: str,
) -> None:
    for key in ("raw/theirs.bin", "raw/more/theirs.bin", "elsewhere.bin"):
        created = ministack.client.create_multipart_upload(Bucket=bucket, Key=key)
        ministack.client.upload_part(
            Bucket=bucket, Key=key, UploadId=created["UploadId"], PartNumber=1, Body=b"x" * PART
        )
    show(page, bridge, widget, tuning=FAST)

    expect(page.locator(".s3up-others")).to_contain_text("2 uploads of others", timeout=LONG)
    expect(offer(page, "theirs.bin")).to_have_count(0)
    page.get_by_role("button", name="Show", exact=True).click()
    theirs = offer(page, "theirs.bin")
    expect(theirs).to_have_count(2)
    expect(theirs.first).to_contain_text(re.compile(r"5.2 MB on S3 · began .* · in progress else"))
    expect(theirs.first.get_by_role("button")).to_have_text(["Discard"])
    theirs.first.get_by_role("button").click()
    expect(theirs.first).to_contain_text("Delete what somebody else uploaded?")
    assert len(ministack.upload_ids(bucket)) == 3
    theirs.first.get_by_role("button", name="Discard").click()
    expect(theirs).to_have_count(1, timeout=LONG)
    assert len(ministack.upload_ids(bucket)) == 2


def test_a_stored_handle_needs_one_click_and_no_picker(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    widget: UploadWidget,
    proxy: FaultyProxy,
    bucket: str,
) -> None:
    # A file of the page's own file system has a real handle, and needs no permission.
    page.add_init_script(
        """globalThis.showOpenFilePicker = async () => {
            const root = await navigator.storage.getDirectory();
            return [await root.getFileHandle("run7.bin")];
        }"""
    )
    show(page, bridge, widget, tuning=FAST)
    page.evaluate(
        """async (size) => {
            const root = await navigator.storage.getDirectory();
            const handle = await root.getFileHandle("run7.bin", { create: true });
            const file = await handle.createWritable();
            for (let part = 0; part < 9; part += 1) await file.write(new Uint8Array(size).fill(part));
            await file.close();
        }""",
        PART,
    )
    proxy.pace_total(20 * MiB)
    page.get_by_role("button", name="Upload", exact=True).click()
    until(lambda: len([put for put in proxy.puts() if put.complete]) >= 3, 60, "three parts")
    page.goto("about:blank")
    until(lambda: all(put.finished for put in proxy.puts()), what="a silent wire")
    proxy.pace_total(1e12)
    proxy.forget()
    there = parts_on(ministack, bucket)

    page.add_init_script("globalThis.showOpenFilePicker = () => { throw new Error('asked') }")
    show(page, bridge, widget, tuning=FAST)
    press(page, "Continue")
    until_done(widget)

    assert sent(proxy) == set(range(1, 10)) - there
    body = ministack.client.get_object(Bucket=bucket, Key="raw/run7.bin")["Body"].read()
    assert body == b"".join(bytes([part]) * PART for part in range(9))


def test_a_dropped_file_is_remembered_with_its_handle(
    page: Page,
    bridge: Bridge,
    widget: UploadWidget,
    proxy: FaultyProxy,
    tmp_path: Path,
) -> None:
    file = make_file(tmp_path / "run7.bin", 8 * PART)
    proxy.pace_total(5 * MiB)
    show(page, bridge, widget, tuning=FAST)
    drop_files(page, ".s3up", [file])
    until(lambda: len(remembered(page)) == 1, 30, "the browser remembers it")

    assert remembered(page)[0]["handle"] == "file"
    page.evaluate("engine.abort()")
    until(lambda: remembered(page) == [], 30, "the browser forgets it")


def deny_listing(proxy: FaultyProxy) -> None:
    proxy.play(Fault(Answer(403, "AccessDenied"), Match(operation="ListMultipartUploads"), FOREVER))


def test_where_the_list_is_denied_the_remembered_id_serves(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    begun: tuple[Path, set[int]],
) -> None:
    file, there = begun
    bridge.restart_kernel()
    deny_listing(proxy)
    widget = UploadWidget(bucket, "raw", client=ministack.at(proxy.url).client, part_size=PART)
    show(page, bridge, widget, tuning=FAST)

    choose(page, "Continue", file)
    until_done(widget)

    assert_arrived(ministack, widget, file)
    assert sent(proxy) == set(range(1, 10)) - there


def test_where_the_list_is_denied_one_line_names_the_permission(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
) -> None:
    deny_listing(proxy)
    widget = UploadWidget(bucket, "raw", client=ministack.at(proxy.url).client, part_size=PART)
    show(page, bridge, widget, tuning=FAST)

    expect(page.locator(".s3up-problem")).to_contain_text(
        "s3:ListBucketMultipartUploads", timeout=LONG
    )


def test_what_another_page_is_sending_can_be_taken_over(
    page: Page,
    chromium: Browsing,
    bridge: Bridge,
    ministack: S3Server,
    widget: UploadWidget,
    proxy: FaultyProxy,
    page_errors: PageErrors,
    tmp_path: Path,
) -> None:
    file = make_file(tmp_path / "run7.bin", 24 * PART)
    proxy.pace_total(10 * MiB)
    show(page, bridge, widget, tuning=FAST)
    pick(page, file)
    until(lambda: len([put for put in proxy.puts() if put.complete]) >= 3, 60, "three parts")

    with chromium.page(page_errors) as other:
        show(other, bridge, widget, tuning=FAST)
        expect(offer(other)).to_contain_text("Another page seems to be sending it", timeout=LONG)
        early = offer(other).locator(".s3up-facts").inner_text()
        expect(offer(other).locator(".s3up-facts")).not_to_have_text(early, timeout=LONG)
        choose(other, "Continue", file)
        expect(page.locator(".s3up-row")).to_contain_text("another page", timeout=LONG)
        proxy.pace_total(1e12)
        until_done(widget)

    assert_arrived(ministack, widget, file)
    complete = [put.part_number for put in proxy.puts() if put.complete]
    # What the first page had in flight when the second one asked may arrive twice.
    assert len(complete) - len(set(complete)) <= 2


def test_a_page_does_not_watch_what_it_is_sending_itself(
    page: Page, bridge: Bridge, widget: UploadWidget, proxy: FaultyProxy, tmp_path: Path
) -> None:
    proxy.pace_total(20 * MiB)
    show(page, bridge, widget, tuning={**FAST, "lookMs": 100})
    pick(page, make_file(tmp_path / "run7.bin", 24 * PART))
    until(lambda: any(put.complete for put in proxy.puts()), 60, "a part")
    page.evaluate("engine.look()")
    looks = len(asked(bridge, "list_unfinished"))

    until(lambda: len([put for put in proxy.puts() if put.complete]) >= 9, 60, "more parts")

    assert len(asked(bridge, "list_unfinished")) == looks


def test_views_that_come_and_go_do_not_make_the_page_look_more_often(
    page: Page,
    chromium: Browsing,
    bridge: Bridge,
    widget: UploadWidget,
    proxy: FaultyProxy,
    page_errors: PageErrors,
    tmp_path: Path,
) -> None:
    proxy.pace_total(5 * MiB)
    show(page, bridge, widget, tuning=FAST)
    pick(page, make_file(tmp_path / "run7.bin", 40 * PART))
    until(lambda: any(put.complete for put in proxy.puts()), 60, "a part")

    with chromium.page(page_errors) as other:
        show(other, bridge, widget, tuning={**FAST, "lookMs": 2000})
        for _ in range(6):
            other.evaluate("engine.look()")
        looks, began = len(asked(bridge, "list_unfinished")), time.monotonic()
        until(lambda: len(asked(bridge, "list_unfinished")) >= looks + 3, 60, "more looks")

        took = time.monotonic() - began
    page.goto("about:blank")

    assert took >= 5


def test_continue_keeps_the_key_whatever_key_would_be_chosen_now(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    names = iter(["first.bin", "second.bin", "third.bin"])
    widget = widget_of(ministack, bucket, proxy, key=lambda _: next(names))
    file = make_file(tmp_path / "run7.bin", 8 * PART + 1)
    there = begin(page, bridge, ministack, bucket, widget, proxy, file)
    show(page, bridge, widget, tuning=FAST)

    with page.expect_file_chooser() as chooser:
        press(page, "Continue", "first.bin")
    chooser.value.set_files(file)
    until_done(widget)

    assert [uploaded.key for uploaded in widget.value] == ["raw/first.bin"]
    assert sent(proxy) == set(range(1, 10)) - there


def test_the_same_file_picked_again_keeps_its_key_too(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    names = iter(["first.bin", "second.bin", "third.bin"])
    widget = widget_of(ministack, bucket, proxy, key=lambda _: next(names))
    file = make_file(tmp_path / "run7.bin", 8 * PART + 1)
    there = begin(page, bridge, ministack, bucket, widget, proxy, file)
    show(page, bridge, widget, tuning=FAST)
    expect(offer(page, "first.bin")).to_have_count(1, timeout=LONG)

    pick(page, file)
    until_done(widget)

    assert [uploaded.key for uploaded in widget.value] == ["raw/first.bin"]
    assert sent(proxy) == set(range(1, 10)) - there


def test_an_offer_whose_upload_has_vanished_starts_afresh_and_says_so(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    widget: UploadWidget,
    proxy: FaultyProxy,
    bucket: str,
    begun: tuple[Path, set[int]],
) -> None:
    file, _ = begun
    show(page, bridge, widget, tuning=SEES_ONCE)
    expect(offer(page)).to_have_count(1, timeout=LONG)
    [(key, upload_id)] = ministack.upload_ids(bucket)
    ministack.client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)
    proxy.pace_total(20 * MiB)

    choose(page, "Continue", file)

    expect(page.locator(".s3up-row")).to_contain_text("it starts afresh", timeout=LONG)
    proxy.pace_total(1e12)
    until_done(widget)
    assert_arrived(ministack, widget, file)
    assert sent(proxy) == set(range(1, 10))


def test_a_page_without_a_database_uploads_as_well(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    widget: UploadWidget,
    proxy: FaultyProxy,
    bucket: str,
    begun: tuple[Path, set[int]],
) -> None:
    file, there = begun
    page.add_init_script(
        "Object.defineProperty(globalThis, 'indexedDB', { get() { throw new Error('no') } })"
    )
    show(page, bridge, widget, tuning=FAST)

    choose(page, "Continue", file)
    until_done(widget)

    assert_arrived(ministack, widget, file)
    assert sent(proxy) == set(range(1, 10)) - there
