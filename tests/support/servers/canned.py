"""A server that answers from a script: what no real S3 server can be brought to say."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from support.servers.front import Asked, Told, front

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Script: TypeAlias = Callable[[str, dict[str, str]], str]
    """From method and query to the XML of a 200."""

NS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


@contextmanager
def canned(script: Script) -> Iterator[str]:
    """Run a server while the block lasts; gives its URL."""

    def answer(asked: Asked) -> Told:
        query = {name: values[0] for name, values in asked.query.items() if values[0]}
        return Told(200, script(asked.method, query), {"Content-Type": "application/xml"})

    with front(answer) as url:
        yield url


def parts_page(*parts: tuple[int, str, str], truncated: bool = False, marker: int = 0) -> str:
    """A page of ListParts: each part's number, ETag and time of the day."""
    listed = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag><Size>1</Size>"
        f"<LastModified>2026-11-22T{time}.000Z</LastModified></Part>"
        for number, etag, time in parts
    )
    told = f"<NextPartNumberMarker>{marker}</NextPartNumberMarker>" if marker else ""
    return (
        f"<ListPartsResult {NS}>{told}<IsTruncated>{str(truncated).lower()}</IsTruncated>"
        f"{listed}</ListPartsResult>"
    )
