"""Ctrl-C ends the command within two seconds, whatever it waits for. Knows no command."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

INTERRUPTED: Final = 130
"""What shells report of a program that Ctrl-C ended."""
STDERR: Final = 2
GRACE: Final = 1.5
"""Seconds in which the command may end by itself, and say what is kept."""


@contextmanager
def ends_by_ctrl_c() -> Iterator[None]:
    """Within the block, Ctrl-C ends the process, after :data:`GRACE` at the latest.

    Python interrupts the main thread once that runs Python again. It does not while it looks up
    the name of a host whose name server is silent, and an exception in a destructor is lost;
    a file descriptor hears of the signal at once.
    """
    heard, signalled = socket.socketpair()
    signalled.setblocking(False)  # as signal.set_wakeup_fd demands
    threading.Thread(target=_watch, args=(heard,), name="s3upload-ctrl-c", daemon=True).start()
    before = signal.set_wakeup_fd(signalled.fileno())
    try:
        yield
    except SystemExit as end:
        if end.code == INTERRUPTED:
            _end()  # all was said: the end of Python would wait for what does not answer
        raise
    finally:
        signal.set_wakeup_fd(before)
        signalled.close()


def _watch(heard: socket.socket) -> None:
    with heard:
        while number := heard.recv(1):
            # A command with a handler of its own, as the demo has, ends by itself.
            ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
            if number[0] == signal.SIGINT and ours:
                time.sleep(GRACE)
                with suppress(OSError):  # it may be closed
                    os.write(STDERR, b"\nInterrupted.\n")
                _end()


def _end() -> None:
    os._exit(INTERRUPTED)
