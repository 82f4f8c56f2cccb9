"""The widget's traits: which there are, which the page may set, and how threads set the others.

Knows nothing of uploads.
"""

from __future__ import annotations

import threading
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import anywidget
import traitlets as t
from ipywidgets import widget_serialization

from s3upload_widget.options import MAX_CONCURRENCY
from s3upload_widget.widget.callers import cell
from s3upload_widget.widget.page_code import (
    FIRST_MODULE,
    STYLE,
    PageCode,
    built,
    page_code,
    whole_module,
)
from s3upload_widget.workers import log_defect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Self

SETTABLE: Final = ("max_concurrency", "disabled", "description", "accept", "locale")
"""Traits that users may set at any time."""
PAGE_MAY_SET: Final = frozenset({"_dom_classes", "_view_count", "layout", "tabbable", "tooltip"})
"""ipywidgets' own traits of appearance. The page only reads ours."""


class Traits(anywidget.AnyWidget):
    """The traits of :class:`UploadWidget`."""

    _remake: Callable[[], Any]
    """Makes another widget of the same options."""
    _page_code = t.Instance(PageCode, allow_none=True, read_only=True).tag(
        sync=True, **widget_serialization
    )
    """What has the page's code for all widgets; None if each has its own, in ``_esm``."""

    state = t.Unicode("idle", read_only=True).tag(sync=True)
    """``idle``, ``queued``, ``checking``, ``uploading``, ``waiting``, ``paused``, ``completing``,
    ``done`` or ``failed``: the one of all files that matters most."""
    waiting_for = t.Unicode("", read_only=True).tag(sync=True)
    """What ``waiting`` waits for: ``kernel``, ``network`` or ``file``; else empty."""
    progress = t.Float(0.0, read_only=True).tag(sync=True)
    """0 to 1; 1 only when every file is on S3 and proven. Never falls while files are the same."""
    bytes_done = t.Int(0, read_only=True).tag(sync=True)
    """Bytes that are proven or on the wire."""
    bytes_total = t.Int(0, read_only=True).tag(sync=True)
    """Bytes of all files that were picked together."""
    rate = t.Float(0.0, read_only=True).tag(sync=True)
    """Bytes a second."""
    eta = t.Float(None, allow_none=True, read_only=True).tag(sync=True)
    """Seconds to the end; None where that is unknown."""
    error = t.Unicode("", read_only=True).tag(sync=True)
    """Empty, or what went wrong and what to do."""
    max_concurrency = t.Int(None, min=1, max=MAX_CONCURRENCY, allow_none=True).tag(sync=True)
    """The most parts sent at a time, None for as many as help; acts with the next part."""
    disabled = t.Bool(False).tag(sync=True)
    """Whether picking is switched off; running uploads continue."""
    description = t.Unicode("Upload").tag(sync=True)
    """The button's label."""
    accept = t.Unicode("").tag(sync=True)
    """Which files may be picked next, as HTML's ``<input accept>``."""
    locale = t.Unicode("").tag(sync=True)
    """Language of the page's words; empty for the page's own."""
    _engine_id = t.Unicode(read_only=True).tag(sync=True)
    """Which engine of the page is this widget's, whatever model it is shown by."""
    _target = t.Unicode(read_only=True).tag(sync=True)
    """Names the files' destination: a widget that is created again may resume the page's uploads."""
    _cell = t.Unicode(read_only=True).tag(sync=True)
    """Which cell made it, the same when that is run again; empty where there is none."""
    uris = t.Tuple(read_only=True).tag(sync=True)
    """The ``uri`` of each file in :attr:`value`; beyond 100, brought up to date when all settled."""
    _seen = t.Int(0, read_only=True).tag(sync=True)
    """marimo runs cells again when the page sets a trait: this one, for each change of ``uris``."""
    files = t.Tuple(read_only=True)
    """A :class:`FileStatus` for each file, in the order in which they were picked."""
    value = t.Tuple(read_only=True)
    """An :class:`UploadedFile` for each file that is on S3 and proven; ``pd.DataFrame(w.value)``."""

    def __new__(cls, *args: Any, **options: Any) -> Self:
        """Remember the options for copies."""
        made: Self = super().__new__(cls, *args, **options)
        made._remake = partial(cls, *args, **options)
        return made

    @property
    def _esm(self) -> str:
        """The page's first module; anywidget makes a trait of it, and of the style."""
        return FIRST_MODULE if self._page_code else whole_module()

    @property
    def _css(self) -> str:
        return "" if self._page_code else built(STYLE)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take traits of appearance from the page, and no others."""
        super().set_state({name: sync_data[name] for name in PAGE_MAY_SET & sync_data.keys()})

    @t.default("_page_code")
    def _shared_code(self) -> PageCode | None:
        return page_code()

    @t.default("_cell")
    def _this_cell(self) -> str:
        return cell()

    @t.default("_engine_id")
    def _new_engine_id(self) -> str:
        return uuid.uuid4().hex


class TraitPublisher:
    """Sets a widget's traits to what ``source`` returns, in the same order, from any thread.

    One thread publishes at a time, so an older value never follows a newer one. Observers run in
    the publishing thread, as always with traitlets, and outside of any lock but this one. Errors
    that they raise go to ``failed`` and stop nothing. traitlets' ``hold_trait_notifications`` and
    ipywidgets' ``hold_sync`` are not used: they also capture changes that other threads make
    meanwhile, and may lose them.
    """

    def __init__(
        self,
        widget: Traits,
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
        """Set traits that changed; where an observer calls this, it happens after it returned."""
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
                self._send_changed()

    @property
    def is_notifying(self) -> bool:
        """Whether this thread is calling observers just now; until it ends, no other trait is set."""
        return self._thread == threading.get_ident()

    def collects(self, name: str) -> bool:
        """Whether this change goes to the page together with all others of this publication."""
        if not self.is_notifying:
            return False
        self._changed.add(name)
        return True

    def _set(self, name: str, value: object) -> None:
        try:
            self._widget.set_trait(name, value)
        except Exception as error:  # noqa: BLE001  a user's observer raised
            self._failed(name, error)

    def _send_changed(self) -> None:
        changed, self._changed = self._changed, set()
        if not changed:
            return
        try:
            self._widget.send_state(sorted(changed))
        except Exception as error:  # noqa: BLE001  of the comm; the next publication sends them too
            self._changed |= changed
            log_defect("traits could not be sent to the page", error)
