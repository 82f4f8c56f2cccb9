"""Sends parts to S3 from here, of bytes that a page sends to the kernel piece by piece.

The kernel asks for each piece, so it alone decides how much of a part is in its memory, and a lost
piece is requested again. The PUT itself is signed like any other. Knows no comm and no policy.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from s3upload_widget.errors import ProtocolError, UploadError
from s3upload_widget.protocol import (
    LEAST_FRAME,
    MAX_FRAME,
    FrameTaken,
    PartAnswered,
    PartRefusal,
    PartUnanswered,
    RelayEnded,
    RelayFrame,
    StoredPart,
    Wanted,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from s3upload_widget.protocol import EndRelay, RelayPart, TryFrame
    from s3upload_widget.s3 import PresignedUrl, PutAnswer, Store
    from s3upload_widget.service.signer import Signer

WINDOW: Final = 2
"""Frames of a part that are requested, or wait here, beside the one that goes to S3."""
FIRST_FRAME: Final = 262_144
"""Bytes of a frame before it is known how fast the page's line is."""
QUICK: Final = 0.2
"""Seconds from the request for a frame to its arrival below which frames may grow …"""
SLOW: Final = 0.8
"""… and above which they shrink: other messages of the page wait behind them."""
REPEAT: Final = 1.0
"""Seconds after which bytes that did not arrive are requested again."""
STARVED: Final = 20.0
"""Seconds without the next bytes: S3 would soon end the request by itself."""
BLOCK: Final = 1 << 20
"""Bytes that are written to S3's connection at a time."""
_REFUSED: Final = 300
"""The first status that is no success."""
MAX_ANSWERS: Final = 256
"""Answers that are kept for requests that come again."""


class PartRelay:
    """The parts that are on their way through this kernel. Thread-safe.

    Args:
        store: The bucket.
        signer: Signs parts of files that this service has opened, and no others.
        want: Requests bytes from the page; called from many threads.
    """

    def __init__(self, store: Store, signer: Signer, want: Callable[[Wanted], None]) -> None:
        self._store = store
        self._signer = signer
        self._want = want
        self._frame_size = FrameSize()
        self._lock = threading.Lock()
        self._streams: dict[str, PartStream] = {}
        self._answers: dict[str, PartAnswered | PartUnanswered] = {}

    def relay_part(self, request: RelayPart) -> PartAnswered | PartUnanswered | StoredPart:
        """Send a part; blocks until S3 has answered.

        Raises:
            UploadError: The part cannot be signed.
            ProtocolError: The stream's name is in use.
        """
        with self._lock:
            known = self._answers.get(request.stream)
        if known is not None:  # its reply was lost
            return known
        if self._signer.has_stored(request.part):
            return StoredPart(file_id=request.part.file_id, part_number=request.part.part_number)
        presigned, size = self._signer.sign_for_relay(request.part)
        stream = PartStream(
            request.stream, request.part.file_id, size, self._want, self._frame_size
        )
        self._open(stream)
        try:
            answer = self._store.put(presigned, stream.blocks(), size)
            reply = PartAnswered(status=answer.status, etag=answer.etag, document=answer.document)
        except UploadError:
            return self._close(stream, PartUnanswered(starved=stream.starved))
        except BaseException:
            self._close(stream, PartUnanswered(starved=False))
            raise
        # What S3 says of a request that waited for the page too long is no matter of the part.
        if stream.starved:
            return self._close(stream, PartUnanswered(starved=True))
        self._close(stream, reply)
        if answer.status >= _REFUSED:
            self._signer.heed(request.part, _refusal(answer, presigned))
        return reply

    def take_frame(self, request: RelayFrame | TryFrame, buffers: Sequence[object]) -> FrameTaken:
        """Hand a frame to its part; one that is not wanted, or not as wanted, is dropped."""
        frame = _as_bytes(buffers)
        if isinstance(request, RelayFrame):
            with self._lock:
                stream = self._streams.get(request.stream)
            if stream is not None:
                stream.take(request.offset, frame)
        return FrameTaken(size=frame.nbytes)

    def end_relay(self, request: EndRelay) -> RelayEnded:
        """End a part's stream; S3 gets a request that breaks off, and stores nothing."""
        with self._lock:
            stream = self._streams.get(request.stream)
            if stream is None:  # it may be about to start
                self._keep(request.stream, PartUnanswered(starved=False))
        if stream is not None:
            stream.end()
        return RelayEnded(stream=request.stream)

    def end_file(self, file_id: str) -> None:
        """End every stream of a file."""
        with self._lock:
            streams = [each for each in self._streams.values() if each.file_id == file_id]
        for stream in streams:
            stream.end()

    def close(self) -> None:
        """End every stream."""
        with self._lock:
            streams = tuple(self._streams.values())
        for stream in streams:
            stream.end()

    def _open(self, stream: PartStream) -> None:
        with self._lock:
            if stream.name in self._streams:
                msg = "a part is on its way under this name"
                raise ProtocolError(msg)
            self._streams[stream.name] = stream

    def _close(
        self, stream: PartStream, reply: PartAnswered | PartUnanswered
    ) -> PartAnswered | PartUnanswered:
        stream.end()
        with self._lock:
            del self._streams[stream.name]
            self._keep(stream.name, reply)
        return reply

    def _keep(self, name: str, reply: PartAnswered | PartUnanswered) -> None:
        self._answers[name] = reply
        while len(self._answers) > MAX_ANSWERS:
            del self._answers[next(iter(self._answers))]


