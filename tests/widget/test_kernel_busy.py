"""A widget in a real kernel that runs a cell: whether the page is heard meanwhile."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from s3upload_widget.protocol import Tried
from support.lab.kernels import Kernel, KernelPage, old_ipykernel, run_kernel
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.servers.servers import S3Server

WIDGET = """
from s3upload_widget import UploadWidget
from s3upload_widget.widget import reachability, waiting
waiting.FIRST_PATIENCE = waiting.PATIENCE = reachability.PATIENCE = 600
reachability.TIMES = 600
w = UploadWidget({bucket!r})
"""
"""A page that answers is waited for, however late it is."""
HOLD = """
import pathlib, time
while not pathlib.Path({flag!r}).exists():
    time.sleep(0.01)
"""
HOW_LONG = """
import time
start = time.monotonic()
try:
    {call}
except Exception as error:
    told, took = type(error).__name__ + ': ' + str(error), time.monotonic() - start
"""


@pytest.fixture(scope="module")
def kernel(moto: S3Server) -> Iterator[Kernel]:
    """A kernel with subshells."""
    with run_kernel(moto.environment) as running:
        running.run("%matplotlib inline")
        yield running


@pytest.fixture(scope="module")
def old_kernel(moto: S3Server) -> Iterator[Kernel]:
    """A kernel of before there were subshells."""
    with run_kernel(moto.environment, python_path=(old_ipykernel(),)) as running:
        version = running.run("import ipykernel", version="ipykernel.version_info[0]")
        assert version == {"version": "6"}
        yield running


@pytest.fixture(scope="module")
def subshell(kernel: Kernel) -> str:
    """What JupyterLab 4.4 and newer send every widget's messages to."""
    return kernel.new_subshell()


@pytest.fixture(autouse=True)
def _widget(request: pytest.FixtureRequest, moto: S3Server) -> None:
    name = "old_kernel" if "old_kernel" in request.fixturenames else "kernel"
    kernel: Kernel = request.getfixturevalue(name)
    kernel.run(WIDGET.format(bucket=moto.new_bucket()))


def test_a_page_is_answered_while_a_cell_runs(
    kernel: Kernel, subshell: str, tmp_path: Path
) -> None:
    page = KernelPage(kernel, subshell_id=subshell)

    with held(kernel, tmp_path) as cell:
        page.hello()
        assert kernel.running(cell)


def test_a_page_is_answered_though_a_cell_has_just_sent_it_something(
    kernel: Kernel, subshell: str, tmp_path: Path
) -> None:
    """ipykernel 7.4 would send what the page answers to the shell that spoke last."""
    page = KernelPage(kernel, subshell_id=subshell)
    page.hello()

    with held(kernel, tmp_path, "w.description = 'Now'; w.pause()\n") as cell:
        page.report()
        assert kernel.running(cell)


def test_a_file_arrives_while_a_cell_waits_for_its_result(kernel: Kernel, subshell: str) -> None:
    page = KernelPage(kernel, subshell_id=subshell)
    cell = kernel.start("files = w.result(60)", names="[file.name for file in files]")

    page.upload("run7.bin", b"0123456789")

    assert kernel.end(cell) == {"names": "['run7.bin']"}


@pytest.mark.parametrize("shell", ["main shell", "subshell"])
def test_a_file_arrives_while_a_cell_awaits_it(kernel: Kernel, subshell: str, shell: str) -> None:
    page = KernelPage(kernel, subshell_id=subshell if shell == "subshell" else "")
    cell = kernel.start("files = await w.wait(60)", names="[file.name for file in files]")
    until(lambda: page.orders, what="a ping")

    page.upload("run7.bin", b"0123456789")

    assert kernel.end(cell) == {"names": "['run7.bin']"}


def test_result_says_that_it_cannot_wait_where_the_page_uses_no_subshell(kernel: Kernel) -> None:
    page = KernelPage(kernel)
    page.hello()
    kernel.run("waiting.PATIENCE = 3")
    cell = kernel.start(HOW_LONG.format(call="w.result()"), told="told", took="took")
    until(lambda: page.orders, what="a ping")
    page.send_report()

    said = kernel.end(cell)

    assert "CannotWaitError: no page" in said["told"]
    assert float(said["took"]) < 300


@pytest.mark.parametrize("call", ["w.result()", "await w.wait()"])
def test_an_old_kernel_says_at_once_that_no_cell_can_wait(old_kernel: Kernel, call: str) -> None:
    said = old_kernel.run(HOW_LONG.format(call=call), told="told", took="took")

    assert (
        "CannotWaitError: with ipykernel 6 no widget is heard before the cell ends"
        in (said["told"])
    )
    assert float(said["took"]) < 300


def test_a_page_says_while_a_cell_checks_whether_it_reaches_the_store(
    kernel: Kernel, subshell: str, moto: S3Server
) -> None:
    page = KernelPage(kernel, subshell_id=subshell)
    page.hello()
    cell = kernel.start("found = w.check()['page']", level="found.level", what="found.what")
    [(number, address), *_] = until(lambda: page.asked_to_reach, 60, "the question")

    page.report(tried=Tried(number=number, reached=True))

    assert address == moto.endpoint_url
    assert kernel.end(cell) == {"level": "'ok'", "what": f"'the page reaches {address}'"}


def test_an_old_kernel_does_not_ask_what_no_page_could_answer(old_kernel: Kernel) -> None:
    page = KernelPage(old_kernel)
    page.hello()

    said = old_kernel.run("found = w.check()['page']", level="found.level", what="found.what")

    assert said["level"] == "'hint'"
    assert "no page that shows the widget answered while this cell ran" in said["what"]
    assert page.asked_to_reach == []


def test_an_old_kernel_gives_what_is_already_there(old_kernel: Kernel) -> None:
    KernelPage(old_kernel).upload("run7.bin", b"0123456789")

    said = old_kernel.run("files = w.result()", names="[file.name for file in files]")

    assert said == {"names": "['run7.bin']"}


def test_a_figure_that_a_cell_is_drawing_is_left_alone(
    kernel: Kernel, subshell: str, tmp_path: Path
) -> None:
    page = KernelPage(kernel, subshell_id=subshell)
    before = "import matplotlib.pyplot as plt; plt.plot([1, 2])\n"
    after = "plt.plot([2, 1]); lines = len(plt.gca().lines)"

    with held(kernel, tmp_path, before, after) as cell:
        page.hello()
        page.report()

    assert kernel.run("", lines="lines") == {"lines": "2"}
    figures = [message for message in kernel.published if message["msg_type"] == "display_data"]
    assert [figure["parent_header"]["msg_id"] for figure in figures] == [cell]


@contextmanager
def held(kernel: Kernel, tmp_path: Path, before: str = "", after: str = "") -> Iterator[str]:
    """A cell that runs as long as the block does."""
    flag = tmp_path / "go on"
    cell = kernel.start(before + HOLD.format(flag=str(flag)) + after)
    until(lambda: kernel.running(cell), what="the cell to run")
    try:
        yield cell
    finally:
        flag.touch()
        kernel.end(cell)
