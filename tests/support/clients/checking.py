"""What tests of the doctor share: asking through a proxy, and what it must leave behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from s3upload_widget import Report, check_bucket
from support.proxy.faults import FOREVER, Answer, Fault, Match

if TYPE_CHECKING:
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

ORIGIN: Final = "https://hub.example.org"


def checked(server: S3Server, bucket: str, origin: str | None = ORIGIN) -> Report:
    """A report on ``raw/`` of a bucket; neither an object nor an upload may stay."""
    report = check_bucket(f"s3://{bucket}/raw", origin=origin, client=server.client)
    assert_untouched(server, bucket)
    return report


def assert_untouched(server: S3Server, bucket: str) -> None:
    """Neither an object nor an upload is there."""
    assert server.keys(bucket) == []
    assert server.upload_ids(bucket) == []


def levels(report: Report) -> dict[str, str]:
    """The level of each finding."""
    return {finding.check: finding.level for finding in report}


def problems(report: Report) -> list[str]:
    """The names of what has to be mended."""
    return [finding.check for finding in report if finding.level == "problem"]


def refuse(
    proxy: FaultyProxy,
    operation: str,
    message: str = "Access Denied",
    code: str = "AccessDenied",
    status: int = 403,
) -> None:
    """Have one operation refused from now on."""
    answer = Answer(status, code, message)
    proxy.play(Fault(answer, Match(operation=operation), times=FOREVER))
