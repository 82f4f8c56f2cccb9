"""Parts sent by the workers of a Dask cluster: real processes, without credentials."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import urllib.request
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import distributed
import pytest
from dask import config as dask_config

from s3upload_widget.errors import WorkerError
from s3upload_widget.signed_put import SignedPut
from s3upload_widget.uploader import Failure, Options, Outcome, upload_each
from support import ROOT
from support.clients.scripts import SMALL, assert_is_there, begin, send
from support.files import make_file, sha256_of_file, sha256_of_object
from support.proxy.faults import Answer, Fault, Match
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

KiB = 1 << 10
PARTS = 12
SECRETS = ("X-Amz-Signature", "X-Amz-Credential", "uploadId")
_CALLER: Final = """
import signal, sys
from distributed import Client
from s3upload_widget.uploader.batch import Options, upload
from support.clients.scripts import SMALL
signal.signal(signal.SIGINT, signal.default_int_handler)
address, path, uri = sys.argv[1:]
with Client(address) as client:
    executor = client.get_executor()
    upload([(path, "")], uri, Options(limits=SMALL, executor=executor, progress=False))
"""


@pytest.fixture(scope="module")
def dask() -> Iterator[Any]:
    """Two workers of one thread each."""
    options: dict[str, Any] = {
        "n_workers": 2,
        "threads_per_worker": 1,
        "dashboard_address": "127.0.0.1:0",
    }
    untyped: Any = distributed
    # Else a killed worker's place is given up where the new one takes more than 15 s to start.
    patient = dask_config.set({"distributed.deploy.lost-worker-timeout": "10 minutes"})
    with patient, untyped.LocalCluster(**options) as cluster, untyped.Client(cluster) as client:
        yield client


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of a dozen parts."""
    return make_file(tmp_path / "run 7é.bin", PARTS * KiB - 100)


def senders(proxy: FaultyProxy) -> set[str]:
    """The programs that sent the parts."""
    return {put.request.headers.get("user-agent", "").split("/")[0] for put in proxy.puts()}


def shown_by(dask: Any, folder: Path) -> str:
    """All that Dask shows of its tasks, their names among it, and its logs."""
    dask.dump_cluster_state(str(folder / "state"), format="yaml")
    dumped = next(folder.glob("state*")).read_text("utf-8")
    told = [dask.get_worker_logs(), dask.get_scheduler_logs(), dask.get_events()]
    port = dask.scheduler_info()["services"]["dashboard"]
    for page in ("workers", "logs"):
        url = f"http://127.0.0.1:{port}/info/main/{page}.html"
        with urllib.request.urlopen(url, timeout=60) as answer:
            told.append(answer.read())
    return dumped + repr(told)


def workers(dask: Any) -> set[str]:
    """The addresses of the workers that Dask has at this moment."""
    return set(dask.scheduler_info()["workers"])


def tasks(dask_worker: Any) -> int:
    """The number of calls that a worker has, cancelled ones that still run among them."""
    return len(dask_worker.state.tasks)


def is_idle(dask: Any) -> bool:
    """The scheduler forgets a cancelled call at once, its worker only when it has ended."""
    return not any(dask.processing().values()) and not any(dask.run(tasks).values())


def fails(_: object) -> None:
    """Make the worker log its argument."""
    raise ValueError


def test_workers_send_the_parts_and_the_caller_none(
    dask: Any, ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path
) -> None:
    told: list[tuple[int, int]] = []

    done = send(
        ministack.at(proxy.url),
        file,
        f"s3://{bucket}/k",
        executor=dask.get_executor(),
        on_progress=lambda done, total: told.append((done, total)),
    ).uploaded

    assert_is_there(ministack, done, file)
    assert {put.part_number for put in proxy.of("UploadPart")} == set(range(1, PARTS + 1))
    assert senders(proxy) == {"python-urllib3"}
    assert told[-1] == (done.size, done.size)


