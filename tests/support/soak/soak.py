"""What holds after every plan of faults, whoever uploads; and which seeds are run."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from s3upload_widget import list_unfinished
from s3upload_widget.parts import Limits
from support.files import make_file, sha256_of_file, sha256_of_object
from support.page.uploading import QUICK
from support.soak.plans import LANES, draw_plan
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pytest

    from s3upload_widget import UploadWidget
    from support.proxy.faults import Fault
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server
    from support.soak.plans import Client, WirePlan

TELLS_WHAT_TO_DO: Final = re.compile(
    r"try again|resume|retry|pick it again|start it again|send it again|send the file again"
    r"|check |renew|the credentials need|overwrite it|upload the same file again|discard|give ",
    re.IGNORECASE,
)
SECRETS: Final = re.compile(r"X-Amz-|uploadId=|Signature=", re.IGNORECASE)
TUNING: Final = {**QUICK, "stallMs": 1000}
"""The page's time constants while plans are played."""
USUAL: Final[dict[Client, int]] = {"browser": 136, "script": 52, "lab": 12}
"""Plans of an ordinary run; a longer one shares its plans in the same way."""
ASKS_PER_FILE: Final = 12
"""Requests of the kernel for one file when nothing goes wrong, at most."""
ASKS_PER_FAULT: Final = 12
"""Requests by which the kernel begins a step anew, at most: each step's answer may be lost."""
PER_SECOND: Final = 60
"""Requests in each second of a trouble that lasts: six parts that are tried every 200 ms."""


def small_parts(part_size: int) -> Limits:
    """S3's limits with much smaller parts."""
    return Limits(
        min_part_size=min(part_size, 1024),
        max_part_size=1 << 30,
        max_parts=10_000,
        default_part_size=part_size,
    )


def seeds(client: Client) -> range:
    """Which seeds to run: the usual ones, or those that the environment asks for."""
    first = int(os.environ.get("SOAK_SEED", "0"))
    wanted = int(os.environ.get("SOAK_PLANS", "0")) or sum(USUAL.values())
    return range(first, first + max(1, round(wanted * USUAL[client] / sum(USUAL.values()))))


def drawn(client: Client, seed: int, request: pytest.FixtureRequest) -> WirePlan:
    """Draw a plan, and have it told if the test fails, and counted in any case."""
    plan = draw_plan(client, seed)
    request.node.add_report_section("setup", "plan", str(plan))
    request.node.user_properties.append(("plan", (client, seed, plan.server, plan.kinds)))
    return plan


def make_files(plan: WirePlan, folder: Path) -> list[Path]:
    """Write the plan's files."""
    return [
        make_file(folder / name, size, seed=plan.seed + number)
        for number, (name, size) in enumerate(plan.sizes.items())
    ]


class Watch:
    """Sees every value of a widget's ``progress``, and what else is said in that moment."""

    def __init__(self, widget: UploadWidget, count: int) -> None:
        self.values: list[float] = [widget.progress]
        self.wrong: list[str] = []
        self._widget = widget
        self._count = count
        widget.observe(self._changed, names="progress")

    def _changed(self, change: dict[str, float]) -> None:
        new = change["new"]
        if new < self.values[-1]:
            self.wrong.append(f"fell from {self.values[-1]} to {new}")
        if 0.999 < new < 1:
            self.wrong.append(f"{new} is above 0.999")
        if new == 1 and len(self._widget.value) < self._count:
            self.wrong.append(f"1.0 with {len(self._widget.value)} of {self._count} in value")
        self.values.append(new)

    def assert_sound_so_far(self) -> None:
        """Progress never fell, and was not 1.0 before all was proven."""
        assert self.wrong == [], self.values

    def assert_sound(self, *, whole: bool) -> None:
        """Progress never fell, and was 1.0 only at the end: then, if all is there."""
        assert self.wrong == [], self.values
        assert (self.values[-1] == 1.0) == whole, self.values


def assert_intact(server: S3Server, bucket: str, paths: Iterable[Path], *, all_there: bool) -> None:
    """Every object is equal to its file; none is there that differs."""
    files = {path.name: path for path in paths}
    there = server.keys(bucket)
    assert set(there) <= set(files)
    assert not all_there or set(there) == set(files)
    for key in there:
        found = sha256_of_object(server.client, bucket, key)
        assert found == sha256_of_file(files[key]), f"{key} differs from the file"


