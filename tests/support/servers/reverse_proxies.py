"""nginx and haproxy with TLS before a store, as the people who run them set them up."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from support import ROOT
from support.servers.ports import free_port
from support.servers.servers import ended
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import TypeAlias

    from typing_extensions import Self

    Program: TypeAlias = Literal["nginx", "haproxy"]

UNPACKED: Final = ROOT / ".cache" / "proxies"
START_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Site:
    """How requests are passed on."""

    http2: bool = True
    max_body: int = 0
    """Bytes; 0 is no limit."""
    host: str = ""
    """The Host header that the store is told; ``""`` for the browser's."""
    stripped: str = ""
    """Path prefix that the store is not told, such as ``/s3``."""
    answer_seconds: float = 60.0
    """How long the store may take to answer."""
    headers: tuple[tuple[str, str], ...] = ()
    """Of each answer, its own errors' too; the store's of these names are dropped."""
    preflights: bool = False
    """Whether it answers preflights itself."""
    buffered: bool = True
    """Whether nginx takes a whole body before it asks the store."""


READABLE: Final = Site(
    headers=(
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Allow-Methods", "PUT"),
        ("Access-Control-Allow-Headers", "*"),
        ("Access-Control-Expose-Headers", "ETag"),
    ),
    preflights=True,
)
"""Pages may read all that it answers."""


@dataclass(frozen=True)
class Certificate:
    """A certificate for ``localhost`` that nobody knows yet."""

    chain: Path
    key: Path

    @property
    def both(self) -> Path:
        """The two in one file, as haproxy wants them."""
        path = self.chain.with_suffix(".both")
        path.write_bytes(self.chain.read_bytes() + self.key.read_bytes())
        return path


def make_certificate(folder: Path) -> Certificate:
    """Sign one with its own key, for two days."""
    made = Certificate(folder / "chain.pem", folder / "key.pem")
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2"]
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(made.key), "-out", str(made.chain)]
    subprocess.run(["openssl", "req", *kind, *name, *files], check=True, capture_output=True)
    return made


class ReverseProxy:
    """One of the two; a context manager that runs it while the block lasts.

    Args:
        program: Which.
        upstream: The store's URL.
        certificate: For ``localhost``.
        folder: For its files.
        site: How it passes requests on, until it is told otherwise.
    """

    def __init__(
        self, program: Program, upstream: str, certificate: Certificate, folder: Path, site: Site
    ) -> None:
        self._program: Program = program
        self._upstream = urlsplit(upstream).netloc
        self._certificate = certificate
        self._folder = folder
        self._site = site
        self._running = ExitStack()
        self.port = free_port()

    @property
    def url(self) -> str:
        """Where browsers reach it."""
        return f"https://localhost:{self.port}"

    def start(self, site: Site) -> None:
        """Run with these settings from now on."""
        self.stop()
        log = self._folder / "proxy.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                self._command(site),
                env={**os.environ, "LD_LIBRARY_PATH": _libraries()},
                stdout=output,
                stderr=output,
            )
        self._running.enter_context(ended(process))
        until(lambda: _listens(self.port), START_SECONDS, log.read_text)

    def stop(self) -> None:
        """Be away: connections are cut, and new ones refused."""
        self._running.close()

    def __enter__(self) -> Self:
        self.start(self._site)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _command(self, site: Site) -> list[str]:
        nginx = self._program == "nginx"
        config = self._folder / f"{self._program}.conf"
        config.write_text(self._nginx(site) if nginx else self._haproxy(site))
        program = _found(self._program)
        if nginx:
            return [program, "-p", str(self._folder), "-e", "stderr", "-c", str(config)]
        return [program, "-db", "-f", str(config)]

    def _nginx(self, site: Site) -> str:
        temporary = "".join(
            f"{kind}_temp_path {self._folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        headers = "".join(
            f'proxy_hide_header {name};\nadd_header {name} "{value}" always;\n'
            for name, value in site.headers
        )
        return f"""
            daemon off;
            {"user root;" if os.geteuid() == 0 else ""}
            pid {self._folder}/nginx.pid;
            events {{}}
            http {{
              access_log off;
              {temporary}
              server {{
                listen 127.0.0.1:{self.port} ssl{" http2" if site.http2 else ""};
                ssl_certificate {self._certificate.chain};
                ssl_certificate_key {self._certificate.key};
                client_max_body_size {site.max_body};
                location {site.stripped}/ {{
                  proxy_pass http://{self._upstream}{"/" if site.stripped else ""};
                  proxy_http_version 1.1;
                  proxy_set_header Host {site.host or "$http_host"};
                  proxy_read_timeout {_ms(site.answer_seconds)};
                  proxy_send_timeout {_ms(site.answer_seconds)};
                  proxy_request_buffering {"on" if site.buffered else "off"};
                  proxy_buffering off;
                  {headers}
                  {"if ($request_method = OPTIONS) { return 204; }" if site.preflights else ""}
                }}
              }}
            }}
        """

    def _haproxy(self, site: Site) -> str:
        rules = []
        if site.max_body:
            too_large = f"{{ req.hdr_val(content-length) gt {site.max_body} }}"
            rules.append(f"  http-request deny deny_status 413 if {too_large}\n")
        if site.host:
            rules.append(f"  http-request set-header Host {site.host}\n")
        if site.stripped:
            rules.append(f"  http-request replace-path {site.stripped}(.*) \\1\n")
        if site.preflights:
            rules.append("  http-request return status 204 if METH_OPTIONS\n")
        for name, value in site.headers:
            rules.append(f'  http-after-response set-header {name} "{value}"\n')
        protocols = "h2,http/1.1" if site.http2 else "http/1.1"
        return f"""
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server {_ms(site.answer_seconds)}
frontend browsers
  bind 127.0.0.1:{self.port} ssl crt {self._certificate.both} alpn {protocols}
{"".join(rules)}
  default_backend store
backend store
  server store {self._upstream}
"""


def _ms(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"


def _found(program: str) -> str:
    unpacked = UNPACKED / "usr" / "sbin" / program
    found = shutil.which(program) or str(unpacked)
    assert os.access(found, os.X_OK), f"no {program}: tests/install_proxies.sh fetches it"
    return found


def _libraries() -> str:
    return ":".join(str(path) for path in (UNPACKED / "usr" / "lib").glob("*-linux-*"))


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
