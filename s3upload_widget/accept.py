"""Which files ``accept`` lets in: the grammar of HTML's ``<input accept>``.

A browser only filters its file dialog with it; a dropped file passes everything, so the
kernel decides. Source: https://html.spec.whatwg.org/multipage/input.html#attr-input-accept
"""

from __future__ import annotations


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
    if entry.startswith("."):
        return name.endswith(entry) and name != entry
    if entry in {"*", "*/*"}:
        return True
    if entry.endswith("/*"):
        return essence.startswith(entry[:-1])
    return essence == entry
