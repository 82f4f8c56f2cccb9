"""Examines a bucket: runs every check in order. The checks themselves are in other modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from s3upload_widget.doctor.bucket_rules import (
    cors_finding,
    lifecycle_finding,
    origin_unknown_finding,
)
from s3upload_widget.doctor.connection import (
    blocking_finding,
    connection_findings,
    shown_address,
)
from s3upload_widget.doctor.permissions import permission_findings, try_upload
from s3upload_widget.doctor.policy_conditions import policy_finding
from s3upload_widget.doctor.preflight import as_sent, check_mixed_content, origin_of, preflight
from s3upload_widget.doctor.report import Finding, Report
from s3upload_widget.doctor.way import ALWAYS_REFUSED, way_finding
from s3upload_widget.errors import S3UnavailableError, UploadError
from s3upload_widget.keys import parse_target
from s3upload_widget.parts import S3_LIMITS
from s3upload_widget.s3 import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from types_boto3_s3 import S3Client

__all__ = ["check_bucket", "check_mixed_content", "examine"]

PageView: TypeAlias = Literal["reaches", "does not reach", "not heard", "not asked"]
"""Whether a page reaches the address it would send to, or why it did not report."""

_NO_SHA256: Final = "A" * 43 + "="
"""Stands where nothing is sent."""


def check_bucket(uri: str, *, origin: str | None = None, client: S3Client | None = None) -> Report:
    """Find out whether pages can upload to a bucket, and what to do where they cannot.

    The bucket gets a browser's preflight, and an upload under the prefix is created, sent one
    small part, listed and aborted: no object is made, and nothing is left behind. Rules and
    policies are read, as far as that is allowed, and never changed.

    Args:
        uri: ``s3://bucket``, or a folder in it, ``s3://bucket/raw/``.
        origin: The address of your JupyterLab before the path, as the browser shows it:
            ``https://hub.example.org``. Without it, CORS is not tried.
        client: Any boto3 S3 client; left out, boto3's default one.

    Returns:
        The findings; print it, or let the notebook show it.

    Raises:
        RefusedError: ``uri`` is not an S3 address, or ``origin`` not a web address.
        UnsupportedBucketError: The bucket is of a kind that pages cannot send to.

    Example:
        >>> report = check_bucket("s3://lab-data/raw/", origin="https://hub.example.org")
        >>> report.ok
        True
    """
    bucket, prefix = parse_target(uri)
    page = origin_of(origin) if origin else ""
    return examine(Store(bucket, client), prefix, origin=page)


def examine(
    store: Store,
    prefix: str,
    *,
    origin: str,
    part_size: int = S3_LIMITS.default_part_size,
    page_reaches: Callable[[str], PageView] = lambda _: "not asked",
) -> Report:
    """Do what :func:`check_bucket` does, for a widget's store.

    Args:
        store: The bucket.
        prefix: The folder that uploads go to, with its final ``/``; ``""`` for all of it.
        origin: Of the page; ``""`` if unknown.
        part_size: Bytes of the bodies that pages send.
        page_reaches: Has the page try an address, ``https://host``; called at most once.
    """
    page = as_sent(origin) if origin else ""
    found = _one_of_each_check(_findings(store, prefix, page, part_size, page_reaches))
    return Report(uri=store.destination(prefix), origin=page, findings=found)


def _findings(
    store: Store,
    prefix: str,
    origin: str,
    part_size: int,
    page_reaches: Callable[[str], PageView],
) -> Iterator[Finding]:
    try:
        look = store.config.head_bucket()
        store.require_bucket()
        headers = _signed_headers(store, prefix)
    except UploadError as error:
        yield blocking_finding(store, error)
        return
    yield from connection_findings(store, look, origin)
    yield _cors_finding(store, prefix, origin, headers)
    trial = try_upload(store, prefix)
    refused = trial.errors.get("create")
    if isinstance(refused, (*ALWAYS_REFUSED, S3UnavailableError)):
        yield blocking_finding(store, refused)
        return
    yield from permission_findings(store, prefix, trial)
    yield way_finding(store, prefix, part_size)
    yield from _headers_finding(store)
    yield from _limits_finding(store)
    yield lifecycle_finding(store, prefix)
    yield policy_finding(store)
    yield _page_finding(store, prefix, page_reaches)


def _headers_finding(store: Store) -> Iterator[Finding]:
    """Headers that the trial upload had to do without; nothing where there are none."""
    if names := ", ".join(store.refused_headers):
        yield Finding(
            check="headers",
            level="hint",
            what=f"the server refuses {names}: uploads go without",
            why="These carry or ask for SHA-256 checksums. What is sent is guarded by its "
            "Content-MD5 instead, and files are verified by MD5 where ETags are such.",
        )


def _limits_finding(store: Store) -> Iterator[Finding]:
    """The server's last part number, where it is not S3's."""
    if store.part_limits.refuses_numbers:
        most = store.part_limits.most_parts
        yield Finding(
            check="parts",
            level="hint",
            what=f"the server refuses part 10,000: it takes {most:,} parts at most, as far as it "
            "says",
            why=f"A file of more than {most:,} parts cannot be finished there.",
            advice="For larger files give part_size=, so that fewer parts are enough; or have "
            "the server take more (Swift: max_upload_part_num).",
        )


def _one_of_each_check(findings: Iterator[Finding]) -> tuple[Finding, ...]:
    """The first finding of each check, or the first problem if there is one."""
    kept: dict[str, Finding] = {}
    for finding in findings:
        known = kept.setdefault(finding.check, finding)
        if finding.level == "problem" and known.level != "problem":
            kept[finding.check] = finding
    return tuple(kept.values())


def _signed_headers(store: Store, prefix: str) -> set[str]:
    """The names of all headers that a page sends, with parts and with whole files."""
    key, digest = f"{prefix}x", _NO_SHA256
    # Until another store has shown that it knows SHA-256, whole files carry their MD5 too.
    md5 = "" if store.on_aws else "A" * 22 + "=="
    part = store.presign_upload_part(key, "-", 1, size=1, sha256=digest, md5=md5)
    whole = store.presign_put_object(
        key, size=1, sha256=digest, md5=md5, content_type="text/csv", must_not_exist=True
    )
    return {name.lower() for name in (*part.headers, *whole.headers)}


def _cors_finding(store: Store, prefix: str, origin: str, headers: Iterable[str]) -> Finding:
    if not origin:
        return origin_unknown_finding(store, prefix)
    try:
        answer = preflight(store, f"{prefix}x", origin, headers)
    except S3UnavailableError as error:
        return Finding(
            check="cors",
            level="hint",
            what=f"not tried: the kernel does not reach {_host(store.browser_origin)} ({error})",
            why="The page may reach it all the same: the address was given for the page.",
        )
    return cors_finding(store, prefix, answer)


def _page_finding(store: Store, prefix: str, page_reaches: Callable[[str], PageView]) -> Finding:
    address = shown_address(store.browser_origin)
    view = page_reaches(address)
    if view == "reaches":
        return Finding(check="page", level="ok", what=f"the page reaches {address}")
    if view == "does not reach":
        return Finding(
            check="page",
            level="problem",
            what=f"the page does not reach {address}, which the kernel does",
            why="A VPN, a proxy, a name the browser cannot resolve or a certificate it does not "
            "trust may be in between.",
            advice="Open the address in a new tab to see; if the browser knows the server by "
            "another one, give it to the widget:",
            fix=f'UploadWidget("{store.destination(prefix)}", browser_endpoint_url="https://…")',
        )
    if view == "not heard":
        reason = "no page that shows the widget answered while this cell ran"
    else:
        reason = "the kernel cannot know it"
    return Finding(
        check="page",
        level="hint",
        what=f"not tried: whether the page reaches {address} ({reason})",
        advice="Open this address in a new tab of the browser: any answer of the server is fine.",
        fix=address,
    )


def _host(url: str) -> str:
    return shown_address(url).partition("://")[2]
