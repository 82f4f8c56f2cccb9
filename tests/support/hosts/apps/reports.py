"""In the host's own process: the widget of a test, and what Python hears of it, as lines of JSON."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

from s3upload_widget import UploadWidget

_LOCK = threading.Lock()
_LOG = Path(os.environ["HOST_LOG"])


def report(kind: str, what: object) -> None:
    """Let the test know something."""
    line = json.dumps([kind, what])
    with _LOCK, _LOG.open("a", encoding="utf-8") as log:
        log.write(line + "\n")


def make_widget(**options: Any) -> UploadWidget:
    """The widget whose page reaches S3 by the address that the test chose."""
    settings = json.loads(os.environ["HOST_WIDGET"]) | options
    widget = UploadWidget(**settings)
    widget.observe(lambda change: report("state", change["new"]), names="state")
    widget.observe(lambda change: report("error", change["new"]), names="error")
    widget.on_complete(lambda file: report("arrived", [file.name, file.sha256, file.uri]))
    return widget
