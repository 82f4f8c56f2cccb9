"""Finds out what prevents a page from sending to the bucket, and the exact fix."""

from __future__ import annotations

from s3upload_widget.doctor.bucket_rules import Remedy, remedies
from s3upload_widget.doctor.check import (
    PageView,
    check_bucket,
    check_mixed_content,
    diagnose,
    examine,
)
from s3upload_widget.doctor.report import Finding, Report

__all__ = [
    "Finding",
    "PageView",
    "Remedy",
    "Report",
    "check_bucket",
    "check_mixed_content",
    "diagnose",
    "examine",
    "remedies",
]
