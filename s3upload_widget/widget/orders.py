"""What cells ordered the page to do, kept until the page has done it. Knows no comm.

An order is repeated in every reply to a progress report until the page acknowledges its number,
so that none is lost with a message; newer orders replace those that they make pointless.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, Literal

from s3upload_widget.protocol import Order

if TYPE_CHECKING:
    from collections.abc import Sequence

Verb = Literal["pause", "resume", "abort", "clear"]

MAX_PAGES: Final = 32
"""Pages that are remembered; a page that was forgotten gets old orders again."""
_SUPERSEDES: Final[dict[Verb, frozenset[Verb]]] = {
    "pause": frozenset({"pause", "resume"}),
    "resume": frozenset({"pause", "resume"}),
    "abort": frozenset({"pause", "resume", "abort"}),
    "clear": frozenset({"clear"}),
}


class OrderLog:
    """The log of orders. Thread-safe.

    A new page gets only orders that no page has carried out yet: an order concerns the files that
    were there when it was given, and once one page has done it, it is done. A page that was there
    gets every order until it acknowledges it itself, as each page has files of its own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[Order] = []
        self._acknowledged: OrderedDict[str, int] = OrderedDict()
        self._newest = 0

    def add(self, verb: Verb, file_ids: Sequence[str] = ()) -> Order:
        """Log an order for these files, or for all, in place of those it makes pointless."""
        with self._lock:
            self._newest += 1
            order = Order(number=self._newest, verb=verb, file_ids=list(file_ids))
            kept = [old for old in self._orders if not _supersedes(order, old)]
            self._orders = [*kept, order]
            return order

    def note_page(self, client: str) -> None:
        """Remember a page from its first message on."""
        with self._lock:
            if client not in self._acknowledged:
                self._acknowledged[client] = self._carried_out()
            self._acknowledged.move_to_end(client)
            while len(self._acknowledged) > MAX_PAGES:
                self._acknowledged.popitem(last=False)

    def acknowledge(self, client: str, number: int) -> None:
        """Note that a page has carried out every order up to ``number``."""
        self.note_page(client)
        with self._lock:
            known = max(self._acknowledged[client], min(number, self._newest))
            self._acknowledged[client] = known
            by_all = min(self._acknowledged.values())
            self._orders = [order for order in self._orders if order.number > by_all]

    def pending(self, client: str) -> list[Order]:
        """Orders that a page has not acknowledged yet, the oldest first."""
        self.note_page(client)
        with self._lock:
            known = self._acknowledged[client]
            return [order for order in self._orders if order.number > known]

    def unacknowledged(self) -> list[Order]:
        """Orders that no page has acknowledged yet, the oldest first."""
        with self._lock:
            known = self._carried_out()
            return [order for order in self._orders if order.number > known]

    def _carried_out(self) -> int:
        return max(self._acknowledged.values(), default=0)


def _supersedes(new: Order, old: Order) -> bool:
    if old.verb not in _SUPERSEDES[new.verb]:
        return False
    return not new.file_ids or (bool(old.file_ids) and set(old.file_ids) <= set(new.file_ids))
