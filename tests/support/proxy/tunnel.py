"""A way to a server for any protocol, such as Jupyter's websockets, that can be cut or fall silent."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

_BLOCK: Final = 1 << 16


class Tunnel:
    """Carries bytes to and from a server, in threads of its own, while the block lasts.

    Args:
        upstream: The server's URL, ``http://host:port``.
        rate: Bytes a second to the server, all connections together; 0 is no limit.
    """

    def __init__(self, upstream: str, rate: float = 0.0) -> None:
        parts = urlsplit(upstream)
        self._scheme = parts.scheme
        self._host = parts.hostname or ""
        self._address = (self._host, parts.port or 80)
        self._line = _Line(rate)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._passable = True
        self._audible = threading.Event()
        self._audible.set()
        self._deaf = threading.Event()
        """Set for the connections that a silence has met: they carry nothing ever again."""
        self._over = threading.Event()
        self._listener = socket.socket()
        if rate:  # else megabytes would wait here, and have left their sender
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BLOCK)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(128)

    @property
    def url(self) -> str:
        """Where clients reach the tunnel."""
        return f"{self._scheme}://{self._host}:{self._listener.getsockname()[1]}"

    @property
    def carried(self) -> int:
        """How many bytes came for the server so far."""
        return self._line.carried

    def go_offline(self) -> None:
        """Cut every connection, and each new one at once."""
        with self._lock:
            self._passable = False
            for sock in self._open:
                _shut(sock)

    def go_online(self) -> None:
        """Take connections again."""
        self._passable = True

    def fall_silent(self) -> None:
        """Carry nothing, and tell nobody, as where every packet is dropped."""
        self._audible.clear()
        self._deaf.set()
        self._deaf = threading.Event()

    def speak(self) -> None:
        """Carry what new connections bring; those of before are dead, though nobody says so."""
        self._audible.set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="tunnel", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._audible.set()
        self.go_offline()
        _shut(self._listener)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._audible.wait()
                threading.Thread(target=self._carry, args=[client], daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        deaf = self._deaf

        def hears() -> None:
            if deaf.is_set():
                self._over.wait()

        with (
            client,
            contextlib.suppress(OSError),
            socket.create_connection(self._address) as server,
        ):
            with self._lock:
                if not self._passable:
                    return
                self._open |= {client, server}
            back = threading.Thread(target=_pump, args=[server, client, hears], daemon=True)
            back.start()
            _pump(client, server, hears, self._line)
            back.join()
            with self._lock:
                self._open -= {client, server}


class _Line:
    """Lets one block after the other pass, at so many bytes a second."""

    def __init__(self, rate: float = 0.0) -> None:
        self.carried = 0
        self._rate = rate
        self._turn = threading.Lock()

    def passed(self, size: int) -> None:
        with self._turn:
            self.carried += size
            if self._rate:
                time.sleep(size / self._rate)


def _pump(
    source: socket.socket,
    sink: socket.socket,
    hears: Callable[[], None],
    line: _Line = _Line(),  # noqa: B008  without a limit it holds nothing
) -> None:
    try:
        while block := source.recv(_BLOCK):
            line.passed(len(block))
            hears()
            sink.sendall(block)
    except OSError:
        _shut(source)
    _shut(sink)


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
