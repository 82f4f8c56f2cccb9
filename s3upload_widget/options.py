"""What a user may choose for uploads of either kind: a widget's options, and a script's."""

from __future__ import annotations

from typing import Final

from s3upload_widget.errors import RefusedError
from s3upload_widget.parts import is_whole

IF_EXISTS: Final = ("verify", "overwrite", "rename")
MAX_CONCURRENCY: Final = 64
"""Parts at a time. Browsers send at most 6 to one host; more only helps with HTTP/2."""


def check_choices(if_exists: str, max_concurrency: int) -> None:
    """Refuse what cannot be.

    Raises:
        RefusedError: It says what can.
    """
    if if_exists not in IF_EXISTS:
        msg = f"if_exists={if_exists!r} cannot be: give one of {', '.join(map(repr, IF_EXISTS))}"
        raise RefusedError(msg)
    if not is_whole(max_concurrency) or not 1 <= max_concurrency <= MAX_CONCURRENCY:
        msg = f"max_concurrency={max_concurrency!r} cannot be: give 1 to {MAX_CONCURRENCY}"
        raise RefusedError(msg)