def assert_told(server: S3Server, bucket: str, *wires: FaultyProxy) -> None:
    """``list_unfinished`` shows all parts that S3 holds of each upload that was on the wires.

    The uploads are those that requests named, and each is asked for by itself: no listing is
    trusted. Other files may still be on their way.
    """

    def missing() -> dict[str, tuple[int, int]]:
        found = list_unfinished(f"s3://{bucket}/", client=server.client)
        told = {each.upload_id: each.parts_done for each in found}
        there = _held(server, bucket, wires)
        return {
            upload_id: (told.get(upload_id, 0), parts)
            for upload_id, parts in there.items()
            if told.get(upload_id, 0) != parts
        }

    until(lambda: not missing(), what=lambda: f"a list of all that S3 holds: {missing()}")


def _held(server: S3Server, bucket: str, wires: Iterable[FaultyProxy]) -> dict[str, int]:
    """How many parts S3 holds of each upload that requests on the wires named."""
    uploads = {
        (each.path.removeprefix(f"/{bucket}/"), each.upload_id)
        for wire in wires
        for each in wire.exchanges
        if each.upload_id
    }
    held = {}
    for key, upload_id in uploads:
        with suppress(server.client.exceptions.NoSuchUpload):
            parts = server.client.list_parts(Bucket=bucket, Key=key, UploadId=upload_id)
            # SeaweedFS lists a part once for each time it was sent.
            held[upload_id] = len({part["PartNumber"] for part in parts.get("Parts", [])})
    return {upload_id: parts for upload_id, parts in held.items() if parts}


def assert_nothing_left(server: S3Server, bucket: str) -> None:
    """No part is left of anything, at the latest when the kernel's last requests are over.

    Uploads without parts may be: S3 creates one for each Create that reaches it, and where the
    answer was lost nobody knows whether it is another's, who is about to send to it.
    """

    def left() -> list[int]:
        return [
            found.parts_done
            for found in list_unfinished(f"s3://{bucket}/", client=server.client)
            if found.parts_done
        ]

    until(lambda: not left(), 30, lambda: f"nothing unfinished; so many parts are: {left()}")


def assert_clear(text: str, *names: str) -> None:
    """An error names what it is about, says what to do, and tells no secret.

    Args:
        text: The error.
        names: Of the files, the bucket and the servers; the error has one of them.
    """
    assert any(name in text for name in names), text
    assert TELLS_WHAT_TO_DO.search(text), text
    assert not SECRETS.search(text), text


def assert_bounded(
    plan: WirePlan, page: FaultyProxy, kernel: FaultyProxy, *, rounds: int, troubled: float
) -> None:
    """Requests are as many as parts and faults explain.

    Args:
        plan: What was played.
        page: The wire that parts went over.
        kernel: The wire that the rest went over; may be the same.
        rounds: How often the upload was begun or went on.
        troubled: Seconds that a lasting fault lasted.
    """
    puts, hits = page.puts(), _hits(page, plan.of("page"))
    most = plan.parts + hits + LANES * rounds + PER_SECOND * troubled
    assert len(puts) <= most, f"{len(puts)} PUTs, at most {most:.0f} are explained"
    asks = [each for each in kernel.exchanges if each.operation not in _PARTS]
    hits += _hits(kernel, plan.of("kernel"))
    most = (ASKS_PER_FILE * len(plan.sizes) * rounds + ASKS_PER_FAULT * hits) + (
        PER_SECOND * troubled
    )
    assert len(asks) <= most, f"{len(asks)} requests, at most {most:.0f} are explained"


_PARTS: Final = frozenset({"UploadPart", "PutObject", "Preflight", "Reach"})


def _hits(wire: FaultyProxy, faults: Iterable[Fault]) -> int:
    return sum(wire.played(fault) for fault in faults)


def until_quiet(*wires: FaultyProxy) -> None:
    """Wait until nothing is on the wires any more."""
    until(
        lambda: all(each.finished for wire in wires for each in wire.exchanges), 30, "silent wires"
    )
