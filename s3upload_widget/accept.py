"""Which files ``accept`` lets in: the grammar of HTML's ``<input accept>``.

A browser only filters its file dialog with it; a dropped file passes everything, so the
kernel decides. Source: https://html.spec.whatwg.org/multipage/input.html#attr-input-accept
"""

from __future__ import annotations

import re
from typing import Final

ACCEPT_ENTRY: Final = r"^(?:(\..*)|(\*|\*/\*)|(.*/)\*)$"
"""One entry that is not a whole MIME type: the ending of a name, everything, or ``image/*``,
whose ``image/`` is captured. Entries are matched in lower case, without spaces around them."""


def accepts(accept: str, name: str, media_type: str) -> bool:
    """Whether a file is among those of ``accept``.

    Args:
        accept: Comma-separated: ``.csv``, ``text/csv``, ``image/*``; ``""`` lets all in.
        name: The file's name.
        media_type: The browser's MIME type; ``""`` if it knows none.
    """
    wanted = [entry for entry in (part.strip().lower() for part in accept.split(",")) if entry]
    essence = media_type.partition(";")[0].strip().lower()
    return not wanted or any(_matches(entry, name.lower(), essence) for entry in wanted)


def _matches(entry: str, name: str, essence: str) -> bool:
    found = re.fullmatch(ACCEPT_ENTRY, entry)
    ending, everything, family = found.groups("") if found else ("", "", "")
    if ending:
        return name.endswith(ending) and name != ending
    if family:
        return essence.startswith(family)
    return bool(everything) or essence == entry
