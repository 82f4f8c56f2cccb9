"""From the page's message to the reply: decode, queue, handle, send. Knows no comm and no traits.

The thread that delivers messages belongs to Jupyter, and all widgets share it: nothing that
takes time may happen there. So requests that need S3 are handled in threads of the dispatcher.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from s3upload_widget.errors import InternalError, ProtocolError
from s3upload_widget.protocol import (
    KINDS,
    AbortMultipartUpload,
    Failed,
    ForgetFile,
    ReplyEnvelope,
    RequestEnvelope,
    decode,
    encode,
)
from s3upload_widget.redaction import without_secrets
from s3upload_widget.workers import Workers, log_defect, logger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from s3upload_widget.protocol import Reply

LANES: Final = 6
"""Parts that are sent from here at once; the page has as many lanes."""
THREADS: Final = 8
"""More than a page has outstanding: of these S3 may keep some for minutes, and others sign."""
ROOM: Final = 256
"""Requests that may wait; a page that gets no reply sends its request again."""
_MAX_RID: Final = 64
_ENDING: Final = (ForgetFile, AbortMultipartUpload)
"""A late copy would undo what the page has begun since."""
_MAX_ENDED: Final = 1_000
"""Replies to those that are kept for copies."""


class Dispatcher:
    """Takes messages, never raises, and sends exactly one reply to each request.

    A request that is being handled is not started twice, as the page repeats a request that takes
    long. One that was handled is handled again, as its reply may have been lost; one that ended a
    file gets the same reply again.

    Args:
        handle: Replies to a request, given its binary buffers; called from many threads.
        note: Sees each request first, in the thread that delivers it.
        report_defect: Shows the user an error that is a defect of ours.
        send: Sends a message to the page; called from many threads, never raises.
    """

    def __init__(
        self,
        handle: Callable[[RequestEnvelope, Sequence[object]], Reply],
        *,
        note: Callable[[RequestEnvelope], None],
        report_defect: Callable[[Exception], None],
        send: Callable[[dict[str, Any]], None],
    ) -> None:
        self._handle = handle
        self._note_request = note
        self._report_defect = report_defect
        self._send = send
        self._lock = threading.Lock()
        self._under_way: set[tuple[str, str]] = set()
        self._ended: dict[tuple[str, str], Reply] = {}
        self._workers = Workers(THREADS, name="s3upload-request")
        self._relaying = Workers(LANES, name="s3upload-relay")

    def receive(self, content: object, buffers: Sequence[object] = ()) -> None:
        """Take whatever came from the page."""
        try:
            envelope = decode(content)
        except ProtocolError as error:
            self._refuse(content, error)
            return
        except Exception as error:  # noqa: BLE001  hostile content must not reach Jupyter's thread
            log_defect("a message from the page could not be read", error)
            return
        if KINDS[type(envelope.request)].speed == "prompt":
            self._note(envelope)
            self._reply(envelope, buffers)
        else:
            self._enqueue(envelope)

    def submit(self, work: Callable[[], None]) -> None:
        """Do other work in the same threads, however much waits; nothing once closed."""
        self._workers.submit(work)

    def close(self) -> None:
        """Take no more requests."""
        self._workers.close()
        self._relaying.close()

    def _enqueue(self, envelope: RequestEnvelope) -> None:
        name = (envelope.client, envelope.rid)
        with self._lock:
            if name in self._under_way:
                return
            self._under_way.add(name)
        try:
            self._note(envelope)
            relays = KINDS[type(envelope.request)].speed == "relaying"
            workers = self._relaying if relays else self._workers
            taken = workers.submit(partial(self._run, envelope), room=ROOM)
        except BaseException:  # a cell that is interrupted may run in this very thread
            self._finish(envelope)
            raise
        if not taken:
            self._finish(envelope)
            logger.warning("too many requests from the page at once; it will send them again")

    def _note(self, envelope: RequestEnvelope) -> None:
        try:
            self._note_request(envelope)
        except Exception as error:  # noqa: BLE001  whatever fails here, the page gets its reply
            log_defect("a request of the page could not be noted", error)

    def _run(self, envelope: RequestEnvelope) -> None:
        try:
            self._reply(envelope)
        finally:
            self._finish(envelope)

    def _handled(self, envelope: RequestEnvelope, buffers: Sequence[object]) -> Reply:
        if not isinstance(envelope.request, _ENDING):
            return self._handle(envelope, buffers)
        name = (envelope.client, envelope.rid)
        with self._lock:
            known = self._ended.get(name)
        reply = known or self._handle(envelope, buffers)
        if not isinstance(reply, Failed):
            with self._lock:
                self._ended[name] = reply
                while len(self._ended) > _MAX_ENDED:
                    del self._ended[next(iter(self._ended))]
        return reply

    def _finish(self, envelope: RequestEnvelope) -> None:
        with self._lock:
            self._under_way.discard((envelope.client, envelope.rid))

    def _reply(self, envelope: RequestEnvelope, buffers: Sequence[object] = ()) -> None:
        try:
            reply = self._handled(envelope, buffers)
        except ProtocolError as error:
            reply = Failed(code=error.code, message=str(error), retryable=False)
        except Exception as error:  # noqa: BLE001  every error ends here
            log_defect(f"a request {type(envelope.request).__name__} failed", error)
            self._report_defect(error)
            message = f"a defect of s3upload_widget: {type(error).__name__}: {error}"
            reply = Failed(
                code=InternalError.code, message=without_secrets(message), retryable=False
            )
        self._send_reply(ReplyEnvelope(rid=envelope.rid, client=envelope.client, reply=reply))

    def _refuse(self, content: object, error: ProtocolError) -> None:
        logger.warning("%s", without_secrets(str(error)))
        rid, client = _addressee(content)
        if rid and client:
            failed = Failed(code=error.code, message=str(error), retryable=False)
            self._send_reply(ReplyEnvelope(rid=rid, client=client, reply=failed))

    def _send_reply(self, envelope: ReplyEnvelope) -> None:
        self._send(encode(envelope))


def _addressee(content: object) -> tuple[str, str]:
    """Request id and client of a broken message, to send ``failed`` to; else twice ``""``."""
    if not isinstance(content, dict):
        return "", ""
    rid, client = content.get("rid"), content.get("client")
    if not (isinstance(rid, str) and isinstance(client, str)):
        return "", ""
    return (rid, client) if max(len(rid), len(client)) <= _MAX_RID else ("", "")
