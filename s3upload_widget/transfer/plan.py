"""What was decided for one file, and what was done for it so far. Plain records; makes no call."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from s3upload_widget.s3 import NotAllowed, ObjectMade

if TYPE_CHECKING:
    from datetime import datetime

    from s3upload_widget.parts import PartPlan
    from s3upload_widget.results import PickedFile
    from s3upload_widget.s3 import ObjectHead

IfExists: TypeAlias = Literal["verify", "overwrite", "rename"]
"""What to do where a key has an object already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePlan:
    """What was decided before a file is uploaded."""

    picked: PickedFile
    key: str
    parts: PartPlan
    content_type: str
    must_not_exist: bool
    """Whether S3 is to refuse where the key has got an object meanwhile."""
    compare: bool = False
    """Whether the key has an object already that may be this very file."""
    read_back: int = 0
    """Bytes of the largest object that is read back where S3 tells nothing to compare by."""
    started: datetime
    """UTC."""
    continues: str = field(default="", repr=False)
    """Id of the upload that has to be resumed; ``""`` if any may."""


@dataclass(frozen=True, slots=True)
class SinglePut:
    """A file of one part, which one PutObject sent."""

    refused: bool
    """Whether S3 refused the PUT because the key has an object."""
    made: ObjectMade = field(default_factory=ObjectMade)
    """What S3 answered to it, as far as that is known: gateways show an ETag there alone."""
    answered: bool = True
    """Whether the whole answer is known: else an ETag counts only beside what HEAD shows."""


@dataclass(slots=True)
class Sent:
    """What S3 was asked to take of one file."""

    signed: dict[int, str] = field(default_factory=dict)
    """Part number → base64 SHA-256 that the newest request for the part was signed with."""
    without: frozenset[str] = frozenset()
    """Names of headers that requests for the file go without, as S3 refused some with them."""
    tried: set[frozenset[str]] = field(default_factory=set)
    """What requests went without that were refused all the same."""
    repeated: Counter[int] = field(default_factory=Counter)
    """Part number → how often it was signed again."""
    completing: str = field(default="", repr=False)
    """Id of the upload that S3 was asked to complete: if that is gone, it may be complete."""
    before: ObjectHead = field(default_factory=NotAllowed)
    """What the key had when that was asked first; not allowed where nobody knows."""
