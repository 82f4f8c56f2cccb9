"""Whatever seeded faults do to the wire, a script loses no byte and says what is to be done.

``SOAK_PLANS`` and ``SOAK_SEED`` choose other seeds; `make soak` runs many.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from s3upload_widget import list_unfinished
from s3upload_widget.errors import UploadError
from s3upload_widget.s3 import clients
from support.clients.scripts import send_all
from support.proxy.proxy import FaultyProxy
from support.soak.soak import (
    SECRETS,
    assert_bounded,
    assert_clear,
    assert_intact,
    assert_nothing_left,
    assert_told,
    drawn,
    make_files,
    seeds,
    small_parts,
)

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from s3upload_widget.uploader import Outcome
    from support.servers.servers import S3Server
    from support.soak.plans import WirePlan


@pytest.fixture
def plan(seed: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> WirePlan:
    plan = drawn("script", seed, request)
    limits = small_parts(plan.part_size)
    monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", limits.min_part_size)
    monkeypatch.setattr(clients, "READ_TIMEOUT", 1.0)
    monkeypatch.setattr(clients, "COMPLETE_TIMEOUT", 2.0)
    monkeypatch.setattr("s3upload_widget.s3.retry.LONGEST_WAIT", 0.1)
    return plan


@pytest.mark.parametrize("seed", seeds("script"))
def test_a_script_survives_a_plan_of_faults(
    plan: WirePlan,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server: S3Server = request.getfixturevalue(plan.server)
    paths = make_files(plan, tmp_path)
    began = time.monotonic()
    with server.bucket() as bucket, FaultyProxy(server.endpoint_url) as wire:
        wire.play(*plan.of("page"), *plan.of("kernel"))
        faulty = server.at(wire.url)
        rounds, troubled = 1, 0.0
        try:
            outcomes = upload(faulty, plan, paths, bucket)
        except UploadError as error:
            troubled = time.monotonic() - began
            assert_clear(str(error), *plan.sizes, bucket)
            assert_said(told(error, caplog.records), kept=has_kept_parts(server, bucket))
            assert_intact(server, bucket, paths, all_there=False)
            assert_told(server, bucket, wire)
            wire.clear_faults()
            wire.go_online()
            monkeypatch.setattr(clients, "READ_TIMEOUT", 60.0)  # a busy machine is no fault
            monkeypatch.setattr(clients, "COMPLETE_TIMEOUT", 60.0)
            rounds = 2
            outcomes = upload(faulty, plan, paths, bucket)
        assert [outcome.uploaded.size for outcome in outcomes] == list(plan.sizes.values())
        assert_intact(server, bucket, paths, all_there=True)
        assert_nothing_left(server, bucket)
        assert_bounded(plan, wire, wire, rounds=rounds, troubled=troubled)


def told(error: UploadError, records: Iterable[logging.LogRecord]) -> str:
    """What a script's user reads: the error with its notes, and what was logged of ours."""
    notes: list[str] = getattr(error, "__notes__", [])
    ours = [each.getMessage() for each in records if each.name == "s3upload_widget"]
    return "\n".join([str(error), *notes, *ours])


def assert_said(text: str, *, kept: bool) -> None:
    """Where parts are kept it says how to go on; it never tells a secret."""
    assert not SECRETS.search(text), text
    assert "upload the same file again" in text or not kept, text


def has_kept_parts(server: S3Server, bucket: str) -> bool:
    """Whether S3 holds parts of a file that has not arrived."""
    there = {f"s3://{bucket}/{key}" for key in server.keys(bucket)}
    unfinished = list_unfinished(f"s3://{bucket}/", client=server.client)
    return any(each.parts_done and each.uri not in there for each in unfinished)


def upload(server: S3Server, plan: WirePlan, paths: Sequence[Path], bucket: str) -> list[Outcome]:
    return send_all(
        server,
        paths,
        f"s3://{bucket}/",
        limits=small_parts(plan.part_size),
        max_concurrency=plan.concurrency,
    )
