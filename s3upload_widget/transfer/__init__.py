"""What every upload does, whoever sends the bytes: find what is there, prove it, complete it.

Knows neither the page nor a script.
"""

from __future__ import annotations

from s3upload_widget.transfer.completion import PartsMissingError, complete, uploaded_file
from s3upload_widget.transfer.creation import create_listable_upload
from s3upload_widget.transfer.existing import (
    PartLayout,
    describe_object,
    has_checksum,
    matching_checksum,
    part_layouts,
)
from s3upload_widget.transfer.listed import ListedObjects, list_objects_like, lists_prove
from s3upload_widget.transfer.part_refusal import refused_part_error
from s3upload_widget.transfer.plan import FilePlan, IfExists, Sent, SinglePut
from s3upload_widget.transfer.proof import Hashes, is_proven_part, needs_md5
from s3upload_widget.transfer.reading import equals_when_read
from s3upload_widget.transfer.resumable import (
    INCONCLUSIVE_ERRORS,
    ResumableUpload,
    find_resumable_uploads,
    other_file_error,
)

__all__ = [
    "INCONCLUSIVE_ERRORS",
    "FilePlan",
    "Hashes",
    "IfExists",
    "ListedObjects",
    "PartLayout",
    "PartsMissingError",
    "ResumableUpload",
    "Sent",
    "SinglePut",
    "complete",
    "create_listable_upload",
    "describe_object",
    "equals_when_read",
    "find_resumable_uploads",
    "has_checksum",
    "is_proven_part",
    "list_objects_like",
    "lists_prove",
    "matching_checksum",
    "needs_md5",
    "other_file_error",
    "part_layouts",
    "refused_part_error",
    "uploaded_file",
]
