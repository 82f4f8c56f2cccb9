"""What botocore makes of answers that are not S3's: web pages, blanks before the XML.

Changes how one client reads answers; makes no request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from botocore.client import BaseClient

_PAGE: Final = (b"<!doctype html", b"<html")
_OK: Final = 200


def read_strictly(client: BaseClient) -> None:
    """Have a client refuse web pages, and skip blanks before a document."""
    # With a star for "s3": botocore calls that before its own, which makes a 500 of what is no XML.
    client.meta.events.register_first("before-parse.*.*", _tidy)


def _tidy(response_dict: dict[str, Any], **_: object) -> None:
    from botocore.parsers import ResponseParserError  # noqa: PLC0415 - loading takes a while

    body = response_dict["body"]
    if not isinstance(body, bytes):
        return  # an object's, which is read later
    response_dict["body"] = document = body.lstrip()
    if response_dict["status_code"] == _OK and document.lower().startswith(_PAGE):
        msg = "a web page"
        raise ResponseParserError(msg)
