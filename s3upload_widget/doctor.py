"""What keeps a page from reaching the bucket, and the exact fix."""

from __future__ import annotations

import json
import re
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import SplitResult, urlsplit

from s3upload_widget.errors import (
    ClockSkewError,
    CredentialsError,
    NoSuchBucketError,
    RefusedError,
    S3Error,
    WrongRegionError,
)
from s3upload_widget.policy import cors_rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from email.message import Message

    from s3upload_widget.s3 import Store

TIMEOUT: Final = 5.0
"""Seconds."""
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]_-]{1,255}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Why the page got no answer from S3."""

    cause: Literal["cors", "unreachable_from_page", "unavailable"]
    message: str


def check_mixed_content(page_origin: str, store_origin: str) -> None:
    """Refuse before the first byte what every browser blocks.

    Raises:
        RefusedError: The page came by https and would have to send by http.

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


def diagnose(store: Store, key: str, origin: str, headers: Iterable[str]) -> Diagnosis:
    """Ask the bucket, as a browser would, whether a page of ``origin`` may PUT ``key``.

    Args:
        store: The bucket; it is asked at the address the page uses.
        key: Of the object.
        origin: ``location.origin`` of the page.
        headers: The names of the headers that the page sends.

    Raises:
        S3Error: S3 refuses whatever this kernel signs.
    """
    url = store.object_url(key)
    host = urlsplit(url).netloc
    page = origin if _ORIGIN.fullmatch(origin) else "null"
    wanted = sorted(headers)
    try:
        status, answer = _preflight(url, page, wanted, store.verify)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return Diagnosis(
            cause="unavailable",
            message=f"neither the page nor the kernel reaches {host} ({type(reason).__name__}): "
            "check that the server runs and that its address is right: that of the client's "
            "endpoint_url, or browser_endpoint_url=",
        )
    server_error = 500
    if status >= server_error:
        return Diagnosis(
            cause="unavailable", message=f"{host} answers with error {status}: try again later"
        )
    if not _allows(status, answer, page, wanted):
        return Diagnosis(cause="cors", message=_cors_message(store, page))
    _check_credentials(store, key)
    return Diagnosis(cause="unreachable_from_page", message=_unreachable_message(url))


def _unreachable_message(url: str) -> str:
    scheme, _, host = url.split("/", 3)[:3]
    return (
        f"the kernel reaches {host} and it lets this page in, but the page does not reach it: "
        "a VPN, a proxy, a name the browser cannot resolve or a certificate it does not trust. "
        f"Open {scheme}//{host} in a new tab to see; if the browser knows the server by another "
        "address, give browser_endpoint_url="
    )


def _check_credentials(store: Store, key: str) -> None:
    """Some servers refuse a signature without CORS headers: the page then gets no answer at all."""
    try:
        store.list_parts(key, "-")
    except (CredentialsError, ClockSkewError, WrongRegionError, NoSuchBucketError):
        raise
    except S3Error:
        return  # there is no such upload, or asking for it is not allowed


def _cors_message(store: Store, origin: str) -> str:
    rules = json.dumps({"CORSRules": [cors_rule([origin])]})
    return (
        f"the bucket {store.bucket!r} does not let pages of {origin} send files (CORS). "
        f"Its CORS configuration has to hold this rule: {rules}"
    )


def _preflight(
    url: str, origin: str, headers: list[str], verify: bool | str | None
) -> tuple[int, Mapping[str, str]]:
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked with the endpoint
        url,
        method="OPTIONS",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": ",".join(headers),
        },
    )
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=_trust(verify)))
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            return answer.status, _lower(answer.headers)
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, _lower(answer.headers)


def _trust(verify: bool | str | None) -> ssl.SSLContext:
    """As the user's boto3 client does."""
    if verify is False:
        return ssl._create_unverified_context()  # noqa: S323, SLF001 - the user's own choice
    return ssl.create_default_context(cafile=verify if isinstance(verify, str) else None)


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _allows(status: int, answer: Mapping[str, str], origin: str, headers: list[str]) -> bool:
    """Whether a browser would go on.

    Source: https://fetch.spec.whatwg.org/#cors-preflight-fetch
    """
    methods = _listed(answer, "access-control-allow-methods")
    allowed = _listed(answer, "access-control-allow-headers")
    return (
        status in range(200, 300)
        and answer.get("access-control-allow-origin", "") in {"*", origin}
        and bool({"put", "*"} & methods)
        and ("*" in allowed or allowed.issuperset(headers))
    )


def _is_loopback(url: SplitResult) -> bool:
    name = url.hostname or ""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _listed(answer: Mapping[str, str], name: str) -> set[str]:
    return {entry.strip().lower() for entry in answer.get(name, "").split(",")}
