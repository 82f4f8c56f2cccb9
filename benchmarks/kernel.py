"""The kernel's side of the product in a process of its own: a real widget behind a bridge.

The process's CPU and memory are then the kernel's alone.
"""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from s3upload_widget import UploadWidget
from support.page.bridge import Bridge

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from types_boto3_s3 import S3Client
    from typing_extensions import Self


def client(endpoint: str) -> S3Client:
    """Make a client for the store at an address."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}, proxies={}),
        aws_access_key_id="bench",
        aws_secret_access_key="bench",  # noqa: S106  the sink believes everybody
    )


@dataclass(frozen=True)
class Ended:
    """How an upload ended."""

    at: float
    """Seconds since the epoch."""
    state: str
    error: str
    files: int
    verified_by: frozenset[str]


class Nothing:
    """Takes what the bridge would keep for a test."""

    def append(self, _: object) -> None:
        """Keep nothing."""


class Kernel:
    """A widget that a page may show.

    Args:
        endpoint: The store's address, as the kernel sees it.
        options: The widget's.
    """

    def __init__(self, endpoint: str, options: dict[str, Any]) -> None:
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(there, endpoint, options), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        self.url: str = self._here.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()

    @property
    def pid(self) -> int:
        """The process, once it runs."""
        assert self._process.pid is not None  # noqa: S101  between enter and exit
        return self._process.pid

    def wait(self, seconds: float) -> Ended:
        """Wait until the upload ends, well or not.

        Raises:
            TimeoutError: It did not.
        """
        if not self._here.poll(seconds):
            raise TimeoutError
        ended: Ended = self._here.recv()
        return ended


def _serve(pipe: Connection, endpoint: str, options: dict[str, Any]) -> None:
    with Bridge() as bridge:
        bridge.heard = bridge.told = Nothing()  # type: ignore[assignment]  # memory is measured
        widget = UploadWidget("b", client=client(endpoint), **options)

        def ended(change: dict[str, str]) -> None:
            if change["new"] in ("done", "failed"):
                proofs = frozenset(file.verified_by for file in widget.value)
                pipe.send(
                    Ended(time.time(), change["new"], widget.error, len(widget.value), proofs)
                )

        widget.observe(ended, names="state")
        pipe.send(bridge.url(widget))
        while True:
            time.sleep(60)
