"""An S3 server on this machine, to try things out."""

from __future__ import annotations

from s3upload_widget.local.server import LocalS3, serve_local_s3
from s3upload_widget.local.supervisor import Supervised

__all__ = [
    "LocalS3",
    "Supervised",
    "serve_local_s3",
]
