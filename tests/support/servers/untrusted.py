"""A server whose certificate nobody trusts: it is made on the spot and signs itself."""

from __future__ import annotations

import datetime as dt
import ssl
import threading
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from support.servers.ports import HOST, port_for_now

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def untrusted(folder: Path) -> Iterator[str]:
    """Run a server of HTTPS while the block lasts; gives its URL.

    It says no word of HTTP, as nobody gets so far.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(folder / "server.pem"))

    class Greeting(BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                greet(self.request, context)

    server = ThreadingTCPServer((HOST, port_for_now()), Greeting)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"https://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def greet(client: socket.socket, context: ssl.SSLContext) -> None:
    """Shake hands with a client until one of the two has enough.

    Not by ``wrap_socket``: Python 3.11 leaves the socket open if the client is gone by then.
    """
    heard, said = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(heard, said, server_side=True)
    while not is_done(tls):
        client.sendall(said.read())
        if not heard.write(client.recv(65_536)):
            return


def is_done(tls: ssl.SSLObject) -> bool:
    """Go on with a handshake as far as the client's words reach."""
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def self_signed(path: Path) -> Path:
    """Write a key and its certificate for 127.0.0.1 and localhost, valid for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    return path
