"""A way to a server for any protocol, such as Jupyter's websockets, that can be cut."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

_BLOCK: Final = 1 << 16


class Tunnel:
    """Carries bytes to and from a server, in threads of its own, while the block lasts.

    Args:
        upstream: The server's URL, ``http://host:port``.
    """

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._address = (parts.hostname or "", parts.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._passable = True

    @property
    def url(self) -> str:
        """Where clients reach the tunnel."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def go_offline(self) -> None:
        """Cut every connection, and each new one at once."""
        with self._lock:
            self._passable = False
            for sock in self._open:
                _shut(sock)

    def go_online(self) -> None:
        """Take connections again."""
        self._passable = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="tunnel", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.go_offline()
        _shut(self._listener)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=[client], daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with (
            client,
            contextlib.suppress(OSError),
            socket.create_connection(self._address) as server,
        ):
            with self._lock:
                if not self._passable:
                    return
                self._open |= {client, server}
            back = threading.Thread(target=_pump, args=[server, client], daemon=True)
            back.start()
            _pump(client, server)
            back.join()
            with self._lock:
                self._open -= {client, server}


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while block := source.recv(_BLOCK):
            sink.sendall(block)
    except OSError:
        _shut(source)
    _shut(sink)


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
