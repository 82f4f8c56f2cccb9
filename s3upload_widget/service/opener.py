"""Find the multipart upload that a file may continue, or create one. No policy, no comm."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from s3upload_widget.parts import PartPlan
from s3upload_widget.s3 import OpenedUpload
from s3upload_widget.service.file_records import Open
from s3upload_widget.transfer import candidates, other_file

if TYPE_CHECKING:
    from collections.abc import Collection

    from s3upload_widget.parts import Limits
    from s3upload_widget.s3 import ListedPart, Store
    from s3upload_widget.service.file_records import Planned
    from s3upload_widget.transfer import FilePlan, ResumableUpload


MAX_BEGUN: Final = 10_000
"""Keys whose uploads are remembered; S3 is asked first anyway."""
MAX_OF_ONE_KEY: Final = 100


@dataclass(frozen=True, slots=True)
class OwnedUpload:
    """An upload that was begun here or took a part from here, and what S3 does not tell of it."""

    key: str
    upload: OpenedUpload
    size: int
    """Bytes of the file."""


class Opener:
    """Opens uploads on one store, and remembers which it began. Thread-safe."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self._lock = threading.Lock()
        self._begun: dict[str, dict[str, OwnedUpload]] = {}

    def open(
        self, record: Planned | Open, refused: Collection[str]
    ) -> tuple[Open, tuple[ListedPart, ...]]:
        """The upload of a file, and the parts that are there already.

        Args:
            record: The file as it stands; an open one stays with its upload.
            refused: Ids of uploads whose parts the page saw to be another file's.

        Raises:
            NoSuchUploadError: The upload that was open, or is to be gone on with, is gone.
            NotTheSameFileError: The upload that is to be gone on with is of another file.
            S3Error: S3 cannot be asked.
        """
        plan = record.plan
        if isinstance(record, Open) and record.upload.upload_id not in refused:
            return record, self._store.list_parts(plan.key, record.upload.upload_id)
        if plan.continues:
            return self._continued(plan)
        return self._found(plan, refused) or (self._created(plan), ())

    def adopt(self, record: Open) -> None:
        """The upload is the file's own: a part of it is sent, so those there were compared."""
        self._remember(record.plan, record.upload)

    def owns(self, record: Open) -> bool:
        """Whether the upload was begun or adopted here, or named by who picked the file."""
        begun = self._begun.get(record.plan.key, {})
        return record.upload.upload_id in {record.plan.continues, *begun}

    def begun(self) -> dict[str, OwnedUpload]:
        """What was begun or adopted here, by upload id; it may be finished by now."""
        with self._lock:
            return {name: each for some in self._begun.values() for name, each in some.items()}

    def _continued(self, plan: FilePlan) -> tuple[Open, tuple[ListedPart, ...]]:
        listed = self._store.list_parts(plan.key, plan.continues)
        remembered = (plan.continues,)
        found = candidates(
            self._store, plan.key, plan.parts, remembered=remembered, limits=self._limits
        )
        for candidate in found.candidates:
            if candidate.upload_id == plan.continues:
                return self._opened(plan, candidate), candidate.parts
        raise other_file(plan.picked, listed, f"s3://{self._store.bucket}/{plan.key}")

    def _found(
        self, plan: FilePlan, refused: Collection[str]
    ) -> tuple[Open, tuple[ListedPart, ...]] | None:
        begun = self._begun.get(plan.key, {})
        found = candidates(
            self._store, plan.key, plan.parts, remembered=tuple(begun), limits=self._limits
        )
        for candidate in found.candidates:
            # Another's without parts saves nothing, and may be of somebody who begins just now.
            if candidate.upload_id not in refused and (
                candidate.parts or candidate.upload_id in begun
            ):
                return self._opened(plan, candidate), candidate.parts
        return None

    def _opened(self, plan: FilePlan, candidate: ResumableUpload) -> Open:
        known = self._begun.get(plan.key, {}).get(candidate.upload_id)
        upload = OpenedUpload(upload_id=candidate.upload_id, sha256=candidate.sha256)
        opened = known.upload if known else upload
        return Open(replace(plan, parts=PartPlan(plan.parts.size, candidate.part_size)), opened)

    def _created(self, plan: FilePlan) -> Open:
        upload = self._store.create_multipart_upload(plan.key, content_type=plan.content_type)
        self._remember(plan, upload)
        return Open(plan, upload)

    def _remember(self, plan: FilePlan, upload: OpenedUpload) -> None:
        with self._lock:
            begun = self._begun.setdefault(plan.key, {})
            begun[upload.upload_id] = OwnedUpload(plan.key, upload, plan.parts.size)
            if len(begun) > MAX_OF_ONE_KEY:
                del begun[next(iter(begun))]
            while len(self._begun) > MAX_BEGUN:
                del self._begun[next(iter(self._begun))]
