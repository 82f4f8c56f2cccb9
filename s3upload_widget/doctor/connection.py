"""The connection to the bucket: its address, region, credentials, and the clock.

Knows no rules and no permissions.
"""

from __future__ import annotations

import math
import shlex
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from s3upload_widget.doctor.preflight import check_mixed_content
from s3upload_widget.doctor.report import Finding
from s3upload_widget.errors import (
    ClockSkewError,
    CredentialsError,
    NoSuchBucketError,
    RefusedError,
    WrongRegionError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3upload_widget.errors import UploadError
    from s3upload_widget.s3 import BucketHead, Store

MAX_SKEW: Final = 900.0
"""Seconds; S3 refuses requests that are signed with a clock further off.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (RequestTimeTooSkewed)
"""
NOTABLE_SKEW: Final = 60.0
"""Seconds; a clock that is set by the network is never so far off."""

_SET_CLOCK: Final = "sudo timedatectl set-ntp true"


def blocking_finding(store: Store, error: UploadError) -> Finding:
    """The error that prevents all other checks."""
    check, fix = "address", ""
    if isinstance(error, CredentialsError):
        check, fix = "credentials", "aws sso login"
    elif isinstance(error, ClockSkewError):
        check, fix = "clock", _SET_CLOCK
    elif isinstance(error, WrongRegionError):
        check = "region"
        fix = f'client=boto3.client("s3", region_name="{_region_in(error)}")'
    elif isinstance(error, NoSuchBucketError):
        fix = f"aws s3 mb s3://{store.bucket}{endpoint_option(store)}"
    why = "Until this is fixed, nothing can be uploaded, and nothing else can be tried."
    return Finding(check=check, level="problem", what=str(error), why=why, fix=fix)


def connection_findings(store: Store, look: BucketHead, origin: str) -> Iterator[Finding]:
    """Address, region and clock of a bucket that is reached."""
    yield _address(store, origin)
    yield _region(store, look)
    yield _clock(look.seconds_ahead)


def endpoint_option(store: Store) -> str:
    """The option with which the AWS command line asks the same server; ``""`` for AWS."""
    return f" --endpoint-url {shlex.quote(store.endpoint_url)}" if store.endpoint_url else ""


def shown_address(url: str) -> str:
    """``scheme://host[:port]``, without a password that it may contain."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _address(store: Store, origin: str) -> Finding:
    target = shown_address(store.browser_origin)
    try:
        check_mixed_content(origin, target)
    except RefusedError as error:
        return Finding(
            check="address",
            level="problem",
            what=str(error),
            why="Browsers block it before a byte is sent.",
            advice="Give the store a certificate, and the widget its address:",
            fix=f'UploadWidget("s3://{store.bucket}/", browser_endpoint_url="https://…")',
        )
    return Finding(check="address", level="ok", what=f"pages send to {target}")


def _region(store: Store, look: BucketHead) -> Finding:
    if store.on_aws and look.region not in {"", look.asked_region}:
        return Finding(
            check="region",
            level="hint",
            what=f"the bucket is in {look.region}, the client asks in {look.asked_region}",
            why="Uploads work all the same: the widget finds the region with one more request.",
            advice="Other programs of yours may not; give the client the region:",
            fix=f'client=boto3.client("s3", region_name="{look.region}")',
        )
    return Finding(check="region", level="ok", what=look.region or "the server reports none")


def _clock(seconds_ahead: float) -> Finding:
    off = abs(seconds_ahead)
    if math.isnan(off):
        return Finding(check="clock", level="hint", what="the server does not report its time")
    if off <= NOTABLE_SKEW:
        return Finding(check="clock", level="ok", what="the kernel's clock is right")
    direction = "behind" if seconds_ahead > 0 else "ahead of"
    return Finding(
        check="clock",
        level="problem" if off > MAX_SKEW else "hint",
        what=f"the kernel's clock is {off / 60:.0f} minutes {direction} S3's",
        why="S3 refuses requests that are signed with a clock more than 15 minutes off.",
        advice="Set the clock of the machine that the kernel runs on:",
        fix=_SET_CLOCK,
    )


def _region_in(error: UploadError) -> str:
    """The region that the error's text names, as code."""
    return str(error).partition("region_name='")[2].partition("'")[0] or "…"
