"""Between the pages of one widget and its service: requests, orders, and which pages are there.

Knows no comm and no traits: it is given a function that sends and one that publishes.
"""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

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
from s3upload_widget.widget.reachability import Reachability
from s3upload_widget.widget.waiting import Waiting
from s3upload_widget.workers import Workers, log_defect, logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from s3upload_widget.protocol import Reach, Reply, RequestEnvelope
    from s3upload_widget.results import UploadedFile
    from s3upload_widget.service import Service
    from s3upload_widget.widget.orders import Verb

ALIVE: Final = 4.0
"""Seconds in which a page has to send a message when another one comes."""


class Controller:
    """Between the pages of one widget and its service. Thread-safe.

    Args:
        welcome: What a page has to know; the orders are filled in.
        service: Creates the service, given the function to call with each uploaded file.
        send: Sends a message to all pages.
        publish: Brings the traits to what :attr:`files` says.
    """

    def __init__(
        self,
        welcome: Welcome,
        service: Callable[[Callable[[UploadedFile], None]], Service],
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
        self._send = send
        self._publish_traits = publish
        self._orders = OrderLog()
        self._dispatcher = Dispatcher(
            self._handle, note=self._note_request, report_defect=self._show_defect, send=send
        )
        self._callbacks: list[Callable[[UploadedFile], object]] = []
        self._callback_worker = Workers(1, name="s3upload-callback")
        self._service = service(self._note_uploaded)
        self._presence = Presence(self._abandon)

    def receive(self, content: object) -> None:
        """Take any message from a page."""
        self._dispatcher.receive(content)

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
        self._callbacks.append(fn)

    def show_error(self, text: str) -> None:
        """Show what went wrong beside the uploads, until the next pick."""
        self.files.note_error(text)
        self._publish()

    def close(self) -> None:
        """Finish the requests that are being handled, and take no more."""
        self.waiting.close()
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
        self.waiting.note_message()

    def _handle(self, envelope: RequestEnvelope) -> Reply:
        client, request = envelope.client, envelope.request
        if isinstance(request, Hello):
            return self._hello(client, request)
        if isinstance(request, ReportProgress):
            return self._report_progress(client, request)
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

    def _abandon(self, page: str) -> None:
        self._service.release(self.files.abandon(page))
        self._publish()

    def _note_uploaded(self, file: UploadedFile) -> None:
        self.files.note_uploaded(file)
        self._publish()
        for fn in tuple(self._callbacks):
            if not self._callback_worker.submit(partial(self._run_callback, fn, file)):
                logger.warning("%s arrived after the widget was closed: no callback", file.uri)

    def _run_callback(self, fn: Callable[[UploadedFile], object], file: UploadedFile) -> None:
        try:
            fn(file)
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

    def _send_event(self, event: Orders | Reach) -> None:
        try:
            self._send(encode(EventEnvelope(event=event)))
        except Exception as error:  # noqa: BLE001  every event is sent again
            log_defect("a message to the page could not be sent", error)

    def _publish(self) -> None:
        self._publish_traits()
        self.waiting.notify()


class Presence:
    """Pages that have to send a message soon. Thread-safe; one timer runs for all of them.

    Args:
        note_absent: Called with each page that stayed silent, in a thread of its own.
    """

    def __init__(self, note_absent: Callable[[str], None]) -> None:
        self._note_absent = note_absent
        self._lock = threading.Lock()
        self._deadlines: dict[str, float] = {}
        self._running = False

    def expect(self, pages: Iterable[str], seconds: float) -> None:
        """Give these pages ``seconds``; pages that are expected already get no more."""
        with self._lock:
            deadline = time.monotonic() + seconds
            for page in pages:
                self._deadlines.setdefault(page, deadline)
            if self._deadlines and not self._running:
                self._start_timer(seconds)

    def note_present(self, page: str) -> None:
        """A page sent a message."""
        with self._lock:
            self._deadlines.pop(page, None)

    def _start_timer(self, seconds: float) -> None:
        self._running = True
        timer = threading.Timer(seconds, self._check_deadlines)
        timer.daemon = True
        timer.start()

    def _check_deadlines(self) -> None:
        with self._lock:
            now = time.monotonic()
            silent = [page for page, deadline in self._deadlines.items() if deadline <= now]
            for page in silent:
                del self._deadlines[page]
        try:
            for page in silent:
                self._note_absent(page)
        finally:
            with self._lock:
                self._running = False
                if self._deadlines:
                    self._start_timer(max(0.0, min(self._deadlines.values()) - time.monotonic()))


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
