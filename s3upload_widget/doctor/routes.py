"""Which names of a store let a page in, and whether its requests may carry credentials.

Browsers open six connections to each name, and six more for requests with credentials.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from s3upload_widget.doctor.preflight import as_sent, check_mixed_content, preflight
from s3upload_widget.errors import RefusedError, S3UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from s3upload_widget.s3 import Store


@dataclass(frozen=True, slots=True)
class OpenRoute:
    """A name that a page may send to."""

    origin: str
    """``scheme://host[:port]``."""
    credentials: bool
    """Whether requests may carry credentials, and no cookie of the page's own site with them."""


def look_at_route(
    store: Store, key: str, page_origin: str, headers: Iterable[str], origin: str
) -> OpenRoute | None:
    """Ask one name of a store whether it lets a page in; None where it does not.

    The first name is in use whatever it answers. It is asked only for what it allows beyond that.

    Args:
        store: The bucket.
        key: Of an object that the page sends.
        page_origin: ``location.origin`` of the page.
        headers: The names of the headers that the page sends.
        origin: One of ``store.origins``.
    """
    is_first = origin == store.browser_origin
    other_site = is_other_site(page_origin, origin)
    if is_first and not other_site:
        return OpenRoute(origin, credentials=False)
    try:
        check_mixed_content(page_origin, origin)
        answer = preflight(store, key, as_sent(page_origin), headers, at=origin)
    except RefusedError:
        return OpenRoute(origin, credentials=False) if is_first else None
    except S3UnavailableError:
        # A user's own name may be for browsers only; one of AWS that is not reached may not be.
        is_given = is_first or not store.on_aws or bool(store.browser_endpoints)
        return OpenRoute(origin, credentials=False) if is_given else None
    if answer.refusal and not is_first:
        return None
    return OpenRoute(origin, credentials=other_site and answer.allows_credentials)


def is_other_site(page_origin: str, store_origin: str) -> bool:
    """Whether no cookie of the page's site can be sent to the store; False where that is unsure.

    Without the list of public suffixes, two names are of different sites for sure only where
    they differ in the last two labels. Ports and schemes make no other site.

    Source: https://html.spec.whatwg.org/multipage/browsers.html#obtain-a-site
    """
    page, store = _host(page_origin), _host(store_origin)
    if not page or not store or page == store or (_is_loopback(page) and _is_loopback(store)):
        return False
    if _is_address(page) or _is_address(store):
        return True
    return page.split(".")[-2:] != store.split(".")[-2:]


def _host(origin: str) -> str:
    try:
        return (urlsplit(origin).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    return _is_address(host) and ip_address(host.partition("%")[0]).is_loopback


def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
