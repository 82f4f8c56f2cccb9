"""Parts sent by the engines of an ipyparallel cluster: real processes, without credentials."""

from __future__ import annotations

import os
import signal
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import ipyparallel
import pytest

from s3upload_widget.errors import WorkerError
from support.clients.scripts import assert_is_there, send
from support.files import make_file
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

KiB = 1 << 10
PARTS = 12


class Failing(Executor):
    """An executor on whose engines every call raises."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def submit(self, _: Callable[..., Any], /, *__: Any, **___: Any) -> Future[Any]:
        """Call something else."""
        return self._executor.submit(int, "no number")


@pytest.fixture(scope="module")
def engines() -> Iterator[ipyparallel.Client]:
    """Two engines."""
    with ipyparallel.Cluster(n=2, log_level=30, engine_timeout=300) as client:
        client.wait_for_engines(2)
        yield client


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of a dozen parts."""
    return make_file(tmp_path / "run7.bin", PARTS * KiB - 100)


def test_engines_send_the_parts_and_the_controller_keeps_no_url(
    engines: ipyparallel.Client,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    file: Path,
) -> None:
    executor = engines.load_balanced_view().executor

    done = send(
        ministack.at(proxy.url), file, f"s3://{bucket}/k", executor=executor, max_concurrency=4
    ).uploaded

    assert_is_there(ministack, done, file)
    sent = {put.request.headers.get("user-agent", "").split("/")[0] for put in proxy.puts()}
    assert sent == {"python-urllib3"}
    kept = engines.db_query({}, keys=["buffers", "content", "result_buffers"])
    assert "X-Amz-Signature" not in repr(kept)


def test_what_an_engine_raises_is_said_as_it_is(
    engines: ipyparallel.Client, ministack: S3Server, bucket: str, file: Path
) -> None:
    executor = Failing(engines.load_balanced_view().executor)

    with pytest.raises(WorkerError, match="ValueError: invalid literal") as failed:
        send(ministack, file, f"s3://{bucket}/k", executor=executor, max_concurrency=2)

    assert "RemoteError" not in str(failed.value)


def test_the_parts_of_a_killed_engine_go_elsewhere(
    engines: ipyparallel.Client,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    file: Path,
) -> None:
    executor = engines.load_balanced_view().executor
    victim = engines[0].apply_sync(os.getpid)
    proxy.pace_total(4 * KiB)
    with ThreadPoolExecutor(1) as beside:
        upload = beside.submit(
            send,
            ministack.at(proxy.url),
            file,
            f"s3://{bucket}/k",
            executor=executor,
            max_concurrency=4,
        )
        until(lambda: len(proxy.of("UploadPart")) > 2, 60)
        os.kill(victim, signal.SIGKILL)
        assert_is_there(ministack, upload.result(300).uploaded, file)
