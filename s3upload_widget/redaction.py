"""Text without secrets: what may reach the page, a notebook or a log. Knows no S3 and no message."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_QUERY: Final = re.compile(r"\?[^\s\"'<>?=]*=[^\s\"'<>]*")
_SECRETS: Final = re.compile(
    r"(?i)\b(?:AKIA|ASIA)[A-Z0-9]{8,}|\bX-Amz-[A-Za-z-]+\s*[=:]\s*[^\s&,\"'<>]+"
    r"|\buploadId\s*[=:]\s*[^\s&,\"'<>]+|\b(?:Signature|Credential)\s*=\s*[^\s&,\"'<>]+"
)
_MAX_TEXT: Final = 300


def without_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """``text`` without query strings, upload ids, credentials and ``secrets``.

    A file's name may hold half of a surrogate pair, which no message of Jupyter's can carry.
    """
    for secret in filter(None, secrets):
        text = text.replace(secret, "…")
    return _SECRETS.sub("…", _QUERY.sub("", text)).encode(errors="replace").decode()


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """What is left ``without_secrets``, on one line, at most 300 characters."""
    return " ".join(without_secrets(text, secrets).split())[:_MAX_TEXT]
