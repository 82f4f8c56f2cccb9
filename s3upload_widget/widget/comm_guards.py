"""What Jupyter's comms need so that the page is heard while a cell runs, and plots stay whole."""

from __future__ import annotations

import sys
import threading
from typing import Any, Final

from s3upload_widget.workers import logger

FIRST_WITH_SUBSHELLS: Final = 7


def guard(comm: Any) -> None:
    """Let messages to this comm be handled at once, and without touching the user's figures.

    Comms of other kinds, and those of releases that do not need it, are left as they are.
    """
    if hasattr(comm, "_reply_subshell_for"):
        # ipykernel 7.4 sends each message to the shell that last published on the comm, not to
        # the subshell that JupyterLab chose. A widget made in a cell would be deaf while cells run.
        # Source: ipykernel/kernelbase.py, shell_channel_thread_main
        _set(comm, "_reply_subshell_for", None)
    if hasattr(comm, "_msg_callback"):
        # comm/base_comm.py, handle_msg fires IPython's pre_execute and post_execute; the inline
        # backend then shows and closes the figure that a cell is drawing in another thread.
        _set(comm, "handle_msg", lambda message: _deliver(comm, message))


def deaf_while_running() -> bool:
    """Whether no comm can be heard before the present cell ends.

    So it is on the main thread of a kernel of ipykernel 6, even while the cell awaits.
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
