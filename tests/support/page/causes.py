"""What docs/networks.md promises of each cause that keeps a page from its store, as data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from support import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

LANES: Final = 6
_TABLE: Final = re.compile(r"^\| `(\w+)`: [^|]+ \| ([^|]+) \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)
_PARTS: Final = {
    "nothing": 0,
    "a part on each lane": LANES,
    "a part on each lane, then one at a time": LANES + 3,
}
"""How many parts' bytes may have left when the sentence is said."""


@dataclass(frozen=True)
class Promise:
    """One row of the table."""

    cause: str
    sentence: tuple[str, ...]
    """Its words, without what differs from case to case."""
    parts: int

    def is_kept(self, sentence: str, sent: float, part: int) -> bool:
        """Whether a sentence, said after so many bytes of parts of this size, is the promised one."""
        form = ".+".join(re.escape(words) for words in self.sentence)
        return re.search(form, sentence) is not None and sent <= self.parts * part


def promises() -> list[Promise]:
    """Every row of the table."""
    text = (ROOT / "docs" / "networks.md").read_text("utf-8")
    return [
        Promise(cause, tuple(filter(None, sentence.split("…"))), _PARTS[sent])
        for cause, sentence, sent in _TABLE.findall(text)
    ]


def assert_promised(cause: str, sentence: str, sent: float, part: int) -> None:
    """The page said one of the sentences of a cause, after no more bytes than the table says."""
    of_it = [promise for promise in promises() if promise.cause == cause]
    assert any(each.is_kept(sentence, sent, part) for each in of_it), (cause, sentence, sent)


class Blocker:
    """Blocks requests of a page, as an extension of the browser does."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("Network.enable")

    def block(self, *urls: str) -> None:
        """Block requests to these addresses from now on, and no others."""
        self._session.send("Network.setBlockedURLs", {"urls": list(urls)})
