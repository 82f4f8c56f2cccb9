"""Sends a bucket the CORS preflight that a browser sends before a page may PUT.

It needs no permission. Knows no remedies.
"""

from __future__ import annotations

import http.client
import re
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from s3upload_widget.errors import RefusedError, S3UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from email.message import Message

    from s3upload_widget.s3 import Store

TIMEOUT: Final = 5.0
"""Seconds."""
NO_ANSWER: Final = (OSError, ValueError, http.client.HTTPException)
"""What a request without an answer raises."""
_ORIGIN: Final = re.compile(r"(?:https?|vscode-webview)://[A-Za-z0-9.:\[\]_-]{1,255}")
"""Pages of other schemes send ``null``."""
_NO_SHA256: Final = "A" * 43 + "="
"""Stands where nothing is sent."""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """A preflight's answer."""

    origin: str
    wanted: tuple[str, ...]
    """The names of the headers that the page sends, in lower case."""
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""

    @property
    def refusal(self) -> str:
        """Why a browser would not send the PUT; ``""`` if it would.

        Source: https://fetch.spec.whatwg.org/#cors-preflight-fetch
        """
        if self.status not in range(200, 300):
            return f"it answers {self.status}"
        if self.headers.get("access-control-allow-origin", "") not in {"*", self.origin}:
            return "it does not name this origin"
        if not {"put", "*"} & self._listed("access-control-allow-methods"):
            return "it does not allow PUT"
        allowed = self._listed("access-control-allow-headers")
        missing = [] if "*" in allowed else [name for name in self.wanted if name not in allowed]
        return f"it does not allow the headers {', '.join(missing)}" if missing else ""

    @property
    def allows_credentials(self) -> bool:
        """Whether a browser would send the PUT with credentials, too: then ``*`` is no wildcard."""
        named = (
            self.headers.get("access-control-allow-credentials") == "true"
            and self.headers.get("access-control-allow-origin") == self.origin
            and "put" in self._listed("access-control-allow-methods")
        )
        allowed = self._listed("access-control-allow-headers")
        return named and not self.refusal and all(name in allowed for name in self.wanted)

    def _listed(self, name: str) -> set[str]:
        return {entry.strip().lower() for entry in self.headers.get(name, "").split(",")}


def check_mixed_content(page_origin: str, store_origin: str) -> None:
    """Refuse mixed content before the first byte: every browser blocks it.

    Raises:
        RefusedError: The page was loaded by https and would have to send by http.

    Source: https://www.w3.org/TR/mixed-content/ and
    https://www.w3.org/TR/secure-contexts/#is-origin-trustworthy
    """
    target = urlsplit(store_origin)
    if page_origin.startswith("https:") and target.scheme == "http" and not _is_loopback(target):
        msg = (
            f"this page came by https ({page_origin[:255]}), so the browser sends nothing to "
            f"{store_origin}: give browser_endpoint_url= the server's https address"
        )
        raise RefusedError(msg)


def as_sent(origin: str) -> str:
    """The ``Origin`` header for the origin that a page reports."""
    return origin if _ORIGIN.fullmatch(origin) else "null"


def origin_of(address: str) -> str:
    """The origin of a page's address, as browsers write it: without path and default port.

    Raises:
        RefusedError: It is not a web address.
    """
    if address == "null":
        return address
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    numbered = "" if port in {None, _DEFAULT_PORTS.get(parts.scheme)} else f":{port}"
    origin = f"{parts.scheme}://{host}{numbered}"
    if not _ORIGIN.fullmatch(origin):
        msg = (
            f"origin={address[:80]!r} is no web address: give what the browser shows before the "
            "path, such as https://hub.example.org"
        )
        raise RefusedError(msg)
    return origin


def preflight(
    store: Store, key: str, origin: str, headers: Iterable[str], *, at: str = ""
) -> Preflight:
    """Ask at a presigned URL, as a browser does: Swift answers no other address.

    Args:
        store: The bucket.
        key: Of the object.
        origin: The page's, as it is sent.
        headers: The names of the headers that the page sends.
        at: The store's origin that is asked, of several; the first if left out.

    Raises:
        S3UnavailableError: There is no answer; the message is the reason alone.
    """
    signed = store.presign_put_object(
        key, size=1, sha256=_NO_SHA256, must_not_exist=True, origin=at
    )
    return send_preflight(signed.url, origin, headers, store.verify)


def send_preflight(
    url: str, origin: str, headers: Iterable[str], verify: bool | str | None
) -> Preflight:
    """Ask whether a page of ``origin`` may PUT to ``url``.

    Args:
        url: Presigned for the PUT, as the browser asks; never told.
        origin: As it is sent.
        headers: The names of the headers that the page sends.
        verify: Which certificates are trusted, as botocore's ``verify``.

    Raises:
        S3UnavailableError: There is no answer; the message is the reason alone.
    """
    wanted = tuple(sorted(headers))
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked with the endpoint
        url,
        method="OPTIONS",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": ",".join(wanted),
        },
    )
    try:
        status, answered = _send(opener(verify), request)
    except NO_ANSWER as error:
        raise S3UnavailableError(reason(error)) from None
    return Preflight(origin=origin, wanted=wanted, status=status, headers=answered)


def opener(verify: bool | str | None) -> urllib.request.OpenerDirector:
    """Opens requests with the same trust as the user's boto3 client."""
    return urllib.request.build_opener(urllib.request.HTTPSHandler(context=trust(verify)))


def reason(error: Exception) -> str:
    """Why there is no answer: the name of the error behind it, without the address."""
    return type(getattr(error, "reason", error)).__name__


def _send(
    director: urllib.request.OpenerDirector, request: urllib.request.Request
) -> tuple[int, dict[str, str]]:
    try:
        with director.open(request, timeout=TIMEOUT) as answer:
            return answer.status, _lower(answer.headers)
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, _lower(answer.headers)


def trust(verify: bool | str | None) -> ssl.SSLContext:
    """The same trust as the user's boto3 client."""
    if verify is False:
        return ssl._create_unverified_context()  # noqa: S323, SLF001 - the user's own choice
    return ssl.create_default_context(cafile=verify if isinstance(verify, str) else None)


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _is_loopback(url: SplitResult) -> bool:
    name = url.hostname or ""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
