"""A program that never outlives its caller, not even one that was killed.

Linux can bind a child to its parent, but to one thread of it, and macOS cannot at all. A pipe
works on both: this file, run as a script, starts the program and ends it as soon as its own
standard input ends, which the system ensures however the caller ends.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Supervised:
    """A running program.

    Args:
        command: The program and its arguments.
        cwd: Where it runs.
        env: Its whole environment.
        log: An open file that takes its output.
        grace: Seconds it has to end by itself, before it is killed.
        leftovers: Files and folders that are removed once it has ended.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        log: IO[bytes],
        grace: float = 10,
        leftovers: Iterable[Path] = (),
    ) -> None:
        removals = [argument for path in leftovers for argument in ("--remove", str(path))]
        read_end, write_end = os.pipe()
        self._lifeline = os.fdopen(write_end, "wb", buffering=0)
        try:
            # The session of its own keeps the terminal's Ctrl-C from reaching the program first.
            self._process = subprocess.Popen(  # noqa: S603  the caller's own program
                [sys.executable, "-I", "-S", __file__, str(grace), *removals, "--", *command],
                stdin=read_end,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env=dict(env),
                start_new_session=True,
            )
        finally:
            os.close(read_end)

    @property
    def running(self) -> bool:
        """Whether the program has not ended yet."""
        return self._process.poll() is None

    def wait(self) -> int:
        """Wait until the program has ended and its leftovers are removed; its exit code."""
        return self._process.wait()

    def stop(self) -> None:
        """End the program; returns when it is gone. A second call does nothing."""
        if not self._lifeline.closed:
            # A fork of the caller may hold the pipe too, so its end alone is not enough.
            with contextlib.suppress(BrokenPipeError), self._lifeline:
                self._lifeline.write(b"\n")
        self._process.wait()


def supervise(command: Sequence[str], grace: float, leftovers: Iterable[Path]) -> int:
    """Run ``command`` until it ends, or until standard input does."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    threading.Thread(target=_end_with_input, args=(child, grace), daemon=True).start()
    code = child.wait()
    for path in leftovers:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return code


def _end_with_input(child: subprocess.Popen[bytes], grace: float) -> None:
    os.read(0, 1)
    child.terminate()
    try:
        child.wait(grace)
    except subprocess.TimeoutExpired:
        child.kill()


def _main(arguments: list[str]) -> int:
    split = arguments.index("--")
    grace, *removals = arguments[:split]
    return supervise(arguments[split + 1 :], float(grace), map(Path, removals[1::2]))


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
