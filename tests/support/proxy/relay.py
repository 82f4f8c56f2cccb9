"""One client's connection through the proxy: exchange after exchange, with their faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.proxy.faults import Outage
from support.proxy.messages import Request
from support.proxy.playing import CutError, Exchanging
from support.proxy.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.proxy.exchanges import Entry
    from support.proxy.faults import Action
    from support.proxy.pace import Pace


@dataclass(frozen=True)
class Port:
    """What a relay needs of its proxy."""

    address: tuple[str, int] | None
    """The server's, or None to swallow every body and praise it."""
    begin: Callable[[Request], Entry]
    actions_for: Callable[[Request], tuple[Action, ...]]
    break_down: Callable[[float], None]
    """Nobody gets through for so many seconds from now on."""
    paces: tuple[Pace, ...]


class Relay:
    """Carries one client's requests to the server and the answers back."""

    def __init__(self, client: Wire, port: Port) -> None:
        self._client = client
        self._port = port
        self._servers: list[Wire] = []

    async def run(self) -> None:
        """Serve until either side closes or a fault cuts the connection."""
        try:
            while (head := await self._client.head()) and await self._exchange(head):
                pass
        except BaseException as broken:
            self._client.cut()
            if not isinstance(broken, OSError):
                raise
        finally:
            self._client.close()
            self._drop_server()

    async def _exchange(self, head: bytes) -> bool:
        request = Request.parse(head)
        entry = self._port.begin(request)
        actions = self._port.actions_for(request)
        exchange = Exchanging(request, self._client, entry, actions, self._port.paces)
        try:
            for outage in (action for action in actions if isinstance(action, Outage)):
                self._port.break_down(outage.seconds)
                raise CutError
            if self._port.address is None or exchange.answered_here:
                return await exchange.answer()
            return await exchange.forward(await self._server(self._port.address))
        finally:
            entry.end()

    async def _server(self, address: tuple[str, int]) -> Wire:
        if not (self._servers and self._servers[-1].alive):
            self._drop_server()
            self._servers.append(await Wire.connect(*address))
        return self._servers[-1]

    def _drop_server(self) -> None:
        while self._servers:
            self._servers.pop().close()
