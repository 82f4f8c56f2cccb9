"""UploadWidget: traits, and the other end of the page's wire."""

from __future__ import annotations

from s3upload_widget.widget.widget import UploadWidget

__all__ = [
    "UploadWidget",
]
