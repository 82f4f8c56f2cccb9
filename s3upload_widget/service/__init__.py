"""What the kernel decides and answers; knows no comm and no traits."""

from __future__ import annotations

from s3upload_widget.service.service import Service

__all__ = ["Service"]
