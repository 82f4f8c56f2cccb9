"""What tests with a page share: a way to S3 for the kernel alone, and failures that may happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.proxy.proxy import FaultyProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.page.browser import PageErrors
    from support.servers.servers import S3Server


@pytest.fixture
def network_may_fail(page_errors: PageErrors) -> None:
    """Accept failed requests: the test cuts some, or pauses and discards what is on its way."""
    page_errors.expect_network()


@pytest.fixture
def behind(ministack: S3Server) -> Iterator[FaultyProxy]:
    """A second proxy, between the kernel and S3; ``proxy`` is between the page and S3."""
    with FaultyProxy(ministack.endpoint_url) as faulty:
        yield faulty
