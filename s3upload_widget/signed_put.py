"""Bodies that other processes hold: one signed URL goes there, S3's answer comes back.

Whoever sends needs no credentials and no boto3 client; knows neither files nor executors.
"""

from __future__ import annotations

import logging
import os
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from s3upload_widget.redaction import scrub, without_secrets

if TYPE_CHECKING:
    from urllib3 import PoolManager

CONNECT_TIMEOUT: Final = 5.0
"""Seconds."""
READ_TIMEOUT: Final = 60.0
"""Seconds."""
_SIGNATURE: Final = "X-Amz-Signature"
_DOCUMENT: Final = 65_536
"""Bytes of an answer that are kept."""
_EXPIRED: Final = b"expired"
_DENIED: Final = 403


class WithoutSignatures(logging.Filter):
    """Takes presigned queries out of a log: they are all that it takes to send something else."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, if with less."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                without_secrets(each) if isinstance(each, str) and _SIGNATURE in each else each
                for each in record.args
            )
        return True


UNSIGNED: Final = WithoutSignatures()


@dataclass(frozen=True, slots=True, repr=False)
class SignedPut:
    """All that it takes to send one body, and nothing else: a secret that lives for minutes."""

    url: str
    headers: tuple[tuple[str, str], ...]
    verify: bool | str
    """Whether certificates are checked, or the file of those that are trusted."""

    def __repr__(self) -> str:
        """No engine may show more: they log the arguments of calls that fail."""
        return "<signed PUT>"


@dataclass(frozen=True, slots=True, kw_only=True)
class PutAnswered:
    """S3's answer, as a worker got it."""

    status: int
    headers: dict[str, str] = field(repr=False)
    document: bytes = field(repr=False)
    """Of a refusal, or a web page; S3's own success has none."""

    @property
    def expired(self) -> bool:
        """Whether the URL was used too late."""
        return self.status == _DENIED and _EXPIRED in self.document.lower()


class RemoteBody(ABC):
    """A body that another process holds."""

    @abstractmethod
    def __len__(self) -> int:
        """Bytes."""

    @abstractmethod
    def send(self, put: SignedPut) -> PutAnswered:
        """Have it sent; a refusal is an answer.

        Raises:
            S3UnavailableError: S3 did not answer.
        """


class NoAnswerError(Exception):
    """S3 did not answer a PUT. Ends in the process that sent it, and goes no further."""


def put_signed(put: SignedPut, body: bytes) -> PutAnswered:
    """Send a body to a signed URL.

    Raises:
        NoAnswerError: There was no answer; the text holds no secret.
    """
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - it comes with botocore

    logging.getLogger("urllib3.connectionpool").addFilter(UNSIGNED)
    host = urlsplit(put.url).netloc
    proxy = "" if proxy_bypass(host) else getproxies().get(urlsplit(put.url).scheme, "")
    headers = {**dict(put.headers), "Content-Length": str(len(body))}
    try:
        answer = _pool(os.getpid(), put.verify, proxy).request(
            "PUT", put.url, body=body, headers=headers, redirect=False
        )
    except HTTPError as error:
        msg = f"{type(error).__name__}: {scrub(str(error))}"
        raise NoAnswerError(msg) from None
    return PutAnswered(
        status=answer.status, headers=dict(answer.headers), document=answer.data[:_DOCUMENT]
    )


@lru_cache(maxsize=4)
def _pool(_process: int, verify: bool | str, proxy: str) -> PoolManager:
    """Connections that are kept for this process's next bodies."""
    import urllib3  # noqa: PLC0415

    options: dict[str, Any] = {
        "retries": False,
        "timeout": urllib3.Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT),
        "cert_reqs": "CERT_REQUIRED" if verify else "CERT_NONE",
        "ca_certs": verify if isinstance(verify, str) else None,
        "maxsize": 64,
    }
    return urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)
