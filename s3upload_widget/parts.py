"""S3's limits, and the parts of a file of a given size. Pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from s3upload_widget.errors import FileTooLargeError, RefusedError

MiB: Final = 1024**2
GiB: Final = 1024**3
TB: Final = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a store allows. Tests pass smaller ones.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
    """

    min_part_size: int = 5 * MiB
    """Bytes; the last part may be smaller."""
    max_part_size: int = 5 * GiB
    """Bytes; also the limit of a single PutObject."""
    max_parts: int = 10_000
    max_object_size: int = 50 * TB
    """Bytes."""
    default_part_size: int = 16 * MiB
    """Bytes; S3 does not say, this is ours."""
    least_part_size: int = 5 * MiB
    """Bytes; as far as we go below the default one by ourselves."""


S3_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class PartPlan:
    """A file of ``size`` bytes in parts of ``part_size`` bytes, the last one shorter."""

    size: int
    part_size: int

    @property
    def count(self) -> int:
        """How many parts; an empty file is one empty part."""
        return max(1, -(-self.size // self.part_size))

    @property
    def single(self) -> bool:
        """Whether one PutObject does it."""
        return self.count == 1

    def length(self, part_number: int) -> int:
        """Bytes of part ``part_number`` (from 1)."""
        if not 1 <= part_number <= self.count:
            msg = f"part {part_number} is not one of the {self.count} parts of this file"
            raise RefusedError(msg)
        return min(self.part_size, self.size - (part_number - 1) * self.part_size)


def is_whole(number: object) -> bool:
    """Whether it is an int; notebooks pass floats and texts as well."""
    return isinstance(number, int) and not isinstance(number, bool)


def check_part_size(part_size: int, limits: Limits = S3_LIMITS) -> int:
    """Return ``part_size``, or raise where S3 would refuse it.

    Args:
        part_size: Bytes.
        limits: The store's limits.

    Raises:
        RefusedError: It is no int, below 5 MiB or above 5 GiB.
    """
    if not is_whole(part_size):
        msg = f"part_size={part_size!r} is not valid: use bytes as an int, or leave it out"
        raise RefusedError(msg)
    if not limits.min_part_size <= part_size <= limits.max_part_size:
        msg = (
            f"part_size={part_size} is outside of what S3 takes: give bytes from "
            f"{limits.min_part_size} (5 MiB) to {limits.max_part_size} (5 GiB), or leave it out"
        )
        raise RefusedError(msg)
    return part_size


def plan_parts(
    size: int, part_size: int | None = None, *, limits: Limits = S3_LIMITS, at_least: int = 1
) -> PartPlan:
    """Cut a file of ``size`` bytes into parts.

    The part size grows to the next MiB where the file would otherwise need more than
    10,000 parts. Where nobody chose it, it shrinks so that several lanes have something to send.

    Args:
        size: Bytes, 0 or more.
        part_size: Wanted bytes for each part, 5 MiB to 5 GiB; at most 16 MiB if left out.
        limits: The store's limits.
        at_least: Parts that a file of more than one should have, if S3 takes them so small.

    Raises:
        RefusedError: ``part_size`` is out of range.
        FileTooLargeError: ``size`` is above 50 TB.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
    """
    if size > limits.max_object_size:
        msg = f"the file has {size} bytes; S3 holds at most {limits.max_object_size} in one object"
        raise FileTooLargeError(msg)
    if part_size is None:
        wanted = min(limits.default_part_size, _size_of_parts(size, at_least, limits))
    else:
        wanted = check_part_size(part_size, limits)
    needed = -(-size // limits.max_parts)
    if needed > wanted:
        unit = min(MiB, limits.min_part_size)
        wanted = min(-(-needed // unit) * unit, limits.max_part_size)
    plan = PartPlan(size, wanted)
    if plan.count > limits.max_parts:
        msg = f"the file has {size} bytes; {limits.max_parts} parts of {wanted} do not hold it"
        raise FileTooLargeError(msg)
    return plan


def _size_of_parts(size: int, count: int, limits: Limits) -> int:
    """Bytes of a part, for so many of them; a file that one PUT takes stays one.

    The least whole MiB that makes as many parts as it does: who finds an object of so many parts
    and no list of them tries that one.
    """
    if size <= limits.default_part_size:
        return limits.default_part_size
    wanted = max(limits.least_part_size, -(-size // (count * MiB)) * MiB)
    made = PartPlan(size, wanted).count
    return max(limits.least_part_size, -(-size // (made * MiB)) * MiB)
