"""One file of a script: begin its upload, prove what is there, send the rest, complete."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from s3upload_widget.checksums import hexadecimal
from s3upload_widget.errors import IntegrityError, NoSuchUploadError, ObjectExistsError, S3Error
from s3upload_widget.keys import shown
from s3upload_widget.s3 import ObjectFound, refusal_code
from s3upload_widget.transfer import (
    PartsMissingError,
    Sent,
    SinglePut,
    complete,
    cuts,
    described,
    proven,
    tells,
    uploaded_file,
)
from s3upload_widget.uploader.part_queue import PartQueue, persist, run
from s3upload_widget.uploader.part_reader import FileDigest, PartReader, hashed
from s3upload_widget.uploader.resume import create, find

if TYPE_CHECKING:
    from s3upload_widget.results import UploadedFile, VerifiedBy
    from s3upload_widget.s3 import OpenedUpload, Store
    from s3upload_widget.transfer import FilePlan, Hashes
    from s3upload_widget.uploader.part_queue import PartJob
    from s3upload_widget.uploader.resume import OpenUpload, SendOptions
    from s3upload_widget.uploader.sources import Source
    from s3upload_widget.uploader.stats import UploadStats

logger = logging.getLogger("s3upload_widget")

ATTEMPTS: Final = 3
"""Uploads of one file, where another program completes or aborts them beside."""
ROUNDS: Final = 3
"""Times that S3 may miss parts which it took."""


class FileUpload:
    """One file on its way.

    Args:
        store: Where to.
        source: The file.
        plan: Its key, and its parts if nothing is there.
        manner: How.
        tally: Told what is done.
    """

    def __init__(
        self, store: Store, source: Source, plan: FilePlan, manner: SendOptions, tally: UploadStats
    ) -> None:
        self._store = store
        self._source = source
        self._plan = plan
        self._manner = manner
        self._tally = tally
        self._left_alone: set[str] = set()

    def upload(self) -> UploadedFile:
        """Bring the file to S3, and prove it there.

        Raises:
            UploadError: It is not there; what arrived of it is kept.
        """
        overwriting = not self._plan.must_not_exist
        for attempt in range(1, ATTEMPTS + 1):
            if (attempt > 1 or not overwriting) and (there := self._there_already(overwriting)):
                return there
            try:
                return self._send()
            except NoSuchUploadError:
                if attempt == ATTEMPTS:
                    raise
                logger.info("the upload of %s ended elsewhere: looking again", self._place)
                self._tally.restart()
        raise AssertionError

    @property
    def _place(self) -> str:
        return self._store.destination(self._plan.key)

    def _there_already(self, overwriting: bool) -> UploadedFile | None:
        look = self._store.head_object(self._plan.key)
        if not isinstance(look, ObjectFound):
            return None
        if equal := self._equal(look):
            self._source.check()
            self._tally.done(0, look.size, sent=False)
            sha256 = equal[1] if self._manner.sha256 else ""
            return uploaded_file(self._store, self._plan, look, equal[0], sha256)
        if overwriting:
            return None
        how = f" with other bytes than {shown(self._source.name)}, or S3 does not say which"
        msg = described(look, self._place, how)
        msg = f"{msg}; give if_exists='overwrite' or 'rename', or another key"
        raise ObjectExistsError(msg)

    def _equal(self, found: ObjectFound) -> tuple[VerifiedBy, str] | None:
        """What proves that the object is the file, and the file's SHA-256; None if nothing does."""
        if found.size != self._source.size or not tells(found):
            return None
        plan = self._plan
        for cut in cuts(self._store, plan.key, found, plan.parts.part_size):
            known = {part.part_number: part.sha256 for part in cut.listed}
            read = hashed(self._source, cut.parts, md5=cut.md5, known=known)
            if read and (verified_by := proven(found, read[0], self._place)):
                return verified_by, read[1]
        return None

    def _single(self) -> UploadedFile:
        plan = self._plan
        reading = PartReader(self._source, plan.parts, md5=not self._store.on_aws)
        sent = Sent()
        for _ in range(ROUNDS):
            part = reading.part(1)
            self._source.check()
            put = partial(
                self._store.put_object,
                plan.key,
                part.body,
                sha256=part.sha256,
                md5=part.md5,
                content_type=plan.content_type,
                must_not_exist=plan.must_not_exist,
            )
            sent.signed[1] = part.sha256
            try:
                persist(put, threading.Event())
                refused = False
            except ObjectExistsError:
                # Perhaps by this very request, whose answer was lost: then complete() sees it.
                refused = True
            try:
                hashes = reading.hashes()
                whole = hexadecimal(hashes.sha256[0])
                uploaded = self._complete(plan, SinglePut(refused), hashes, sent, whole)
            except PartsMissingError:
                continue
            self._tally.done(1, plan.parts.size, sent=True)
            return uploaded
        msg = f"S3 took {self._place} {ROUNDS} times and does not show it"
        raise IntegrityError(msg)

    def _send(self) -> UploadedFile:
        plan = self._plan
        begun = find(self._store, self._source, plan, self._manner, self._left_alone)
        if begun is None and plan.parts.single:
            return self._single()
        return self._multipart(begun or create(self._store, self._source, plan))

    def _multipart(self, begun: OpenUpload) -> UploadedFile:
        try:
            return self._finish(begun)
        except S3Error as error:
            # An upload that another program began with a checksum of its own kind, on a server
            # that does not tell: it takes no part of ours.
            if begun.upload.sha256 or refusal_code(error) != "InvalidRequest":
                raise
            self._left_alone.add(begun.upload.upload_id)
            msg = f"an unfinished upload of {self._place} takes no parts with SHA-256"
            raise NoSuchUploadError(msg) from error

    def _finish(self, begun: OpenUpload) -> UploadedFile:
        parts = begun.reading.parts
        everything = range(1, parts.count + 1)
        whole = FileDigest() if self._manner.sha256 else None
        to_prove = [n for n in everything if begun.listed and (whole or n in begun.listed)]
        to_send = [n for n in everything if n not in begun.listed]
        self._work(begun, PartQueue(to_prove, to_send), whole)
        plan, sent = replace(self._plan, parts=parts), Sent()
        for _ in range(ROUNDS):
            self._source.check()
            try:
                hashes = begun.reading.hashes()
                sha256 = whole.hexadecimal() if whole else ""
                return self._complete(plan, begun.upload, hashes, sent, sha256)
            except PartsMissingError as missing:
                self._tally.differs(len(missing.part_numbers))
                self._work(begun, PartQueue((), missing.part_numbers), None)
        self._left_alone.add(begun.upload.upload_id)
        msg = f"parts of {self._place} are replaced while they are sent: another program sends too"
        raise NoSuchUploadError(msg)

    def _work(self, begun: OpenUpload, work: PartQueue, whole: FileDigest | None) -> None:
        do = partial(self._do, begun, work, whole)
        try:
            run(work, do, self._manner.executor, self._manner.max_concurrency)
        finally:
            if whole:
                whole.stop()

    def _do(
        self, begun: OpenUpload, work: PartQueue, whole: FileDigest | None, job: PartJob
    ) -> None:
        number = job.part_number
        try:
            part = begun.reading.part(number)
            if whole and (job.kind == "prove" or not begun.listed):
                whole.add(number, part.body)
            if job.kind == "send":
                store = self._store
                key, upload_id = self._plan.key, begun.upload.upload_id
                send = partial(store.upload_part, key, upload_id, number, part.body)
                persist(partial(send, sha256=part.sha256, md5=part.md5), work.stopped)
                self._tally.done(number, len(part.body), sent=True)
                return
            listed = begun.listed.get(number, [])
            equal = any(part.equals(each) for each in listed)
            if equal:
                self._tally.done(number, len(part.body), sent=False)
            elif listed:
                self._tally.differs()
            work.proved(number, equal=equal or not listed)
        except BaseException:
            if whole:
                whole.stop()  # whoever waits for this part's turn would wait for ever
            raise

    def _complete(
        self,
        plan: FilePlan,
        upload: OpenedUpload | SinglePut,
        hashes: Hashes,
        sent: Sent,
        whole: str,
    ) -> UploadedFile:
        sha256 = self._manner.sha256
        return complete(self._store, plan, upload, hashes, sent, whole=whole, sha256=sha256)
