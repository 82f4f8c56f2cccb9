"""The files that were picked, and what the widget's traits say about them.

The page knows how far the wire is, the service what is proven: here both come together.
Knows no comm and no traits. Thread-safe.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from s3upload_widget import protocol, statuses
from s3upload_widget.errors import UploadError, all_errors
from s3upload_widget.workers import scrub

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from s3upload_widget.results import FileStatus, UploadedFile

ALMOST: Final = 0.999
"""The most that ``progress`` shows before every file is proven."""
MAX_ROWS: Final = 20_000
"""Files that are not done; twice as many as the service takes, the rest are those it refused."""
MAX_PAGES: Final = 32
"""Pages whose newest report is remembered; what is late of an older one does no harm."""
SETTLED: Final = frozenset({"idle", "done", "failed"})
_PRECEDENCE: Final = (
    *("uploading", "completing", "checking", "waiting", "paused", "queued"),
    *("failed", "done", "idle"),
)
"""The widget is in the first of these that any file is in."""
_Refusal: TypeAlias = protocol.RefusedFile | protocol.RefusedPart | protocol.Failed


@dataclass(slots=True)
class _Row:
    client: str
    """The page that picked the file: only its reports count."""
    status: FileStatus
    code: str = ""
    """Of the last refusal, as errors have it."""

    @property
    def done(self) -> bool:
        return self.status.state == "done"


class Files:
    """All files of one widget, in the order in which they were picked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[str, _Row] = {}
        self._value: tuple[UploadedFile, ...] = ()
        self._summary = statuses.IDLE
        self._trouble = ""
        self._progress = 0.0
        self._may_fall = True
        self._newest: OrderedDict[str, int] = OrderedDict()
        self.owner = ""
        """The page that picked last: its sums are the widget's. ``""`` if none did."""

    def picking(self, client: str, request: protocol.PickFiles) -> None:
        """A page names files: they are in the list from now on."""
        with self._lock:
            self.owner, self._trouble = client, ""
            for pick in request.files:
                if self._begins(client, pick.file_id):
                    self._rows[pick.file_id] = _Row(client, statuses.queued(pick))
                    self._progress, self._may_fall = 0.0, True
            self._forget_oldest()

    def answered(self, request: protocol.Request, reply: protocol.Reply) -> list[str]:
        """Note what a reply of the service says about files.

        Returns:
            Files of other picks whose keys went to the files that are picked now.
        """
        with self._lock:
            if isinstance(reply, protocol.FilesPicked):
                return self._picked(reply)
            if isinstance(reply, protocol.PartsPresigned):
                for part in reply.parts:
                    if isinstance(part, protocol.RefusedPart):
                        self._refused(part.file_id, part)
            elif isinstance(reply, protocol.Failed):
                self._failed(request, reply)
            elif row := self._rows.get(getattr(reply, "file_id", "")):
                if isinstance(reply, protocol.MultipartUploadCreated):
                    row.status = statuses.cut(row.status, reply)
                elif isinstance(reply, protocol.MultipartUploadCompleted):
                    row.status = statuses.done(row.status)
            return []

    def reported(self, client: str, report: protocol.ReportProgress) -> None:
        """Note how far a page says that it is."""
        with self._lock:
            if report.number < self._newest.get(client, 0):
                return
            self._newest[client] = report.number
            self._newest.move_to_end(client)
            while len(self._newest) > MAX_PAGES:
                self._newest.popitem(last=False)
            for news in report.files:
                if (row := self._rows.get(news.file_id)) and row.client == client and not row.done:
                    row.status = statuses.progressed(row.status, news)
            mine = {name for name, row in self._rows.items() if row.client == client}
            self._remove(mine.intersection(report.removed))
            if not self.owner and report.files:
                self.owner = client
            if self.owner in {"", client}:
                self._summary = report.summary
                if report.summary.progress > self._progress or self._may_fall:
                    self._progress, self._may_fall = report.summary.progress, False

    def uploaded(self, file: UploadedFile) -> None:
        """A file is on S3 and proven."""
        with self._lock:
            if file not in self._value:
                self._value = (*self._value, file)
            for row in self._rows.values():
                if row.status.key == file.key:
                    row.status = statuses.done(row.status)

    def resumed(self, file_ids: Iterable[str]) -> None:
        """The page is asked to go on: what had failed has not failed any more."""
        with self._lock:
            for row in map(self._rows.get, file_ids):
                if row and row.status.state == "failed":
                    row.status = statuses.resumed(row.status)

    def clear(self) -> None:
        """Drop what is done."""
        with self._lock:
            self._value = ()
            self._remove([name for name, row in self._rows.items() if row.done])

    def remove(self, file_ids: Iterable[str]) -> None:
        """Drop these files: nothing of them is left."""
        with self._lock:
            self._remove(file_ids)

    def pages(self) -> set[str]:
        """The pages whose files are not all done."""
        with self._lock:
            return {row.client for row in self._rows.values() if not row.done}

    def left_alone(self, client: str) -> list[str]:
        """A page is gone: what it had begun waits for somebody to pick the file again.

        Returns:
            Its files that are not done.
        """
        with self._lock:
            rows = {n: row for n, row in self._rows.items() if row.client == client}
            for row in rows.values():
                if row.status.state not in SETTLED:
                    row.status = statuses.left_alone(row.status)
            if self.owner == client:
                self.owner, self._summary, self._may_fall = "", statuses.IDLE, True
            return [name for name, row in rows.items() if not row.done]

    def note_trouble(self, text: str) -> None:
        """Show an error of the kernel's own until the next pick."""
        with self._lock:
            self._trouble = scrub(text)

    def ids(self, key: str | None) -> list[str]:
        """The files with this key; with None all that are not done.

        Raises:
            KeyError: No file has this key.
        """
        with self._lock:
            if key is None:
                return [name for name, row in self._rows.items() if not row.done]
            found = [name for name, row in self._rows.items() if row.status.key == key]
            if not found:
                keys = ", ".join(repr(row.status.key) for row in self._rows.values()) or "none"
                msg = f"no file of this widget has the key {key!r}; there are: {keys}"
                raise KeyError(msg)
            return found

    def traits(self) -> dict[str, object]:
        """What the widget's traits are now, by name; ``state`` last, so that it finds all set."""
        with self._lock:
            summary, state = self._summary, self._state()
            complete = bool(self._rows) and all(row.done for row in self._rows.values())
            abandoned = state == "waiting" and summary.state != "waiting"
            # Small files are proven before the page's first report of them comes.
            sizes = sum(row.status.size for row in self._rows.values())
            total = summary.bytes_total or (sizes if complete else 0)
            return {
                "files": tuple(row.status for row in self._rows.values()),
                "value": self._value,
                "bytes_total": total,
                "bytes_done": total if complete else summary.bytes_done,
                "progress": 1.0 if complete else min(self._progress, ALMOST),
                "rate": summary.rate,
                "eta": None if summary.eta < 0 else summary.eta,
                "error": self._error() or self._trouble,
                "waiting_for": "file" if abandoned else summary.waiting_for,
                "state": state,
            }

    def outcome(self) -> tuple[UploadedFile, ...] | UploadError | None:
        """What waiting ends with; None while there is nothing, or something is not settled."""
        with self._lock:
            rows = self._rows.values()
            if not (rows or self._value) or self._state() not in SETTLED:
                return None
            failed = [row for row in rows if row.status.state == "failed"]
            return _error_of(failed, len(rows)) if failed else self._value

    def _state(self) -> str:
        found = {str(row.status.state) for row in self._rows.values()} or {self._summary.state}
        return next(state for state in _PRECEDENCE if state in found)

    def _error(self) -> str:
        """Of the first file that has one: an error is told together with its state."""
        if not self._rows:
            return scrub(self._summary.error)
        return next((row.status.error for row in self._rows.values() if row.status.error), "")

    def _begins(self, client: str, file_id: str) -> bool:
        """Whether a file is new. While S3 cannot be asked, a page names it again and again."""
        row = self._rows.get(file_id)
        if row is None:
            return True
        return not row.done and (row.client != client or row.status.state == "failed")

    def _forget_oldest(self) -> None:
        """What failed goes first: the service takes no more files than there is room for here."""
        unfinished = [name for name, row in self._rows.items() if not row.done]
        if (surplus := len(unfinished) - MAX_ROWS) > 0:
            # Sorting keeps the order in which they were picked.
            unfinished.sort(key=lambda name: self._rows[name].status.state != "failed")
            self._remove(unfinished[:surplus])

    def _picked(self, reply: protocol.FilesPicked) -> list[str]:
        newest: dict[str, str] = {}
        for answer in reply.files:
            row = self._rows.get(answer.file_id)
            if row is None or row.done:
                continue
            if isinstance(answer, protocol.RefusedFile):
                row.status = statuses.failed(row.status, answer.message)
                self._refused(answer.file_id, answer)
            else:
                row.status = statuses.planned(row.status, answer)
                newest[answer.key] = answer.file_id
        # Of one key only the file that was picked last can still arrive.
        rows = self._rows.items()
        replaced = [name for name, row in rows if newest.get(row.status.key, name) != name]
        self._remove(replaced)
        return replaced

    def _failed(self, request: protocol.Request, reply: protocol.Failed) -> None:
        if isinstance(request, protocol.PickFiles):
            for pick in request.files:
                row = self._rows.get(pick.file_id)
                if row and not (row.done or reply.retryable):
                    row.status = statuses.failed(row.status, reply.message)
                self._refused(pick.file_id, reply)
        else:
            self._refused(getattr(request, "file_id", ""), reply)

    def _refused(self, file_id: str, answer: _Refusal) -> None:
        """Keep the code: the page says later whether the file fails of it."""
        if (row := self._rows.get(file_id)) and not answer.retryable:
            row.code = answer.code

    def _remove(self, file_ids: Iterable[str]) -> None:
        for file_id in tuple(file_ids):
            if self._rows.pop(file_id, None):
                self._may_fall = True
        if not self._rows:
            self._summary, self._progress = statuses.IDLE, 0.0


def _error_of(failed: Collection[_Row], total: int) -> UploadError:
    """One error for all failed files, of their class where they share one."""
    classes = {cls.code: cls for cls in all_errors()}
    kinds = {classes.get(row.code, UploadError) for row in failed}
    texts = "; ".join(f"{row.status.name}: {row.status.error}" for row in failed)
    if total > 1:
        texts = f"{len(failed)} of {total} files failed: {texts}"
    return (kinds.pop() if len(kinds) == 1 else UploadError)(texts)
