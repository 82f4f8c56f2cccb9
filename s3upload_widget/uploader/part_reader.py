"""Read and hash a script's file: each part, and the whole file in the same pass. Knows no S3."""

from __future__ import annotations

import base64
import hashlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from s3upload_widget.checksums import hexadecimal, md5, reads_as_md5, same_etag, sha256
from s3upload_widget.errors import FileChangedError
from s3upload_widget.keys import shown
from s3upload_widget.signed_put import RemoteBody
from s3upload_widget.transfer import Hashes
from s3upload_widget.uploader.remote_parts import RemoteSource
from s3upload_widget.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from s3upload_widget.parts import PartPlan
    from s3upload_widget.s3 import ListedPart
    from s3upload_widget.uploader.sources import Source

BLOCK: Final = 16 * 1024**2
"""Bytes that are read at once where a part is only hashed."""
WAITING: Final = 4
"""Parts that wait in memory for the whole file's checksum, beside those that are being sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part that was read."""

    body: bytes | RemoteBody
    sha256: str
    """Base64."""
    md5: str
    """Base64; ``""`` where it is not needed."""

    def equals(self, listed: ListedPart) -> bool:
        """Whether S3 shows these bytes, by a checksum; an equal size alone proves nothing."""
        if listed.size != len(self.body):
            return False
        if listed.sha256:
            return listed.sha256 == self.sha256
        expected = self.md5
        if not expected and isinstance(self.body, bytes):
            expected = md5(self.body)
        if not expected:
            return False
        return reads_as_md5(listed.etag) and same_etag(listed.etag, hexadecimal(expected))


class PartReader:
    """The parts of one file; each has to be the same whenever it is read. Thread-safe."""

    def __init__(self, source: Source, parts: PartPlan, *, md5: bool) -> None:
        self.source: Final = source
        self.parts: Final = parts
        self._md5 = md5
        self._lock = threading.Lock()
        self._known: dict[int, tuple[str, str]] = {}

    def read(self, part_number: int) -> Part:
        """Read and hash one part.

        Raises:
            FileChangedError: The file is not what it was.
        """
        offset = (part_number - 1) * self.parts.part_size
        part = self._part(offset, self.parts.length(part_number))
        with self._lock:
            known = self._known.setdefault(part_number, (part.sha256, part.md5))
        if known != (part.sha256, part.md5):
            msg = f"{shown(self.source.name)} changed while it was read: upload it again"
            raise FileChangedError(msg)
        return part

    def _part(self, offset: int, length: int) -> Part:
        if isinstance(self.source, RemoteSource):
            made, remote = self.source.hashed(offset, length, md5=self._md5)
            return Part(body=remote, sha256=made.sha256, md5=made.md5)
        body = self.source.read(offset, length)
        return Part(body=body, sha256=sha256(body), md5=md5(body) if self._md5 else "")

    def check(self) -> None:
        """Check that the file is what was read; reads again where only its bytes can say.

        Raises:
            FileChangedError: It is not.
        """
        self.source.check()
        if self.source.moved():
            for number in sorted(self._known):
                self.read(number)

    def hashes(self) -> Hashes:
        """The checksums of all parts, each of which was read before."""
        known = [self._known[number] for number in range(1, self.parts.count + 1)]
        return Hashes(
            parts=self.parts,
            sha256=[of_sha256 for of_sha256, _ in known],
            md5=[of_md5 for _, of_md5 in known] if self._md5 else [],
        )


class FileDigest:
    """The SHA-256 of a file whose parts are read by several threads, on a thread of its own.

    Parts wait here for those before them, so that no thread that sends waits for the file's order.
    How many may wait is bounded: :meth:`make_room` holds up whoever wants to read one more.

    Args:
        waiting: Parts that may wait here.
    """

    of_parts: Final = True
    """Whether it is made of the parts that are read."""

    def __init__(self, waiting: int = WAITING) -> None:
        self._digest = hashlib.sha256()
        self._room = waiting
        self._changed = threading.Condition()
        self._bodies: dict[int, bytes] = {}
        self._next = 1
        self._stopped = False
        self._thread = Workers(1, name="s3upload-digest")
        self._hashing = False

    def make_room(self, part_number: int) -> None:
        """Wait until one more part may be read: always true of the one whose turn it is."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._stopped or len(self._bodies) < self._room or part_number <= self._next
            )

    def add(self, part_number: int, body: bytes | RemoteBody) -> None:
        """Take a part, and return at once; parts have to be started in order."""
        with self._changed:
            if self._stopped or isinstance(body, RemoteBody):
                return
            self._bodies[part_number] = body
            if not self._hashing and self._next in self._bodies:
                self._hashing = True
                self._thread.submit(self._hash)

    def stop(self) -> None:
        """End all waiting: a part will not come."""
        with self._changed:
            self._stopped = True
            self._bodies.clear()
            self._changed.notify_all()
        self._thread.close()

    def hexadecimal(self) -> str:
        """As ``sha256sum`` prints it, once all parts were added and are hashed."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or not self._hashing)
        return self._digest.hexdigest()

    def _hash(self) -> None:
        """Hash the parts whose turn has come."""
        while body := self._take():
            self._digest.update(body)
            with self._changed:
                self._bodies.pop(self._next, None)
                self._next += 1
                self._changed.notify_all()

    def _take(self) -> bytes:
        """The next part, which stays in the count until it is hashed; empty if it is not here."""
        with self._changed:
            body = self._bodies.get(self._next, b"")
            self._hashing = bool(body)
            self._changed.notify_all()
            return body


def hash_file(
    source: Source, parts: PartPlan, *, md5: bool, known: Mapping[int, str]
) -> tuple[Hashes, str] | None:
    """Hash all parts and the whole file, parts of any size in little memory.

    Args:
        source: The file.
        parts: Its parts.
        md5: Whether to compute MD5s too.
        known: Part number → base64 SHA-256 that the part has to have, as far as known.

    Returns:
        The checksums of the parts, and the file's SHA-256 in hexadecimal; None where a part has
        another SHA-256 than it has to have: nothing is read beyond it.
    """
    whole = hashlib.sha256()
    of_sha256, of_md5 = [], []
    for number in range(1, parts.count + 1):
        one, other = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        for block in _blocks(source, parts, number):
            whole.update(block)
            one.update(block)
            if md5:
                other.update(block)
        of_sha256.append(base64.b64encode(one.digest()).decode())
        of_md5.append(base64.b64encode(other.digest()).decode())
        if known.get(number, of_sha256[-1]) != of_sha256[-1]:
            return None
    return Hashes(parts=parts, sha256=of_sha256, md5=of_md5 if md5 else []), whole.hexdigest()


def _blocks(source: Source, parts: PartPlan, part_number: int) -> Iterator[bytes]:
    offset = (part_number - 1) * parts.part_size
    end = offset + parts.length(part_number)
    while offset < end:
        yield source.read(offset, min(BLOCK, end - offset))
        offset += BLOCK
