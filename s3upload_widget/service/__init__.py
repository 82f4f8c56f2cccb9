"""What the kernel decides and answers; knows no comm and no traits."""

from __future__ import annotations

from s3upload_widget.service.file_records import (
    Aborted,
    Completed,
    FilePlan,
    FileRecord,
    IfExists,
    Open,
    PickedFiles,
    Planned,
    Slot,
)
from s3upload_widget.service.service import Service

__all__ = [
    "Aborted",
    "Completed",
    "FilePlan",
    "FileRecord",
    "IfExists",
    "Open",
    "PickedFiles",
    "Planned",
    "Service",
    "Slot",
]
