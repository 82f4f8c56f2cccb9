"""Looks whether parts that may be asked for in vain are on S3 already. Signs nothing.

A page that lost the answer to a part cannot see whether S3 took it: the network broke, a gateway
ran out of patience while the store went on, or the bucket's CORS rule hides every answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3upload_widget.errors import NoSuchUploadError, S3Error
from s3upload_widget.s3 import ObjectFound
from s3upload_widget.service.file_records import Open, Planned
from s3upload_widget.transfer import Hashes, is_proven_part, matching_checksum

if TYPE_CHECKING:
    from s3upload_widget.protocol import PartChecksums
    from s3upload_widget.s3 import ListedPart, Store
    from s3upload_widget.service.file_records import FileRecord
    from s3upload_widget.transfer import FilePlan


class Look:
    """One look at a store, for the parts of one request: each upload is listed once at most."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._listed: dict[str, tuple[ListedPart, ...]] = {}

    def finds(self, record: FileRecord, part: PartChecksums) -> bool:
        """Whether S3 holds the part, proven by its checksum. Where nobody may look, it does not.

        Raises:
            NoSuchUploadError: The upload is gone, and all its parts.
        """
        if not part.perhaps_stored:
            return False
        try:
            if isinstance(record, Open):
                return self._lists(record, part)
            return isinstance(record, Planned) and self._has_object(record.plan, part)
        except NoSuchUploadError:
            raise
        except S3Error:
            return False  # the page may reach S3 all the same

    def _lists(self, record: Open, part: PartChecksums) -> bool:
        upload_id, plan = record.upload.upload_id, record.plan
        if upload_id not in self._listed:
            self._listed[upload_id] = self._store.list_parts(plan.key, upload_id)
        size = plan.parts.length(part.part_number)
        same = [each for each in self._listed[upload_id] if each.part_number == part.part_number]
        return bool(same) and all(
            is_proven_part(each, size=size, sha256=part.sha256, md5=part.md5) for each in same
        )

    def _has_object(self, plan: FilePlan, part: PartChecksums) -> bool:
        """Whether the file's one PUT left its object; an equal one from before is not that."""
        if not plan.parts.single or part.part_number != 1:
            return False
        found = self._store.head_object(plan.key)
        if not isinstance(found, ObjectFound):
            return False
        is_new = plan.must_not_exist or found.last_modified >= plan.started.replace(microsecond=0)
        md5 = [part.md5] if part.md5 else []
        hashes = Hashes(parts=plan.parts, sha256=[part.sha256], md5=md5)
        return is_new and bool(matching_checksum(found, hashes, self._store.destination(plan.key)))
