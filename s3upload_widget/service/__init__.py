"""How the kernel handles requests: start with ``service.py``. Knows no comm and no traits."""

from __future__ import annotations

from s3upload_widget.service.service import Service

__all__ = ["Service"]
