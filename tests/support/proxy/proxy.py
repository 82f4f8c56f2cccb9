"""A small HTTP/1.1 proxy that watches what passes and plays faults, in a thread of its own.

It stands between a client and one S3 server, or, without a server, is a sink that swallows
every body and answers 200. The Host header passes unchanged, because S3's signatures cover it:
sign for ``proxy.url``, and the server checks against the same.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from support.proxy.exchanges import Entry, Exchanges
from support.proxy.faults import Fault, Plan
from support.proxy.pace import UNLIMITED, Pace
from support.proxy.relay import Port, Relay
from support.proxy.wire import Wire
from support.servers.ports import bound_socket
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from types import TracebackType

    from typing_extensions import Self

    from support.proxy.messages import Request


class FaultyProxy:
    """The proxy; a context manager that runs while the block lasts."""

    def __init__(self, upstream: str = "") -> None:
        """Prepare a proxy.

        Args:
            upstream: The server's URL, ``http://host:port``; empty for a sink.
        """
        self._upstream = _address(upstream)
        self._plan = Plan()
        self._entries: list[Entry] = []
        self._connections = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._outages: set[asyncio.Task[None]] = set()
        self._rate_total = self._rate_each = UNLIMITED
        self._total = Pace(lambda: self._rate_total)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        # Bound but never listening, so that nobody takes the port while the proxy is offline.
        self._placeholder = bound_socket()
        self.port: int = self._placeholder.getsockname()[1]

    @property
    def url(self) -> str:
        """Where clients reach the proxy."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self.go_online()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._placeholder.close()

    def play(self, *faults: Fault) -> None:
        """Play these faults from now on, beside those that are not used up."""
        self._plan.add(faults)

    def played(self, fault: Fault) -> int:
        """How many requests met a fault."""
        return self._plan.played(fault)

    def clear_faults(self) -> None:
        """Play no more faults, and take off any pace."""
        self._plan.clear()
        self.pace_total(UNLIMITED)
        self.pace_per_connection(UNLIMITED)

    def pace_total(self, rate: float) -> None:
        """Let through so many bytes of request bodies a second, all connections together."""
        self._rate_total = rate

    def pace_per_connection(self, rate: float) -> None:
        """Let through so many bytes of request bodies a second, on each connection."""
        self._rate_each = rate

    def go_offline(self) -> None:
        """Cut every connection and refuse new ones."""
        self._call(self._close())

    def cut_off(self) -> None:
        """Wait until what is on the wire has ended, and go offline.

        For when a client is gone: a closed page's last words may come after any while.
        """
        until(lambda: all(seen.finished for seen in self.exchanges), 30, "a silent wire")
        self.go_offline()

    def silence(self) -> None:
        """Wait until what is on the wire has ended, and cut what was sent and never read.

        For when a client goes on at the same address: its last words would count once more.
        """
        self.cut_off()
        self.go_online()

    def go_online(self) -> None:
        """Take connections again, at the same address."""
        self._call(self._open())

    @property
    def exchanges(self) -> Exchanges:
        """Everything seen so far, as it stands now."""
        return Exchanges(entry.exchange for entry in tuple(self._entries))

    def of(self, operation: str) -> Exchanges:
        """What was seen of one operation of S3, or of ``Preflight``."""
        return self.exchanges.of(operation)

    def puts(self, part: int = 0) -> Exchanges:
        """What carried a file's bytes; of one part number, if one is named."""
        return self.exchanges.puts(part)

    def forget(self) -> None:
        """Begin an empty record."""
        self._entries = []

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _open(self) -> None:
        if not self._tasks:
            listener = _bound(self.port)
            listener.listen(128)
            self._start(self._accept(listener))

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _end(self) -> None:
        for outage in self._outages:
            outage.cancel()
        await asyncio.gather(*self._outages, return_exceptions=True)
        await self._close()

    def _break_down(self, seconds: float) -> None:
        task = self._loop.create_task(self._outage(seconds))
        self._outages.add(task)
        task.add_done_callback(self._outages.discard)

    async def _outage(self, seconds: float) -> None:
        await self._close()
        await asyncio.sleep(seconds)
        await self._open()

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _accept(self, listener: socket.socket) -> None:
        # asyncio's own sock_accept loses a connection if it is cancelled just then.
        ready = asyncio.Event()
        self._loop.add_reader(listener, ready.set)
        try:
            while await ready.wait():
                ready.clear()
                with suppress(BlockingIOError):
                    while True:
                        self._serve(Wire(listener.accept()[0]))
        finally:
            self._loop.remove_reader(listener)
            listener.close()

    def _serve(self, client: Wire) -> None:
        relay = self._start(Relay(client, self._port(next(self._connections))).run())
        # A relay that is cancelled before its first step has closed nothing.
        relay.add_done_callback(lambda _: client.close())

    def _port(self, connection: int) -> Port:
        def begin(request: Request) -> Entry:
            entry = Entry(request, connection)
            self._entries.append(entry)
            return entry

        paces = (self._total, Pace(lambda: self._rate_each))
        return Port(self._upstream, begin, self._plan.actions_for, self._break_down, paces)


def _address(url: str) -> tuple[str, int] | None:
    parts = urlsplit(url)
    return (parts.hostname or "", parts.port or 80) if url else None


def _bound(port: int) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setblocking(False)
    sock.bind(("127.0.0.1", port))
    return sock