def test_nothing_that_dask_shows_opens_anything(
    dask: Any, ministack: S3Server, bucket: str, file: Path, tmp_path: Path
) -> None:
    send(ministack, file, f"s3://{bucket}/k", executor=dask.get_executor())
    put = SignedPut("http://s3/k?X-Amz-Signature=1&uploadId=2", (("x", "X-Amz-Credential"),), True)
    # Dask writes the arguments of a call that fails into its log, where its key is short.
    assert dask.submit(fails, put, key="k").exception()

    shown = shown_by(dask, tmp_path)

    assert "<signed PUT>" in shown
    assert [secret for secret in SECRETS if secret in shown] == []


def test_files_of_one_part_are_sent_by_workers_too(
    dask: Any, ministack: S3Server, proxy: FaultyProxy, bucket: str, tmp_path: Path
) -> None:
    files = [make_file(tmp_path / f"{number}.bin", number, number) for number in range(6)]
    options = Options(
        client=ministack.at(proxy.url).client,
        limits=SMALL,
        progress=False,
        executor=dask.get_executor(),
    )

    outcomes = upload_each([(path, "") for path in files], f"s3://{bucket}/x/", options)

    for path, outcome in zip(files, outcomes, strict=True):
        assert isinstance(outcome, Outcome)
        assert_is_there(ministack, outcome.uploaded, path)
    assert senders(proxy) == {"python-urllib3"}


def test_equal_calls_are_made_each_time(
    dask: Any, ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path
) -> None:
    executor = dask.get_executor()
    for _ in range(2):
        send(
            ministack.at(proxy.url),
            file,
            f"s3://{bucket}/k",
            executor=executor,
            if_exists="overwrite",
        )

    assert len(proxy.of("UploadPart")) == 2 * PARTS


def test_only_missing_parts_are_sent(
    dask: Any, ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path
) -> None:
    begin(ministack, bucket, "k", file, [2, 3, 7])

    outcome = send(ministack.at(proxy.url), file, f"s3://{bucket}/k", executor=dask.get_executor())

    assert_is_there(ministack, outcome.uploaded, file)
    assert outcome.stats.kept == 3
    assert {2, 3, 7}.isdisjoint(put.part_number for put in proxy.of("UploadPart"))


def test_the_parts_of_a_killed_worker_go_elsewhere(
    dask: Any, ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path
) -> None:
    address, victim = next(iter(dask.run(os.getpid).items()))
    proxy.pace_total(4 * KiB)
    with ThreadPoolExecutor(1) as beside:
        upload = beside.submit(
            send, ministack.at(proxy.url), file, f"s3://{bucket}/k", executor=dask.get_executor()
        )
        until(lambda: len(proxy.of("UploadPart")) > 2, 60)
        os.kill(victim, signal.SIGKILL)
        assert_is_there(ministack, upload.result(180).uploaded, file)
    # The tests that follow want two workers.
    until(lambda: len(workers(dask) - {address}) == 2, 120, "a worker in its place")


