"""Traits set from many threads: one at a time, never an older value after a newer one."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from s3upload_widget.workers import log_defect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class HasTraits(Protocol):
    """What is asked of a widget."""

    def set_trait(self, name: str, value: object) -> None:
        """Set a trait, whether or not the user may."""

    def send_state(self, key: Iterable[str]) -> None:
        """Send traits to the page."""


class TraitPublisher:
    """Brings a widget's traits to what ``source`` says, in the order in which it says it.

    Observers run in the thread that publishes, as always with traitlets, and outside of any lock
    but this one. What one of them raises goes to ``failed`` and hinders nothing. traitlets'
    ``hold_trait_notifications`` and ipywidgets' ``hold_sync`` are not used: they also capture what
    other threads set meanwhile, and may lose it.
    """

    def __init__(
        self,
        widget: HasTraits,
        source: Callable[[], Mapping[str, object]],
        failed: Callable[[str, Exception], None],
    ) -> None:
        self._widget = widget
        self._source = source
        self._failed = failed
        self._lock = threading.RLock()
        self._thread = 0
        self._changed: set[str] = set()
        self._again = False

    def publish(self) -> None:
        """Set what changed; an observer that calls this gets it done after it returned."""
        with self._lock:
            self._again = True
            if self._thread:
                return
            self._thread = threading.get_ident()
            try:
                while self._again:
                    self._again = False
                    for name, value in self._source().items():
                        self._set(name, value)
            finally:
                self._thread = 0
                self._send()

    @property
    def tells_here(self) -> bool:
        """Whether this thread is just now calling observers; until it ends, nothing else is told."""
        return self._thread == threading.get_ident()

    def collects(self, name: str) -> bool:
        """Whether this change goes to the page with all others of the present publication."""
        if not self.tells_here:
            return False
        self._changed.add(name)
        return True

    def _set(self, name: str, value: object) -> None:
        try:
            self._widget.set_trait(name, value)
        except Exception as error:  # noqa: BLE001  an observer of the user's raised
            self._failed(name, error)

    def _send(self) -> None:
        changed, self._changed = self._changed, set()
        if not changed:
            return
        try:
            self._widget.send_state(sorted(changed))
        except Exception as error:  # noqa: BLE001  the comm's; the next publication sends them too
            self._changed |= changed
            log_defect("traits could not be sent to the page", error)
