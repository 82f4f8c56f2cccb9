"""A widget inside a frame of another site's page, as VS Code and Colab show it: neither is driven.

VS Code's frame is that of microsoft/vscode's ``webview/browser/pre/index.html`` of 2026, Colab's
that of googlecolab/colabtools#1331.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect

from support.files import make_file
from support.page.desk import PART, Desk, widget_of
from support.page.offers import FAST, OPTIONS
from support.page.uploading import MiB
from support.page.view import LONG
from support.proxy.faults import FOREVER, Fault, Match, Stall

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import FrameLocator, Page

    from s3upload_widget import UploadWidget
    from support.page.bridge import Bridge
    from support.page.browser import Browsing, PageErrors
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

PARTS: Final = 6


@dataclass(frozen=True)
class Host:
    """What a program does to the page that shows its outputs."""

    sandbox: str
    allow: str
    script: str
    """Runs in the frame before everything else."""


HOSTS: Final = {
    "vscode": Host(
        "allow-same-origin allow-pointer-lock allow-scripts allow-downloads allow-forms",
        "cross-origin-isolated; autoplay; local-network-access; clipboard-read; clipboard-write;",
        """addEventListener("DOMContentLoaded", () => {
            document.body.dataset.vscodeThemeKind = "vscode-dark";
        });""",
    ),
    # Some browsers let a frame of another site store nothing.
    "colab": Host(
        "allow-downloads allow-forms allow-pointer-lock allow-popups allow-same-origin allow-scripts",
        "autoplay; camera; microphone; xr-spatial-tracking",
        """globalThis.google = { colab: {} };
        const refused = () => new DOMException("played by the test", "SecurityError");
        for (const name of ["indexedDB", "localStorage", "sessionStorage", "caches"])
            Object.defineProperty(globalThis, name, { get() { throw refused(); } });
        for (const name of ["request", "query"])
            LockManager.prototype[name] = async () => { throw refused(); };""",
    ),
}
OUTPUT: Final = """([src, sandbox, allow]) => {
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", sandbox);
    frame.style = "width: 900px; height: 600px";
    document.body.append(Object.assign(frame, { allow, src }));
}"""


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> Host:
    return HOSTS[request.param]


@pytest.fixture
def page(chromium: Browsing, page_errors: PageErrors, host: Host) -> Iterator[Page]:
    """A page whose picker is the browser's own."""
    page_errors.expect_network()
    page_errors.expect("screen-wake-lock is not allowed", "beforeunload")
    context = chromium.browser.new_context()
    context.add_init_script(f"if (parent !== window) {{ {host.script} }}")
    context.on("page", lambda page: page.on("filechooser", lambda _: None))
    try:
        page = context.new_page()
        page_errors.watch(page)
        yield page
    finally:
        context.close()


@pytest.fixture
def widget(bridge: Bridge, server: S3Server, proxy: FaultyProxy, bucket: str) -> UploadWidget:
    assert bridge.errors == []
    return widget_of(server, proxy, bucket, **OPTIONS)


def show(desk: Desk, host: Host) -> FrameLocator:
    """Show the widget in an output of its own: its site is not the page's."""
    if "/empty" not in desk.page.url:
        desk.page.goto(f"{desk.bridge.origin.replace('127.0.0.1', 'localhost')}/empty")
    url = desk.bridge.url(desk.widget, tuning={**FAST, "stallMs": 30_000})
    desk.page.evaluate(OUTPUT, [url, host.sandbox, host.allow])
    inside = desk.page.frame_locator("iframe")
    expect(inside.locator(".s3up-destination")).to_contain_text("s3://", timeout=LONG)
    return inside


def press_and_choose(desk: Desk, inside: FrameLocator, button: str, *files: Path) -> None:
    with desk.page.expect_file_chooser() as chooser:
        inside.get_by_role("button", name=button, exact=True).click()
    chooser.value.set_files(files)


def leave(desk: Desk, host: Host, file: Path) -> set[int]:
    """Clear the output while the file is under way; tells which parts are on S3 at last."""
    desk.proxy.play(Fault(Stall(), Match(operation="UploadPart", part_number=PARTS), FOREVER))
    desk.proxy.pace_total(20 * MiB)
    press_and_choose(desk, show(desk, host), "Upload", file)
    desk.until_stored(2)
    desk.page.evaluate("document.querySelector('iframe').remove()")
    desk.until_silent()
    desk.proxy.clear_faults()
    desk.proxy.forget()
    return desk.parts_there()


def test_files_that_the_button_asks_for_arrive(desk: Desk, host: Host, tmp_path: Path) -> None:
    """Chromium's better picker refuses to open there."""
    sizes = {"run7.bin": 2 * PART + 1, "small.csv": 1000, "empty.txt": 0}
    files = [make_file(tmp_path / name, size) for name, size in sizes.items()]
    inside = show(desk, host)

    press_and_choose(desk, inside, "Upload", *files)
    desk.until_done(3)

    desk.assert_arrived(*files)


def test_an_upload_whose_output_was_cleared_is_offered_again_and_resumed(
    desk: Desk, host: Host, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", PARTS * PART)
    there = leave(desk, host, file)

    inside = show(desk, host)
    press_and_choose(desk, inside, "Continue run7.bin", file)
    desk.until_done()

    desk.assert_arrived(file)
    assert set(desk.sent()) == {*range(1, PARTS + 1)} - there


def test_a_new_kernel_resumes_what_the_file_is_picked_for_again(
    desk: Desk, host: Host, tmp_path: Path
) -> None:
    """Whether or not the browser remembers anything."""
    file = make_file(tmp_path / "run7.bin", PARTS * PART)
    there = leave(desk, host, file)
    desk.bridge.restart_kernel()
    newer = desk.with_new_widget(**OPTIONS)

    press_and_choose(newer, show(newer, host), "Upload", file)
    newer.until_done()

    newer.assert_arrived(file)
    assert set(newer.sent()) == {*range(1, PARTS + 1)} - there


def test_the_row_knows_that_there_are_cells(desk: Desk, host: Host, tmp_path: Path) -> None:
    inside = show(desk, host)
    desk.bridge.hold()

    press_and_choose(desk, inside, "Upload", make_file(tmp_path / "run7.bin", 10))

    expect(inside.locator(".s3up-row")).to_contain_text("a cell is running", timeout=LONG)
    desk.bridge.release()
    desk.until_done()
