"""A local S3 server for demos and tests: SeaweedFS, which starts and ends with the caller.

It listens on loopback only, but everybody with an account on this machine can reach its inner
ports there: keep no secrets in it. Knows no page and no upload.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from s3upload_widget.local import seaweedfs
from s3upload_widget.local.supervisor import Supervised
from s3upload_widget.policy import cors_rule
from s3upload_widget.s3 import connect

if sys.platform == "win32":
    _NOT_HERE = "the local S3 server runs on Linux, macOS and WSL"
    raise ImportError(_NOT_HERE)
else:
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from types_boto3_s3 import S3Client
    from typing_extensions import Self

START_TRIES: Final = 3
START_SECONDS: Final = 60.0
"""It usually takes 1."""
END_SECONDS: Final = 1.5
"""It usually takes 1, but its admin service may hang. S3 has stopped by then, and what it had
acknowledged is in the operating system's hands: it survives a kill."""
RELEASE_SECONDS: Final = 12.0
"""Seconds that the server of a killed caller may still hold its folder."""


def serve_local_s3(
    folder: str | os.PathLike[str] | None = None,
    *,
    bucket: str = "lab-data",
    origins: Iterable[str] = ("*",),
) -> LocalS3:
    """Start an S3 server that ends with this process, however that ends.

    ::

        with serve_local_s3() as s3:
            s3.client.upload_file("run7.parquet", s3.bucket, "run7.parquet")

    Args:
        folder: Keeps objects, unfinished uploads, credentials and the port for the next time.
            Left out, they live in a temporary folder that is removed at the end.
        bucket: Created if it is not there.
        origins: Origins of the pages that may upload, such as ``http://localhost:8888``; ``*`` is any.

    Raises:
        ModuleNotFoundError: SeaweedFS is not installed.
        RuntimeError: The server does not start, or another one uses ``folder``.
    """
    return LocalS3(folder, bucket=bucket, origins=origins)


class LocalS3:
    """A running local S3 server; :func:`serve_local_s3` makes it."""

    client: S3Client
    """A boto3 client of this server."""

    def __init__(
        self, folder: str | os.PathLike[str] | None, *, bucket: str, origins: Iterable[str]
    ) -> None:
        self._program = seaweedfs.find_program()
        self._temporary = folder is None
        self._folder = Path(folder or tempfile.mkdtemp(prefix="s3upload-")).absolute()
        self._data = self._folder / "data"
        self._place = _Place.remembered(self._folder)
        self._origins = tuple(origins)
        self.bucket = bucket
        self._server = self._launch()

    @property
    def endpoint_url(self) -> str:
        """``http://127.0.0.1:port``."""
        return f"http://{seaweedfs.HOST}:{self._place.ports['s3']}"

    @property
    def access_key(self) -> str:
        """As ``AWS_ACCESS_KEY_ID``."""
        return self._place.access_key

    @property
    def secret_key(self) -> str:
        """As ``AWS_SECRET_ACCESS_KEY``."""
        return self._place.secret_key

    def start(self) -> Self:
        """Start again after :meth:`close`; where a folder was given, with all it held."""
        if not self._server.running:
            self._server = self._launch()
        return self

    def close(self) -> None:
        """End the server; returns when it is gone."""
        self._server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"LocalS3(endpoint_url={self.endpoint_url!r}, bucket={self.bucket!r})"

    def _launch(self) -> Supervised:
        with _locked_log(self._folder) as log:
            for _ in range(START_TRIES):
                if not seaweedfs.are_free(self._place.ports):
                    self._place = replace(self._place, ports=seaweedfs.free_ports())
                with ExitStack() as undo:
                    server = self._supervise(log)
                    undo.callback(server.stop)
                    if self._becomes_ready(server):
                        self._place.remember(self._folder)
                        self._prepare_bucket()
                        undo.pop_all()
                        return server
            msg = f"the local S3 server does not start; the end of its log:\n{_tail(log)}"
            raise RuntimeError(msg)

    def _supervise(self, log: IO[bytes]) -> Supervised:
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        foreign = ("AWS_", "S3_", "WEED_")
        env = {name: text for name, text in os.environ.items() if not name.startswith(foreign)}
        return Supervised(
            seaweedfs.command(self._program, self._data, self._place.ports),
            cwd=self._data,
            env=env
            | {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key},
            log=log,
            grace=END_SECONDS,
            leftovers=[
                *seaweedfs.sockets(self._place.ports),
                *([self._folder] if self._temporary else []),
            ],
        )

    def _becomes_ready(self, server: Supervised) -> bool:
        self.client = connect(
            endpoint_url=self.endpoint_url,
            access_key=self.access_key,
            secret_key=self.secret_key,
            region="us-east-1",
        )
        deadline = time.monotonic() + START_SECONDS
        while server.running and time.monotonic() < deadline:
            if _accepts(self._place.ports["s3"]) and self._answers():
                return True
            time.sleep(0.02)
        return False

    def _answers(self) -> bool:
        try:
            self.client.list_buckets()
        except Exception:  # noqa: BLE001  not ready, or not our server: asked again either way
            return False
        return seaweedfs.found_volumes(self._place.ports, self._data)

    def _prepare_bucket(self) -> None:
        if self.bucket not in {found["Name"] for found in self.client.list_buckets()["Buckets"]}:
            self.client.create_bucket(Bucket=self.bucket)
        self.client.put_bucket_cors(
            Bucket=self.bucket, CORSConfiguration={"CORSRules": [cors_rule(self._origins)]}
        )


@dataclass(frozen=True)
class _Place:
    """A server's ports and credentials; the same the next time, so that pages find it again."""

    access_key: str
    secret_key: str
    ports: dict[str, int]

    @classmethod
    def remembered(cls, folder: Path) -> _Place:
        try:
            return cls(**json.loads((folder / "server.json").read_text()))
        except FileNotFoundError:
            key = f"LOCAL{secrets.token_hex(8).upper()}"
            return cls(key, secrets.token_urlsafe(30), seaweedfs.free_ports())

    def remember(self, folder: Path) -> None:
        new = folder / "server.json.new"
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(self), file)
        new.replace(folder / "server.json")


@contextmanager
def _locked_log(folder: Path) -> Iterator[IO[bytes]]:
    """The server's log, locked. The server inherits the lock, so it lasts as long as the server."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "server.log").open("a+b") as log:
        deadline = time.monotonic() + RELEASE_SECONDS
        while not _lock(log):
            if time.monotonic() > deadline:
                msg = f"another local S3 server uses {folder}: end it, or give another folder"
                raise RuntimeError(msg)
            time.sleep(0.05)
        log.truncate(0)
        yield log


def _lock(log: IO[bytes]) -> bool:
    try:
        fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _tail(log: IO[bytes]) -> str:
    size = log.seek(0, os.SEEK_END)
    log.seek(max(0, size - 2_000))
    return log.read().decode(errors="replace")


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((seaweedfs.HOST, port)) == 0
