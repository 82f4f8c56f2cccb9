"""One widget's conversation with its pages: who asks what, what is answered, what is ordered.

Knows no comm and no traits: it is given a function that sends and one that publishes.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from s3upload_widget.errors import ProtocolError
from s3upload_widget.protocol import (
    VERSION,
    AbortMultipartUpload,
    EventEnvelope,
    Failed,
    Hello,
    Orders,
    PickFiles,
    ProgressNoted,
    ReportProgress,
    Welcome,
    encode,
)
from s3upload_widget.widget.dispatcher import Dispatcher
from s3upload_widget.widget.file_list import FileList
from s3upload_widget.widget.orders import OrderLog
from s3upload_widget.widget.presence import Presence
from s3upload_widget.widget.reachability import Reachability
from s3upload_widget.widget.waiting import Waiting
from s3upload_widget.workers import Workers, log_defect, logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from s3upload_widget.errors import UploadError
    from s3upload_widget.protocol import Reach, Reply, Request, RequestEnvelope
    from s3upload_widget.results import UploadedFile
    from s3upload_widget.widget.orders import Verb

ALIVE: Final = 4.0
"""Seconds in which a page has to answer when another one comes."""


class Answering(Protocol):
    """What is needed of the service."""

    def handle(self, request: Request) -> Reply:
        """Answer one request; never raises."""

    def lost(self, file_ids: Iterable[str]) -> list[str]:
        """Those of the files that another page has taken over."""

    def release(self, file_ids: Iterable[str]) -> None:
        """The page of these files is gone: others may have their keys."""


class Controller:
    """Between the pages of one widget and its service. Thread-safe.

    Args:
        welcome: What a page has to know; the orders are put in.
        service: Makes the service, given what it has to call with each file that arrived.
        send: Sends a message to all pages.
        publish: Brings the traits to what :attr:`files` says.
    """

    def __init__(
        self,
        welcome: Welcome,
        service: Callable[[Callable[[UploadedFile], None]], Answering],
        *,
        send: Callable[[dict[str, Any]], None],
        publish: Callable[[], None],
    ) -> None:
        self.files = FileList()
        self.waiting = Waiting()
        self.reachability = Reachability(self.waiting, self._say)
        self.origin = ""
        """``location.origin`` of the page that came, or picked files, last."""
        self._welcome = welcome
        self._send = send
        self._publish_traits = publish
        self._orders = OrderLog()
        self._dispatcher = Dispatcher(self, send)
        self._callbacks: list[Callable[[UploadedFile], object]] = []
        self._caller = Workers(1, name="s3upload-callback")
        self._service = service(self._uploaded)
        self._presence = Presence(self._leave_alone)

    def receive(self, content: object) -> None:
        """Take whatever came from a page."""
        self._dispatcher.receive(content)

    def arrived(self, envelope: RequestEnvelope) -> None:
        """Note a request at once, before anything that takes time."""
        if isinstance(envelope.request, (Hello, PickFiles)):
            self.origin = envelope.request.origin
        if isinstance(envelope.request, PickFiles):
            self.files.picking(envelope.client, envelope.request)
            self._publish()
        self._presence.heard(envelope.client)
        self.waiting.heard()

    def answer(self, envelope: RequestEnvelope) -> Reply:
        """Answer one request; called from many threads."""
        client, request = envelope.client, envelope.request
        if isinstance(request, Hello):
            return self._greet(client, request)
        if isinstance(request, ReportProgress):
            return self._note(client, request)
        reply = self._service.handle(request)
        if self.files.answered(request, reply):
            # Else the page that had the file would go on for minutes with what it has signed:
            # the answer to the report that it owes now tells that the file is another's.
            self.ping()
        self._publish()
        return reply

    def order(self, verb: Verb, key: str | None) -> None:
        """Ask the page to do something with one file, or with all.

        Raises:
            KeyError: No file has this key.
        """
        file_ids = self.files.ids(key)
        self._orders.give(verb, () if key is None else file_ids)
        if verb == "resume":
            self.files.resumed(file_ids)
            self._publish()
        self.ping()

    def abort(self, key: str | None) -> None:
        """Ask the page to give up, and delete here what S3 holds: there may be no page."""
        unfinished = self.files.ids(key)
        self.order("abort", key)
        self._dispatcher.submit(partial(self._abort, unfinished))

    def clear(self) -> None:
        """Drop what is done, here and on the page."""
        self.files.clear()
        self.order("clear", None)
        self._publish()

    def ping(self) -> None:
        """Say what is to be done; a page answers at once with a report of its progress."""
        self._say(Orders(orders=self._orders.open()))

    def on_complete(self, fn: Callable[[UploadedFile], object]) -> None:
        """Call ``fn`` with each file that arrives from now on."""
        self._callbacks.append(fn)

    def outcome(self) -> tuple[UploadedFile, ...] | UploadError | None:
        """What waiting ends with; None while it has to go on."""
        return self.files.outcome()

    def note_defect(self, error: Exception) -> None:
        """Show an error that nobody foresaw."""
        self.trouble(f"a defect of s3upload_widget, please report it: {_said(error)}")

    def trouble(self, text: str) -> None:
        """Show what went wrong beside the uploads, until the next pick."""
        self.files.note_trouble(text)
        self._publish()

    def close(self) -> None:
        """Finish what is being answered, and nothing more."""
        self.waiting.close()
        self._dispatcher.close()
        self._caller.close()

    def _greet(self, client: str, hello: Hello) -> Welcome:
        if hello.version != VERSION:
            raise ProtocolError(_other_version(hello.version))
        self._orders.meet(client)
        if others := self.files.pages() - {client}:
            # A second tab, or the same one loaded again. Whoever is there answers.
            self._presence.call(others, ALIVE)
            self.ping()
        return Welcome(
            destination=self._welcome.destination,
            multiple=self._welcome.multiple,
            directory=self._welcome.directory,
            orders=self._orders.pending(client),
        )

    def _leave_alone(self, page: str) -> None:
        self._service.release(self.files.left_alone(page))
        self._publish()

    def _note(self, client: str, report: ReportProgress) -> ProgressNoted:
        self.reachability.noted(report.tried)
        self.files.reported(client, report)
        self._orders.acknowledge(client, report.last_order)
        if late := self.files.cleared(report):
            self._orders.give("clear", late)
        self._publish()
        open_ = (file.file_id for file in report.files if file.state != "done")
        return ProgressNoted(orders=self._orders.pending(client), lost=self._service.lost(open_))

    def _uploaded(self, file: UploadedFile) -> None:
        self.files.uploaded(file)
        self._publish()
        for fn in tuple(self._callbacks):
            if not self._caller.submit(partial(self._call, fn, file)):
                logger.warning("%s arrived once the widget was closed: nobody is told", file.uri)

    def _call(self, fn: Callable[[UploadedFile], object], file: UploadedFile) -> None:
        try:
            fn(file)
        except Exception as error:  # noqa: BLE001  the user's function
            log_defect(f"the on_complete function failed for {file.uri}", error)
            self.trouble(f"your on_complete function failed for {file.name}: {_said(error)}")

    def _abort(self, file_ids: Sequence[str]) -> None:
        for file_id in file_ids:
            reply = self._service.handle(AbortMultipartUpload(file_id=file_id))
            if isinstance(reply, Failed):
                self.trouble(reply.message)
            else:
                self.files.remove([file_id])
        self._publish()

    def _say(self, event: Orders | Reach) -> None:
        try:
            self._send(encode(EventEnvelope(event=event)))
        except Exception as error:  # noqa: BLE001  whatever is said unasked is said again
            log_defect("a message to the page could not be sent", error)

    def _publish(self) -> None:
        self._publish_traits()
        self.waiting.ring()


def _other_version(version: int) -> str:
    """What to do about a page that was built with another release than this one."""
    differ = (
        f"this page and the kernel run different releases of s3upload_widget (protocol {version} "
        f"and {VERSION})"
    )
    if version < VERSION:
        return f"{differ}: reload the page, then run the cell again; no part on S3 is lost"
    return f"{differ}: restart the kernel, then run the cell again; no part on S3 is lost"


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
