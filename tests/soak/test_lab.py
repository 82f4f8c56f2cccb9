"""Whatever seeded faults do to the wires of a real JupyterLab, no byte is lost.

``SOAK_PLANS`` and ``SOAK_SEED`` choose other seeds; `make soak` runs many.
"""

from __future__ import annotations

import time
from ast import literal_eval
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

import pytest

from s3upload_widget import upload_file
from support.page.browser import PageErrors
from support.proxy.proxy import FaultyProxy
from support.servers.servers import REGION
from support.soak.soak import (
    TUNING,
    assert_bounded,
    assert_clear,
    assert_intact,
    assert_nothing_left,
    assert_told,
    drawn,
    make_files,
    seeds,
)
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.lab.lab import Lab
    from support.lab.notebook import Notebook
    from support.page.browser import Browsing
    from support.servers.servers import S3Server
    from support.soak.plans import WirePlan

CELL: Final = """
w = UploadWidget(**options)
progress = []
w.observe(lambda change: progress.append(change.new), names="progress")
display(w)
"""
PREPARED: Final = """
from s3upload_widget import UploadWidget
from s3upload_widget.s3 import clients, connect
clients.READ_TIMEOUT, clients.COMPLETE_TIMEOUT = 2.0, 4.0
"""
PATIENCE: Final = 90.0
"""Seconds that a plan may take to its end or to its trouble."""


@pytest.fixture(scope="module")
def notebook(lab: Lab, chromium: Browsing) -> Iterator[Notebook]:
    """One notebook for all plans; its cell shows a new widget for each."""
    errors = PageErrors()
    with chromium.page(errors) as page:
        page.set_default_timeout(60_000)
        page.add_init_script(f"globalThis.s3upload_widget_tuning = {TUNING}")
        with lab.notebook(page, CELL) as opened:
            opened.execute(PREPARED)
            yield opened


@dataclass
class Run:
    """One plan that is played in the notebook."""

    plan: WirePlan
    notebook: Notebook
    server: S3Server
    bucket: str
    page_wire: FaultyProxy
    kernel_wire: FaultyProxy
    paths: list[Path]
    state: str = ""
    error: str = ""
    arrived: int = 0
    progress: list[float] = field(default_factory=list)
    rounds: int = 0

    def begin(self) -> None:
        """Run the cell, and pick the files."""
        self.notebook.run_cell(0)
        self.notebook.widgets.wait_for()
        self.rounds += 1
        self.pick()

    def pick(self) -> None:
        """Pick the files as a user does."""
        with self.notebook.page.expect_file_chooser() as chooser:
            self.notebook.page.locator(".s3up-primary").click()
        chooser.value.set_files([str(path) for path in self.paths])

    def look(self, *, waiting: bool = True) -> bool:
        """See how the kernel's user sees it; whether it is at its end, or cannot go on.

        Args:
            waiting: Whether to wait for what lasts is not to go on.
        """
        told = self.notebook.evaluate("(w.state, w.error, len(w.value), progress)")
        self.state, self.error, self.arrived, self.progress = literal_eval(told)
        waits = waiting and self.plan.lasts and self.state == "waiting" and self.error != ""
        return self.done or self.state == "failed" or waits

    @property
    def done(self) -> bool:
        """Whether all is on S3."""
        return self.state == "done" and self.arrived == len(self.paths)

    def until_settled(self, *, waiting: bool = True) -> None:
        """Wait until it is at its end, or cannot go on; see :meth:`look`."""
        look = partial(self.look, waiting=waiting)
        until(look, PATIENCE, lambda: f"an end; it is {self.state!r} {self.error!r}", 0.1)

    def clean_wires(self) -> None:
        """From now on nothing goes wrong."""
        for wire in (self.page_wire, self.kernel_wire):
            wire.clear_faults()
            wire.go_online()

    def go_on(self) -> None:
        """Do what the error says, as this plan's user does it."""
        self.rounds += 1
        if self.plan.then == "resume":
            self.notebook.execute("w.resume()")
        elif self.plan.then == "pick again":
            self.pick()
        elif self.plan.then == "refresh":
            self.notebook.reload()
            self.begin()
        else:
            self.notebook.execute("w.close()")
            for path in self.paths:
                upload_file(path, f"s3://{self.bucket}/", client=self.server.client, progress=False)


@pytest.fixture
def run(
    seed: int, request: pytest.FixtureRequest, notebook: Notebook, tmp_path: Path
) -> Iterator[Run]:
    plan = drawn("lab", seed, request)
    server: S3Server = request.getfixturevalue(plan.server)
    with (
        server.bucket() as bucket,
        FaultyProxy(server.endpoint_url) as page_wire,
        FaultyProxy(server.endpoint_url) as kernel_wire,
    ):
        paths = make_files(plan, tmp_path)
        notebook.execute(
            f"options = dict(bucket={bucket!r}, part_size={plan.part_size}, client=connect("
            f"endpoint_url={kernel_wire.url!r}, region={REGION!r}, access_key="
            f"{server.access_key!r}, secret_key={server.secret_key!r}), "
            f"browser_endpoint_url={page_wire.url!r}, max_concurrency={plan.concurrency})"
        )
        page_wire.play(*plan.of("page"))
        kernel_wire.play(*plan.of("kernel"))
        yield Run(plan, notebook, server, bucket, page_wire, kernel_wire, paths)
        notebook.execute("w.close()")


@pytest.mark.parametrize("seed", seeds("lab"))
def test_jupyterlab_survives_a_plan_of_faults(run: Run) -> None:
    began, troubled = time.monotonic(), 0.0
    run.begin()
    run.until_settled()
    if not run.done:
        assert_clear(run.error, *run.plan.sizes, run.bucket, "127.0.0.1:")
        assert_intact(run.server, run.bucket, run.paths, all_there=False)
        assert_told(run.server, run.bucket, run.page_wire, run.kernel_wire)
        run.clean_wires()
        troubled = time.monotonic() - began
        if run.plan.then in {"resume", "pick again"}:
            run.until_settled(waiting=False)  # what only waited goes on by itself
        if not run.done:
            run.go_on()
    by_script = run.rounds > 1 and run.plan.then == "script"
    if not by_script:
        until(lambda: run.look() and run.done, PATIENCE, lambda: f"{run.state} {run.error}", 0.1)
        assert run.error == ""
        assert run.progress == sorted(run.progress)
        assert [value for value in run.progress if value > 0.999] == [1.0]
    assert_intact(run.server, run.bucket, run.paths, all_there=True)
    assert_nothing_left(run.server, run.bucket)
    assert_bounded(run.plan, run.page_wire, run.kernel_wire, rounds=run.rounds, troubled=troubled)
