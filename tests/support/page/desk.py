"""What a browser test sits down at: a widget on a page, and the S3 server that it uploads to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from s3upload_widget import UploadWidget
from support.page import view
from support.page.uploading import (
    QUICK,
    STANDSTILL,
    MiB,
    asked,
    assert_arrived,
    pick,
    show,
    until_done,
    until_state,
)
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from support.page.bridge import Bridge
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

PART: Final = 5 * MiB
UNPACED: Final = 1e12
"""Bytes a second: as fast as it goes."""


@dataclass(frozen=True)
class Desk:
    """One user's page with one widget; ``dataclasses.replace`` sits down at another page."""

    page: Page
    bridge: Bridge
    server: S3Server
    proxy: FaultyProxy
    """Between the page and S3."""
    bucket: str
    widget: UploadWidget

    def with_new_widget(self, **options: Any) -> Desk:
        """Sit down at the same page with another widget, by :func:`widget_of`."""
        return replace(self, widget=widget_of(self.server, self.proxy, self.bucket, **options))

    def show(self, tuning: Mapping[str, Any] = QUICK) -> None:
        """Open the page that shows the widget; again, it is a reload."""
        show(self.page, self.bridge, self.widget, tuning=dict(tuning))

    def show_in_place(self) -> None:
        """Run the cell again: its output is cleared, then the widget is shown on the same page."""
        self.page.evaluate("removeView()")
        self.bridge.url(self.widget)
        self.page.evaluate("(id) => mount(id, 1)", self.widget.model_id)

    def pick(self, *files: Path) -> None:
        """Pick files as a user does."""
        pick(self.page, *files)

    def press(self, label: str) -> None:
        """Press a button by its accessible name."""
        view.press(self.page, label)

    def confirm(self, label: str) -> None:
        """Press a button that asks first, and the one of its name in the question."""
        view.confirm(self.page, label)

    def row(self, name: str) -> Locator:
        """Find a file's row."""
        return view.row(self.page, name)

    def expect_state(self, name: str, state: str) -> None:
        """Wait until a file's row is in a state."""
        view.expect_state(self.page, name, state)

    def until_state(self, *wanted: str) -> None:
        """Wait until the widget, as Python sees it, is in one of these states."""
        until_state(self.widget, *wanted)

    def until_done(self, count: int = 1, timeout: float = 120) -> None:
        """Wait until so many files are on S3 and nothing moves."""
        until_done(self.widget, count, timeout)

    def until_stored(self, count: int) -> None:
        """Wait until S3 took so many parts from the page."""
        until(lambda: len(self.stored()) >= count, 120, f"{count} parts on S3")

    def stop_at(self, count: int) -> None:
        """Wait until S3 took so many parts, and let no more pass until another pace is set."""
        self.until_stored(count)
        self.proxy.pace_total(STANDSTILL)

    def discard(self) -> None:
        """Abort all files from Python, and wait until they are on neither side.

        The kernel deletes by itself; the page hears of it later, and means the files it has then.
        """
        self.widget.abort()
        rows = self.page.locator(".s3up-row")
        until(lambda: self.widget.files == () and rows.count() == 0, 60, "no file on either side")

    def until_silent(self) -> None:
        """Wait until nothing is on its way from the page to S3."""
        self.proxy.silence()

    def assert_arrived(self, *files: Path) -> None:
        """Each file's object and each record in ``value`` is equal to the file."""
        assert_arrived(self.server, self.widget, *files)

    def assert_nothing_was_sent(self) -> None:
        """No bytes left the page, and nothing was begun."""
        assert self.proxy.puts() == ()
        assert self.proxy.of("CreateMultipartUpload") == ()
        assert self.upload_ids() == []

    def asked(self, kind: str) -> list[dict[str, Any]]:
        """Every request of one kind that reached the kernel."""
        return asked(self.bridge, kind)

    def sent(self) -> list[int]:
        """The number of each part that was put, as often as it was."""
        return sorted(put.part_number for put in self.proxy.puts())

    def stored(self) -> list[int]:
        """The number of each part that S3 took from the page, as often as it took it."""
        return sorted(put.part_number for put in self.proxy.puts() if put.complete)

    def upload_ids(self) -> list[tuple[str, str]]:
        """Key and id of every unfinished upload of the bucket."""
        return self.server.upload_ids(self.bucket)

    def parts_there(self) -> set[int]:
        """The numbers of the parts that the bucket's only unfinished upload has."""
        return self.server.parts_there(self.bucket)

    def body(self, key: str) -> bytes:
        """What an object of the bucket holds."""
        return self.server.body(self.bucket, key)


def widget_of(server: S3Server, proxy: FaultyProxy, bucket: str, **options: Any) -> UploadWidget:
    """Make a widget whose page reaches S3 through the proxy, and whose kernel does so directly.

    With ``transport="relay"`` it is the kernel that goes through the proxy.
    """
    relays = options.get("transport") == "relay"
    ordinary: dict[str, Any] = {
        "client": server.at(proxy.url).client if relays else server.client,
        "browser_endpoint_url": proxy.url,
        "part_size": PART,
    }
    return UploadWidget(bucket, **(ordinary | options))
