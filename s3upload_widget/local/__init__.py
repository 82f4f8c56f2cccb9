"""An S3 server on this machine, to try things out; knows no upload."""

from __future__ import annotations

from s3upload_widget.local.seaweedfs import HOST, can_listen
from s3upload_widget.local.server import LocalS3, serve_local_s3
from s3upload_widget.local.supervisor import Supervised

__all__ = [
    "HOST",
    "LocalS3",
    "Supervised",
    "can_listen",
    "serve_local_s3",
]
