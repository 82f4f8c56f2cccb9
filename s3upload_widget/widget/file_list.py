"""The files that were picked, and what the widget's traits say about them.

The page knows how far sending is, the service which files are proven: both meet here.
Knows no comm and no traits. Thread-safe.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, TypeAlias

from s3upload_widget import protocol
from s3upload_widget.errors import NoSuchUploadError, NotOwnerError
from s3upload_widget.redaction import without_secrets
from s3upload_widget.widget import file_status
from s3upload_widget.widget.file_index import FileIndex

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from s3upload_widget.errors import UploadError
    from s3upload_widget.results import UploadedFile

MAX_FILES: Final = 20_000
"""Files that are not done: twice as many as the service takes, the rest are those it refused."""
MANY: Final = 100
"""URIs that are sent to the page again with each file that arrives."""
MAX_PAGES: Final = 32
"""Pages whose newest report is remembered; a late report of an older page does no harm."""
MOVING: Final = frozenset({"queued", "checking", "uploading", "completing"})
SETTLED: Final = frozenset({"idle", "done", "failed"})
_Refusal: TypeAlias = protocol.RefusedFile | protocol.RefusedPart | protocol.Failed


class FileList:
    """All files of one widget, in the order in which they were picked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._index = FileIndex()
        self._value: dict[str, UploadedFile] = {}
        self._summary = file_status.IDLE
        self._own_error = ""
        self._uris: tuple[str, ...] = ()
        self._progress = 0.0
        self._may_decrease = True
        self._newest_reports: OrderedDict[str, int] = OrderedDict()
        self._dropped: dict[str, None] = {}
        self.owner = ""
        """The page that picked last: its sums are the widget's. ``""`` if there is none."""

    def note_pick(self, client: str, request: protocol.PickFiles) -> None:
        """Add the files that a page names."""
        with self._lock:
            self.owner, self._own_error = client, ""
            for pick in request.files:
                if self._is_new(client, pick.file_id):
                    self._index.add(pick.file_id, client, file_status.queued(pick))
                    self._progress, self._may_decrease = 0.0, True
            self._forget_oldest()

    def note_reply(self, request: protocol.Request, reply: protocol.Reply) -> list[str]:
        """Note what a reply of the service says about files.

        Returns:
            Files of other picks whose keys went to the files that are picked now.
        """
        with self._lock:
            if isinstance(reply, protocol.FilesPicked):
                return self._note_picked(reply)
            if isinstance(reply, protocol.PartsPresigned):
                for part in reply.parts:
                    if isinstance(part, protocol.RefusedPart):
                        self._note_refusal(part.file_id, part)
            elif isinstance(reply, protocol.Failed):
                self._note_failed(request, reply)
            elif isinstance(reply, protocol.FilesCompleted):
                for each in reply.files:
                    self._note_ending(each)
            else:
                self._note_ending(reply)
            return []

    def note_report(self, client: str, report: protocol.ReportProgress) -> None:
        """Note a page's progress."""
        with self._lock:
            if report.number < self._newest_reports.get(client, 0):
                return
            self._newest_reports[client] = report.number
            self._newest_reports.move_to_end(client)
            while len(self._newest_reports) > MAX_PAGES:
                self._newest_reports.popitem(last=False)
            for news in report.files:
                if self._index.is_open(news.file_id) and self._is_of(client, news.file_id):
                    old = self._index.status(news.file_id)
                    self._index.update(news.file_id, file_status.progressed(old, news))
            self._remove(name for name in report.removed if self._is_of(client, name))
            if not self.owner and report.files:
                self.owner = client
            if self.owner in {"", client}:
                self._summary = report.summary
                if report.summary.progress > self._progress or self._may_decrease:
                    self._progress, self._may_decrease = report.summary.progress, False

    def note_uploaded(self, file: UploadedFile) -> None:
        """A file is on S3 and proven."""
        with self._lock:
            self._value.pop(file.key, None)  # an address holds one object: the last proven there
            self._value[file.key] = file
            for name in self._index.with_key(file.key):
                self._index.update(name, file_status.done(self._index.status(name)))

    def note_resumed(self, file_ids: Iterable[str]) -> None:
        """The page was ordered to resume: files that had failed are queued."""
        with self._lock:
            for name in file_ids:
                if name in self._index and self._index.status(name).state == "failed":
                    self._index.update(name, file_status.resumed(self._index.status(name)))

    def drop_done(self) -> None:
        """Drop files that are done."""
        with self._lock:
            self._value = {}
            done = [name for name in self._index if not self._index.is_open(name)]
            self._dropped = dict.fromkeys([*self._dropped, *done][-MAX_FILES:])
            self._remove(done)

    def dropped_early(self, report: protocol.ReportProgress) -> list[str]:
        """Files of a report that were dropped before their page knew that they are done."""
        with self._lock:
            done = [news.file_id for news in report.files if news.state == "done"]
            late = [name for name in done if name in self._dropped]
            for name in (*late, *report.removed):
                self._dropped.pop(name, None)
            return late

    def remove(self, file_ids: Iterable[str]) -> None:
        """Remove these files: S3 holds nothing of them."""
        with self._lock:
            self._remove(file_ids)

    def pages(self) -> set[str]:
        """The pages whose files are not all done."""
        with self._lock:
            return {self._index[name].client for name in self._index.unfinished()}

    def moving_pages(self) -> set[str]:
        """The pages of which some file moves."""
        with self._lock:
            return {
                self._index[name].client
                for name in self._index.unfinished()
                if self._index.status(name).state in MOVING
            }

    def abandon(self, client: str) -> list[str]:
        """A page is gone: the files that it had started wait until they are picked again.

        Returns:
            Its files that are not done.
        """
        with self._lock:
            mine = [name for name in self._index.picked_by(client) if self._index.is_open(name)]
            for name in mine:
                if (old := self._index.status(name)).state not in SETTLED:
                    self._index.update(name, file_status.abandoned(old))
            self._disown(client)
            return mine

    def hand_over(self, client: str, file_ids: Iterable[str]) -> list[str]:
        """Another widget of this page has these files now.

        Returns:
            Those of them that were this widget's and not done.
        """
        with self._lock:
            mine = [name for name in file_ids if name in self._index]
            mine = [n for n in mine if self._is_of(client, n) and self._index.is_open(n)]
            for name in mine:
                old = self._index.status(name)
                message = f"another widget of the page took over {old.name}"
                self._index.update(name, file_status.failed(old, message))
                self._index[name].code = NotOwnerError.code
            self._disown(client)
            return mine

    def note_error(self, text: str) -> None:
        """Show an error of the kernel's own until the next pick."""
        with self._lock:
            self._own_error = without_secrets(text)

    def ids(self, key: str | None) -> list[str]:
        """The files with this key; with None all that are not done.

        Raises:
            KeyError: No file has this key.
        """
        with self._lock:
            if key is None:
                return self._index.unfinished()
            found = self._index.with_key(key)
            if not found:
                keys = ", ".join(repr(status.key) for status in self._index.statuses) or "none"
                msg = f"no file of this widget has the key {key!r}; there are: {keys}"
                raise KeyError(msg)
            return found

    def traits(self) -> dict[str, object]:
        """The widget's traits, by name; ``state`` is last, so that its observers find all set."""
        with self._lock:
            summary, state = self._summary, self._state()
            if len(self._value) <= MANY or state in SETTLED:
                self._uris = tuple(file.uri for file in self._value.values())
            complete = set(self._index.states) == {"done"}
            abandoned = state == "waiting" and summary.state != "waiting"
            # Small files are proven before the page's first report of them arrives.
            total = summary.bytes_total or (self._index.size if complete else 0)
            return {
                "files": self._index.statuses,
                "value": tuple(self._value.values()),
                "uris": self._uris,
                "bytes_total": total,
                "bytes_done": total if complete else summary.bytes_done,
                "progress": 1.0 if complete else min(self._progress, protocol.ALMOST_DONE),
                "rate": summary.rate,
                "eta": None if summary.eta < 0 else summary.eta,
                "error": self._error() or self._own_error,
                "waiting_for": "file" if abandoned else summary.waiting_for,
                "state": state,
            }

    def outcome(self) -> tuple[UploadedFile, ...] | UploadError | None:
        """What waiting ends with; None while no file was picked, or one is not settled."""
        with self._lock:
            if not (self._index or self._value) or self._state() not in SETTLED:
                return None
            names = [name for name in self._index if self._index.status(name).state == "failed"]
            if not names:
                return tuple(self._value.values())
            failed = [(self._index.status(name), self._index[name].code) for name in names]
            return file_status.error_of(failed, len(self._index))

    def _disown(self, client: str) -> None:
        if self.owner == client:
            self.owner, self._summary, self._may_decrease = "", file_status.IDLE, True

    def _state(self) -> str:
        found: Collection[str] = self._index.states or {self._summary.state}
        return next(state for state in protocol.PRECEDENCE if state in found)

    def _error(self) -> str:
        """Of the first file that has one: an error is shown together with its state."""
        return self._index.first_error if self._index else without_secrets(self._summary.error)

    def _is_of(self, client: str, name: str) -> bool:
        return name in self._index and self._index[name].client == client

    def _is_new(self, client: str, file_id: str) -> bool:
        """Whether a file is new. While S3 does not answer, a page names it again and again."""
        if file_id not in self._index:
            return True
        if not self._index.is_open(file_id):
            return False
        return not self._is_of(client, file_id) or self._index.status(file_id).state == "failed"

    def _forget_oldest(self) -> None:
        """Failed files go first: the service takes no more files than there is room for here."""
        if len(self._index) <= MAX_FILES:
            return
        unfinished = self._index.unfinished()
        if (surplus := len(unfinished) - MAX_FILES) > 0:
            # Sorting keeps the order in which they were picked.
            unfinished.sort(key=lambda name: self._index.status(name).state != "failed")
            self._remove(unfinished[:surplus])

    def _note_picked(self, reply: protocol.FilesPicked) -> list[str]:
        newest: dict[str, str] = {}
        for answer in reply.files:
            name = answer.file_id
            if not self._index.is_open(name):
                continue
            old = self._index.status(name)
            if isinstance(answer, protocol.RefusedFile):
                # Where the upload to resume is gone, the page starts over by itself.
                if not (answer.retryable or answer.code == NoSuchUploadError.code):
                    self._index.update(name, file_status.failed(old, answer.message))
                self._note_refusal(name, answer)
            else:
                self._index.update(name, file_status.planned(old, answer))
                newest[answer.key] = name
        # Of several files with one key only the one that was picked last can still arrive.
        replaced = [
            name
            for key, last in newest.items()
            for name in self._index.with_key(key)
            if name != last
        ]
        self._remove(replaced)
        return replaced

    def _note_ending(self, reply: protocol.Reply | protocol.RefusedFile) -> None:
        """Note what the service says about one file that is under way."""
        name = getattr(reply, "file_id", "")
        if name not in self._index:
            return
        if isinstance(reply, protocol.MultipartUploadCreated):
            self._index.update(name, file_status.cut(self._index.status(name), reply))
        elif isinstance(reply, protocol.MultipartUploadCompleted):
            self._index.update(name, file_status.done(self._index.status(name)))
        elif isinstance(reply, protocol.RefusedFile):
            self._note_refusal(name, reply)

    def _note_failed(self, request: protocol.Request, reply: protocol.Failed) -> None:
        if isinstance(request, protocol.PickFiles):
            for pick in request.files:
                if self._index.is_open(pick.file_id) and not reply.retryable:
                    old = self._index.status(pick.file_id)
                    self._index.update(pick.file_id, file_status.failed(old, reply.message))
                self._note_refusal(pick.file_id, reply)
        elif isinstance(request, protocol.CompleteFiles):
            for file in request.files:
                self._note_refusal(file.file_id, reply)
        else:
            self._note_refusal(getattr(request, "file_id", ""), reply)

    def _note_refusal(self, file_id: str, answer: _Refusal) -> None:
        """Keep the code: the page reports later whether the file fails because of it."""
        if file_id in self._index and not answer.retryable:
            self._index[file_id].code = answer.code

    def _remove(self, file_ids: Iterable[str]) -> None:
        for file_id in tuple(file_ids):
            if self._index.remove(file_id):
                self._may_decrease = True
        if not self._index:
            self._summary, self._progress = file_status.IDLE, 0.0
