"""One exchange through the proxy: the request's body forward, the response back, the faults."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from support.proxy.faults import (
    Action,
    Answer,
    Buffer,
    CutRequest,
    CutResponse,
    Delay,
    FlipBit,
    Gate,
    LoseResponse,
    Stall,
    StripBasePath,
    StripRequestHeaders,
    StripResponseHeaders,
    Throttle,
)
from support.proxy.messages import Request, Response, error_response, respond
from support.proxy.pace import Pace
from support.proxy.wire import BLOCK, Wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from support.proxy.exchanges import Entry

_ETAG: Final = ("ETag", '"5a105a105a105a105a105a105a105a10"')
_GLANCE: Final = 0.05
_GAVE_UP: Final = Answer(504, "GatewayTimeout", cors=False, headers=(("Connection", "close"),))
A = TypeVar("A", bound=Action)


class CutError(ConnectionError):
    """A fault ends the connection."""


class Exchanging:
    """One request on its way."""

    def __init__(
        self,
        request: Request,
        client: Wire,
        entry: Entry,
        actions: tuple[Action, ...],
        paces: tuple[Pace, ...],
    ) -> None:
        self._request = request
        self._client = client
        self._entry = entry
        self._actions = actions
        self._paces = (*paces, *(_pace(throttle) for throttle in self._of(Throttle)))
        self._seen = 0

    @property
    def answered_here(self) -> bool:
        """Whether a fault answers without the server."""
        return any(not answer.stored for answer in self._of(Answer))

    async def answer(self) -> bool:
        """Answer without a server; returns whether the connection stays."""
        await self._wait_for_request()
        expects = "expect" in self._request.headers
        at_once = any(answer.at_once or (answer.at_head and expects) for answer in self._of(Answer))
        if not at_once:
            await self._pump(())
        return await self._reply(self._own_response()) and not at_once

    async def forward(self, server: Wire) -> bool:
        """Let the server answer; returns whether the connection stays."""
        await self._wait_for_request()
        for buffer in self._of(Buffer):
            return await self._forward_later(server, buffer)
        await server.send(self._outgoing().encode())
        coming = asyncio.create_task(_response(server))
        try:
            await self._pump((server,))
            response = await coming
        finally:
            coming.cancel()
        if any(isinstance(action, Answer | LoseResponse) for action in self._actions):
            await self._drain(server, response)
            return await self._reply(self._own_response()) and not response.headers.closes
        return await self._hand_on(server, response)

    async def _forward_later(self, server: Wire, buffer: Buffer) -> bool:
        body = bytearray()
        async for block in self._client.body(self._request.headers, to_end=False, step=self._step):
            self._entry.body(len(block))
            body += block
        self._entry.body_end()
        behind = asyncio.create_task(self._send_behind(server, body, buffer))
        clock = asyncio.get_running_loop().time
        end = clock() + buffer.gives_up
        try:
            while not behind.done() and clock() < end:
                await self._hold(_GLANCE)
            if behind.done():
                return await self._hand_on(server, behind.result())
            await self._begin_reply(error_response(self._request, _GAVE_UP))
            await behind
            return False
        finally:
            behind.cancel()

    async def _send_behind(self, server: Wire, body: bytearray, buffer: Buffer) -> Response:
        await asyncio.sleep(buffer.seconds)
        for start in range(0, len(body), step := min(BLOCK, buffer.pace.step)):
            await buffer.pace.passed(min(step, len(body) - start))
        await server.send(self._outgoing().encode() + bytes(body))
        return await _response(server)

    def _of(self, kind: type[A]) -> tuple[A, ...]:
        return tuple(action for action in self._actions if isinstance(action, kind))

    def _own_response(self) -> Response:
        for answer in self._of(Answer):
            return error_response(self._request, answer)
        return respond(self._request, 200, headers=(_ETAG,))

    def _outgoing(self) -> Request:
        # The proxy itself answers "Expect: 100-continue", which no signature covers.
        unwanted = [
            "expect",
            *(name for strip in self._of(StripRequestHeaders) for name in strip.names),
        ]
        target = self._request.target
        for strip in self._of(StripBasePath):
            target = target.removeprefix(strip.path)
        return replace(
            self._request, target=target, headers=self._request.headers.without(unwanted)
        )

    async def _pump(self, servers: tuple[Wire, ...]) -> None:
        """Move the request's body; a server that stops listening has its answer ready."""
        if "expect" in self._request.headers:
            await self._client.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        await self._act_at_mark()
        async for block in self._client.body(self._request.headers, to_end=False, step=self._step):
            self._entry.body(len(block))
            self._flip(block)
            for pace in self._paces:
                await pace.passed(len(block))
            try:
                for server in servers:
                    await server.send(block)
            except ConnectionError:
                servers = ()
            self._seen += len(block)
            await self._act_at_mark()
        self._entry.body_end()

    def _step(self) -> int:
        """Bytes to move at once: not over the next fault's place."""
        ahead = [place - self._seen for place, _ in self._marks() if place > self._seen]
        return min(BLOCK, *ahead, *(pace.step for pace in self._paces))

    def _marks(self) -> Iterator[tuple[int, CutRequest | Stall]]:
        headers = self._request.headers
        end = 1 << 62 if headers.chunked else headers.length
        for action in self._actions:
            if isinstance(action, CutRequest | Stall):
                yield min(action.after_bytes, end), action

    async def _act_at_mark(self) -> None:
        for place, action in self._marks():
            if place != self._seen:
                continue
            if isinstance(action, CutRequest):
                raise CutError
            await self._hold(action.seconds)

    def _flip(self, block: memoryview) -> None:
        for flip in self._of(FlipBit):
            place = flip.at_byte - self._seen
            if 0 <= place < len(block):
                block[place] ^= 1 << flip.bit

    async def _wait_for_request(self) -> None:
        await self._hold(sum(delay.request for delay in self._of(Delay)))
        await self._wait_at(gate for gate in self._of(Gate) if not gate.answer)

    async def _wait_at(self, gates: Iterable[Gate]) -> None:
        for gate in gates:
            while not gate.opened.is_set():
                await self._hold(_GLANCE)

    async def _hold(self, seconds: float) -> None:
        """Wait, unless the client leaves."""
        clock = asyncio.get_running_loop().time
        end = clock() + seconds
        while (left := end - clock()) > 0:
            if not self._client.alive:
                raise CutError
            await asyncio.sleep(min(left, _GLANCE))

    async def _drain(self, server: Wire, response: Response) -> None:
        if response.has_body(self._request.method):
            async for _ in server.body(response.headers, to_end=True, step=lambda: BLOCK):
                pass

    async def _begin_reply(self, response: Response) -> Response:
        await self._hold(sum(delay.response for delay in self._of(Delay)))
        await self._wait_at(gate for gate in self._of(Gate) if gate.answer)
        if self._of(LoseResponse):
            raise CutError
        strips = [name for strip in self._of(StripResponseHeaders) for name in strip.names]
        stripped = replace(response, headers=response.headers.without(strips))
        self._entry.answered(stripped)
        await self._client.send(stripped.encode())
        return stripped

    async def _reply(self, response: Response) -> bool:
        await self._begin_reply(response)
        if self._of(CutResponse):
            raise CutError
        return not self._request.headers.closes

    async def _hand_on(self, server: Wire, response: Response) -> bool:
        await self._begin_reply(response)
        left = min((cut.after_bytes for cut in self._of(CutResponse)), default=1 << 62)
        if response.has_body(self._request.method):
            async for block in server.body(response.headers, to_end=True, step=lambda: BLOCK):
                await self._client.send(block[:left])
                left -= len(block)
                if left <= 0:
                    raise CutError
        if self._of(CutResponse):
            raise CutError
        return self._stays(response)

    def _stays(self, response: Response) -> bool:
        framed = "content-length" in response.headers or response.headers.chunked
        bodiless = not response.has_body(self._request.method)
        return (framed or bodiless) and not (
            response.headers.closes or self._request.headers.closes
        )


def _pace(throttle: Throttle) -> Pace:
    return Pace(lambda: throttle.rate)


async def _response(server: Wire) -> Response:
    """Read the final response's head.

    Raises:
        ConnectionError: The server closed without one.
    """
    while head := await server.head():
        response = Response.parse(head)
        if response.status >= 200:
            return response
    msg = "the server closed without an answer"
    raise ConnectionError(msg)
