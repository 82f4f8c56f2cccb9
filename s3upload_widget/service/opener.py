"""Find the multipart upload that a file may resume, or create one. No policy, no comm."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from s3upload_widget.checksums import bare_etag, base64_of, part_count, reads_as_md5
from s3upload_widget.parts import PartPlan
from s3upload_widget.protocol import FoundPart
from s3upload_widget.s3 import MultipartUpload
from s3upload_widget.service.early_list import EarlyList
from s3upload_widget.service.file_records import Open
from s3upload_widget.transfer import (
    create_listable_upload,
    find_resumable_uploads,
    other_file_error,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from s3upload_widget.parts import Limits
    from s3upload_widget.s3 import ListedPart, Store
    from s3upload_widget.service.file_records import Planned
    from s3upload_widget.transfer import FilePlan, ResumableUpload


MAX_KEYS: Final = 10_000
"""Keys whose uploads are remembered; S3 is asked first anyway."""
MAX_OF_ONE_KEY: Final = 100


@dataclass(frozen=True, slots=True)
class OwnedUpload:
    """An upload that was created here or got a part from here, with facts that S3 does not report."""

    key: str
    upload: MultipartUpload
    size: int
    """Bytes of the file."""
    created: bool
    """Whether it was created here: then it has what ``extra_args`` say."""


class Opener:
    """Opens uploads on one store, and remembers its own. Thread-safe."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self._lock = threading.Lock()
        self._owned: dict[str, dict[str, OwnedUpload]] = {}
        self._early_list = EarlyList(store)

    def expect(self, key: str) -> None:
        """An upload of the key will be opened in a moment: list what is there beside other work."""
        self._early_list.request(key)

    def close(self) -> None:
        """Expect none any more."""
        self._early_list.close()

    def open(
        self, record: Planned | Open, refused: Collection[str]
    ) -> tuple[Open, tuple[ListedPart, ...]]:
        """The upload of a file, and the parts that are there already.

        Args:
            record: The file's state; an open one stays with its upload.
            refused: Ids of uploads whose parts the page saw to be another file's.

        Raises:
            NoSuchUploadError: The upload that was open, or is to be resumed, is gone.
            NotTheSameFileError: The upload that is to be resumed is of another file.
            S3Error: S3 cannot be asked.
        """
        plan = record.plan
        if isinstance(record, Open) and record.upload.upload_id not in refused:
            return record, self._store.list_parts(plan.key, record.upload.upload_id)
        if plan.continues:
            return self._resume(plan)
        return self._find(plan, refused) or (self._create(plan), ())

    def adopt(self, record: Open) -> None:
        """Own an upload that was found: a part is sent, so the parts there were compared."""
        if not self.created(record):
            self._remember(record.plan, record.upload, created=False)

    def owns(self, record: Open) -> bool:
        """Whether the upload was created or adopted here, or named when the file was picked."""
        owned = self._owned.get(record.plan.key, {})
        return record.upload.upload_id in {record.plan.continues, *owned}

    def created(self, record: Open) -> bool:
        """Whether the upload was created here, by the rules of today."""
        known = self._owned.get(record.plan.key, {}).get(record.upload.upload_id)
        return known is not None and known.created

    def owned(self) -> dict[str, OwnedUpload]:
        """Uploads that were created or adopted here, by upload id; some may be finished by now."""
        with self._lock:
            return {name: each for some in self._owned.values() for name, each in some.items()}

    def _resume(self, plan: FilePlan) -> tuple[Open, tuple[ListedPart, ...]]:
        listed = self._store.list_parts(plan.key, plan.continues)
        remembered = (plan.continues,)
        found = find_resumable_uploads(
            self._store, plan.key, plan.parts, remembered=remembered, limits=self._limits
        )
        for candidate in found.uploads:
            if candidate.upload_id == plan.continues:
                return self._as_open(plan, candidate), candidate.parts
        raise other_file_error(plan.picked, listed, f"s3://{self._store.bucket}/{plan.key}")

    def _find(
        self, plan: FilePlan, refused: Collection[str]
    ) -> tuple[Open, tuple[ListedPart, ...]] | None:
        owned = self._owned.get(plan.key, {})
        found = find_resumable_uploads(
            self._store,
            plan.key,
            plan.parts,
            remembered=tuple(owned),
            limits=self._limits,
            listed=self._early_list.take(plan.key),
        )
        for candidate in found.uploads:
            # Another's without parts saves nothing, and may belong to somebody who starts just now.
            if candidate.upload_id not in refused and (
                candidate.parts or candidate.upload_id in owned
            ):
                return self._as_open(plan, candidate), candidate.parts
        return None

    def _as_open(self, plan: FilePlan, candidate: ResumableUpload) -> Open:
        known = self._owned.get(plan.key, {}).get(candidate.upload_id)
        upload = MultipartUpload(upload_id=candidate.upload_id, sha256=candidate.sha256)
        opened = known.upload if known else upload
        if not (known and known.created):
            plan = replace(plan, content_type="")  # the upload's own, if S3 shows one
        return Open(replace(plan, parts=PartPlan(plan.parts.size, candidate.part_size)), opened)

    def _create(self, plan: FilePlan) -> Open:
        upload = create_listable_upload(self._store, plan)
        self._remember(plan, upload, created=True)
        return Open(plan, upload)

    def _remember(self, plan: FilePlan, upload: MultipartUpload, *, created: bool) -> None:
        with self._lock:
            owned = self._owned.setdefault(plan.key, {})
            owned[upload.upload_id] = OwnedUpload(plan.key, upload, plan.parts.size, created)
            if len(owned) > MAX_OF_ONE_KEY:
                del owned[next(iter(owned))]
            while len(self._owned) > MAX_KEYS:
                del self._owned[next(iter(self._owned))]


def found_parts(listed: Iterable[ListedPart]) -> list[FoundPart]:
    """Parts on S3 with every checksum that the page can compare them by."""
    return [_found_part(part) for part in listed]


def _found_part(part: ListedPart) -> FoundPart:
    etag = bare_etag(part.etag)
    is_md5 = reads_as_md5(etag) and not part_count(etag)
    return FoundPart(
        part_number=part.part_number,
        size=part.size,
        sha256=part.sha256,
        md5=base64_of(etag) if is_md5 else "",
    )
