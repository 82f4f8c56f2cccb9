"""Upload files from a script; knows no page and no kernel."""

from __future__ import annotations

from s3upload_widget.uploader.api import upload_file, upload_files, upload_stream
from s3upload_widget.uploader.batch import Options, Outcome, upload_each
from s3upload_widget.uploader.folders import Failure, expand_paths
from s3upload_widget.uploader.stream_upload import upload_pipe

__all__ = [
    "Failure",
    "Options",
    "Outcome",
    "expand_paths",
    "upload_each",
    "upload_file",
    "upload_files",
    "upload_pipe",
    "upload_stream",
]
