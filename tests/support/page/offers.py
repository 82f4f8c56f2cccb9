"""Uploads that a page began and left, and what the next page offers to do with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from support.page.desk import UNPACED
from support.page.uploading import QUICK, MiB

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from support.page.desk import Desk

OPTIONS: Final = {"prefix": "raw", "max_concurrency": 2}
"""Of a widget that sends so few parts at a time that most are missing when its page leaves."""
FAST: Final = {**QUICK, "lookMs": 300}
"""Looks again soon while another page seems to send."""


@dataclass(frozen=True)
class Begun:
    """A file of which some parts are on S3."""

    file: Path
    there: set[int]
    """The numbers of the parts that are on S3."""
    rest: set[int]
    """The numbers of the others."""


def begin(desk: Desk, file: Path) -> Begun:
    """Send some parts of a file of nine, then leave the page."""
    desk.proxy.pace_total(20 * MiB)
    desk.show(FAST)
    desk.pick(file)
    there = leave(desk)
    return Begun(file, there, set(range(1, 10)) - there)


def leave(desk: Desk) -> set[int]:
    """Leave the page as soon as three parts are on S3, and tell which are there at last."""
    desk.stop_at(3)
    desk.page.goto("about:blank")
    desk.proxy.pace_total(UNPACED)
    desk.until_silent()
    desk.proxy.clear_faults()
    desk.proxy.forget()
    return desk.parts_there()


def offer(desk: Desk, name: str = "run7.bin") -> Locator:
    """Find the offer to go on with a file."""
    return desk.page.locator(f'.s3up-offer[data-name="{name}"]')


def choose(desk: Desk, button: str, file: Path) -> None:
    """Press a button of an offer, and choose a file."""
    with desk.page.expect_file_chooser() as chooser:
        desk.press(button)
    chooser.value.set_files(file)


def remembered(page: Page) -> list[dict[str, Any]]:
    """Tell what the page's database holds; one that the page has not made yet, this does not make."""
    found: list[dict[str, Any]] = page.evaluate(
        """async () => {
            const databases = await indexedDB.databases();
            if (!databases.some(({ name }) => name === "s3upload_widget 1")) return [];
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
