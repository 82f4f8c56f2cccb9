"""Upload files from a script; knows no page and no kernel."""

from __future__ import annotations

from s3upload_widget.uploader.api import upload_file, upload_files
from s3upload_widget.uploader.batch import Options, Outcome, upload
from s3upload_widget.uploader.sources import expand_paths

__all__ = [
    "Options",
    "Outcome",
    "expand_paths",
    "upload",
    "upload_file",
    "upload_files",
]
