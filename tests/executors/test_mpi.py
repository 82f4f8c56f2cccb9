"""Parts sent by the processes of an MPI job, whose first one is the caller."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from support import ROOT
from support.clients.scripts import send
from support.files import make_file, sha256_of_file, sha256_of_object
from support.proxy.faults import FOREVER, Fault, Gate, Match
from support.waiting import until

if TYPE_CHECKING:
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mpich is installed on Linux only")

KiB = 1 << 10
PARTS = 12
SECRETS = ("X-Amz-Signature", "X-Amz-Credential", "uploadId")
_SCRIPT: Final = """
import os, sys
from mpi4py.futures import MPIPoolExecutor
from s3upload_widget.uploader.batch import Options, upload
from support.clients.scripts import SMALL
if __name__ == "__main__":
    path, uri = sys.argv[1:]
    with MPIPoolExecutor() as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        upload([(path, "")], uri, Options(limits=SMALL, executor=pool, progress=False))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of a dozen parts."""
    return make_file(tmp_path / "run7.bin", PARTS * KiB - 100)


def start_job(server: S3Server, file: Path, uri: str) -> subprocess.Popen[str]:
    """A caller and two workers; the first line of its output is the number of a worker's process."""
    script = file.with_name("script.py")
    script.write_text(_SCRIPT)
    python = Path(sys.executable)
    path = os.pathsep.join(map(str, (ROOT / "tests", Path.cwd())))
    return subprocess.Popen(
        [python.with_name("mpiexec"), "-n", "3", python, "-m", "mpi4py.futures", script, file, uri],
        env={**os.environ, **server.environment, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_workers_of_an_mpi_job_send_the_parts_and_its_caller_none(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path
) -> None:
    with start_job(ministack.at(proxy.url), file, f"s3://{bucket}/k") as job:
        told, _ = job.communicate(timeout=300)

    assert job.returncode == 0, told
    assert sha256_of_object(ministack.client, bucket, "k") == sha256_of_file(file)
    assert {put.part_number for put in proxy.of("UploadPart")} == set(range(1, PARTS + 1))
    senders = {put.request.headers.get("user-agent", "").split("/")[0] for put in proxy.puts()}
    assert senders == {"python-urllib3"}


def test_a_killed_worker_ends_an_mpi_job_and_loses_no_part(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path
) -> None:
    proxy.pace_total(4 * KiB)
    with start_job(ministack.at(proxy.url), file, f"s3://{bucket}/k") as job:
        assert job.stdout is not None
        worker = int(job.stdout.readline())
        until(lambda: sum(put.complete for put in proxy.of("UploadPart")) > 2, 120)
        proxy.play(Fault(Gate(), Match(operation="UploadPart"), FOREVER))  # some are left over
        os.kill(worker, signal.SIGKILL)
        told, _ = job.communicate(timeout=120)
    assert job.returncode != 0
    assert [secret for secret in SECRETS if secret in told] == []
    proxy.silence()
    proxy.clear_faults()

    outcome = send(ministack, file, f"s3://{bucket}/k")

    assert outcome.stats.kept > 2
    assert sha256_of_object(ministack.client, bucket, "k") == sha256_of_file(file)
