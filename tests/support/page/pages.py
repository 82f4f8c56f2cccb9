"""The HTTP side of the bridge: the page, its widget's code and state, events and posts."""

from __future__ import annotations

import json
import queue
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import parse_qs, urlsplit

from support.page.comm_messages import ToKernel
from support.servers.ports import HOST, port_for_now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.page.bridge import Bridge

PAGE: Final = Path(__file__).with_name("page.html")
_HEARTBEAT_SECONDS: Final = 1.0
_NO_HEADERS: Final[Mapping[str, str]] = {}
_PASSING_ON: Final = b"""
addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => event.respondWith(fetch(event.request)));
"""
"""A service worker that changes nothing, as some hosts of notebooks register one."""


class PageServer(ThreadingHTTPServer):
    """Serves on a port of its own until it is closed."""

    daemon_threads = True

    def __init__(self, bridge: Bridge) -> None:
        super().__init__((HOST, port_for_now()), _Handler)
        self.bridge = bridge
        self.closing = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """Keep what went wrong for the test; a page that left is nothing wrong."""
        error = sys.exc_info()[1]
        if isinstance(error, Exception) and not isinstance(error, ConnectionError):
            self.bridge.errors.append(error)

    def start(self) -> None:
        """Serve from a thread."""
        threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="pages", daemon=True
        ).start()

    def close(self) -> None:
        """Serve no more."""
        self.closing.set()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: PageServer

    _places: ClassVar[dict[str, str]] = {
        "/": "_page",
        "/empty": "_empty",
        "/events": "_events",
        "/state": "_state",
        "/widget.js": "_code",
        "/widget.css": "_style",
        "/service-worker.js": "_service_worker",
    }

    def do_GET(self) -> None:
        place = self._places.get(urlsplit(self.path).path)
        if place is None:
            self._answer(b"", "text/plain", 404)
            return
        getattr(self, place)()

    def do_POST(self) -> None:
        body = memoryview(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bridge.to_kernel.put(ToKernel.decode(body))
        self._answer(b"", "text/plain", 204)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    @property
    def _widget(self) -> Any:
        model_id = parse_qs(urlsplit(self.path).query)["model"][0]
        return self.server.bridge.widget(model_id)

    def _page(self) -> None:
        headers = self.server.bridge.page_headers
        self._answer(PAGE.read_bytes(), "text/html; charset=utf-8", headers=headers)

    def _empty(self) -> None:
        self._answer(b'<!doctype html><link rel="icon" href="data:,">', "text/html")

    def _service_worker(self) -> None:
        self._answer(_PASSING_ON, "text/javascript; charset=utf-8")

    def _code(self) -> None:
        self._answer(str(self._widget._esm).encode(), "text/javascript; charset=utf-8")

    def _style(self) -> None:
        self._answer(str(getattr(self._widget, "_css", "")).encode(), "text/css; charset=utf-8")

    def _state(self) -> None:
        state = self._widget.get_state()
        plain = {name: value for name, value in state.items() if name not in {"_esm", "_css"}}
        self._answer(json.dumps(plain).encode(), "application/json")

    def _events(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        events = self.server.bridge.subscribe()
        try:
            while not self.server.closing.is_set():
                self.wfile.write(self._next_event(events))
        except OSError:
            return  # the page has left
        finally:
            self.server.bridge.unsubscribe(events)

    def _next_event(self, events: queue.SimpleQueue[str]) -> bytes:
        try:
            return f"data: {events.get(timeout=_HEARTBEAT_SECONDS)}\n\n".encode()
        except queue.Empty:
            return b": still here\n\n"

    def _answer(
        self, body: bytes, kind: str, status: int = 200, headers: Mapping[str, str] = _NO_HEADERS
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
