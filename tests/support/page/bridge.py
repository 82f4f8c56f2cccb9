"""A plain page in a real browser, joined to real widgets of this process through their comms.

``comm.create_comm`` is the port that every kernel puts its own comm into; the bridge puts in
one that speaks to pages: Server-Sent Events to them, POSTs from them, one lane each way.
"""

from __future__ import annotations

import json
import queue
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import comm
from comm.base_comm import BaseComm

from support.page.comm_messages import ToKernel, ToPage
from support.page.lane import Lane
from support.page.pages import PageServer

if TYPE_CHECKING:
    from anywidget import AnyWidget
    from typing_extensions import Self

INSECURE_HOST: Final = "lab.test"
"""Mapped to loopback in the tests' Chromium: no secure context, so no ``crypto.subtle``."""


class Bridge:
    """Joins pages to the widgets that are made while it runs.

    ``to_kernel`` and ``to_page`` are the two lanes: hold, release, drop and duplicate there.
    """

    def __init__(self) -> None:
        self.comms: dict[str, BaseComm] = {}
        self.errors: list[Exception] = []
        """What escaped from handling a page's message, where a kernel would log it."""
        self.heard: list[ToKernel] = []
        """Every message that reached a widget of the kernel."""
        self.told: list[ToPage] = []
        """Every message that left for the pages."""
        self.page_headers: dict[str, str] = {}
        """What the page is served with, such as a Content-Security-Policy."""
        self._widgets: dict[str, AnyWidget] = {}
        self._pages: list[queue.SimpleQueue[str]] = []
        self._lock = threading.Lock()
        self.to_kernel: Lane[ToKernel] = Lane("to kernel", self._handle)
        self.to_page: Lane[ToPage] = Lane("to page", self._publish)
        self._server = PageServer(self)

    @property
    def origin(self) -> str:
        """The page's origin, as S3's CORS rule names it."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def insecure_origin(self) -> str:
        """The same page's origin where browsers offer no ``crypto.subtle``."""
        return f"http://{INSECURE_HOST}:{self._server.server_port}"

    def url(
        self,
        widget: AnyWidget,
        *,
        views: int = 1,
        tuning: dict[str, Any] | None = None,
        theme: str = "light",
        insecure: bool = False,
    ) -> str:
        """Tell where a page shows a widget.

        Args:
            widget: Made while the bridge runs.
            views: How many views of it, 0 for the model alone.
            tuning: Time constants for the page's engine.
            theme: ``light`` or ``dark``.
            insecure: Whether by the insecure origin.
        """
        self._widgets[widget.model_id] = widget
        query = {"model": widget.model_id, "views": views, "theme": theme}
        query["tuning"] = json.dumps(tuning or {})
        return f"{self.insecure_origin if insecure else self.origin}/?{urlencode(query)}"

    def hold(self) -> None:
        """Keep the kernel busy: what pages say waits until :meth:`release`."""
        self.to_kernel.hold()

    def release(self) -> None:
        """Let the kernel hear what has waited."""
        self.to_kernel.release()

    def restart_kernel(self) -> None:
        """Forget every widget, as a restarted kernel does; pages stay, their models cannot send."""
        for dead in tuple(self.comms):
            self.to_page.put(ToPage(dead, "dead", {}))
        with self._lock:
            self.comms.clear()
        self._widgets.clear()

    def widget(self, model_id: str) -> AnyWidget:
        """Find a widget that a page may show."""
        return self._widgets[model_id]

    def subscribe(self) -> queue.SimpleQueue[str]:
        """Let one more page hear the kernel."""
        events: queue.SimpleQueue[str] = queue.SimpleQueue()
        with self._lock:
            self._pages.append(events)
        return events

    def unsubscribe(self, events: queue.SimpleQueue[str]) -> None:
        """Forget a page that is gone."""
        with self._lock:
            self._pages.remove(events)

    @property
    def pages(self) -> int:
        """How many pages hear the kernel."""
        return len(self._pages)

    def __enter__(self) -> Self:
        self._before = comm.create_comm
        comm.create_comm = self._create_comm
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        comm.create_comm = self._before
        self._server.close()
        self.to_kernel.close()
        self.to_page.close()

    def _create_comm(self, *args: Any, **kwargs: Any) -> BaseComm:
        return _BridgeComm(self, *args, **kwargs)

    def _handle(self, message: ToKernel) -> None:
        with self._lock:
            target = self.comms.get(message.comm_id)
            if target is None:
                return
            self.heard.append(message)
        content = {"comm_id": message.comm_id, "data": message.data}
        try:
            target.handle_msg({"content": content, "buffers": list(message.buffers)})
        except Exception as error:  # noqa: BLE001  kept for the test to see
            self.errors.append(error)

    def _publish(self, message: ToPage) -> None:
        self.told.append(message)
        event = message.encode()
        with self._lock:
            for events in self._pages:
                events.put(event)


class _BridgeComm(BaseComm):
    def __init__(self, bridge: Bridge, *args: Any, **kwargs: Any) -> None:
        self._bridge = bridge
        super().__init__(*args, **kwargs)
        bridge.comms[self.comm_id] = self

    def publish_msg(
        self,
        msg_type: str,
        data: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,  # noqa: ARG002  the base class names it
        buffers: list[bytes] | None = None,
        **_: Any,
    ) -> None:
        if msg_type == "comm_close":
            with suppress(KeyError):
                del self._bridge.comms[self.comm_id]
        copies = tuple(bytes(buffer) for buffer in buffers or ())
        self._bridge.to_page.put(ToPage(self.comm_id, msg_type, data or {}, copies))
