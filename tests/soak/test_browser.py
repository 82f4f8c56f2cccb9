"""Whatever seeded faults do to the wires, a page loses no byte and says what is to be done.

``SOAK_PLANS`` and ``SOAK_SEED`` choose other seeds; `make soak` runs many.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

import pytest

from s3upload_widget import UploadWidget
from s3upload_widget.s3 import clients
from s3upload_widget.service import Service
from s3upload_widget.widget import widget as widget_room
from support.clients.scripts import send
from support.page.browser import PageErrors
from support.page.uploading import pick, show
from support.proxy.proxy import FaultyProxy
from support.soak.soak import (
    TUNING,
    Watch,
    assert_bounded,
    assert_clear,
    assert_intact,
    assert_nothing_left,
    assert_told,
    drawn,
    make_files,
    seeds,
    small_parts,
    until_quiet,
)
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.page.browser import Browsing
    from support.servers.servers import S3Server
    from support.soak.plans import WirePlan

PATIENCE: Final = 60.0
"""Seconds that a plan may take to its end or to its trouble."""


@dataclass
class Run:
    """One plan that is played on a page."""

    plan: WirePlan
    page: Page
    bridge: Bridge
    server: S3Server
    bucket: str
    page_wire: FaultyProxy
    kernel_wire: FaultyProxy
    paths: list[Path]
    """Of the files that are on their way on this page."""
    widget: UploadWidget = field(init=False)
    rounds: int = 0
    troubled: float = 0.0

    def begin(self) -> None:
        """Show a widget, and pick the files."""
        self.widget = UploadWidget(
            self.bucket,
            client=self.server.at(self.kernel_wire.url).client,
            browser_endpoint_url=self.page_wire.url,
            max_concurrency=self.plan.concurrency,
        )
        self.watch = Watch(self.widget, len(self.paths))
        show(self.page, self.bridge, self.widget, tuning=TUNING)
        self.rounds += 1
        pick(self.page, *self.paths)

    @property
    def arrived(self) -> bool:
        """Whether all is on S3; or was already when it was picked once more, and that is said."""
        exists = self.rounds > 1 and self.plan.then == "refresh" and self._exist
        return exists or self._all_done

    @property
    def _exist(self) -> bool:
        told = [file.error for file in self.widget.files if file.state != "done"]
        return self.widget.state == "failed" and all(" exists: " in error for error in told)

    @property
    def _all_done(self) -> bool:
        return self.widget.state == "done" and len(self.widget.value) == len(self.paths)

    @property
    def failed(self) -> bool:
        return self.widget.state == "failed"

    @property
    def in_trouble(self) -> bool:
        """Whether it cannot go on by itself: it failed, or waits for what lasts."""
        waits = self.plan.lasts and self.widget.state == "waiting" and self.widget.error != ""
        return self.failed or waits

    def until(self, *wanted: str) -> None:
        """Wait for one of these properties."""
        until(
            lambda: any(getattr(self, name) for name in wanted),
            PATIENCE,
            lambda: (
                f"{wanted}; it is {self.widget.state!r} {self.widget.error!r}, {self.widget.files}"
            ),
        )

    def clean_wires(self) -> None:
        """From now on nothing goes wrong."""
        for wire in (self.page_wire, self.kernel_wire):
            wire.clear_faults()
            wire.go_online()

    @property
    def names(self) -> list[str]:
        """What an error can be about."""
        wires = [wire.url.removeprefix("http://") for wire in (self.page_wire, self.kernel_wire)]
        return [*self.plan.sizes, self.bucket, *wires]

    def go_on(self) -> None:
        """Do what the error says, as this plan's user does it."""
        self.rounds += 1
        getattr(self, f"_{self.plan.then.replace(' ', '_')}")()

    def _resume(self) -> None:
        self.widget.resume()
        self.until("moves")

    def _pick_again(self) -> None:
        if any(file.state == "failed" and not file.key for file in self.widget.files):
            self._resume()  # refused before it had a key: picked again it would be a second row
            return
        with self.page.expect_file_chooser() as chooser:
            self.page.locator(".s3up-primary").click()
        chooser.value.set_files([str(path) for path in self._missing()])
        self.until("moves")

    def _refresh(self) -> None:
        self.paths = self._missing()
        self.begin()

    def _script(self) -> None:
        self.page.goto("about:blank")
        until_quiet(self.page_wire, self.kernel_wire)
        limits = small_parts(self.plan.part_size)
        for path in self.paths:
            send(self.server, path, f"s3://{self.bucket}/", limits=limits)

    def _missing(self) -> list[Path]:
        """The files that have not arrived."""
        there = self.server.keys(self.bucket)
        return [path for path in self.paths if path.name not in there]

    @property
    def moves(self) -> bool:
        return self.widget.state not in {"failed", "idle"}

    @property
    def discarded(self) -> bool:
        return all(file.state == "done" for file in self.widget.files)


