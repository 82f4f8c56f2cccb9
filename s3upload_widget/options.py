"""Options that a widget and a script have, and their checks. Pure."""

from __future__ import annotations

import re
from typing import Final

from s3upload_widget.errors import RefusedError
from s3upload_widget.parts import MiB, is_whole

IF_EXISTS: Final = ("verify", "overwrite", "rename")
TRANSPORTS: Final = ("auto", "direct", "relay")
READ_BACK: Final = 256 * MiB
"""Bytes of the largest object that is read back to compare it."""
MAX_CONCURRENCY: Final = 64
"""Parts at a time."""

_TYPE: Final = re.compile(r"\*|[\w.+!#$&^-]+/(?:\*|[\w.+!#$&^-]+)|\*/\*")
_ENDING: Final = re.compile(r"\.[^/*]+")


def check_read_back(read_back: int) -> None:
    """Refuse what is no number of bytes.

    Raises:
        RefusedError: It is none.
    """
    if not is_whole(read_back) or read_back < 0:
        msg = f"read_back={read_back!r} is not valid: give bytes, or 0 to read nothing back"
        raise RefusedError(msg)


def check_choices(if_exists: str, max_concurrency: int | None) -> None:
    """Refuse values that are not valid; ``max_concurrency`` None is as many parts as help.

    Raises:
        RefusedError: One is not; the message says which are.
    """
    if if_exists not in IF_EXISTS:
        msg = f"if_exists={if_exists!r} is not valid: use one of {', '.join(map(repr, IF_EXISTS))}"
        raise RefusedError(msg)
    if max_concurrency is None:
        return
    if not is_whole(max_concurrency) or not 1 <= max_concurrency <= MAX_CONCURRENCY:
        msg = f"max_concurrency={max_concurrency!r} is not valid: use 1 to {MAX_CONCURRENCY}"
        raise RefusedError(msg)


def check_transport(transport: str) -> None:
    """Refuse a way to S3 that there is not.

    Raises:
        RefusedError: There is none of this name.
    """
    if transport not in TRANSPORTS:
        known = ", ".join(map(repr, TRANSPORTS))
        msg = f"transport={transport!r} is not valid: use one of {known}"
        raise RefusedError(msg)


def check_accept(accept: str) -> None:
    """Refuse what lets no file in.

    Raises:
        RefusedError: An entry is neither the ending of a name nor a MIME type.
    """
    if not isinstance(accept, str):
        msg = f"accept= has to be a str such as '.csv,image/*', not {type(accept).__name__}"
        raise RefusedError(msg)
    for entry in filter(None, (part.strip() for part in accept.split(","))):
        if not (_ENDING.fullmatch(entry) or _TYPE.fullmatch(entry)):
            likely = "." + entry.lstrip("*.")
            msg = (
                f"accept={accept!r}: {entry!r} is neither the ending of a name nor a MIME type, "
                f"and would let no file in; did you mean {likely!r}?"
            )
            raise RefusedError(msg)
