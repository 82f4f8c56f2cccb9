"""The files that were picked, and what the widget's traits say about them.

The page knows how far the wire is, the service what is proven: here both come together.
Knows no comm and no traits. Thread-safe.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, TypeAlias

from s3upload_widget import protocol
from s3upload_widget.errors import NoSuchUploadError
from s3upload_widget.s3 import without_secrets
from s3upload_widget.widget import file_status as statuses
from s3upload_widget.widget.file_index import FileIndex

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from s3upload_widget.errors import UploadError
    from s3upload_widget.results import UploadedFile

MAX_ROWS: Final = 20_000
"""Files that are not done; twice as many as the service takes, the rest are those it refused."""
MAX_PAGES: Final = 32
"""Pages whose newest report is remembered; what is late of an older one does no harm."""
SETTLED: Final = frozenset({"idle", "done", "failed"})
_Refusal: TypeAlias = protocol.RefusedFile | protocol.RefusedPart | protocol.Failed


class FileList:
    """All files of one widget, in the order in which they were picked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows = FileIndex()
        self._value: dict[str, UploadedFile] = {}
        self._summary = statuses.IDLE
        self._trouble = ""
        self._progress = 0.0
        self._may_fall = True
        self._newest: OrderedDict[str, int] = OrderedDict()
        self._cleared: dict[str, None] = {}
        self.owner = ""
        """The page that picked last: its sums are the widget's. ``""`` if none did."""

    def picking(self, client: str, request: protocol.PickFiles) -> None:
        """A page names files: they are in the list from now on."""
        with self._lock:
            self.owner, self._trouble = client, ""
            for pick in request.files:
                if self._begins(client, pick.file_id):
                    self._rows.add(pick.file_id, client, statuses.queued(pick))
                    self._progress, self._may_fall = 0.0, True
            self._forget_oldest()

    def answered(self, request: protocol.Request, reply: protocol.Reply) -> list[str]:
        """Note what a reply of the service says about files.

        Returns:
            FileList of other picks whose keys went to the files that are picked now.
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
            elif isinstance(reply, protocol.FilesCompleted):
                for answer in reply.files:
                    self._completed(answer)
            else:
                self._completed(reply)
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
                if self._rows.is_open(news.file_id) and self._is_of(client, news.file_id):
                    old = self._rows.status(news.file_id)
                    self._rows.put(news.file_id, statuses.progressed(old, news))
            self._remove(name for name in report.removed if self._is_of(client, name))
            if not self.owner and report.files:
                self.owner = client
            if self.owner in {"", client}:
                self._summary = report.summary
                if report.summary.progress > self._progress or self._may_fall:
                    self._progress, self._may_fall = report.summary.progress, False

    def uploaded(self, file: UploadedFile) -> None:
        """A file is on S3 and proven."""
        with self._lock:
            self._value.pop(file.key, None)  # an address holds one object: the last proven there
            self._value[file.key] = file
            for name in self._rows.with_key(file.key):
                self._rows.put(name, statuses.done(self._rows.status(name)))

    def resumed(self, file_ids: Iterable[str]) -> None:
        """The page is asked to go on: what had failed has not failed any more."""
        with self._lock:
            for name in file_ids:
                if name in self._rows and self._rows.status(name).state == "failed":
                    self._rows.put(name, statuses.resumed(self._rows.status(name)))

    def clear(self) -> None:
        """Drop what is done."""
        with self._lock:
            self._value = {}
            done = [name for name in self._rows if not self._rows.is_open(name)]
            self._cleared = dict.fromkeys([*self._cleared, *done][-MAX_ROWS:])
            self._remove(done)

    def cleared(self, report: protocol.ReportProgress) -> list[str]:
        """Files of a report that were dropped before their page had heard that they are done."""
        with self._lock:
            done = [news.file_id for news in report.files if news.state == "done"]
            late = [name for name in done if name in self._cleared]
            for name in (*late, *report.removed):
                self._cleared.pop(name, None)
            return late

    def remove(self, file_ids: Iterable[str]) -> None:
        """Drop these files: nothing of them is left."""
        with self._lock:
            self._remove(file_ids)

    def pages(self) -> set[str]:
        """The pages whose files are not all done."""
        with self._lock:
            return {self._rows[name].client for name in self._rows.unfinished()}

    def left_alone(self, client: str) -> list[str]:
        """A page is gone: what it had begun waits for somebody to pick the file again.

        Returns:
            Its files that are not done.
        """
        with self._lock:
            mine = [name for name in self._rows.of(client) if self._rows.is_open(name)]
            for name in mine:
                if (old := self._rows.status(name)).state not in SETTLED:
                    self._rows.put(name, statuses.left_alone(old))
            if self.owner == client:
                self.owner, self._summary, self._may_fall = "", statuses.IDLE, True
            return mine

    def note_trouble(self, text: str) -> None:
        """Show an error of the kernel's own until the next pick."""
        with self._lock:
            self._trouble = without_secrets(text)

    def ids(self, key: str | None) -> list[str]:
        """The files with this key; with None all that are not done.

        Raises:
            KeyError: No file has this key.
        """
        with self._lock:
            if key is None:
                return self._rows.unfinished()
            found = self._rows.with_key(key)
            if not found:
                keys = ", ".join(repr(status.key) for status in self._rows.statuses) or "none"
                msg = f"no file of this widget has the key {key!r}; there are: {keys}"
                raise KeyError(msg)
            return found

    def traits(self) -> dict[str, object]:
        """What the widget's traits are now, by name; ``state`` last, so that it finds all set."""
        with self._lock:
            summary, state = self._summary, self._state()
            complete = set(self._rows.states) == {"done"}
            abandoned = state == "waiting" and summary.state != "waiting"
            # Small files are proven before the page's first report of them comes.
            total = summary.bytes_total or (self._rows.size if complete else 0)
            return {
                "files": self._rows.statuses,
                "value": tuple(self._value.values()),
                "bytes_total": total,
                "bytes_done": total if complete else summary.bytes_done,
                "progress": 1.0 if complete else min(self._progress, protocol.ALMOST_DONE),
                "rate": summary.rate,
                "eta": None if summary.eta < 0 else summary.eta,
                "error": self._error() or self._trouble,
                "waiting_for": "file" if abandoned else summary.waiting_for,
                "state": state,
            }

    def outcome(self) -> tuple[UploadedFile, ...] | UploadError | None:
        """What waiting ends with; None while there is nothing, or something is not settled."""
        with self._lock:
            if not (self._rows or self._value) or self._state() not in SETTLED:
                return None
            names = [name for name in self._rows if self._rows.status(name).state == "failed"]
            if not names:
                return tuple(self._value.values())
            failed = [(self._rows.status(name), self._rows[name].code) for name in names]
            return statuses.error_of(failed, len(self._rows))

    def _state(self) -> str:
        found: Collection[str] = self._rows.states or {self._summary.state}
        return next(state for state in protocol.PRECEDENCE if state in found)

    def _error(self) -> str:
        """Of the first file that has one: an error is told together with its state."""
        return self._rows.first_error if self._rows else without_secrets(self._summary.error)

    def _is_of(self, client: str, name: str) -> bool:
        return name in self._rows and self._rows[name].client == client

    def _begins(self, client: str, file_id: str) -> bool:
        """Whether a file is new. While S3 cannot be asked, a page names it again and again."""
        if file_id not in self._rows:
            return True
        if not self._rows.is_open(file_id):
            return False
        return not self._is_of(client, file_id) or self._rows.status(file_id).state == "failed"

    def _forget_oldest(self) -> None:
        """What failed goes first: the service takes no more files than there is room for here."""
        if len(self._rows) <= MAX_ROWS:
            return
        unfinished = self._rows.unfinished()
        if (surplus := len(unfinished) - MAX_ROWS) > 0:
            # Sorting keeps the order in which they were picked.
            unfinished.sort(key=lambda name: self._rows.status(name).state != "failed")
            self._remove(unfinished[:surplus])

    def _picked(self, reply: protocol.FilesPicked) -> list[str]:
        newest: dict[str, str] = {}
        for answer in reply.files:
            name = answer.file_id
            if not self._rows.is_open(name):
                continue
            old = self._rows.status(name)
            if isinstance(answer, protocol.RefusedFile):
                # Where the upload to go on with is gone, the page starts afresh by itself.
                if not (answer.retryable or answer.code == NoSuchUploadError.code):
                    self._rows.put(name, statuses.failed(old, answer.message))
                self._refused(name, answer)
            else:
                self._rows.put(name, statuses.planned(old, answer))
                newest[answer.key] = name
        # Of one key only the file that was picked last can still arrive.
        replaced = [
            name
            for key, last in newest.items()
            for name in self._rows.with_key(key)
            if name != last
        ]
        self._remove(replaced)
        return replaced

    def _completed(self, reply: protocol.Reply | protocol.RefusedFile) -> None:
        """Note what the service says about one file that is under way."""
        name = getattr(reply, "file_id", "")
        if name not in self._rows:
            return
        if isinstance(reply, protocol.MultipartUploadCreated):
            self._rows.put(name, statuses.cut(self._rows.status(name), reply))
        elif isinstance(reply, protocol.MultipartUploadCompleted):
            self._rows.put(name, statuses.done(self._rows.status(name)))
        elif isinstance(reply, protocol.RefusedFile):
            self._refused(name, reply)

    def _failed(self, request: protocol.Request, reply: protocol.Failed) -> None:
        if isinstance(request, protocol.PickFiles):
            for pick in request.files:
                if self._rows.is_open(pick.file_id) and not reply.retryable:
                    old = self._rows.status(pick.file_id)
                    self._rows.put(pick.file_id, statuses.failed(old, reply.message))
                self._refused(pick.file_id, reply)
        elif isinstance(request, protocol.CompleteFiles):
            for file in request.files:
                self._refused(file.file_id, reply)
        else:
            self._refused(getattr(request, "file_id", ""), reply)

    def _refused(self, file_id: str, answer: _Refusal) -> None:
        """Keep the code: the page says later whether the file fails of it."""
        if file_id in self._rows and not answer.retryable:
            self._rows[file_id].code = answer.code

    def _remove(self, file_ids: Iterable[str]) -> None:
        for file_id in tuple(file_ids):
            if self._rows.pop(file_id):
                self._may_fall = True
        if not self._rows:
            self._summary, self._progress = statuses.IDLE, 0.0
