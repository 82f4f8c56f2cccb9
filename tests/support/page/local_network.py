"""A page whose address counts as one of the public network, and the permission that it needs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from support.page.browser import run_chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.page.browser import PageErrors


@contextmanager
def public_page(
    bridge: Bridge, errors: PageErrors, *, secure: bool = True, **options: Any
) -> Iterator[Page]:
    """Open a page in a browser of its own that takes the bridge's pages for public ones.

    Args:
        bridge: Its insecure origin is the one to open.
        errors: Collects what the page complains of.
        secure: Whether that origin counts as secure all the same.
        options: Of Playwright's ``new_context``.
    """
    port = bridge.origin.rpartition(":")[2]
    flags = [f"--ip-address-space-overrides=127.0.0.1:{port}=public"]
    if secure:
        flags.append(f"--unsafely-treat-insecure-origin-as-secure={bridge.insecure_origin}")
    with run_chromium(*flags) as browsing, browsing.page(errors, **options) as page:
        yield page


def grant(page: Page, origin: str) -> None:
    """Allow the local network, as the user does beside the address bar."""
    session: Any = page.context.new_cdp_session(page)
    context = session.send("Target.getTargetInfo")["targetInfo"]["browserContextId"]
    wanted = {"origin": origin, "permissions": ["loopbackNetwork"], "browserContextId": context}
    session.send("Browser.grantPermissions", wanted)  # for as long as the session is open
