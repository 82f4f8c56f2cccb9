"""What axe-core finds in the view, in each of its states and in both themes: nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from support import ROOT
from support.page.scenes import SCENES, Scene, Stage, done, empty, playing, uploading
from support.page.view import press

if TYPE_CHECKING:
    from playwright.sync_api import Page


AXE: Final = ROOT / "js/node_modules/axe-core/axe.min.js"

MOVING: Final = """() => [...document.querySelectorAll(".s3up, .s3up *")].filter((el) => {
  const { transitionDuration, animationName } = getComputedStyle(el);
  return transitionDuration.split(", ").some((each) => each !== "0s") || animationName !== "none";
}).map((el) => el.className)"""
"""What of the view would move if something of it changed."""


def findings(page: Page) -> list[str]:
    """What axe finds in the view, in both themes, each with the element it is about."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = []
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        found += page.evaluate(
            """async theme => (await axe.run(".s3up")).violations.flatMap(({ id, nodes }) =>
              nodes.map(({ html, failureSummary }) => [theme, id, html, failureSummary].join(" | ")))""",
            theme,
        )
    return found


@pytest.mark.parametrize(
    "scene",
    [scene for scene in SCENES if scene is not done],
    ids=lambda scene: scene.__name__,
)
def test_axe_finds_nothing(stage: Stage, scene: Scene) -> None:
    with playing(stage, scene):
        assert findings(stage.page) == []


def test_axe_finds_nothing_where_all_is_done_nor_in_the_menu(stage: Stage) -> None:
    with playing(stage, done):
        assert findings(stage.page) == []
        press(stage.page, "Copy code that reads run7.parquet")
        assert stage.page.get_by_role("menuitem").count() == 5
        assert findings(stage.page) == []


def test_axe_would_find_something(stage: Stage) -> None:
    with playing(stage, empty):
        stage.page.locator(".s3up-primary").evaluate("el => { el.style.color = '#777'; }")
        assert findings(stage.page) != []


def test_whoever_wants_no_motion_gets_none(stage: Stage) -> None:
    with playing(stage, uploading):
        assert stage.page.evaluate(MOVING) != []

        stage.page.emulate_media(reduced_motion="reduce")

        assert stage.page.evaluate(MOVING) == []
