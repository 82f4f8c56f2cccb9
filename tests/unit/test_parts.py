from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3upload_widget.errors import FileTooLargeError, RefusedError
from s3upload_widget.parts import (
    S3_LIMITS,
    TB,
    GiB,
    Limits,
    MiB,
    PartPlan,
    check_part_size,
    plan_parts,
)


@pytest.mark.parametrize(
    ("size", "count", "last"),
    [
        pytest.param(0, 1, 0, id="an empty file is one empty part"),
        pytest.param(1, 1, 1, id="one byte"),
        pytest.param(16 * MiB - 1, 1, 16 * MiB - 1, id="a byte less than a part"),
        pytest.param(16 * MiB, 1, 16 * MiB, id="exactly a part"),
        pytest.param(16 * MiB + 1, 2, 1, id="a byte more than a part"),
        pytest.param(10_000 * 16 * MiB, 10_000, 16 * MiB, id="as many parts as S3 takes"),
    ],
)
def test_a_file_is_cut_into_parts_of_16_mib(size: int, count: int, last: int) -> None:
    plan = plan_parts(size)

    assert plan == PartPlan(size, 16 * MiB)
    assert (plan.count, plan.length(plan.count)) == (count, last)
    assert plan.single == (count == 1)


@pytest.mark.parametrize(
    ("mib", "at_least", "part_mib", "count"),
    [
        pytest.param(16, 6, 16, 1, id="a file of one part stays one"),
        pytest.param(17, 6, 5, 4, id="no part is smaller than S3 takes"),
        pytest.param(60, 6, 10, 6, id="each lane has one"),
        pytest.param(61, 6, 11, 6, id="of whole MiB"),
        pytest.param(96, 6, 16, 6, id="as large as ever where that is enough"),
        pytest.param(512, 72, 8, 64, id="the least size that makes so many"),
    ],
)
def test_a_file_of_few_parts_is_cut_smaller(
    mib: int, at_least: int, part_mib: int, count: int
) -> None:
    plan = plan_parts(mib * MiB, at_least=at_least)

    assert (plan.part_size, plan.count) == (part_mib * MiB, count)
    # Whoever finds an object of so many parts knows their size.
    assert plan.part_size == max(5 * MiB, -(-plan.size // (count * MiB)) * MiB)
    assert plan_parts(mib * MiB, 16 * MiB, at_least=at_least).part_size == 16 * MiB


def test_one_byte_more_than_10_000_parts_makes_parts_grow_to_the_next_mib() -> None:
    plan = plan_parts(10_000 * 16 * MiB + 1)

    assert plan.part_size == 17 * MiB


def test_the_largest_object_fits_into_10_000_parts() -> None:
    plan = plan_parts(50 * TB)

    assert plan.count <= 10_000
    assert plan.part_size <= 5 * GiB


def test_a_byte_more_than_the_largest_object_is_refused() -> None:
    with pytest.raises(FileTooLargeError, match="50000000000000"):
        plan_parts(50 * TB + 1)


def test_a_wanted_part_size_grows_rather_than_break_the_limit() -> None:
    assert plan_parts(10_000 * 5 * MiB + 1, 5 * MiB).part_size == 6 * MiB


@pytest.mark.parametrize("part_size", [5 * MiB - 1, 5 * GiB + 1, 0, -1])
def test_a_part_size_that_s3_does_not_take_is_refused(part_size: int) -> None:
    with pytest.raises(RefusedError, match="5 MiB"):
        check_part_size(part_size)


@pytest.mark.parametrize("part_size", [5 * MiB, 5 * GiB])
def test_the_smallest_and_the_largest_part_size_are_taken(part_size: int) -> None:
    assert check_part_size(part_size) == part_size


@pytest.mark.parametrize("part_number", [0, -1, 3])
def test_a_part_that_the_file_does_not_have_has_no_length(part_number: int) -> None:
    with pytest.raises(RefusedError, match="2 parts"):
        PartPlan(20, 10).length(part_number)


def test_parts_that_cannot_hold_the_file_are_refused() -> None:
    limits = Limits(min_part_size=1, max_part_size=2, max_parts=3, default_part_size=1)

    assert plan_parts(6, limits=limits).count == 3
    with pytest.raises(FileTooLargeError, match="3 parts"):
        plan_parts(7, limits=limits)


@settings(deadline=None)
@given(
    size=st.integers(0, S3_LIMITS.max_object_size),
    part_size=st.none() | st.integers(5 * MiB, 5 * GiB),
)
def test_parts_tile_any_file_within_the_limits(size: int, part_size: int | None) -> None:
    plan = plan_parts(size, part_size)

    assert S3_LIMITS.min_part_size <= plan.part_size <= S3_LIMITS.max_part_size
    assert 1 <= plan.count <= S3_LIMITS.max_parts
    assert (plan.count - 1) * plan.part_size + plan.length(plan.count) == size
    assert size == 0 or plan.length(plan.count) > 0
