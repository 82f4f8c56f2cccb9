"""Whether a store is in a more private network than the page: browsers ask the user about that.

Asks nobody but the resolver of names.

Source: https://wicg.github.io/local-network-access/#ip-address-space-heading
"""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

Space: TypeAlias = Literal["public", "local", "loopback"]

_MORE_PRIVATE: Final[tuple[Space, ...]] = ("public", "local", "loopback")


def more_private_space(store_origin: str, page_origin: str) -> Space:
    """The store's address space if that is more private than the page's, else ``public``."""
    store = _space_of(store_origin)
    page = _space_of(page_origin)
    return store if _MORE_PRIVATE.index(store) > _MORE_PRIVATE.index(page) else "public"


def _space_of(origin: str) -> Space:
    """The most private one that the host's name stands for; ``public`` where it is unknown."""
    parts = urlsplit(origin)
    # What stands for a host in VS Code's origins is no name that a resolver knows.
    host = (parts.hostname or "") if parts.scheme in {"http", "https"} else ""
    if host == "localhost" or host.endswith(".localhost"):
        return "loopback"
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM) if host else []
    except (OSError, UnicodeError):
        return "public"
    addresses = [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if any(address.is_loopback for address in addresses):
        return "loopback"
    return "local" if any(address.is_private for address in addresses) else "public"
