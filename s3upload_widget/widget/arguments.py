"""Checks the widget's options, before anything is created. Knows no traits and no S3."""

from __future__ import annotations

import difflib
import inspect
from typing import TYPE_CHECKING

from s3upload_widget.errors import RefusedError
from s3upload_widget.options import check_choices
from s3upload_widget.parts import check_part_size, is_whole

if TYPE_CHECKING:
    from collections.abc import Mapping


def refuse_unknown(cls: type, unknown: Mapping[str, object]) -> None:
    """Refuse options that a class does not have.

    traitlets would take any name, so a typing error would have no effect.

    Raises:
        TypeError: The message names the option and the one most like it.
    """
    known = [name for name in inspect.signature(cls).parameters if name != "unknown"]
    for name in unknown:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
        msg = f"{cls.__name__}() has no option {name!r}; {hint}"
        raise TypeError(msg)


def check_options(
    part_size: int | None,
    max_concurrency: int,
    if_exists: str,
    max_size: int | None,
    transport: str,
) -> None:
    """Refuse values that cannot work.

    Raises:
        RefusedError: An option has such a value.
    """
    if part_size is not None:
        check_part_size(part_size)
    check_choices(if_exists, max_concurrency)
    if max_size is not None and not (is_whole(max_size) and max_size >= 0):
        msg = f"max_size={max_size!r} cannot be: give bytes as an int, or leave it out"
        raise RefusedError(msg)
    if transport != "direct":
        msg = (
            f"transport={transport!r} cannot be: only 'direct', from the page to S3, is built yet; "
            "'relay', through the kernel, is to come"
        )
        raise RefusedError(msg)
