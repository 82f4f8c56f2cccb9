"""The store behind HTTP/2 and a line with latency: each round trip takes its time, both ways.

Window updates travel on the line, too, so a stream carries one window a round trip and no more.
"""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.running import PORT
from support.servers.reverse_proxies import make_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCRIPT: Final = Path(__file__).with_suffix(".mjs")
_CHUNK: Final = 256 * 1024
_QUEUE: Final = 64
"""Chunks on the line in one direction."""


@contextmanager
def http2(round_trip: float) -> Iterator[str]:
    """Run a gateway to the sink behind a line; tells its URL.

    Args:
        round_trip: Seconds.
    """
    with tempfile.TemporaryDirectory() as folder:
        made = make_certificate(Path(folder))
        command = ["node", str(_SCRIPT), str(PORT), str(made.chain), str(made.key)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            try:
                port = int(process.stdout.readline()) if process.stdout else 0
                with _line(port, round_trip / 2) as own:
                    yield f"https://localhost:{own}"
            finally:
                process.kill()


@contextmanager
def _line(port: int, delay: float) -> Iterator[int]:
    """Relay connections to a port, each byte so many seconds later."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_carry(reader, back, delay), _carry(there, writer, delay))

    async def serve() -> asyncio.Server:
        return await asyncio.start_server(connected, "127.0.0.1", 0)

    server = asyncio.run_coroutine_threadsafe(serve(), loop).result()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """One direction: what comes leaves later, in its order."""
    loop = asyncio.get_running_loop()
    line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_QUEUE)

    async def come() -> None:
        while chunk := await reader.read(_CHUNK):
            await line.put((loop.time() + delay, chunk))
        await line.put((loop.time() + delay, b""))

    async def leave() -> None:
        while True:
            at, chunk = await line.get()
            await asyncio.sleep(max(0, at - loop.time()))
            if not chunk:
                return writer.close()
            writer.write(chunk)
            await writer.drain()

    with suppress(OSError):
        await asyncio.gather(come(), leave())
