"""Presigned URLs, each for exactly one part: the page has to send the signed headers. Knows no file."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_s3 import S3Client

_SIGNED_HEADERS: Final = re.compile(r"[?&]X-Amz-SignedHeaders=([^&]*)")
_BROWSERS_OWN: Final = frozenset({"host", "content-length"})
"""A page may not set these; the browser does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PresignedUrl:
    """A secret: memory only."""

    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    """Every signed header but those the browser sets itself."""
    expires_in: float
    """Seconds."""


class Presigner:
    """Signs with one client. Thread-safe."""

    def __init__(self, client: S3Client) -> None:
        self._client = client
        self._signing = threading.local()
        client.meta.events.register_last("before-sign.s3", self._remember)

    def presign(self, verb: str, params: Mapping[str, Any], expires_in: int) -> PresignedUrl:
        """Sign one request.

        Args:
            verb: boto3's method: ``upload_part``, ``put_object``.
            params: Its arguments.
            expires_in: Seconds, 1 to 604,800.
        """
        url: str = self._client.generate_presigned_url(
            verb, Params=dict(params), ExpiresIn=expires_in
        )
        sent: Mapping[str, str | bytes] = self._signing.request.headers
        signed = _SIGNED_HEADERS.search(url)
        names = unquote(signed[1]).split(";") if signed else ()
        headers = {name: _text(sent[name]) for name in names if name not in _BROWSERS_OWN}
        return PresignedUrl(url=url, headers=headers, expires_in=expires_in)

    def _remember(self, request: Any, **_: object) -> None:
        self._signing.request = request


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
