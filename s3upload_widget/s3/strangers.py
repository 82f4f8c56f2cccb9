"""What botocore makes of answers that are not S3's: web pages, blanks before the XML.

Changes how one client reads answers; makes no request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.model import OperationModel

_PAGE: Final = (b"<!doctype html", b"<html")
_REFUSED: Final = 300
"""The first status that is no success."""
_LOCATION: Final = "GetBucketLocation"
_LISTS: Final = frozenset({"ListMultipartUploads", "ListParts", "ListObjectsV2"})


def read_strictly(client: BaseClient) -> None:
    """Have a client refuse what is no document of S3's, and skip blanks before one."""
    from botocore.handlers import parse_get_bucket_location  # noqa: PLC0415 - loading takes a while

    # With a star for "s3": botocore calls that before its own, which makes a 500 of what is no XML.
    client.meta.events.register_first("before-parse.*.*", tidy)
    # It reads that answer once more, and its errors are not botocore's; nobody needs what it reads.
    client.meta.events.unregister(f"after-call.s3.{_LOCATION}", parse_get_bucket_location)


def tidy(response_dict: dict[str, Any], operation_model: OperationModel, **_: object) -> None:
    """Refuse what is no document of S3's, and skip blanks, in an answer as botocore hands it on.

    Raises:
        ResponseParserError: It is a web page, or no XML where there is always some.
    """
    from botocore.parsers import ResponseParserError  # noqa: PLC0415 - loading takes a while

    body = response_dict["body"]
    if not isinstance(body, bytes):
        return  # an object's, which is read later
    response_dict["body"] = document = body.lstrip()
    name, is_xml = operation_model.name, document.startswith(b"<")
    foreign = not is_xml and (name == _LOCATION or bool(document and name in _LISTS))
    if response_dict["status_code"] < _REFUSED and (foreign or document.lower().startswith(_PAGE)):
        msg = "no document of S3's"
        raise ResponseParserError(msg)
