"""What lies between the page and S3: proxies that limit, change or refuse requests, and gateways.

It is found by PUTs to the address that the browser sends to. Knows no CORS and no page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from s3upload_widget.doctor.connection import blocking_finding, shown_address
from s3upload_widget.doctor.report import Finding
from s3upload_widget.doctor.trial_put import largest_body, put_byte, takes_body
from s3upload_widget.errors import (
    ClockSkewError,
    CredentialsError,
    NoSuchBucketError,
    S3UnavailableError,
    WrongRegionError,
)
from s3upload_widget.parts import MiB
from s3upload_widget.s3 import GATEWAY_STATUSES, Call, error_for

if TYPE_CHECKING:
    from s3upload_widget.doctor.trial_put import TrialAnswer
    from s3upload_widget.s3 import Store

Cause: TypeAlias = Literal[
    "cors",
    "body_limit",
    "request_changed",
    "refused_by_proxy",
    "gateway",
    "unavailable",
    "unreachable_from_page",
    "untrusted_certificate",
]
"""What the kernel can find."""
ALWAYS_REFUSED: Final = (CredentialsError, ClockSkewError, WrongRegionError, NoSuchBucketError)
"""S3 then refuses every request of this kernel."""
_WRONG_SIGNATURE: Final = "SignatureDoesNotMatch"
_REFUSALS: Final = frozenset({*range(400, 500), 501})
"""Not 500: some servers break over an upload that does not exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindrance:
    """What hinders a page's PUTs on their way."""

    cause: Cause
    message: str


def look_at_way(store: Store, prefix: str, size: int) -> Hindrance | None:
    """What hinders a page's PUTs of ``size`` bytes under ``prefix``; None where nothing was found.

    Args:
        store: The bucket; it is asked at the address the page uses.
        prefix: A folder of the bucket.
        size: Bytes.

    Raises:
        S3UnavailableError: There is no answer; the message is the reason alone.
        S3Error: S3 refuses whatever is signed with the kernel's credentials.
    """
    answer = put_byte(store, prefix)
    _check_credentials(store, prefix, answer)
    if answer.code == _WRONG_SIGNATURE:
        return Hindrance(cause="request_changed", message=_changed_message(store))
    if answer.status in GATEWAY_STATUSES and not answer.code:
        return Hindrance(cause="gateway", message=gateway_message(store, answer.status))
    if answer.is_web_page and answer.status in _REFUSALS:
        return Hindrance(cause="refused_by_proxy", message=_refused_message(store, answer))
    if takes_body(store, prefix, size):
        return None
    return Hindrance(cause="body_limit", message=_limit_message(store, prefix, size))


def way_finding(store: Store, prefix: str, size: int) -> Finding:
    """What :func:`look_at_way` finds of a store whose credentials are right."""
    try:
        found = look_at_way(store, prefix, size)
    except ALWAYS_REFUSED as error:
        return blocking_finding(store, error)
    except S3UnavailableError as error:
        what = f"not tried: the kernel does not reach {_host(store)} ({error})"
        return Finding(check="proxy", level="hint", what=what)
    if found is None:
        what = (
            f"requests arrive at S3 as they were signed, and no limit below {_amount(size)} shows"
        )
        return Finding(check="proxy", level="ok", what=what)
    return Finding(
        check="proxy",
        level="hint" if found.cause == "gateway" else "problem",
        what=found.message,
        why="It was tried from the kernel, at the address that pages send to.",
    )


def _check_credentials(store: Store, prefix: str, answer: TrialAnswer) -> None:
    """Raise if S3 refuses the credentials, be it without CORS headers, so that no page sees it."""
    error = error_for(answer.code, answer.status, Call(operation="UploadPart", bucket=store.bucket))
    if not (answer.code and isinstance(error, (CredentialsError, ClockSkewError))):
        return
    if answer.code != _WRONG_SIGNATURE or store.one_address:
        raise error
    try:
        own = put_byte(store, prefix, purpose="query")
    except S3UnavailableError:
        raise error from None
    if own.code == answer.code:
        raise error  # the key is wrong: by the kernel's own way S3 says the same


def gateway_message(store: Store, status: int) -> str:
    """For a gateway's answer."""
    return (
        f"{_host(store)} answers with error {status}, as a gateway does that gets no answer from "
        "S3, or a server that is overloaded: try again later"
    )


def _changed_message(store: Store) -> str:
    return (
        f"a proxy at {_host(store)} changes requests, so that S3 finds their signature wrong "
        "(SignatureDoesNotMatch), while the same key is right by the kernel's own way: it has to "
        "pass Host, path and headers on as they come (nginx: proxy_set_header Host $http_host, and "
        "proxy_pass without a path), or give "
        "browser_endpoint_url= the address of S3 itself"
    )


def _refused_message(store: Store, answer: TrialAnswer) -> str:
    return (
        f"{_host(store)} answers a PUT with a web page (error {answer.status}), which is not S3's: "
        "a proxy, a firewall or a login page lies between; it has to let PUTs through, or give "
        "browser_endpoint_url= the address of S3 itself"
    )


def _limit_message(store: Store, prefix: str, size: int) -> str:
    smaller = largest_body(store, prefix, size)
    if smaller:
        store.part_limits.keep(smaller)
    way_out = (
        f"or give part_size={smaller} ({_amount(smaller)}), which it lets through"
        if smaller
        else "no part_size= helps, as S3's parts have 5 MiB at least"
    )
    return (
        f"{_host(store)} refuses bodies of {_amount(size)} (413), as a proxy with a limit does: "
        f"raise it (nginx: client_max_body_size 0), {way_out}"
    )


def _amount(size: int) -> str:
    return f"{size / MiB:.4g} MiB" if size >= MiB else f"{size:,} bytes"


def _host(store: Store) -> str:
    return shown_address(store.browser_origin).partition("://")[2]
