"""From the page's message to the reply: decode, hand over, answer. Knows no comm and no traits.

The thread that delivers messages belongs to Jupyter, and all widgets share it: nothing that
takes time may happen there. So what asks S3 is answered from threads of the pump's own.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from s3upload_widget.errors import InternalError, ProtocolError
from s3upload_widget.protocol import (
    KINDS,
    Failed,
    ReplyEnvelope,
    RequestEnvelope,
    decode,
    encode,
)
from s3upload_widget.s3 import without_secrets
from s3upload_widget.workers import Workers, log_defect, logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3upload_widget.protocol import Reply

THREADS: Final = 8
"""More than a page has outstanding: of these S3 may keep some for minutes, and others sign."""
ROOM: Final = 256
"""Requests that may wait; a page that gets no answer asks again."""
_MAX_RID: Final = 64


class Desk(Protocol):
    """Who answers requests."""

    def arrived(self, envelope: RequestEnvelope) -> None:
        """Note a request in the thread that delivers it."""

    def answer(self, envelope: RequestEnvelope) -> Reply:
        """Answer one request; called from many threads."""

    def note_defect(self, error: Exception) -> None:
        """Tell the user of an error that nobody foresaw."""


class Dispatcher:
    """Takes messages, never raises, and answers each request exactly once.

    A request that is being answered is not started twice, as the page sends again what takes
    long. One that was answered is answered anew: the reply may have been lost.

    Args:
        desk: Who answers.
        send: Sends a message to the page; called from many threads.
    """

    def __init__(self, desk: Desk, send: Callable[[dict[str, Any]], None]) -> None:
        self._desk = desk
        self._send = send
        self._lock = threading.Lock()
        self._under_way: set[tuple[str, str]] = set()
        self._workers = Workers(THREADS, name="s3upload-request")

    def receive(self, content: object) -> None:
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
            self._reply(envelope)
        else:
            self._hand_over(envelope)

    def submit(self, work: Callable[[], None]) -> None:
        """Do something else beside, on the same threads, however much waits; nothing once closed."""
        self._workers.submit(work)

    def close(self) -> None:
        """Answer nothing more."""
        self._workers.close()

    def _hand_over(self, envelope: RequestEnvelope) -> None:
        name = (envelope.client, envelope.rid)
        with self._lock:
            if name in self._under_way:
                return
            self._under_way.add(name)
        try:
            self._note(envelope)
            taken = self._workers.submit(partial(self._work, envelope), room=ROOM)
        except BaseException:  # a cell that is interrupted may run in this very thread
            self._end(envelope)
            raise
        if not taken:
            self._end(envelope)
            logger.warning("too many requests from the page at once; it will ask again")

    def _note(self, envelope: RequestEnvelope) -> None:
        try:
            self._desk.arrived(envelope)
        except Exception as error:  # noqa: BLE001  whatever fails of it, the page gets its answer
            log_defect("a request of the page could not be noted", error)

    def _work(self, envelope: RequestEnvelope) -> None:
        try:
            self._reply(envelope)
        finally:
            self._end(envelope)

    def _end(self, envelope: RequestEnvelope) -> None:
        with self._lock:
            self._under_way.discard((envelope.client, envelope.rid))

    def _reply(self, envelope: RequestEnvelope) -> None:
        try:
            reply = self._desk.answer(envelope)
        except ProtocolError as error:
            reply = Failed(code=error.code, message=str(error), retryable=False)
        except Exception as error:  # noqa: BLE001  the pump is where every error ends
            log_defect(f"a request {type(envelope.request).__name__} failed", error)
            self._desk.note_defect(error)
            message = f"a defect of s3upload_widget: {type(error).__name__}: {error}"
            reply = Failed(
                code=InternalError.code, message=without_secrets(message), retryable=False
            )
        self._post(ReplyEnvelope(rid=envelope.rid, client=envelope.client, reply=reply))

    def _refuse(self, content: object, error: ProtocolError) -> None:
        logger.warning("%s", without_secrets(str(error)))
        rid, client = _names(content)
        if rid and client:
            failed = Failed(code=error.code, message=str(error), retryable=False)
            self._post(ReplyEnvelope(rid=rid, client=client, reply=failed))

    def _post(self, envelope: ReplyEnvelope) -> None:
        try:
            self._send(encode(envelope))
        except Exception as error:  # noqa: BLE001  the page asks again, and a closed comm is no news
            log_defect("a reply could not be sent", error)


def _names(content: object) -> tuple[str, str]:
    """What an answer to a broken message can be addressed with; empty where it cannot."""
    if not isinstance(content, dict):
        return "", ""
    rid, client = content.get("rid"), content.get("client")
    if not (isinstance(rid, str) and isinstance(client, str)):
        return "", ""
    return (rid, client) if max(len(rid), len(client)) <= _MAX_RID else ("", "")
