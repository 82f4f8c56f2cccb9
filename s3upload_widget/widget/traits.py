"""What the page and the notebook see of the widget, and what of that the page may set."""

from __future__ import annotations

import uuid
from typing import Any, Final

import anywidget
import traitlets as t

from s3upload_widget.options import MAX_CONCURRENCY

PAGE_MAY_SET: Final = frozenset({"_dom_classes", "_view_count", "layout", "tabbable", "tooltip"})
"""ipywidgets' own traits of looks. All that is ours, the page only reads."""


class Traits(anywidget.AnyWidget):
    """The traits of :class:`UploadWidget`."""

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
    """Seconds to the end; None if nobody can say."""
    error = t.Unicode("", read_only=True).tag(sync=True)
    """Empty, or what went wrong and what to do."""
    max_concurrency = t.Int(6, min=1, max=MAX_CONCURRENCY).tag(sync=True)
    """Parts sent at a time; acts with the next part."""
    disabled = t.Bool(False).tag(sync=True)
    """Whether picking is switched off; what is under way goes on."""
    description = t.Unicode("Upload").tag(sync=True)
    """What the button says."""
    accept = t.Unicode("").tag(sync=True)
    """Which files may be picked next, as HTML's ``<input accept>``."""
    locale = t.Unicode("").tag(sync=True)
    """Language of the page's words; empty for the page's own."""
    _engine_id = t.Unicode(read_only=True).tag(sync=True)
    """Which engine of the page is this widget's, whatever model it is shown by."""
    _target = t.Unicode(read_only=True).tag(sync=True)
    """Names the place the files go to: a widget made anew may go on with the page's uploads."""
    files = t.Tuple(read_only=True)
    """A :class:`FileStatus` for each file, in the order in which they were picked."""
    value = t.Tuple(read_only=True)
    """An :class:`UploadedFile` for each file that is on S3 and proven; ``pd.DataFrame(w.value)``."""

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take from the page what belongs to looks, and nothing else."""
        super().set_state({name: sync_data[name] for name in PAGE_MAY_SET & sync_data.keys()})

    @t.default("_engine_id")
    def _new_engine_id(self) -> str:
        return uuid.uuid4().hex