def test_a_worker_that_cannot_read_a_file_is_named_and_the_others_arrive(
    dask: Any, ministack: S3Server, bucket: str, file: Path, tmp_path: Path
) -> None:
    other = make_file(tmp_path / "other.bin", 3 * KiB, 5)
    options = Options(
        client=ministack.client, limits=SMALL, progress=False, executor=dask.get_executor()
    )
    with file.open("rb") as mine:
        number = fcntl.fcntl(mine, fcntl.F_DUPFD, 900)  # free here; no worker has a file there
        hidden = f"/proc/self/fd/{number}"

        failed, arrived = upload_each([(hidden, ""), (other, "")], f"s3://{bucket}/x/", options)
        os.close(number)

    assert isinstance(failed, Failure)
    assert isinstance(arrived, Outcome)
    assert isinstance(failed.error, WorkerError)
    assert hidden in str(failed.error)
    assert "process" in str(failed.error)
    assert_is_there(ministack, arrived.uploaded, other)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_after_a_caller_that_was_stopped_only_missing_parts_are_sent(
    dask: Any,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    how: signal.Signals,
) -> None:
    parts = 8 * PARTS  # a quarter of a second each, so that some are left in any case
    file = make_file(tmp_path / "long.bin", parts * KiB)
    watched = ministack.at(proxy.url)
    path = os.pathsep.join(map(str, (ROOT / "tests", Path.cwd())))
    environment = {**os.environ, **watched.environment, "PYTHONPATH": path}
    command = [sys.executable, "-c", _CALLER, dask.scheduler.address, file, f"s3://{bucket}/k"]
    proxy.pace_total(4 * KiB)
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as caller:
        until(lambda: sum(put.complete for put in proxy.of("UploadPart")) > 2, 120)
        caller.send_signal(how)
        _, told = caller.communicate(timeout=120)
    assert caller.returncode
    assert ("KeyboardInterrupt" in told) == (how == signal.SIGINT), told
    assert [secret for secret in SECRETS if secret in told] == []
    proxy.clear_faults()
    # What ran on a worker ends by itself; what waited never begins. A worker may be asked before
    # it has read what it was sent, so it is asked twice.
    until(lambda: is_idle(dask) and is_idle(dask), 120)
    proxy.silence()
    (upload,) = ministack.upload_ids(bucket)
    listed = ministack.client.list_parts(Bucket=bucket, Key="k", UploadId=upload[1])["Parts"]
    held = {part["PartNumber"] for part in listed}
    proxy.forget()

    outcome = send(watched, file, f"s3://{bucket}/k", executor=dask.get_executor())

    assert 2 < outcome.stats.kept == len(held) < parts
    assert {put.part_number for put in proxy.of("UploadPart")} == {*range(1, parts + 1)} - held
    assert_is_there(ministack, outcome.uploaded, file)


def test_a_part_that_begins_after_its_url_has_expired_is_signed_again_and_for_longer(
    dask: Any, ministack: S3Server, proxy: FaultyProxy, bucket: str, file: Path
) -> None:
    expired = Answer(403, "AccessDenied", "Request has expired")
    proxy.play(Fault(expired, Match(operation="UploadPart", part_number=3), times=2))

    done = send(ministack.at(proxy.url), file, f"s3://{bucket}/k", executor=dask.get_executor())

    lifetimes = defaultdict(list)
    for put in proxy.of("UploadPart"):
        lifetimes[put.part_number].append(int(put.request.query["X-Amz-Expires"]))
    assert lifetimes.pop(3) == [120, 900, 3600]
    assert set(map(tuple, lifetimes.values())) == {(120,)}
    assert_is_there(ministack, done.uploaded, file)


def test_the_example_sends_files_by_workers_that_have_no_credentials(
    dask: Any, ministack: S3Server, proxy: FaultyProxy, tmp_path: Path
) -> None:
    files = [make_file(tmp_path / f"{number}.bin", 6 << 20, number) for number in range(2)]
    watched = ministack.at(proxy.url)
    command = [sys.executable, ROOT / "examples/dask_upload.py", dask.scheduler.address]
    with ministack.bucket(name="lab-data") as bucket:
        for _ in range(2):
            ran = subprocess.run(
                [*command, "s3://lab-data/raw/", *files],
                env={**os.environ, **watched.environment},
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert ran.returncode == 0, ran.stderr
        for path in files:
            assert f"s3://lab-data/raw/{path.name}  " in ran.stdout
            there = sha256_of_object(ministack.client, bucket, f"raw/{path.name}")
            assert there == sha256_of_file(path)
    secrets = dask.run(lambda: [name for name in os.environ if "SECRET" in name]).values()
    assert list(secrets) == [[], []]
    assert len(proxy.puts()) == len(files)
    assert senders(proxy) == {"python-urllib3"}
