"""Ports for what the tests run, other than those that the operating system hands out by itself.

Whoever starts a kernel of Jupyter asks for any free ports, and the kernel takes them a second
later: a server of another test that asks for any free port meanwhile may be given one of them.
"""

from __future__ import annotations

import random
import socket
from typing import Final

HOST: Final = "127.0.0.1"
_OURS: Final = range(31_000, 32_768)
"""Above those of SeaweedFS, and below those that Linux hands out."""
_taken: Final[list[socket.socket]] = []


def bound_socket() -> socket.socket:
    """A socket that has a port of ours for itself; it never listens.

    A server may take the port beside it that says SO_REUSEADDR.
    """
    for port in random.sample(_OURS, len(_OURS)):
        sock = socket.socket()
        try:
            sock.bind((HOST, port))
        except OSError:
            sock.close()
            continue
        # Only now: two that said so before would both get the port.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return sock
    msg = "all ports of the tests are taken"
    raise RuntimeError(msg)


def port_for_now() -> int:
    """A free port, for a server that listens at once."""
    with bound_socket() as sock:
        return _port(sock)


def free_port() -> int:
    """A free port, for a program that takes it later; nobody else is given it until the tests end."""
    sock = bound_socket()
    _taken.append(sock)
    return _port(sock)


def _port(sock: socket.socket) -> int:
    port: int = sock.getsockname()[1]
    return port
