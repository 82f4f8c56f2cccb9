"""What an offer is found by: the list on S3, the browser's memory, a handle; and its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from support.files import make_file
from support.page.browser import drop_files
from support.page.desk import PART, Desk
from support.page.offers import FAST, OPTIONS, Begun, begin, choose, leave, offer, remembered
from support.page.uploading import MiB
from support.page.view import LONG
from support.proxy.faults import FOREVER, Answer, Fault, Match
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path


LIST_DENIED = Fault(Answer(403, "AccessDenied"), Match(operation="ListMultipartUploads"), FOREVER)


def test_a_new_kernel_offers_what_the_browser_remembers(desk: Desk, begun: Begun) -> None:
    desk.bridge.restart_kernel()
    desk = desk.with_new_widget(**OPTIONS)
    desk.show(FAST)

    expect(offer(desk)).to_contain_text("of 42 MB on S3", timeout=LONG)
    choose(desk, "Continue run7.bin", begun.file)
    desk.until_done()

    desk.assert_arrived(begun.file)
    assert set(desk.sent()) == begun.rest


def test_a_stored_handle_needs_one_click_and_no_picker(desk: Desk) -> None:
    # A file of the page's own file system has a real handle, and needs no permission.
    desk.page.add_init_script(
        """globalThis.showOpenFilePicker = async () => {
            const root = await navigator.storage.getDirectory();
            return [await root.getFileHandle("run7.bin")];
        }"""
    )
    desk.show(FAST)
    desk.page.evaluate(
        """async (size) => {
            const root = await navigator.storage.getDirectory();
            const handle = await root.getFileHandle("run7.bin", { create: true });
            const file = await handle.createWritable();
            for (let part = 0; part < 9; part += 1) await file.write(new Uint8Array(size).fill(part));
            await file.close();
        }""",
        PART,
    )
    desk.proxy.pace_total(20 * MiB)
    desk.page.get_by_role("button", name="Upload", exact=True).click()
    there = leave(desk)

    desk.page.add_init_script("globalThis.showOpenFilePicker = () => { throw new Error('asked') }")
    desk.show(FAST)
    desk.press("Continue run7.bin")
    desk.until_done()

    assert set(desk.sent()) == set(range(1, 10)) - there
    assert desk.body("raw/run7.bin") == b"".join(bytes([part]) * PART for part in range(9))


def test_a_dropped_file_is_remembered_with_its_handle(desk: Desk, tmp_path: Path) -> None:
    file = make_file(tmp_path / "run7.bin", 8 * PART)
    desk.proxy.pace_total(MiB)
    desk.show(FAST)
    drop_files(desk.page, ".s3up", [file])
    until(lambda: len(remembered(desk.page)) == 1, 30, "the browser remembers it")

    assert remembered(desk.page)[0]["handle"] == "file"
    desk.page.evaluate("engine.abort()")
    until(lambda: remembered(desk.page) == [], 30, "the browser forgets it")


def test_where_the_list_is_denied_the_remembered_id_serves(desk: Desk, begun: Begun) -> None:
    desk.bridge.restart_kernel()
    desk.proxy.play(LIST_DENIED)
    desk = desk.with_new_widget(prefix="raw", client=desk.server.at(desk.proxy.url).client)
    desk.show(FAST)

    choose(desk, "Continue run7.bin", begun.file)
    desk.until_done()

    desk.assert_arrived(begun.file)
    assert set(desk.sent()) == begun.rest


def test_where_the_list_is_denied_one_line_names_the_permission(desk: Desk) -> None:
    desk.proxy.play(LIST_DENIED)
    desk = desk.with_new_widget(prefix="raw", client=desk.server.at(desk.proxy.url).client)
    desk.show(FAST)

    expect(desk.page.locator(".s3up-problem")).to_contain_text(
        "s3:ListBucketMultipartUploads", timeout=LONG
    )


def test_continue_keeps_the_key_whatever_key_would_be_chosen_now(
    desk: Desk, tmp_path: Path
) -> None:
    names = iter(["first.bin", "second.bin", "third.bin"])
    desk = desk.with_new_widget(**OPTIONS, key=lambda _: next(names))
    begun = begin(desk, make_file(tmp_path / "run7.bin", 8 * PART + 1))
    desk.show(FAST)

    choose(desk, "Continue first.bin", begun.file)
    desk.until_done()

    assert [uploaded.key for uploaded in desk.widget.value] == ["raw/first.bin"]
    assert set(desk.sent()) == begun.rest


def test_the_same_file_picked_again_keeps_its_key_too(desk: Desk, tmp_path: Path) -> None:
    names = iter(["first.bin", "second.bin", "third.bin"])
    desk = desk.with_new_widget(**OPTIONS, key=lambda _: next(names))
    begun = begin(desk, make_file(tmp_path / "run7.bin", 8 * PART + 1))
    desk.show(FAST)
    expect(offer(desk, "first.bin")).to_have_count(1, timeout=LONG)

    desk.pick(begun.file)
    desk.until_done()

    assert [uploaded.key for uploaded in desk.widget.value] == ["raw/first.bin"]
    assert set(desk.sent()) == begun.rest


def test_a_page_without_a_database_uploads_as_well(desk: Desk, begun: Begun) -> None:
    desk.page.add_init_script(
        "Object.defineProperty(globalThis, 'indexedDB', { get() { throw new Error('no') } })"
    )
    desk.show(FAST)

    choose(desk, "Continue run7.bin", begun.file)
    desk.until_done()

    desk.assert_arrived(begun.file)
    assert set(desk.sent()) == begun.rest