@pytest.fixture(scope="module")
def errors() -> PageErrors:
    """What the page complains of; failed requests are no surprise."""
    errors = PageErrors()
    errors.expect_network()
    return errors


@pytest.fixture(scope="module")
def page(chromium: Browsing, errors: PageErrors) -> Iterator[Page]:
    """One page for all plans, loaded anew for each: a window of its own would take longer."""
    with chromium.page(errors) as opened:
        yield opened


@pytest.fixture
def run(
    seed: int,
    request: pytest.FixtureRequest,
    page: Page,
    errors: PageErrors,
    bridge: Bridge,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Run]:
    plan = drawn("browser", seed, request)
    server: S3Server = request.getfixturevalue(plan.server)
    limits = small_parts(plan.part_size)
    monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", limits.min_part_size)
    monkeypatch.setattr(widget_room, "Service", partial(Service, limits=limits))
    monkeypatch.setattr(clients, "READ_TIMEOUT", 1.5)
    monkeypatch.setattr(clients, "COMPLETE_TIMEOUT", 3.0)
    with (
        server.bucket() as bucket,
        FaultyProxy(server.endpoint_url) as page_wire,
        FaultyProxy(server.endpoint_url) as kernel_wire,
    ):
        paths = make_files(plan, tmp_path)
        page_wire.play(*plan.of("page"))
        kernel_wire.play(*plan.of("kernel"))
        yield Run(plan, page, bridge, server, bucket, page_wire, kernel_wire, paths)
        page.goto("about:blank")
    assert errors.unexpected == []


@pytest.mark.parametrize("seed", seeds("browser"))
def test_a_page_survives_a_plan_of_faults(run: Run) -> None:
    run.begin()
    if run.plan.ending == "discarded":
        discard(run)
    else:
        arrive(run)
    assert_bounded(
        run.plan, run.page_wire, run.kernel_wire, rounds=run.rounds, troubled=run.troubled
    )


def arrive(run: Run) -> None:
    """The files arrive by themselves; or an error says what to do, and that helps."""
    began, paths = time.monotonic(), run.paths
    run.until("arrived", "in_trouble")
    if not run.arrived:
        assert_clear(run.widget.error, *run.names)
        assert_intact(run.server, run.bucket, paths, all_there=False)
        assert_told(run.server, run.bucket, run.page_wire, run.kernel_wire)
        run.clean_wires()
        run.troubled = time.monotonic() - began
        if run.plan.then in {"resume", "pick again"}:
            run.until("arrived", "failed")  # what only waited goes on by itself
        if not run.arrived:
            run.go_on()
    if run.rounds == 1 or run.plan.then != "script":
        run.until("arrived")
        run.watch.assert_sound(whole=run.widget.error == "")
    else:
        run.watch.assert_sound_so_far()
    assert_intact(run.server, run.bucket, paths, all_there=True)
    assert_nothing_left(run.server, run.bucket)


def discard(run: Run) -> None:
    """The user gives up, whatever happens just then: nothing is left."""
    began = time.monotonic()
    until(lambda: run.arrived or run.in_trouble or run.page_wire.puts(), PATIENCE, "a first part")
    run.watch.assert_sound_so_far()
    run.widget.abort()
    run.until("discarded", "in_trouble")
    run.clean_wires()
    run.troubled = time.monotonic() - began
    if not run.discarded:
        assert_clear(run.widget.error, *run.names)
        run.rounds += 1
        run.widget.abort()
    run.until("discarded")
    until_quiet(run.page_wire, run.kernel_wire)
    assert run.server.keys(run.bucket) or max(run.watch.values) < 1
    assert_intact(run.server, run.bucket, run.paths, all_there=False)
    assert_nothing_left(run.server, run.bucket)
