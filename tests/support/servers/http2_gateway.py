"""A gateway that speaks HTTP/2 to browsers, by Node."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from support.servers.servers import ended

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.servers.reverse_proxies import Certificate

_SCRIPT: Final = Path(__file__).with_suffix(".mjs")


@contextmanager
def run_http2_gateway(upstream: str, certificate: Certificate) -> Iterator[str]:
    """Run it while the block lasts; gives its URL.

    Args:
        upstream: The URL of what it passes requests on to, on this machine.
        certificate: For ``localhost``.
    """
    port = str(urlsplit(upstream).port)
    files = [str(certificate.chain), str(certificate.key)]
    process = subprocess.Popen(["node", str(_SCRIPT), port, *files], stdout=subprocess.PIPE)
    with ended(process):
        assert process.stdout is not None
        with process.stdout as told:
            yield f"https://localhost:{int(told.readline())}"
