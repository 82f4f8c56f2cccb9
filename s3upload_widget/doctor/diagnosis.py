"""Why a page got no answer from S3, found by sending what a browser sends to the same address."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from s3upload_widget.doctor.connection import shown_address
from s3upload_widget.doctor.preflight import as_sent, preflight
from s3upload_widget.doctor.way import ALWAYS_REFUSED, Cause, gateway_message, look_at_way
from s3upload_widget.errors import S3Error, S3UnavailableError
from s3upload_widget.policy import cors_rule, lasting_origin
from s3upload_widget.s3 import GATEWAY_STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from s3upload_widget.s3 import Store

Relay: TypeAlias = Literal["as usual", "may_help", "useless"]

_SERVER_ERROR: Final = 500
_DISTRUST: Final = "SSLCertVerificationError"
_BETWEEN: Final = frozenset({"body_limit", "request_changed", "refused_by_proxy", "gateway"})
"""Whoever sends by the same address meets these."""
_NOT_REACHED: Final = frozenset({"unavailable", "untrusted_certificate"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Why the page got no answer from S3."""

    cause: Cause
    message: str
    relay: Relay
    """Whether the kernel gets parts through; ``as usual`` where the cause alone tells."""


def diagnose(
    store: Store, key: str, origin: str, headers: Iterable[str], *, size: int
) -> Diagnosis:
    """Ask the bucket, as a browser would, whether a page of ``origin`` may PUT ``key``.

    It gets a preflight, PUTs to an upload that does not exist, and a request for the parts of that.
    Nothing is changed.

    Args:
        store: The bucket; it is asked at the address the page uses.
        key: Of the object.
        origin: ``location.origin`` of the page.
        headers: The names of the headers that the page sends.
        size: Bytes of the largest body that the page sends.

    Raises:
        S3Error: S3 refuses every request of this kernel.
    """
    cause, message = _cause(store, key, as_sent(origin), headers, size)
    relay: Relay = "as usual"
    if cause in _BETWEEN and store.one_address:
        relay = "useless"
    elif cause in _NOT_REACHED and not store.one_address:
        relay = "may_help"
    return Diagnosis(cause=cause, message=message, relay=relay)


def _cause(
    store: Store, key: str, page: str, headers: Iterable[str], size: int
) -> tuple[Cause, str]:
    folder = key[: key.rfind("/") + 1]
    try:
        answer = preflight(store, key, page, headers)
        if answer.status in GATEWAY_STATUSES:
            return "gateway", gateway_message(store, answer.status)
        if answer.status >= _SERVER_ERROR:
            again = f"{_host(store)} answers with error {answer.status}: try again later"
            return "unavailable", again
        if answer.refusal:
            return "cors", _cors_message(store, page)
    except S3UnavailableError as error:
        return _not_reached(store, str(error))
    try:
        found = look_at_way(store, folder, size)
    except S3UnavailableError as error:
        return "unavailable", (
            f"{_host(store)} answers the kernel, but breaks off what is sent to it ({error}): a "
            "proxy, or a server in trouble; try again later"
        )
    if found is not None:
        return found.cause, found.message
    _check_credentials(store, key)
    return "unreachable_from_page", _unreachable_message(store)


def _not_reached(store: Store, why: str) -> tuple[Cause, str]:
    host = _host(store)
    if why == _DISTRUST:
        return "untrusted_certificate", (
            f"the page gets no answer from {host}, and the kernel cannot look for the reason: it "
            f"does not trust that server's certificate itself. Open {_address(store)} in a new tab "
            "to see whether the browser does; give the kernel's client verify= to have it look"
        )
    return "unavailable", (
        f"neither the page nor the kernel reaches {host} ({why}): "
        "check that the server runs and that its address is right: that of the client's "
        "endpoint_url, or browser_endpoint_url="
    )


def _unreachable_message(store: Store) -> str:
    return (
        f"the kernel reaches {_host(store)} and it lets this page in, but the page does not reach "
        "it: a VPN, a proxy, a name the browser cannot resolve or a certificate it does not "
        f"trust. Open {_address(store)} in a new tab to see; if the browser knows "
        "the server by another address, give browser_endpoint_url="
    )


def _address(store: Store) -> str:
    return shown_address(store.browser_origin)


def _host(store: Store) -> str:
    return _address(store).partition("://")[2]


def _check_credentials(store: Store, key: str) -> None:
    """Some servers refuse a signature without CORS headers: the page then gets no answer at all.

    HeadBucket would not do: the answer to a HEAD has no body, so its 403 may be a wrong key, a
    wrong clock or a missing permission alike. There is no upload ``-``: nothing is listed.
    """
    try:
        store.list_parts(key, "-")
    except ALWAYS_REFUSED:
        raise
    except S3Error:
        return  # there is no such upload, or asking for it is not allowed


def _cors_message(store: Store, origin: str) -> str:
    rule = json.dumps({"CORSRules": [cors_rule([lasting_origin(origin)])]})
    return (
        f"the bucket {store.bucket!r} does not let pages of {origin} send files (CORS). "
        f"Its CORS configuration has to hold this rule: {rule}"
    )
