"""Where a page gets the widget's code: once for all widgets of a kernel, or with each of them.

Knows no widget.
"""

from __future__ import annotations

import sys
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anywidget
import traitlets as t

if TYPE_CHECKING:
    from collections.abc import Mapping

CODE: Final = "widget.code.txt"
"""Names the packed script of all widgets among the built files …"""
STYLE: Final = "widget.css"
"""… and their style sheet."""

_LOCK = threading.Lock()
_shared: list[PageCode] = []


class PageCode(anywidget.AnyWidget):
    """The code and the style of all widgets of a kernel; pages only read them.

    Where notebooks are saved with the state of their widgets, they hold it once.
    """

    # Of all front ends' own: no module to load.
    _model_name = t.Unicode("DOMWidgetModel").tag(sync=True)
    _model_module = t.Unicode("@jupyter-widgets/base").tag(sync=True)
    _model_module_version = t.Unicode("2.0.0").tag(sync=True)
    _esm = ""
    code = t.Unicode(read_only=True).tag(sync=True)
    style = t.Unicode(read_only=True).tag(sync=True)

    def set_state(self, sync_data: Mapping[str, Any]) -> None:
        """Take nothing from a page: it would run in all others."""

    @t.default("code")
    def _packed(self) -> str:
        return built(CODE)

    @t.default("style")
    def _style_sheet(self) -> str:
        return built(STYLE)


def page_code() -> PageCode | None:
    """The code for all widgets of this kernel; None where each widget brings its own.

    Jupyter's widget managers find one widget by another. Elsewhere a process has many sessions,
    each of which knows its own widgets only (Shiny, Panel, Solara), or no such manager (marimo).
    """
    if not _in_ipykernel():
        return None
    with _LOCK:
        if not _shared or _shared[0].comm is None:  # somebody closed all widgets
            _shared[:] = [PageCode()]
        return _shared[0]


@cache
def built(name: str) -> str:
    """A file of the page's, as ``make build`` puts it into the package.

    Raises:
        ImportError: It is not there.
    """
    path = Path(__file__).parents[1] / "static" / name
    if not path.is_file():
        msg = (
            f"{path} is missing: this copy of s3upload_widget was never built. "
            "Install the package with pip, or build it with `make build` (it needs Node.js)"
        )
        raise ImportError(msg)
    return path.read_text("utf-8")


FIRST_MODULE: Final = built("widget.js")
"""Loads the code from the :class:`PageCode` that its model names, or asks the kernel for it."""


@cache
def whole_module() -> str:
    """The first module with the code that it loads."""
    return f'const CODE = "{built(CODE)}";\n{FIRST_MODULE}'


def _in_ipykernel() -> bool:
    ipython: Any = sys.modules.get("IPython")
    ipkernel: Any = sys.modules.get("ipykernel.ipkernel")
    if ipython is None or ipkernel is None:
        return False
    kernel = getattr(ipython.get_ipython(), "kernel", None)
    return isinstance(kernel, ipkernel.IPythonKernel)
