"""Between the pages of one widget and its service: requests, orders, and which pages are there.

Knows no comm and no traits: it is given a function that sends and one that publishes.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from s3upload_widget.errors import ProtocolError
from s3upload_widget.protocol import (
    VERSION,
    AbortMultipartUpload,
    EventEnvelope,
    Failed,
    FetchPageCode,
    HandOver,
    Hello,
    ObjectRead,
    Orders,
    PageCodeFetched,
    PickFiles,
    ProgressNoted,
    RelayFrame,
    ReportProgress,
    TryFrame,
    Wanted,
    Welcome,
    encode,
)
from s3upload_widget.widget.callers import caller
from s3upload_widget.widget.dispatcher import Dispatcher
from s3upload_widget.widget.file_list import FileList
from s3upload_widget.widget.orders import OrderLog
from s3upload_widget.widget.outbox import Outbox
from s3upload_widget.widget.page_code import CODE, STYLE, built
from s3upload_widget.widget.presence import Presence, Watch
from s3upload_widget.widget.reachability import Reachability
from s3upload_widget.widget.waiting import Waiting
from s3upload_widget.workers import Workers, log_defect, logger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from s3upload_widget.protocol import Reach, Reply, RequestEnvelope
    from s3upload_widget.results import UploadedFile
    from s3upload_widget.service import Service
    from s3upload_widget.widget.callers import Caller
    from s3upload_widget.widget.orders import Verb

ALIVE: Final = 4.0
"""Seconds in which a page has to send a message when another one comes."""
BACK: Final = 10.0
"""Seconds in which a page that fell silent has to send one."""


class Controller:
    """Between the pages of one widget and its service. Thread-safe.

    Args:
        welcome: What a page has to know; the orders are filled in.
        service: Creates the service, given the functions to call with each uploaded file, with the
            id of a file and how much of its key's object was read back, and with bytes that the
            pages have to send.
        send: Sends a message to all pages.
        publish: Brings the traits to what :attr:`files` says.
    """

    def __init__(
        self,
        welcome: Welcome,
        service: Callable[
            [
                Callable[[UploadedFile], None],
                Callable[[str, int], None],
                Callable[[Wanted], None],
            ],
            Service,
        ],
        *,
        send: Callable[[dict[str, Any]], None],
        publish: Callable[[], None],
    ) -> None:
        self.files = FileList()
        self.waiting = Waiting(self.files.outcome, self.ping)
        self.reachability = Reachability(self.waiting, self._send_event)
        self.origin = ""
        """``location.origin`` of the page that loaded, or picked files, last."""
        self._welcome = welcome
        self._outbox = Outbox(send, self.note_unsent)
        self._publish_traits = publish
        self._orders = OrderLog()
        self._dispatcher = Dispatcher(
            self._handle,
            note=self._note_request,
            report_defect=self._show_defect,
            send=self._outbox.send,
        )
        self._callbacks: list[tuple[Caller, Callable[[UploadedFile], object]]] = []
        self._callback_worker = Workers(1, name="s3upload-callback")
        self._service = service(self._note_uploaded, self._note_read, self._send_event)
        self._presence = Presence(self._abandon)
        self._watch = Watch(self.files.moving_pages, self._look_for)

    def receive(self, content: object, buffers: Sequence[object] = ()) -> None:
        """Take any message from a page, with its binary buffers."""
        self._outbox.send_kept()
        self._dispatcher.receive(content, buffers)

    def order(self, verb: Verb, key: str | None) -> None:
        """Order the page to do something with one file, or with all.

        Raises:
            KeyError: No file has this key.
        """
        file_ids = self.files.ids(key)
        self._orders.add(verb, () if key is None else file_ids)
        if verb == "resume":
            self.files.note_resumed(file_ids)
            self._publish()
        self.ping()

    def order_abort(self, key: str | None) -> None:
        """Ask the page to abort, and delete here what S3 holds: there may be no page."""
        unfinished = self.files.ids(key)
        self.order("abort", key)
        self._dispatcher.submit(partial(self._abort_on_s3, unfinished))

    def order_clear(self) -> None:
        """Drop files that are done, here and on the page."""
        self.files.drop_done()
        self.order("clear", None)
        self._publish()

    def ping(self) -> None:
        """Send the orders; a page reports its progress at once."""
        self._send_event(Orders(orders=self._orders.unacknowledged()))

    def on_complete(self, fn: Callable[[UploadedFile], object]) -> None:
        """Call ``fn`` with each file that is uploaded from now on."""
        self._callbacks.append((caller(), fn))

    def note_unsent(self, error: Exception) -> None:
        """The program that shows the widget lets no message through to the page."""
        self.show_error(f"no message gets through to the page: {_named(error)}")

    def show_error(self, text: str) -> None:
        """Show what went wrong beside the uploads, until the next pick."""
        self.files.note_error(text)
        self._publish()

    def close(self) -> None:
        """Finish the requests that are being handled, and take no more."""
        self.waiting.close()
        self._watch.close()
        self._service.close()
        self._dispatcher.close()
        self._callback_worker.close()

    def _note_request(self, envelope: RequestEnvelope) -> None:
        """Note a request at once, before anything that takes time."""
        if isinstance(envelope.request, (Hello, PickFiles)):
            self.origin = envelope.request.origin
        if isinstance(envelope.request, PickFiles):
            self.files.note_pick(envelope.client, envelope.request)
            self._publish()
        self._presence.note_present(envelope.client)
        self._watch.note_message(envelope.client)
        self.waiting.note_message()

    def _handle(self, envelope: RequestEnvelope, buffers: Sequence[object]) -> Reply:
        client, request = envelope.client, envelope.request
        if isinstance(request, (RelayFrame, TryFrame)):
            return self._service.take_frame(request, buffers)
        if isinstance(request, Hello):
            return self._hello(client, request)
        if isinstance(request, FetchPageCode):
            return PageCodeFetched(script=built(CODE), style=built(STYLE))
        if isinstance(request, ReportProgress):
            return self._report_progress(client, request)
        if isinstance(request, HandOver):
            return self._hand_over(client, request)
        reply = self._service.handle(request)
        if self.files.note_reply(request, reply):
            # Else the page that had the file would send for minutes with the URLs that it has:
            # the reply to its next report says that another page has the file now.
            self.ping()
        self._publish()
        return reply

    def _hello(self, client: str, hello: Hello) -> Welcome:
        if hello.version != VERSION:
            raise ProtocolError(_other_version(hello.version))
        self._orders.note_page(client)
        if others := self.files.pages() - {client}:
            # A second tab, or the same one after a reload. Pages that are there will report.
            self._presence.expect(others, ALIVE)
            self.ping()
        return Welcome(
            destination=self._welcome.destination,
            transport=self._welcome.transport,
            multiple=self._welcome.multiple,
            directory=self._welcome.directory,
            orders=self._orders.pending(client),
        )

    def _report_progress(self, client: str, report: ReportProgress) -> ProgressNoted:
        self.reachability.note_tried(report.tried)
        self.files.note_report(client, report)
        self._orders.acknowledge(client, report.last_order)
        if late := self.files.dropped_early(report):
            self._orders.add("clear", late)
        self._publish()
        unfinished = (file.file_id for file in report.files if file.state != "done")
        lost = self._service.taken_over(unfinished)
        return ProgressNoted(orders=self._orders.pending(client), lost=lost)

    def _hand_over(self, client: str, request: HandOver) -> ProgressNoted:
        gone = self.files.hand_over(client, request.file_ids)
        self._service.hand_over(gone)
        self._publish()
        return ProgressNoted(orders=[], lost=gone)

    def _look_for(self, pages: set[str]) -> None:
        self._presence.expect(pages, BACK)
        self.ping()

    def _abandon(self, page: str) -> None:
        self._service.release(self.files.abandon(page))
        self._publish()

    def _note_uploaded(self, file: UploadedFile) -> None:
        self.files.note_uploaded(file)
        self._publish()
        for call, fn in tuple(self._callbacks):
            if not self._callback_worker.submit(partial(self._run_callback, call, fn, file)):
                logger.warning("%s arrived after the widget was closed: no callback", file.uri)

    def _note_read(self, file_id: str, size: int) -> None:
        self._send_event(ObjectRead(file_id=file_id, bytes_read=size))

    def _run_callback(
        self, call: Caller, fn: Callable[[UploadedFile], object], file: UploadedFile
    ) -> None:
        try:
            call(partial(fn, file))
        except Exception as error:  # noqa: BLE001  the user's function
            log_defect(f"the on_complete function failed for {file.uri}", error)
            self.show_error(f"your on_complete function failed for {file.name}: {_named(error)}")

    def _show_defect(self, error: Exception) -> None:
        self.show_error(f"a defect of s3upload_widget, please report it: {_named(error)}")

    def _abort_on_s3(self, file_ids: Sequence[str]) -> None:
        for file_id in file_ids:
            reply = self._service.handle(AbortMultipartUpload(file_id=file_id))
            if isinstance(reply, Failed):
                self.show_error(reply.message)
            else:
                self.files.remove([file_id])
        self._publish()

    def _send_event(self, event: Orders | Reach | ObjectRead | Wanted) -> None:
        self._outbox.send(encode(EventEnvelope(event=event)))

    def _publish(self) -> None:
        self._publish_traits()
        self.waiting.notify()


def _other_version(version: int) -> str:
    """What to do about a page that was built with another release than this one."""
    differ = (
        f"this page and the kernel run different releases of s3upload_widget (protocol {version} "
        f"and {VERSION})"
    )
    if version < VERSION:
        return f"{differ}: reload the page, then run the cell again; no part on S3 is lost"
    return f"{differ}: restart the kernel, then run the cell again; no part on S3 is lost"


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
