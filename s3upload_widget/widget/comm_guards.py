"""Workarounds for comms: messages arrive while a cell runs, leave from threads, and spare plots.

Knows no widget.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from s3upload_widget.widget import shiny_session
from s3upload_widget.workers import logger

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_WITH_SUBSHELLS: Final = 7
Defer: TypeAlias = "Callable[[Callable[[], object]], None]"
"""Makes a call that does not raise: now, or soon and in the right thread."""


def guard(comm: Any, failed: Callable[[Exception], None]) -> Defer:
    """Have messages to this comm handled at once, and without touching the user's figures.

    Comms of other kinds, and of releases that do not need this, are left unchanged.

    Args:
        comm: Any comm that a widget got.
        failed: Called with what sending raises where that happens later.

    Returns:
        How a thread calls what sets the widget's traits.
    """
    if shiny_session.is_shiny(comm):
        return shiny_session.guard(comm, failed)
    if hasattr(comm, "_reply_subshell_for"):
        # ipykernel 7.4 sends each message to the shell that last published on the comm, not to
        # the subshell that JupyterLab chose. A widget created in a cell would then get no message
        # while cells run.
        # Source: ipykernel/kernelbase.py, shell_channel_thread_main
        _set(comm, "_reply_subshell_for", None)
    if hasattr(comm, "_msg_callback"):
        # comm/base_comm.py, handle_msg fires IPython's pre_execute and post_execute; the inline
        # backend then shows and closes the figure that a cell is drawing in another thread.
        _set(comm, "handle_msg", lambda message: _deliver(comm, message))
    return at_once


def at_once(call: Callable[[], object]) -> None:
    """Make a call in this very thread."""
    call()


def deaf_while_running() -> bool:
    """Whether no comm message can arrive before the present cell ends.

    This is so on the main thread of a kernel of ipykernel 6, even while the cell awaits.
    """
    ipykernel = sys.modules.get("ipykernel")
    kernelbase = sys.modules.get("ipykernel.kernelbase")
    if ipykernel is None or kernelbase is None or not kernelbase.Kernel.initialized():
        return False
    on_main = threading.current_thread() is threading.main_thread()
    return bool(on_main and ipykernel.version_info[0] < FIRST_WITH_SUBSHELLS)


def _set(comm: Any, name: str, value: object) -> None:
    try:
        setattr(comm, name, value)
    except (AttributeError, TypeError):
        logger.debug("this kind of comm does not let %s be set", name)


def _deliver(comm: Any, message: object) -> None:
    callback = comm._msg_callback  # noqa: SLF001  comm has no other way to ask for it
    if callback is not None:
        callback(message)
