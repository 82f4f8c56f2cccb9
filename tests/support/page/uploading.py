"""Showing a widget on a plain page, picking files, and waiting for what becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from support.files import sha256_of_file, sha256_of_object
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from s3upload_widget import UploadWidget
    from support.page.bridge import Bridge
    from support.servers.servers import S3Server

MiB: Final = 1 << 20
QUICK: Final = {"retryMs": 20, "retryCapMs": 200, "reportMs": 50, "probeMs": 300}
"""Time constants for tests that play faults: the same decisions, sooner.

Not ``stallMs``: what stands still for some seconds may be this machine, and no connection.
"""

STANDSTILL: Final = 10_000
"""Bytes a second at which no part gets through, however long whatever comes next may take."""


def show(page: Page, bridge: Bridge, widget: UploadWidget, **options: Any) -> None:
    """Open the page that shows a widget, and wait for its engine."""
    page.goto(bridge.url(widget, **options))
    page.wait_for_function("globalThis.engine !== undefined")


def hold_hashing(page: Page, offset: int) -> None:
    """Keep whoever first hashes the part that begins there waiting, until ``letGo()``."""
    page.evaluate(
        """(offset) => {
            const { hash } = engine.hashers;
            engine.hashers.hash = async (lane, part) => {
                if (part.offset === offset && globalThis.letGo === undefined)
                    await new Promise((resolve) => { globalThis.letGo = resolve; });
                return hash(lane, part);
            };
        }""",
        offset,
    )


def pick(page: Page, *paths: Path) -> None:
    """Pick files as a user does, perhaps the same ones again."""
    picker = page.locator(".s3up input[type=file]").first
    # As a click does: else the same files again would be no change, and nothing would hear of it.
    picker.evaluate("(input) => { input.value = ''; }")
    picker.set_input_files([str(path) for path in paths])


def restart_kernel(page: Page, bridge: Bridge) -> None:
    """Restart the kernel, and wait until the page's engines can hear of it, as Jupyter's do."""
    bridge.restart_kernel()
    until_cut(page)


def until_cut(page: Page) -> None:
    """Wait until the page's engines can hear that their kernel is gone: a new widget adopts them."""
    page.wait_for_function("""() => [...globalThis[Symbol.for("s3upload_widget 1")].engines]
        .every(([, { engine }]) => engine.isCut())""")


def states(page: Page) -> dict[str, str]:
    """Tell each row's state by the file's name."""
    rows: dict[str, str] = page.evaluate(
        """Object.fromEntries([...document.querySelectorAll(".s3up-row")]
            .map(({ dataset }) => [dataset.name, dataset.state]))"""
    )
    return rows


def until_state(widget: UploadWidget, *wanted: str, timeout: float = 120) -> None:
    """Wait until the widget, as Python sees it, is in one of these states."""
    until(
        lambda: widget.state in wanted,
        timeout,
        lambda: f"{wanted}; it is {widget.state!r} ({widget.error}), files {widget.files}",
    )


def until_done(widget: UploadWidget, count: int = 1, timeout: float = 120) -> None:
    """Wait until so many files are on S3 and nothing moves.

    What Python still calls failed may just have been resumed on the page.
    """
    until(
        lambda: len(widget.value) == count and widget.state == "done",
        timeout,
        lambda: f"{count} done; {widget!r} {widget.error} {widget.files}",
    )
    assert widget.error == "", widget.error


def assert_arrived(server: S3Server, widget: UploadWidget, *paths: Path) -> None:
    """Each file's object and each record in ``value`` is equal to the file."""
    by_name = {uploaded.name: uploaded for uploaded in widget.value}
    assert set(by_name) == {path.name for path in paths}
    for path in paths:
        uploaded = by_name[path.name]
        sha256 = sha256_of_file(path)
        assert uploaded.sha256 == sha256
        assert uploaded.size == path.stat().st_size
        assert uploaded.uri == f"s3://{uploaded.bucket}/{uploaded.key}"
        assert sha256_of_object(server.client, uploaded.bucket, uploaded.key) == sha256


def asked(bridge: Bridge, kind: str) -> list[dict[str, Any]]:
    """Every request of one kind that reached the kernel, once however often it was sent."""
    contents = [message.data.get("content", {}) for message in bridge.heard]
    requests = {
        (content.get("client"), content.get("rid")): content["request"]
        for content in contents
        if "request" in content
    }
    return [request for request in requests.values() if request["kind"] == kind]
