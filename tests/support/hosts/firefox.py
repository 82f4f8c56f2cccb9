"""A real Firefox, driven by WebDriver BiDi. Knows no widget."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from websockets.sync.client import connect

from support.servers.servers import ended
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from websockets.sync.client import ClientConnection

_PROGRAMS: Final = ("firefox-esr", "firefox")
_LISTENS: Final = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
_SECONDS: Final = 60.0


class Firefox:
    """One tab."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = count(1)
        self._command("session.new", capabilities={})
        self._tab: str = self._command("browsingContext.getTree")["contexts"][0]["context"]

    def open(self, url: str) -> None:
        """Open a page, or the same again, and wait until it is loaded."""
        self._command("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """What an expression gives, as far as JSON can say it."""
        found = self._evaluate(f"JSON.stringify({expression})")
        return json.loads(found["value"]) if found["type"] == "string" else None

    def pick(self, *paths: Path) -> None:
        """Pick files in the first place for them, perhaps the same ones again."""
        field = "document.querySelector('.s3up input[type=file]')"
        self.evaluate(f"({field}.value = '')")
        element = {"sharedId": self._evaluate(field)["sharedId"]}
        files = [str(path) for path in paths]
        self._command("input.setFiles", context=self._tab, element=element, files=files)

    def _evaluate(self, expression: str) -> dict[str, Any]:
        given = self._command(
            "script.evaluate",
            expression=expression,
            target={"context": self._tab},
            awaitPromise=True,
        )
        assert given["type"] == "success", given
        found: dict[str, Any] = given["result"]
        return found

    def _command(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(_SECONDS))
            if answer.get("id") == number:
                assert answer["type"] == "success", answer
                result: dict[str, Any] = answer["result"]
                return result


@contextmanager
def run_firefox(folder: Path) -> Iterator[Firefox]:
    """Run the system's Firefox, headless, with a profile in this folder."""
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    assert program is not None, "Firefox is not installed: tests/install_hosts.sh installs it"
    output = folder / "firefox.log"
    profile = folder / "profile"
    profile.mkdir()
    arguments = ("--headless", "--remote-debugging-port=0", "--profile", str(profile))
    with output.open("wb") as written:
        process = subprocess.Popen(
            [program, *arguments, "about:blank"],
            env={**os.environ, "HOME": str(folder)},
            stdout=written,
            stderr=written,
        )
        with ended(process):
            until(lambda: _LISTENS.search(output.read_text()), _SECONDS, output.read_text, 0.1)
            found = _LISTENS.search(output.read_text())
            assert found is not None
            with connect(f"{found[1]}/session", max_size=None) as socket:
                yield Firefox(socket)
