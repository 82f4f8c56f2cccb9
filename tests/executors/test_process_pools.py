"""Parts sent by pools of processes: Python's own and loky's, also where one breaks."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import loky
import pytest

from s3upload_widget.errors import WorkerError
from support import ROOT
from support.clients.scripts import assert_is_there, send
from support.files import make_file
from support.proxy.faults import FOREVER, Fault, Gate, Match
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

KiB = 1 << 10
PARTS = 12
_SCRIPT = """
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from support.clients.scripts import SMALL
from s3upload_widget.uploader.batch import Options, upload
if __name__ == "__main__":
    path, uri = sys.argv[1:]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        upload([(path, "")], uri, Options(limits=SMALL, executor=pool, progress=False))
"""


def of_python() -> Executor:
    """Python's own pool."""
    return ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))


def of_loky() -> Executor:
    """The pool of joblib."""
    pool: Executor = loky.ProcessPoolExecutor(2)
    return pool


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of a dozen parts."""
    return make_file(tmp_path / "run7.bin", PARTS * KiB - 100)


@pytest.mark.parametrize("make", [of_python, of_loky])
def test_a_pool_of_processes_sends_the_parts_until_it_breaks(
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    file: Path,
    make: Callable[[], Executor],
    caplog: pytest.LogCaptureFixture,
) -> None:
    watched = ministack.at(proxy.url)
    with make() as pool:
        done = send(watched, file, f"s3://{bucket}/k", executor=pool).uploaded
        assert_is_there(ministack, done, file)
        sent = {put.request.headers.get("user-agent", "").split("/")[0] for put in proxy.puts()}
        assert sent == {"python-urllib3"}

        proxy.forget()
        proxy.pace_total(4 * KiB)
        victim = pool.submit(os.getpid).result()
        with ThreadPoolExecutor(1) as beside:
            upload = beside.submit(send, watched, file, f"s3://{bucket}/other", executor=pool)
            until(lambda: sum(put.complete for put in proxy.of("UploadPart")) > 2, 60)
            proxy.play(Fault(Gate(), Match(operation="UploadPart"), FOREVER))  # some are left over
            os.kill(victim, signal.SIGKILL)
            with pytest.raises(WorkerError, match="make a new one"):
                upload.result(180)
    assert "parts are on S3" in caplog.text

    proxy.clear_faults()
    again = send(ministack, file, f"s3://{bucket}/other")
    assert again.stats.kept > 2
    assert_is_there(ministack, again.uploaded, file)


def test_a_killed_caller_loses_no_part(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(_SCRIPT)
    watched = ministack.at(proxy.url)
    path = os.pathsep.join(map(str, (ROOT / "tests", Path.cwd())))
    environment = {**os.environ, **watched.environment, "PYTHONPATH": path}
    proxy.pace_total(4 * KiB)
    command = [sys.executable, str(script), str(file), f"s3://{bucket}/k"]
    with subprocess.Popen(command, env=environment, start_new_session=True) as process:
        until(lambda: sum(put.complete for put in proxy.of("UploadPart")) > 2, 120)
        process.kill()
    os.killpg(process.pid, signal.SIGKILL)  # the pool's workers stay when their caller is killed
    proxy.silence()
    proxy.clear_faults()

    outcome = send(ministack, file, f"s3://{bucket}/k")

    assert outcome.stats.kept > 2
    assert_is_there(ministack, outcome.uploaded, file)
