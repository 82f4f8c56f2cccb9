"""Say what to do where a server's own limits end an upload. Makes no call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from s3upload_widget.errors import FileTooLargeError, S3Error
from s3upload_widget.s3 import refusal_code

if TYPE_CHECKING:
    from s3upload_widget.parts import PartPlan
    from s3upload_widget.s3 import Store

SCRIPTS_WAY_OUT: Final = "give part_size={} and restart=True to start over"


def refused_part_error(
    store: Store,
    key: str,
    parts: PartPlan,
    part_number: int,
    error: S3Error,
    *,
    again: bool = False,
    way_out: str = SCRIPTS_WAY_OUT,
) -> S3Error:
    """The error for a part that a server refuses, with the way out where there is one.

    Args:
        store: The bucket.
        key: Of the file.
        parts: The file's.
        part_number: Of the part.
        error: The refusal.
        again: Whether the server has the part already, with other bytes perhaps.
        way_out: What to do, with ``{}`` for the part size that is taken.
    """
    place = store.destination(key)
    if again and refusal_code(error) == "NotImplemented":
        return S3Error(
            f"the server does not replace part {part_number} of {place}, which it has with other "
            f"bytes: give restart=True to start over ({error})"
        )
    try:
        better = store.part_limits.obeyed(parts)
    except FileTooLargeError as too_large:
        return S3Error(f"the server cannot take {place}: {too_large} ({error})")
    if better == parts:
        return error
    limit = (
        f"takes no part number above {store.part_limits.most_parts}"
        if parts.count > store.part_limits.most_parts
        else f"takes no part of {parts.length(part_number)} bytes"
    )
    return S3Error(
        f"the server {limit}, so {place} cannot be finished in parts of {parts.part_size} bytes: "
        f"{way_out.format(better.part_size)} ({error})"
    )
