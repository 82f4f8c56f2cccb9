"""Finds out what prevents a page from sending to the bucket, and the exact fix."""

from __future__ import annotations

from s3upload_widget.doctor.address_space import more_private_space
from s3upload_widget.doctor.bucket_rules import Remedy, remedies
from s3upload_widget.doctor.check import (
    PageView,
    check_bucket,
    check_mixed_content,
    examine,
)
from s3upload_widget.doctor.diagnosis import diagnose
from s3upload_widget.doctor.report import Finding, Report
from s3upload_widget.doctor.routes import look_at_route

__all__ = [
    "Finding",
    "PageView",
    "Remedy",
    "Report",
    "check_bucket",
    "check_mixed_content",
    "diagnose",
    "examine",
    "look_at_route",
    "more_private_space",
    "remedies",
]
