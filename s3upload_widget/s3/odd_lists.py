"""Repair what servers write into lists and no parser reads, before botocore does. Makes no call.

An entry with a fault becomes an entry that lacks something, and the others stay as they are.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from botocore.client import BaseClient

REPLACEMENT: Final = "\ufffd"
"""Stands in a key for what XML cannot hold: some servers put it there themselves."""

_TIMES: Final = re.compile(rb"<(Initiated|LastModified)>([^<]*)</\1>")
_NUMBERS: Final = re.compile(
    rb"<(Size|PartNumber|NextPartNumberMarker|PartNumberMarker|MaxParts|MaxUploads)>([^<]*)</\1>"
)
_EMPTY: Final = re.compile(rb"<(?:Initiated|LastModified|Size|[A-Za-z]*Marker|Max[A-Z][a-z]+)\s*/>")
_CONTROLS: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(?:x0*[0-9a-fA-F]{1,2}|0*\d{1,3});")
_READABLE: Final = (9, 10, 13)
_FIRST_PRINTABLE: Final = 32
_MILLISECONDS: Final = re.compile(rb"[0-9]{13}")


def repair_lists(client: BaseClient) -> None:
    """Have ``client`` repair its lists of uploads and of parts."""
    for operation in ("ListMultipartUploads", "ListParts"):
        # With a star for "s3": botocore calls that before its own, which refuses what is no XML.
        client.meta.events.register(f"before-parse.*.{operation}", _repair_answer)


def repaired(body: bytes) -> bytes:
    """A list that botocore reads: without times and numbers that are none, and control characters."""
    body = _CONTROLS.sub(_readable, body)
    body = _EMPTY.sub(b"", body)
    return _NUMBERS.sub(_number, _TIMES.sub(_time, body))


def _repair_answer(response_dict: dict[str, Any], **_: object) -> None:
    response_dict["body"] = repaired(response_dict["body"])


def _readable(found: re.Match[bytes]) -> bytes:
    said = found[0].strip(b"&#;").lower()
    if found[0].startswith(b"&"):
        code = int(said[1:], 16) if said.startswith(b"x") else int(said)
        if code >= _FIRST_PRINTABLE or code in _READABLE:
            return found[0]
    return REPLACEMENT.encode()


def _number(found: re.Match[bytes]) -> bytes:
    return found[0] if found[2].strip().isdigit() else b""


def _time(found: re.Match[bytes]) -> bytes:
    from botocore.utils import parse_timestamp  # noqa: PLC0415 - loading takes a while

    said = found[2].strip()
    if _MILLISECONDS.fullmatch(said):
        moment = datetime.fromtimestamp(int(said) / 1000, timezone.utc).isoformat()
        return found[0].replace(found[2], moment.encode())
    try:
        parse_timestamp(said.decode())
    except ValueError:
        return b""
    return found[0]
