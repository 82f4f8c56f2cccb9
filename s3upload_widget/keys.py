"""From a file's name to its object key, inside the widget's prefix. Pure text, no S3.

Names come from a browser and are hostile until :func:`object_key` has accepted them: a key
that a browser, a proxy or a server would normalise is refused, because the URL would then
carry another key than the one that was signed.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final, TypeAlias

from s3upload_widget.errors import KeyRefusedError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from s3upload_widget.results import PickedFile

    KeyChoice: TypeAlias = str | Callable[[PickedFile], str] | None
    """``key=``: the file's own name, one name, or a function that gives names."""

MAX_KEY_BYTES: Final = 1_024
"""UTF-8. Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""
MAX_NAMES: Final = 1_000
"""Names that a file may try where it is to be renamed, its own among them."""
_SHOWN: Final = 80
_UNSAFE_CATEGORIES: Final = {"Cc": "a control character", "Cs": "half of a surrogate pair"}
_ACCESS_POINT: Final = re.compile(r"(?P<bucket>arn:[^/]+[:/][^/:]+)(?:/(?P<prefix>.*))?", re.DOTALL)


def shown(value: object) -> str:
    """A value as an error message may show it: escaped, at most 80 characters."""
    text = value if isinstance(value, str) else repr(value)
    cut = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return repr(cut) if isinstance(value, str) else cut


def object_key(picked: PickedFile, *, prefix: str, key: KeyChoice) -> str:
    """Decide the key of a picked file.

    Args:
        picked: The file as the browser names it.
        prefix: The folder of every key; ``""`` is the whole bucket.
        key: None for the file's name or its path in a dropped folder; a str, or a function
            that returns one: the name to use instead, relative to ``prefix``.

    Raises:
        KeyRefusedError: The name cannot be a safe key, or ``key`` failed.
    """
    chosen = _chosen_name(picked, key)
    normal = unicodedata.normalize("NFC", chosen)
    reason = _fault(normal)
    if reason:
        msg = f"{shown(picked.name)} cannot be stored as {shown(normal)}: {reason}; {_remedy(key)}"
        raise KeyRefusedError(msg)
    whole = folder(prefix) + normal
    if len(whole.encode()) > MAX_KEY_BYTES:
        msg = (
            f"{shown(picked.name)} would get a key of {len(whole.encode())} bytes; "
            f"S3 takes at most {MAX_KEY_BYTES}; {_remedy(key)}"
        )
        raise KeyRefusedError(msg)
    return whole


def folder(prefix: str) -> str:
    """``prefix`` as a folder: NFC, ending in ``/`` unless it is empty.

    Raises:
        KeyRefusedError: It holds something that no key may hold.
    """
    if not prefix:
        return ""
    normal = unicodedata.normalize("NFC", prefix) if _is_text(prefix) else ""
    reason = _fault(normal.removesuffix("/")) if normal else "it is no str"
    if reason:
        msg = f"prefix={shown(prefix)} cannot be used: {reason}; give a folder such as 'raw/2026/'"
        raise KeyRefusedError(msg)
    return normal.removesuffix("/") + "/"


def check_key_choice(key: KeyChoice) -> None:
    """Refuse a ``key=`` that is not valid.

    Raises:
        KeyRefusedError: It is no key, or neither a str nor a function.
    """
    if key is None or callable(key):
        return
    reason = _fault(unicodedata.normalize("NFC", key)) if _is_text(key) else "it is no str"
    if reason:
        msg = f"key={shown(key)} cannot be used: {reason}; give a name, or a function of the file"
        raise KeyRefusedError(msg)


def stands_inside(key: str, prefix: str) -> bool:
    """Whether a key that a page sends is inside the folder, however its URL is read on the way."""
    segments = key.removeprefix(prefix).split("/")
    climbs = any(_is_dots(segment) for segment in segments)
    return key.startswith(prefix) and not climbs and not any(map(_character_fault, key))


def parse_target(target: str, prefix: str = "") -> tuple[str, str]:
    """Split ``s3://bucket/prefix``, or a bucket and a prefix, into ``(bucket, prefix)``.

    Raises:
        RefusedError: ``target`` is another kind of address, or names a prefix beside ``prefix``.
        KeyRefusedError: The prefix cannot be used.
    """
    bucket, own_prefix = _split(target)
    if own_prefix and prefix:
        msg = f"{shown(target)} names a prefix, and prefix={shown(prefix)} another: give one"
        raise RefusedError(msg)
    return bucket, folder(own_prefix or prefix)


def parse_uri(uri: str) -> tuple[str, str]:
    """Split ``s3://bucket/raw/run7.csv`` into the bucket and the rest, which may be a folder.

    Returns:
        The bucket, and a key, or a folder that ends in ``/``, or ``""`` for the whole bucket.

    Raises:
        RefusedError: ``uri`` is another kind of address.
        KeyRefusedError: The rest can be no key.
    """
    bucket, rest = parse_place(uri)
    normal = unicodedata.normalize("NFC", rest)
    reason = _fault(normal.removesuffix("/")) if normal else ""
    if reason:
        msg = f"{shown(uri)} cannot be used: {reason}"
        raise KeyRefusedError(msg)
    return bucket, normal


def parse_place(uri: str) -> tuple[str, str]:
    """Split the address of what is on S3 already, as lists print it: its key is taken as it is.

    Returns:
        As :func:`parse_uri`.

    Raises:
        RefusedError: ``uri`` is no S3 address.
    """
    if not _is_uri(uri):
        msg = f"{shown(uri)} is no S3 address: give s3://bucket/key, or s3://bucket/folder/"
        raise RefusedError(msg)
    return _split(uri)


def renamed(key: str, number: int) -> str:
    """The ``number``-th other name of ``key``: ``raw/run7.parquet`` → ``raw/run7-1.parquet``."""
    head, slash, name = key.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    if not stem:  # no dot at all, or a name like ".bashrc"
        return f"{key}-{number}"
    return f"{head}{slash}{stem}-{number}{dot}{extension}"


def names(key: str) -> Iterator[str]:
    """``key`` and the other names that it may get, in order, :data:`MAX_NAMES` in all."""
    yield key
    for number in range(1, MAX_NAMES):
        yield renamed(key, number)


def _chosen_name(picked: PickedFile, key: KeyChoice) -> str:
    if key is None:
        return picked.path or picked.name
    if isinstance(key, str):
        return key
    try:
        chosen: object = key(picked)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        msg = f"key= failed for {shown(picked.name)}: {reason}; correct the function"
        raise KeyRefusedError(msg) from error
    if not isinstance(chosen, str):
        msg = f"key= gave {type(chosen).__name__} for {shown(picked.name)}; it has to give a str"
        raise KeyRefusedError(msg)
    return chosen


def _remedy(key: KeyChoice) -> str:
    return "rename the file, or give key=" if key is None else "give another name with key="


def _fault(name: str) -> str:
    """Why ``name`` cannot be the tail of a key; ``""`` if it can."""
    if not name:
        return "the name is empty"
    for character in name:
        if fault := _character_fault(character):
            return f"it holds {fault}"
    if name.startswith("/"):
        return "it starts with '/'"
    return next((fault for part in name.split("/") if (fault := _segment_fault(part))), "")


def _character_fault(character: str) -> str:
    if character == "\\":
        return "a backslash, which some servers take for '/'"
    if character in "\ufffe\uffff":  # not allowed in XML, so no list of S3's could show it
        return "a character that XML cannot hold"
    return _UNSAFE_CATEGORIES.get(unicodedata.category(character), "")


def _segment_fault(segment: str) -> str:
    if _is_dots(segment):
        return "a folder called '.' or '..' would be resolved by the browser"
    if not segment:
        return "it holds '//' or ends in '/', which some servers shorten"
    if segment != segment.strip():
        return "a name that starts or ends with a space is cut by some programs"
    return ""


def _is_dots(segment: str) -> bool:
    # The URL standard also takes "%2e" for a dot: https://url.spec.whatwg.org/#double-dot-path-segment
    return segment.lower().replace("%2e", ".") in {".", ".."}


def _is_uri(value: object) -> bool:
    return isinstance(value, str) and value.lower().startswith(("s3://", "arn:"))


def _is_text(value: object) -> bool:
    """Whether it is a str: notebooks pass None, numbers and paths as well."""
    return isinstance(value, str)


def _split(target: str) -> tuple[str, str]:
    if not _is_text(target):
        msg = f"{shown(target)} is no S3 address: give s3://bucket/prefix, or the bucket's name"
        raise RefusedError(msg)
    scheme, separator, rest = target.partition("://")
    if not separator:
        rest = target
    elif scheme.lower() != "s3":
        msg = f"{shown(target)} is no S3 address: give s3://bucket/prefix, or the bucket's name"
        raise RefusedError(msg)
    if match := _ACCESS_POINT.fullmatch(rest):
        return match["bucket"], match["prefix"] or ""
    bucket, _, prefix = rest.partition("/")
    if not bucket:
        msg = f"{shown(target)} names no bucket: give s3://bucket/prefix, or the bucket's name"
        raise RefusedError(msg)
    return bucket, prefix
