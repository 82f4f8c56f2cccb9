"""One end of a TCP connection: heads, blocks and bodies, without holding a body in memory."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from support.proxy.messages import Headers

BLOCK: Final = 256 << 10
_MAX_HEAD: Final = 64 << 10
_ESTABLISHED: Final = 1


class Wire:
    """A connected socket, used by one task at a time for each direction."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = sock
        self._loop = asyncio.get_running_loop()
        self._buffer = memoryview(bytearray(BLOCK))
        self._early = memoryview(b"")

    @classmethod
    async def connect(cls, host: str, port: int) -> Wire:
        """Open a connection.

        Raises:
            OSError: Nobody listens.
        """
        sock = socket.socket()
        sock.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(sock, (host, port))
        except BaseException:
            sock.close()
            raise
        return cls(sock)

    @property
    def alive(self) -> bool:
        """Whether neither side has closed yet; sees it behind bytes that nobody has read."""
        state = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
        return state[0] == _ESTABLISHED

    async def head(self) -> bytes:
        """Read up to the empty line that ends a message's head; ``b""`` at the end."""
        head = bytearray()
        while (end := head.find(b"\r\n\r\n")) < 0:
            if len(head) > _MAX_HEAD:
                msg = "a message's head has no end"
                raise ConnectionError(msg)
            block = await self.block(BLOCK)
            if not block:
                return b""
            head += block
        self._early = memoryview(bytes(head[end + 4 :]))
        return bytes(head[: end + 4])

    async def block(self, limit: int) -> memoryview:
        """Read what is there, at most ``limit`` bytes; empty at the end.

        The next call overwrites what this one returned.
        """
        if self._early:
            block, self._early = self._early[:limit], self._early[limit:]
            return memoryview(bytearray(block))
        count = await self._loop.sock_recv_into(self._socket, self._buffer[:limit])
        return self._buffer[:count]

    async def body(
        self, headers: Headers, *, to_end: bool, step: Callable[[], int]
    ) -> AsyncIterator[memoryview]:
        """Read a body in blocks of at most ``step()`` bytes, HTTP's chunk lines included.

        Args:
            headers: Tell how the body's end is known.
            to_end: Whether a body without a length goes on to the connection's end.
            step: Tells before each block how large it may be.

        Raises:
            ConnectionError: The connection ended first.
        """
        end = _end_of_body(headers, to_end=to_end)
        while wanted := end.wanted:
            block = await self.block(min(step(), wanted))
            if not block:
                if isinstance(end, _WithTheConnection):
                    return
                msg = "the connection ended inside a body"
                raise ConnectionError(msg)
            end.feed(block)
            yield block

    async def send(self, data: bytes | memoryview) -> None:
        """Write all of it."""
        await self._loop.sock_sendall(self._socket, data)

    def close(self) -> None:
        """Close in good order."""
        self._socket.close()

    def cut(self) -> None:
        """Reset the connection, as a network that breaks down does."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()


class _AfterLength:
    """A body's end where its length is told."""

    def __init__(self, length: int) -> None:
        self.wanted = length

    def feed(self, block: memoryview) -> None:
        self.wanted -= len(block)


class _WithTheConnection:
    """A body's end where only the connection's end tells it."""

    wanted: Final = BLOCK

    def feed(self, block: memoryview) -> None:
        pass


class _AfterChunks:
    """A body's end in HTTP's chunked coding, whose bytes pass unchanged."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._data = 0
        self._last = False
        self._over = False

    @property
    def wanted(self) -> int:
        """Bytes that certainly belong to the body and have not come; 0 at its end."""
        return 0 if self._over else self._data or 1

    def feed(self, block: memoryview) -> None:
        if self._data:
            self._data -= len(block)
            return
        self._line += block
        if self._line.endswith(b"\r\n"):
            self._end_line(bytes(self._line).strip())
            self._line.clear()

    def _end_line(self, line: bytes) -> None:
        if self._last:
            self._over = not line
            return
        size = int(line.partition(b";")[0], 16)
        self._last = size == 0
        self._data = size + 2 if size else 0


def _end_of_body(
    headers: Headers, *, to_end: bool
) -> _AfterLength | _AfterChunks | _WithTheConnection:
    if headers.chunked:
        return _AfterChunks()
    if to_end and "content-length" not in headers:
        return _WithTheConnection()
    return _AfterLength(headers.length)
