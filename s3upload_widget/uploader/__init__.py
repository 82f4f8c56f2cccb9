"""Uploading from a script."""

from __future__ import annotations

from s3upload_widget.uploader.api import upload_file, upload_files
from s3upload_widget.uploader.batch import Options, Outcome, upload
from s3upload_widget.uploader.sources import expanded

__all__ = [
    "Options",
    "Outcome",
    "expanded",
    "upload",
    "upload_file",
    "upload_files",
]
