"""The keyboard alone, and where its focus is: seen wherever it goes, light, dark, forced colors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from playwright.sync_api import expect

from support.files import sha256_of_file, sha256_of_object
from support.page.scenes import (
    Scene,
    Stage,
    conflict,
    cors,
    discarding,
    done,
    offers,
    paused,
    playing,
)
from support.page.view import LONG, expect_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page


OUTLINE: Final = """() => {
  const look = (el) => {
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(el);
    return [outlineStyle, outlineWidth, outlineColor];
  };
  const el = document.activeElement;
  if (el === null || el.closest(".s3up") === null) return null;
  const focused = look(el);
  const ground = getComputedStyle(el.closest(".s3up-panel") ?? el).backgroundColor;
  el.blur();
  const other = look(el);
  el.focus({ focusVisible: true });
  const name = el.getAttribute("aria-label") || el.textContent;
  return { name, kind: el.className, focused, other, ground };
}"""
"""How the focused control of the view is marked, and how it looks without the focus."""
MODES: Final = ("light", "dark", "forced colors")


def tabbed(page: Page) -> Iterator[dict[str, Any]]:
    """Each control of the view that Tab leads to, from the first to the last."""
    page.evaluate("() => document.activeElement.blur()")
    page.locator("body").evaluate("el => { el.tabIndex = -1; el.focus(); }")
    for _ in range(40):
        page.keyboard.press("Tab")
        found = page.evaluate(OUTLINE)
        if found is None:
            return
        yield found


def set_mode(page: Page, mode: str) -> None:
    page.emulate_media(forced_colors="active" if mode == "forced colors" else "none")
    page.evaluate(
        "theme => { document.documentElement.dataset.theme = theme }",
        "light" if mode == "forced colors" else mode,
    )


@pytest.mark.parametrize(
    ("scene", "kinds"),
    [
        (done, {"s3up-primary", "s3up-bare", "s3up-button"}),
        (discarding, {"s3up-danger", "s3up-bare"}),
        (offers, {"s3up-primary", "s3up-button"}),
        (conflict, {"s3up-primary", "s3up-button"}),
        (cors, {"s3up-primary", "s3up-button"}),
        (paused, {"s3up-primary", "s3up-bare", "s3up-button"}),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_the_focus_is_seen_wherever_tab_leads(stage: Stage, scene: Scene, kinds: set[str]) -> None:
    with playing(stage, scene):
        for mode in MODES:
            set_mode(stage.page, mode)
            found = list(tabbed(stage.page))
            assert kinds <= {kind for each in found for kind in each["kind"].split()}, found
            for each in found:
                style, width, color = each["focused"]
                assert style != "none", (mode, each)
                assert float(width.removesuffix("px")) >= 2, (mode, each)
                assert each["other"][0] == "none", (mode, each)
                assert color not in {each["ground"], "rgba(0, 0, 0, 0)"}, (mode, each)


def test_the_focus_is_seen_in_the_menu(stage: Stage) -> None:
    with playing(stage, done):
        for mode in MODES:
            set_mode(stage.page, mode)
            stage.page.get_by_role("button", name="Copy code that reads run7.parquet").press(
                "Enter"
            )
            expect(stage.page.get_by_role("menuitem").first).to_be_focused()
            stage.page.keyboard.press("ArrowDown")
            style, *_ = stage.page.evaluate(OUTLINE)["focused"]
            assert style != "none", mode
            stage.page.keyboard.press("Escape")


def go_to(page: Page, name: str) -> None:
    """Press Tab until a button has the focus."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.get_by_role("button", name=name, exact=True).evaluate(
            "el => el === document.activeElement"
        ):
            return
    pytest.fail(f"Tab does not lead to {name}")


def test_the_keyboard_alone_goes_on_with_what_was_begun(stage: Stage) -> None:
    with playing(stage, offers):
        stage.proxy.pace_total(1e12)
        go_to(stage.page, "Continue run7.h5")
        with stage.page.expect_file_chooser() as chooser:
            stage.page.keyboard.press("Enter")
        file = stage.folder / "run7.h5"
        chooser.value.set_files(file)
        expect_state(stage.page, "run7.h5", "done")
        go_to(stage.page, "Clear run7.h5")
        stage.page.keyboard.press("Space")
        expect(stage.page.locator(".s3up-row")).to_have_count(0)
        arrived = sha256_of_object(stage.server.client, stage.bucket, "raw/run7.h5")
        assert arrived == sha256_of_file(file)


@pytest.mark.parametrize(
    ("answer", "keys"),
    [
        ("Overwrite", ["raw/run7.csv"]),
        ("Keep both", ["raw/run7-1.csv", "raw/run7.csv"]),
        ("Skip", ["raw/run7.csv"]),
    ],
)
def test_the_keyboard_alone_answers_a_conflict(stage: Stage, answer: str, keys: list[str]) -> None:
    with playing(stage, conflict):
        go_to(stage.page, f"{answer} run7.csv")
        stage.page.keyboard.press("Enter")
        if answer == "Skip":
            expect(stage.page.locator(".s3up-row")).to_have_count(0, timeout=LONG)
        else:
            expect_state(stage.page, "run7.csv", "done")

        sent = (stage.folder / "run7.csv").read_bytes()
        found = {
            key: stage.server.client.get_object(Bucket=stage.bucket, Key=key)["Body"].read()
            for key in stage.server.keys(stage.bucket)
        }
        assert sorted(found) == sorted(keys)
        assert (found["raw/run7.csv"] == sent) == (answer == "Overwrite")
        assert (sent in found.values()) == (answer != "Skip")
        assert stage.page.evaluate("document.activeElement.closest('.s3up') !== null")
