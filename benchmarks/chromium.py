"""A Chromium of its own for each run, driven by raw DevTools.

Without the protocol's Network domain: with it Chromium hands every request's body to the
debugger, which makes uploads from memory some twenty times slower.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import websocket

from support.page.browser import chromium_path

if TYPE_CHECKING:
    from typing_extensions import Self

_FLAGS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # which is small in containers; a page that fills it crashes
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--ignore-certificate-errors",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
)
_PATIENCE: Final = 60
"""Seconds for the browser to start and a page to load."""


class Chromium:
    """A browser with one page."""

    def __init__(self) -> None:
        self._profile = tempfile.mkdtemp(prefix="bench-chromium-")
        self._process = subprocess.Popen(
            [chromium_path(), *_FLAGS, f"--user-data-dir={self._profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._calls = 0

    @property
    def pid(self) -> int:
        """The browser's main process."""
        return self._process.pid

    def __enter__(self) -> Self:
        self._socket = websocket.create_connection(
            self._page_address(), timeout=900, http_no_proxy=["127.0.0.1"]
        )
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Exception):
            self.send("Browser.close")
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol.

        Raises:
            RuntimeError: The browser refused it.
        """
        self._calls += 1
        self._socket.send(json.dumps({"id": self._calls, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == self._calls:
                if "error" in message:
                    raise RuntimeError(message["error"])
                result: dict[str, Any] = message["result"]
                return result

    def evaluate(self, expression: str) -> Any:
        """Evaluate an expression in the page, and await it.

        Raises:
            RuntimeError: It threw.
        """
        answer = self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description"))
        return answer["result"].get("value")

    def call(self, function: str, argument: object = None) -> Any:
        """Call a function of JavaScript in the page, and await what it returns.

        Raises:
            RuntimeError: It threw.
        """
        return self.evaluate(f"({function})({json.dumps(argument)})")

    def open(self, url: str, ready: str) -> None:
        """Load a page, and wait until an expression is true in it.

        Raises:
            TimeoutError: It did not become true.
        """
        self.send("Page.navigate", url=url)
        self.until(f'location.href !== "about:blank" && ({ready})')

    def until(self, expression: str, seconds: float = _PATIENCE) -> None:
        """Wait until an expression is true in the page.

        Raises:
            TimeoutError: It did not become true.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(RuntimeError):
                if self.evaluate(f"Boolean({expression})"):
                    return
            time.sleep(0.05)
        raise TimeoutError(expression)

    def pick(self, selector: str, *files: Path) -> None:
        """Choose files in a file input, as a user does."""
        document = self.send("DOM.getDocument")
        node = self.send("DOM.querySelector", nodeId=document["root"]["nodeId"], selector=selector)[
            "nodeId"
        ]
        self.send("DOM.setFileInputFiles", files=[str(file) for file in files], nodeId=node)
        self.send("DOM.disable")  # or each change of the page is a message

    def _page_address(self) -> str:
        told = Path(self._profile) / "DevToolsActivePort"
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            with suppress(OSError, StopIteration, ValueError, IndexError):
                port = int(told.read_text().split("\n")[0])
                opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
                with opener.open(f"http://127.0.0.1:{port}/json") as answer:
                    targets = json.load(answer)
                address: str = next(
                    target["webSocketDebuggerUrl"] for target in targets if target["type"] == "page"
                )
                return address
            time.sleep(0.05)
        raise TimeoutError
