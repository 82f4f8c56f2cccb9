"""Hosts of notebooks whose pages have many origins: the rule that is shown admits them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from s3upload_widget.doctor import Remedy, diagnose, more_private_space, remedies
from s3upload_widget.s3 import Store
from support.clients.checking import checked

if TYPE_CHECKING:
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

HEADERS: Final = ["x-amz-checksum-sha256"]
PAGES: Final = [
    ("vscode-webview://{}", "vscode-webview://*"),
    ("https://{}.vscode-cdn.net", "https://*.vscode-cdn.net"),
    (
        "https://{}-496ff2e9c6d22116-0-colab.googleusercontent.com",
        "https://*-colab.googleusercontent.com",
    ),
]
"""What their origins look like, and what the rule names."""
NAMES: Final = ("1e51p7268g046h1il8ccpcp623ltivm3tigg57u0n2n78k9poc9p", "23eeyef71bm")


@pytest.mark.parametrize(("form", "named"), PAGES)
def test_the_rule_admits_this_page_and_the_next_one(
    ministack: S3Server, proxy: FaultyProxy, form: str, named: str
) -> None:
    this, other = (form.format(name) for name in NAMES)
    behind = ministack.at(proxy.url)
    with ministack.bucket(()) as bucket:
        report = checked(behind, bucket, this)
        message = diagnose(Store(bucket, behind.client), "x", this, HEADERS, size=1).message

        assert {each.request.headers.get("origin") for each in proxy.of("Preflight")} == {this}
        for text in (report["cors"].fix, message):
            assert f'"{named}"' in text
        assert this in report["cors"].what
        assert this in message
        for remedy in remedies(report, client=behind.client):
            assert isinstance(remedy, Remedy)
            remedy.apply()
        for page in (this, other):
            assert checked(behind, bucket, page)["cors"].level == "ok"


def test_no_name_is_looked_up_that_is_none() -> None:
    page = PAGES[0][0].format(NAMES[0])

    assert more_private_space("http://127.0.0.1:9000", page) == "loopback"
