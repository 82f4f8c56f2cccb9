"""The view as people meet it: rows by their file's name, buttons by what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from playwright.sync_api import expect

from support.page.uploading import MiB

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

PART: Final = 5 * MiB
SLOW: Final = 2 * MiB
"""Bytes a second: what was picked is still under way when a test acts."""
LONG: Final = 120_000.0
"""Milliseconds, for what depends on S3."""


def row(page: Page, name: str, view: int = 0) -> Locator:
    """Find a file's row in one of the views."""
    inside = page.locator(".s3up").nth(view).locator(".s3up-row")
    return inside.and_(page.locator(f"[data-name={name!r}]"))


def expect_state(page: Page, name: str, state: str) -> None:
    """Wait until a file's row is in a state."""
    expect(row(page, name)).to_have_attribute("data-state", state, timeout=LONG)


def press(page: Page, label: str) -> None:
    """Press a button by its accessible name."""
    page.get_by_role("button", name=label, exact=True).click(timeout=LONG)


def confirm(page: Page, label: str) -> None:
    """Press a button that asks first, and the one of its name in the question.

    What is pressed twice in the same place may be the first button both times, on a busy page.
    """
    press(page, label)
    question = page.locator(".s3up-question")
    question.get_by_role("button", name=label, exact=True).click(timeout=LONG)
