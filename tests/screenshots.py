"""Every state of the view, in both themes and at three widths, to be looked at.

``python tests/screenshots.py [scene …]`` writes ``.screenshots/<scene>-<theme>-<width>.png``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from support import ROOT
from support.page.bridge import Bridge
from support.page.browser import PageErrors, run_chromium
from support.page.scenes import SCENES, Scene, Stage, playing
from support.proxy.proxy import FaultyProxy
from support.servers.servers import S3Server, run_ministack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Page

    from support.page.browser import Browsing

TARGET: Final = ROOT / ".screenshots"
THEMES: Final = ("light", "dark")
WIDTHS: Final = (300, 480, 800)
MARGIN: Final = 48
"""CSS pixels that the page keeps beside the widget."""


def take(scenes: Sequence[Scene]) -> None:
    """Play each scene and take its pictures."""
    with tempfile.TemporaryDirectory() as folder, run_chromium() as chromium:
        (home := Path(folder) / "server").mkdir()
        with run_ministack(home) as server:
            for scene in scenes:
                picture(chromium, server, Path(folder), scene)
                print(scene.__name__, flush=True)  # noqa: T201


def picture(chromium: Browsing, server: S3Server, folder: Path, scene: Scene) -> None:
    """Play one scene on a page of its own."""
    viewport = {"width": WIDTHS[-1] + MARGIN, "height": 800}
    with (
        server.bucket() as bucket,
        FaultyProxy(server.endpoint_url) as proxy,
        Bridge() as bridge,
        chromium.page(PageErrors(), viewport=viewport, device_scale_factor=2) as page,
        playing(Stage(page, bridge, server, proxy, bucket, folder), scene),
    ):
        for width in WIDTHS:
            page.set_viewport_size({"width": width + MARGIN, "height": 800})
            for theme in THEMES:
                shoot(page, theme, TARGET / f"{scene.__name__}-{theme}-{width}.png")


def shoot(page: Page, theme: str, path: Path) -> None:
    """Show the page in a theme, and write its picture."""
    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
    page.screenshot(path=path, full_page=True)


if __name__ == "__main__":
    TARGET.mkdir(exist_ok=True)
    wanted = set(sys.argv[1:])
    take([scene for scene in SCENES if not wanted or scene.__name__ in wanted])
