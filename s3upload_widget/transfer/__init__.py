"""What every upload does, whoever sends the bytes: find what is there, prove it, complete it."""

from __future__ import annotations

from s3upload_widget.transfer.completion import PartsMissingError, complete, uploaded_file
from s3upload_widget.transfer.existing import Cut, cuts, described, proven, tells
from s3upload_widget.transfer.plan import FilePlan, IfExists, Sent, SinglePut
from s3upload_widget.transfer.proof import Hashes
from s3upload_widget.transfer.resumable import (
    NOBODY_CAN_SAY,
    ResumableUpload,
    candidates,
    other_file,
)

__all__ = [
    "NOBODY_CAN_SAY",
    "Cut",
    "FilePlan",
    "Hashes",
    "IfExists",
    "PartsMissingError",
    "ResumableUpload",
    "Sent",
    "SinglePut",
    "candidates",
    "complete",
    "cuts",
    "described",
    "other_file",
    "proven",
    "tells",
    "uploaded_file",
]
