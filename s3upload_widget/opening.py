"""Find the multipart upload that a file may continue, or create one. No policy, no comm."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from s3upload_widget.objects import OpenedUpload
from s3upload_widget.parts import PartPlan
from s3upload_widget.picked import Open
from s3upload_widget.resuming import candidates

if TYPE_CHECKING:
    from collections.abc import Collection

    from s3upload_widget.objects import ListedPart
    from s3upload_widget.parts import Limits
    from s3upload_widget.picked import FilePlan, Planned
    from s3upload_widget.s3 import Store


MAX_BEGUN: Final = 10_000
"""Keys whose uploads are remembered; S3 is asked first anyway."""


class Opening:
    """Opens uploads on one store, and remembers which it began. Thread-safe."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self._lock = threading.Lock()
        self._begun: dict[str, list[OpenedUpload]] = {}
        self.sha256_echoed = False
        """Whether the store said at a Create that it knows SHA-256."""

    def open(
        self, record: Planned | Open, refused: Collection[str]
    ) -> tuple[Open, tuple[ListedPart, ...]]:
        """The upload of a file, and the parts that are there already.

        Args:
            record: The file as it stands; an open one stays with its upload.
            refused: Ids of uploads whose parts the page saw to be another file's.

        Raises:
            NoSuchUploadError: The upload that was open is gone.
            S3Error: S3 cannot be asked.
        """
        plan = record.plan
        if isinstance(record, Open) and record.upload.upload_id not in refused:
            return record, self._store.list_parts(plan.key, record.upload.upload_id)
        return self._found(plan, refused) or (self._created(plan), ())

    def _found(
        self, plan: FilePlan, refused: Collection[str]
    ) -> tuple[Open, tuple[ListedPart, ...]] | None:
        begun = {upload.upload_id: upload for upload in self._begun.get(plan.key, ())}
        found = candidates(
            self._store, plan.key, plan.parts, remembered=tuple(begun), limits=self._limits
        )
        for candidate in found.candidates:
            # Another's without parts saves nothing, and may be of somebody who begins just now.
            if candidate.upload_id not in refused and (
                candidate.parts or candidate.upload_id in begun
            ):
                parts = PartPlan(plan.parts.size, candidate.part_size)
                upload = begun.get(candidate.upload_id) or OpenedUpload(
                    upload_id=candidate.upload_id, sha256=candidate.sha256
                )
                return Open(replace(plan, parts=parts), upload), candidate.parts
        return None

    def _created(self, plan: FilePlan) -> Open:
        upload = self._store.create_multipart_upload(plan.key, content_type=plan.content_type)
        with self._lock:
            self.sha256_echoed = self.sha256_echoed or upload.sha256
            self._begun.setdefault(plan.key, []).append(upload)
            while len(self._begun) > MAX_BEGUN:
                del self._begun[next(iter(self._begun))]
        return Open(plan, upload)
