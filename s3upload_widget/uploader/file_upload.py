"""One file of a script from its first step to its last: read this first to understand an upload.

    find or create → prove what is there → send what is missing → complete → verify

:meth:`FileUpload._upload_once` takes these steps in order, each in a function of its own. Which
files there are and which key each gets is decided before; see :mod:`s3upload_widget.uploader.batch`.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Executor  # noqa: TC003 - whoever asks for the types shall get them
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from s3upload_widget.checksums import hexadecimal
from s3upload_widget.errors import IntegrityError, NoSuchUploadError, ObjectExistsError, S3Error
from s3upload_widget.keys import shown
from s3upload_widget.parts import S3_LIMITS, Limits
from s3upload_widget.s3 import NotAllowed, ObjectFound, ObjectMade, refusal_code, retrying
from s3upload_widget.transfer import (
    PartsMissingError,
    Sent,
    SinglePut,
    complete,
    describe_object,
    equals_when_read,
    has_checksum,
    matching_checksum,
    part_layouts,
    refused_part_error,
    uploaded_file,
)
from s3upload_widget.uploader.key_lists import NOT_LISTED, FreeKeys, SentFile
from s3upload_widget.uploader.lanes import Lanes  # noqa: TC001 - as above
from s3upload_widget.uploader.part_queue import PartQueue, run_jobs
from s3upload_widget.uploader.part_reader import FileDigest, PartReader, hash_file
from s3upload_widget.uploader.remote_parts import RemoteDigest, RemoteSource
from s3upload_widget.uploader.resume import create_upload, find_upload

if TYPE_CHECKING:
    from collections.abc import Iterable

    from s3upload_widget.results import UploadedFile, VerifiedBy
    from s3upload_widget.s3 import Store
    from s3upload_widget.transfer import FilePlan, ListedObjects, PartLayout
    from s3upload_widget.uploader.part_queue import PartJob
    from s3upload_widget.uploader.part_reader import Part
    from s3upload_widget.uploader.progress import UploadStats
    from s3upload_widget.uploader.resume import ActiveUpload
    from s3upload_widget.uploader.sources import Source

logger = logging.getLogger("s3upload_widget")

ATTEMPTS: Final = 3
"""Uploads of one file, where another program completes or aborts them at the same time."""
ROUNDS: Final = 3
"""Times that S3 may miss parts which it took."""
LISTED_SIZE: Final = 1024**2
"""Bytes of a file whose MD5 costs less than the HEAD that it saves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOptions:
    """How files are sent."""

    executor: Executor
    lanes: Lanes
    """How many parts are in memory and on the wire."""
    sha256: bool = True
    """Whether the SHA-256 of whole files is wanted, beside that of parts."""
    restart: bool = False
    """Whether to leave unfinished uploads as they are, and start over."""
    keys_with_uploads: frozenset[str] = frozenset()
    """Keys with an unfinished upload; needed for files of one part only."""
    free_keys: FreeKeys
    """Lists of keys without an object; looked at for files of one part only, whose PUT S3 refuses
    where a key is no longer free."""
    many: bool = False
    """Whether it is one of many files, of which lists prove those of one part by their MD5s."""
    limits: Limits = S3_LIMITS
    properties: tuple[str, ...] = ()
    """What ``extra_args`` say of the object: only a new upload gets it."""


