"""PUTs to the address that the browser sends to, from the kernel: one small part, or a head alone.

They name an upload that does not exist, under a key that nobody has, so that no server keeps
anything of them. Knows no remedies.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from uuid import uuid4

from s3upload_widget.checksums import md5, sha256
from s3upload_widget.doctor.preflight import NO_ANSWER, TIMEOUT, opener, reason, trust
from s3upload_widget.errors import S3UnavailableError
from s3upload_widget.parts import S3_LIMITS, MiB

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3upload_widget.s3 import Purpose, Store

TOO_LARGE: Final = 413
_PATIENCE: Final = 2.0
"""Seconds that a proxy gets to refuse a head: a server without a limit may wait for the body."""
_BYTE: Final = b"x"
_NO_UPLOAD: Final = "-"
_MOST: Final = 65_536
"""Bytes of an answer that are read."""
_CODE: Final = re.compile(rb"<Error>.*?<Code>([A-Za-z0-9]{1,64})</Code>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialAnswer:
    """The answer to a small part."""

    status: int
    code: str
    """S3's own; ``""`` where the answer is none of S3's documents."""
    is_web_page: bool


def put_byte(store: Store, prefix: str, *, purpose: Purpose = "sign") -> TrialAnswer:
    """Send a part of one byte as a page does: S3 says that there is no such upload.

    Args:
        store: The bucket.
        prefix: Of the key.
        purpose: ``sign`` asks at the address the page uses, ``query`` at the kernel's own.

    Raises:
        S3UnavailableError: There is no answer; the message is the reason alone.
        CredentialsError: There is nothing to sign with.
    """
    signed = store.presign_upload_part(
        _unused_key(prefix),
        _NO_UPLOAD,
        1,
        size=len(_BYTE),
        sha256=sha256(_BYTE),
        md5="" if store.on_aws else md5(_BYTE),
        purpose=purpose,
    )
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked with the endpoint
        signed.url,
        method="PUT",
        data=_BYTE,
        # urllib would call the body a form's.
        headers={"Content-Type": "application/octet-stream", **signed.headers},
    )
    try:
        with contextlib.closing(_opened(request, store.verify)) as answer:
            return _read(answer.status, answer)
    except NO_ANSWER as error:
        raise S3UnavailableError(reason(error)) from None


def takes_body(store: Store, prefix: str, size: int) -> bool:
    """Whether the way to S3 lets a part of ``size`` bytes through, for all that its head shows.

    The head alone is sent. A proxy with a limit answers it with 413; where nothing is heard
    before the body, nothing is known either.
    """
    signed = store.presign_upload_part(
        _unused_key(prefix), _NO_UPLOAD, 1, size=size, sha256=sha256(b"")
    )
    host = urlsplit(signed.url).hostname or ""
    if urllib.request.getproxies() and not urllib.request.proxy_bypass(host):
        return True  # the kernel's own proxy would answer
    try:
        return _status_of_head(signed.url, signed.headers, size, store.verify) != TOO_LARGE
    except NO_ANSWER:
        return True


def largest_body(store: Store, prefix: str, refused: int) -> int:
    """A part size below ``refused`` bytes that is let through; 0 where S3's least is not."""
    sizes = [
        refused >> shift for shift in range(1, 12) if refused >> shift > S3_LIMITS.min_part_size
    ]
    whole = [size // MiB * MiB for size in sizes]
    candidates = [*whole, *([S3_LIMITS.min_part_size] if refused > S3_LIMITS.min_part_size else [])]
    return next((size for size in candidates if takes_body(store, prefix, size)), 0)


def _unused_key(prefix: str) -> str:
    return f"{prefix}s3upload-check-{uuid4().hex}"


def _opened(request: urllib.request.Request, verify: bool | str | None) -> http.client.HTTPResponse:
    try:
        answer: http.client.HTTPResponse = opener(verify).open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as refused:
        return refused  # type: ignore[return-value]  # it reads as an answer does
    return answer


def _read(status: int, answer: http.client.HTTPResponse) -> TrialAnswer:
    found = _CODE.search(answer.read(_MOST))
    kind = answer.headers.get("Content-Type", "")
    return TrialAnswer(
        status=status,
        code=found[1].decode() if found else "",
        is_web_page=kind.startswith("text/html") and found is None,
    )


def _status_of_head(
    url: str, headers: Mapping[str, str], size: int, verify: bool | str | None
) -> int:
    parts = urlsplit(url)
    with contextlib.closing(_connection(parts.scheme, parts.netloc, verify)) as connection:
        target = f"{parts.path}?{parts.query}"
        connection.putrequest("PUT", target, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(size))
        # Servers that know it answer at once; http.client itself would read on after "100".
        connection.putheader("Expect", "100-continue")
        connection.endheaders()
        with connection.sock.makefile("rb") as answer:
            words = answer.readline(_MOST).split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0


def _connection(scheme: str, host: str, verify: bool | str | None) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, timeout=_PATIENCE, context=trust(verify))
    return http.client.HTTPConnection(host, timeout=_PATIENCE)
