"""Workarounds for Jupyter's comms: messages arrive while a cell runs, and plots stay whole.

Knows no widget.
"""

from __future__ import annotations

import sys
import threading
from typing import Any, Final

from s3upload_widget.workers import logger

FIRST_WITH_SUBSHELLS: Final = 7


def guard(comm: Any) -> None:
    """Have messages to this comm handled at once, and without touching the user's figures.

    Comms of other kinds, and of releases that do not need this, are left unchanged.
    """
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