class FileUpload:
    """One file on its way to S3.

    Args:
        store: The bucket.
        source: The file.
        plan: Its key, and its parts if nothing is there.
        options: How it is sent.
        stats: Counts what is done.
    """

    def __init__(
        self,
        store: Store,
        source: Source,
        plan: FilePlan,
        options: SendOptions,
        stats: UploadStats,
    ) -> None:
        self._store = store
        self._source = source
        self._plan = plan
        self._options = options
        self._stats = stats
        self._skipped_ids: set[str] = set()
        """Ids of uploads that this file cannot resume."""
        self.refused = False
        """Whether S3 opened no upload for it, so that nothing of it can be there."""

    def upload(self) -> UploadedFile:
        """Upload the file, and prove it on S3; does nothing where an equal object is there.

        Raises:
            UploadError: It is not there; what arrived of it is kept.
        """
        sent = self.send()
        return sent.prove(NOT_LISTED) if isinstance(sent, SentFile) else sent

    def send(self) -> UploadedFile | SentFile:
        """The same, but a file of one part is left to be proven beside others.

        Raises:
            UploadError: It is not there; what arrived of it is kept.
        """
        limits, parts = self._options.limits, self._plan.parts
        obeyed = self._store.part_limits.obeyed(parts, limits)
        self._plan = replace(self._plan, parts=obeyed)
        overwriting = not self._plan.must_not_exist
        for attempt in range(1, ATTEMPTS + 1):
            look = attempt > 1 or not (overwriting or (obeyed.single and self._is_seen_free()))
            if look and (existing := self._existing(overwriting)):
                return existing
            try:
                return self._upload_once()
            except NoSuchUploadError:
                if attempt == ATTEMPTS:
                    raise
                logger.info("the upload of %s ended elsewhere: looking again", self._place)
                self._stats.restart()
        raise AssertionError

    def _is_seen_free(self) -> bool:
        return self._options.free_keys.shows(self._plan.key)

    def _upload_once(self) -> UploadedFile | SentFile:
        """Find or create → prove what is there → send what is missing → complete → verify."""
        found = self._find()
        if found:
            self._warn("resumes an upload that may have been begun", "restart=True starts over")
        if found is None and self._plan.parts.single:
            return self._put_object()
        upload = found or self._create()
        try:
            sha256 = self._prove_and_send(upload)
            return self._complete_and_verify(upload, sha256)
        except S3Error as error:
            # Another program created the upload with another kind of checksum, on a server that
            # does not report which: it takes no part of ours.
            if upload.upload.sha256 or refusal_code(error) != "InvalidRequest":
                raise
            self._skipped_ids.add(upload.upload.upload_id)
            msg = f"an unfinished upload of {self._place} takes no parts with SHA-256"
            raise NoSuchUploadError(msg) from error

    def _create(self) -> ActiveUpload:
        self.refused = True
        upload = create_upload(self._store, self._source, self._plan)
        self.refused = False
        return upload

    def _existing(self, overwriting: bool) -> UploadedFile | None:
        """The file, if the key has an equal object already.

        Raises:
            ObjectExistsError: It has another one, and that may not be overwritten.
            AccessDeniedError: Nobody may look, and nothing guards what may be there.
        """
        head = self._store.head_object(self._plan.key)
        if isinstance(head, NotAllowed) and not overwriting:
            self._store.guard.check_condition(self._plan.key)
        if not isinstance(head, ObjectFound):
            return None
        proof = self._proof_of(head)
        self._source.check()
        if proof and self._source.moved():
            proof = self._proof_of(head)
        if proof:
            verified_by, sha256 = proof
            self._warn(
                "has an equal object, which stays as it is", "if_exists='overwrite' sends it"
            )
            self._stats.count_part(0, head.size, sent=False)
            wanted = sha256 if self._options.sha256 else ""
            plan = replace(self._plan, content_type="")  # the object's own, if S3 shows one
            return uploaded_file(self._store, plan, head, verified_by, wanted)
        if overwriting:
            return None
        how = f" with other bytes than {shown(self._source.name)}, or S3 does not say which"
        msg = describe_object(head, self._place, how)
        msg = f"{msg}; give if_exists='overwrite' or 'rename', or another key"
        if head.size == self._source.size > self._plan.read_back:
            msg = f"{msg}, or read_back={head.size} to have it read back and compared"
        raise ObjectExistsError(msg)

    def _proof_of(self, found: ObjectFound) -> tuple[VerifiedBy, str] | None:
        """What proves that the object is the file, and the file's SHA-256; None if nothing does."""
        if found.size != self._source.size:
            return None
        plan = self._plan
        layouts: Iterable[PartLayout] = ()
        if has_checksum(found):
            layouts = part_layouts(self._store, plan.key, found, plan.parts.part_size)
        for layout in layouts:
            known = {part.part_number: part.sha256 for part in layout.listed}
            read = hash_file(self._source, layout.parts, md5=layout.md5, known=known)
            if read and (verified_by := matching_checksum(found, read[0], self._place)):
                return verified_by, read[1]
            if layout.certain or not read:
                return None
        return self._proof_by_reading(found)

    def _proof_by_reading(self, found: ObjectFound) -> tuple[VerifiedBy, str] | None:
        """The same where S3 tells nothing, or too little: all its bytes, unless they are too many."""
        if found.size > self._plan.read_back:
            return None
        advanced = 0

        def advance(size: int) -> None:
            nonlocal advanced
            advanced += size
            self._stats.advance(size)

        read = hash_file(self._source, self._plan.parts, md5=False, known={})
        equal = read and equals_when_read(self._store, self._plan.key, read[0], advance)
        self._stats.advance(-advanced)  # counted as a whole, or sent after all
        return ("read", read[1]) if read and equal else None

    def _find(self) -> ActiveUpload | None:
        """The unfinished upload that the file resumes, if there is one."""
        options, plan = self._options, self._plan
        small = self._source.size <= options.limits.min_part_size
        if options.restart or (small and plan.key not in options.keys_with_uploads):
            return None
        return find_upload(
            self._store, self._source, plan, limits=options.limits, skipped_ids=self._skipped_ids
        )

    def _prove_and_send(self, upload: ActiveUpload) -> str:
        """Prove the parts that are there and send the others; the whole file's SHA-256, or ``""``."""
        everything = range(1, upload.reader.parts.count + 1)
        digest = self._digest() if self._options.sha256 else None
        in_order = bool(digest and digest.of_parts)
        to_prove = [n for n in everything if upload.listed and (in_order or n in upload.listed)]
        to_send = [n for n in everything if n not in upload.listed]
        try:
            self._run(upload, PartQueue(to_prove, to_send), digest)
            return digest.hexadecimal() if digest else ""
        finally:
            if digest:
                digest.stop()

    def _digest(self) -> FileDigest | RemoteDigest:
        """What makes the whole file's SHA-256 beside the sending."""
        source = self._source
        return source.digest() if isinstance(source, RemoteSource) else FileDigest()

    def _run(
        self, upload: ActiveUpload, queue: PartQueue, digest: FileDigest | RemoteDigest | None
    ) -> None:
        do = partial(self._do, upload, queue, digest)
        size = upload.reader.parts.part_size
        run_jobs(queue, do, self._options.executor, self._options.lanes, size)

    def _do(
        self,
        upload: ActiveUpload,
        queue: PartQueue,
        digest: FileDigest | RemoteDigest | None,
        job: PartJob,
    ) -> int:
        """Read a part, then prove or send it; its bytes."""
        number = job.part_number
        hashed = digest if job.kind == "prove" or not upload.listed else None
        try:
            if hashed:
                hashed.make_room(number)
            part = upload.reader.read(number)
            if hashed:
                hashed.add(number, part.body)
            if job.kind == "send":
                self._send(upload, number, part, queue.stopped)
                self._stats.count_part(number, len(part.body), sent=True)
                return len(part.body)
            listed = upload.listed.get(number, [])
            equal = any(part.equals(each) for each in listed)
            if equal:
                self._stats.count_part(number, len(part.body), sent=False)
            elif listed:
                self._stats.count_resent()
            queue.report_proved(number, equal=equal or not listed)
            return len(part.body)
        except BaseException:
            if digest:
                digest.stop()  # other threads would wait for this part's turn for ever
            raise

    def _send(
        self, upload: ActiveUpload, number: int, part: Part, stopped: threading.Event
    ) -> None:
        key, upload_id = self._plan.key, upload.upload.upload_id
        send = partial(self._store.upload_part, key, upload_id, number, part.body)
        try:
            retrying(partial(send, sha256=part.sha256, md5=part.md5), stopped)
        except S3Error as error:
            again = number in upload.listed or self._stats.resent > 0
            parts = upload.reader.parts
            told = refused_part_error(self._store, key, parts, number, error, again=again)
            if told is error:
                raise
            raise told from error.__cause__

    def _complete_and_verify(self, upload: ActiveUpload, whole: str) -> UploadedFile:
        """Complete the upload, sending again what S3 does not show, and verify the object."""
        plan, sent = replace(self._plan, parts=upload.reader.parts), Sent()
        if upload.listed:  # whoever began it chose its type: only S3 can say which
            plan = replace(plan, content_type="")
        for _ in range(ROUNDS):
            upload.reader.check()
            try:
                return complete(
                    self._store,
                    plan,
                    upload.upload,
                    upload.reader.hashes(),
                    sent,
                    whole=whole,
                    sha256=self._options.sha256,
                )
            except PartsMissingError as missing:
                self._send_again(upload, missing.part_numbers)
        self._skipped_ids.add(upload.upload.upload_id)
        msg = f"parts of {self._place} are replaced while they are sent: another program sends too"
        raise NoSuchUploadError(msg)

    def _send_again(self, upload: ActiveUpload, part_numbers: Iterable[int]) -> None:
        numbers = list(part_numbers)
        self._stats.count_resent(len(numbers))
        self._run(upload, PartQueue((), numbers), None)

    def _put_object(self) -> SentFile:
        """Send a file of one part that resumes nothing: one PUT."""
        plan, sent = self._plan, Sent()
        of_aws = self._store.on_aws
        by_list = self._options.many and plan.parts.size <= LISTED_SIZE
        reader = PartReader(self._source, plan.parts, md5=not of_aws or by_list)
        put = self._put_once(reader, sent)
        md5 = "".join(reader.hashes().md5)
        return SentFile(plan.key, md5, partial(self._prove_put, reader, sent, put))

    def _prove_put(
        self, reader: PartReader, sent: Sent, put: SinglePut, listed: ListedObjects
    ) -> UploadedFile:
        """Prove what a PUT left, and send the file again where S3 does not show it."""
        for left in reversed(range(ROUNDS)):
            hashes = reader.hashes()
            try:
                uploaded = complete(
                    self._store,
                    self._plan,
                    put,
                    hashes,
                    sent,
                    whole=hexadecimal(hashes.sha256[0]),
                    sha256=self._options.sha256,
                    listed=listed,
                )
            except PartsMissingError:
                put = self._put_once(reader, sent) if left else put
                continue
            self._stats.count_part(1, self._plan.parts.size, sent=True)
            return uploaded
        msg = f"S3 took {self._place} {ROUNDS} times and does not show it"
        raise IntegrityError(msg)

    def _put_once(self, reader: PartReader, sent: Sent) -> SinglePut:
        plan, part = self._plan, reader.read(1)
        reader.check()

        def put() -> ObjectMade:
            return self._store.put_object(
                plan.key,
                part.body,
                sha256=part.sha256,
                md5=part.md5,
                content_type=plan.content_type,
                must_not_exist=plan.must_not_exist,
                seen_free=not self._store.on_aws and self._is_seen_free(),
            )

        sent.signed[1] = part.sha256
        try:
            return SinglePut(refused=False, made=retrying(put, threading.Event()))
        except ObjectExistsError:
            # Perhaps by this very request, whose answer was lost: then complete() sees it.
            return SinglePut(refused=True)

    def _warn(self, what: str, remedy: str) -> None:
        """Warn that ``extra_args`` may not come into effect."""
        if names := ", ".join(self._options.properties):
            text = "%s %s: extra_args (%s) are not applied to it; %s with them"
            logger.warning(text, self._place, what, names, remedy)

    @property
    def _place(self) -> str:
        return self._store.destination(self._plan.key)
