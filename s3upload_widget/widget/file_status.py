"""How the status of one file changes with what the page and the service report. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from s3upload_widget.errors import UploadError, all_errors
from s3upload_widget.protocol import Summary
from s3upload_widget.redaction import without_secrets
from s3upload_widget.results import FileStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from s3upload_widget.protocol import FileProgress, MultipartUploadCreated, Pick, PlannedFile

IDLE: Final = Summary(
    state="idle",
    waiting_for="",
    progress=0,
    bytes_done=0,
    bytes_total=0,
    rate=0,
    eta=-1,
    error="",
)
"""The sums over no files."""


def queued(pick: Pick) -> FileStatus:
    """The status of a file that was just picked."""
    return FileStatus(
        name=unicodedata.normalize("NFC", pick.name),
        key="",
        size=pick.size,
        state="queued",
        error="",
        bytes_done=0,
        part_size=0,
        parts_total=0,
        parts_done=0,
        parts_in_flight=(),
    )


def planned(old: FileStatus, plan: PlannedFile) -> FileStatus:
    """The service gave it a key: it starts, or starts over, and no byte counts yet."""
    return replace(
        old,
        key=plan.key,
        bytes_done=0,
        part_size=plan.part_size,
        parts_total=plan.parts_total,
        parts_done=0,
        parts_in_flight=(),
    )


def cut(old: FileStatus, created: MultipartUploadCreated) -> FileStatus:
    """The upload that it resumes may have another part size than was planned."""
    return replace(old, part_size=created.part_size, parts_total=created.parts_total)


def progressed(old: FileStatus, news: FileProgress) -> FileStatus:
    """The page reports progress."""
    return replace(
        old,
        # A file is done when the service has proven it, not when a page says so.
        state="completing" if news.state == "done" else news.state,
        error=without_secrets(news.error),
        bytes_done=max(old.bytes_done, min(news.bytes_done, old.size)),
        parts_done=min(news.parts_done, old.parts_total),
        parts_in_flight=tuple((p.part_number, p.bytes_sent) for p in news.parts_in_flight),
    )


def failed(old: FileStatus, message: str) -> FileStatus:
    """The service refuses it."""
    return replace(old, state="failed", error=without_secrets(message), parts_in_flight=())


def resumed(old: FileStatus) -> FileStatus:
    """It was ordered to resume; the page will report."""
    return replace(old, state="queued", error="")


def abandoned(old: FileStatus) -> FileStatus:
    """The page that sent it is gone."""
    gone = f"the page that sent {old.name} is gone: pick the file again, and it resumes"
    return replace(old, state="waiting", error=gone, parts_in_flight=())


def done(old: FileStatus) -> FileStatus:
    """The service has proven it."""
    return replace(
        old,
        state="done",
        error="",
        bytes_done=old.size,
        parts_done=old.parts_total,
        parts_in_flight=(),
    )


def counted(files: Sequence[FileStatus]) -> list[str]:
    """How many files are in which state, for people: ``["2 done", "1 uploading 43 %"]``."""
    found: dict[str, list[FileStatus]] = {}
    for file in files:
        found.setdefault(file.state, []).append(file)
    order = ("done", "completing", "uploading", "checking", "waiting", "paused", "queued", "failed")
    return [_counted(state, found[state]) for state in order if state in found]


def error_of(failed: Sequence[tuple[FileStatus, str]], total: int) -> UploadError:
    """One error for all failed files, of their class where they share one."""
    classes = {cls.code: cls for cls in all_errors()}
    kinds = {classes.get(code, UploadError) for _, code in failed}
    texts = "; ".join(f"{status.name}: {status.error}" for status, _ in failed)
    if total > 1:
        texts = f"{len(failed)} of {total} files failed: {texts}"
    return (kinds.pop() if len(kinds) == 1 else UploadError)(texts)


def _counted(state: str, files: Sequence[FileStatus]) -> str:
    size = sum(file.size for file in files)
    moved = sum(file.bytes_done for file in files)
    share = f" {100 * moved // size} %" if moved and state != "done" else ""
    return f"{len(files)} {state}{share}"