def _refusal(answer: PutAnswer, presigned: PresignedUrl) -> PartRefusal:
    headers = list(presigned.headers)
    return PartRefusal(status=answer.status, s3_code=answer.code, said=answer.said, headers=headers)


class FrameSize:
    """How many bytes to request at a time, by how long they took. Shared by all parts; thread-safe."""

    def __init__(self) -> None:
        self._size = FIRST_FRAME
        self._most = MAX_FRAME

    @property
    def value(self) -> int:
        """Bytes."""
        return self._size

    def note(self, size: int, seconds: float) -> None:
        """A frame of ``size`` bytes arrived ``seconds`` after its request."""
        if seconds > SLOW:
            self._size = max(LEAST_FRAME, min(self._size, size // 2))
        elif seconds < QUICK:
            self._size = min(self._most, max(self._size, size * 2))

    def note_lost(self, size: int) -> None:
        """More than ``size`` bytes at a time were lost: not every host passes on large messages."""
        self._most = max(LEAST_FRAME, min(self._most, size))
        self._size = min(self._size, self._most)


class PartStream:
    """The bytes of one part, from the page's messages to S3's request. Thread-safe.

    At most ``WINDOW`` + 1 frames of it are in memory.

    Args:
        name: The page's name for it.
        file_id: Of the part's file.
        size: Bytes of the part.
        want: Requests bytes from the page.
        frame_size: How many at a time.
    """

    def __init__(
        self,
        name: str,
        file_id: str,
        size: int,
        want: Callable[[Wanted], None],
        frame_size: FrameSize,
    ) -> None:
        self.name = name
        self.file_id = file_id
        self.starved = False
        """Whether the page's bytes did not come in time."""
        self._size = size
        self._want = want
        self._frame_size = frame_size
        self._changed = threading.Condition()
        self._requested = 0
        self._wanted: dict[int, tuple[int, float]] = {}
        """Offset → size, and when it was requested first."""
        self._frames: dict[int, memoryview] = {}
        self._ended = False

    def take(self, offset: int, frame: memoryview) -> None:
        """Take bytes that were requested, once, or the first of them; anything else is dropped."""
        with self._changed:
            size, since = self._wanted.get(offset, (-1, 0.0))
            if not min(size, LEAST_FRAME) <= frame.nbytes <= size:
                return
            del self._wanted[offset]
            self._frames[offset] = frame
            rest = _cut(offset + frame.nbytes, offset + size, frame.nbytes)
            self._wanted |= {start: (length, time.monotonic()) for start, length in rest}
            self._changed.notify_all()
        if rest:
            self._frame_size.note_lost(frame.nbytes)
            self._send_wanted(rest)
        else:
            self._frame_size.note(size, time.monotonic() - since)

    def end(self) -> None:
        """Take no more, and drop what is here."""
        with self._changed:
            self._ended = True
            self._wanted.clear()
            self._frames.clear()
            self._changed.notify_all()

    def blocks(self) -> Iterator[memoryview]:
        """The part's bytes, in order, as they arrive.

        Raises:
            BrokenOffError: The stream was ended, or starved.
        """
        position = 0
        while position < self._size:
            self._request_more()
            frame = self._next(position)
            for start in range(0, frame.nbytes, BLOCK):
                yield frame[start : start + BLOCK]
            position += frame.nbytes

    def _request_more(self) -> None:
        """Request frames up to the window."""
        fresh = []
        with self._changed:
            while (
                not self._ended
                and self._requested < self._size
                and len(self._wanted) + len(self._frames) < WINDOW
            ):
                size = min(self._frame_size.value, self._size - self._requested)
                self._wanted[self._requested] = size, time.monotonic()
                fresh.append((self._requested, size))
                self._requested += size
        self._send_wanted(fresh)

    def _next(self, position: int) -> memoryview:
        """Wait for the frame at ``position``."""
        deadline = time.monotonic() + STARVED
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ended or position in self._frames, REPEAT)
                if self._ended:
                    raise BrokenOffError
                if position in self._frames:
                    return self._frames.pop(position)
                missing = [(offset, size) for offset, (size, _) in self._wanted.items()]
            if time.monotonic() > deadline:
                self.starved = True
                raise BrokenOffError
            self._send_wanted(missing)

    def _send_wanted(self, frames: Sequence[tuple[int, int]]) -> None:
        for offset, size in frames:
            self._want(Wanted(stream=self.name, offset=offset, size=size))


class BrokenOffError(Exception):
    """The rest of a part does not come. Ends the request to S3, and goes no further."""


def _cut(start: int, end: int, size: int) -> list[tuple[int, int]]:
    """Offset and size of each piece of at most ``size`` bytes."""
    return [(offset, min(size, end - offset)) for offset in range(start, end, size)]


def _as_bytes(buffers: Sequence[object]) -> memoryview:
    """The one buffer of a message; empty if it has none, or more, or something else."""
    if len(buffers) != 1 or not isinstance(buffers[0], (bytes, bytearray, memoryview)):
        return memoryview(b"")
    view = memoryview(buffers[0])
    return view.cast("B") if view.c_contiguous else memoryview(b"")
