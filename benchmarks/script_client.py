"""One upload by a script, as a program of its own: ``script_client.py CLIENT PATH``.

Imports nothing of the other benchmarks: some clients run in another environment. Those that are
compared without their start print how many seconds the upload took.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STORE = os.environ["BENCH_STORE"]


def _client(**more: Any) -> Any:
    import boto3  # noqa: PLC0415  the product imports it when it wants to
    from botocore.config import Config  # noqa: PLC0415

    # Over HTTPS botocore does not sign the body; the sink speaks HTTP.
    s3: Any = {"addressing_style": "path", "payload_signing_enabled": False}
    return boto3.client("s3", endpoint_url=STORE, config=Config(s3=s3, **more))


def _product(path: Path, **options: Any) -> None:
    from s3upload_widget import upload_file, upload_files  # noqa: PLC0415

    upload = upload_files if path.is_dir() else upload_file
    upload(str(path), "s3://b/x/", client=_client(), progress=False, **options)


def _as_on_aws(path: Path) -> None:
    """AWS checks SHA-256, so nothing needs an MD5 beside it; the store has another address."""
    from s3upload_widget.s3 import Store  # noqa: PLC0415

    of_aws: Any = property(lambda _: True)
    Store.on_aws = of_aws  # type: ignore[method-assign]
    _product(path)


def _alone(path: Path) -> None:
    _timed(path, None)


def _by_processes(path: Path, count: int) -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        list(pool.map(_get_ready, range(4 * count)))
        _timed(path, pool)


def _by_threads(path: Path, count: int) -> None:
    """So many workers, played by threads of this process."""
    _timed(path, _Played(count), part_size=5 << 20, sha256=False)


class _Played(Executor):
    """To the product no pool of threads, so that it treats them as workers elsewhere."""

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return self._pool.submit(fn, *args, **kwargs)


def _get_ready(_: int) -> None:
    import s3upload_widget.uploader  # noqa: F401, PLC0415

    time.sleep(0.1)


def _timed(path: Path, executor: Executor | None, **options: Any) -> None:
    import s3upload_widget.uploader  # noqa: F401, PLC0415

    started = time.monotonic()
    _product(path, executor=executor, **options)
    sys.stdout.write(f"{time.monotonic() - started}\n")


def _by_dask(upload: Callable[[Path, Executor | None], None], path: Path) -> None:
    import distributed  # noqa: PLC0415

    untyped: Any = distributed
    with untyped.Client(scheduler_file=os.environ["BENCH_SCHEDULER"]) as client:
        client.wait_for_workers(2)
        upload(path, client.get_executor())


def _in_small_parts(path: Path, executor: Executor | None) -> None:
    """10,000 parts need 50 GB of a file otherwise."""
    from s3upload_widget.parts import Limits  # noqa: PLC0415
    from s3upload_widget.uploader import Options  # noqa: PLC0415
    from s3upload_widget.uploader.batch import upload  # noqa: PLC0415

    size = path.stat().st_size // 10_000
    limits = Limits(
        min_part_size=256, max_part_size=1 << 20, max_parts=10_000, default_part_size=size
    )
    options = Options(client=_client(), limits=limits, executor=executor, progress=False)
    started = time.monotonic()
    upload([(path, "")], "s3://b/x/", options)
    sys.stdout.write(f"{time.monotonic() - started}\n")


def _boto3(path: Path) -> None:
    from boto3.s3.transfer import TransferConfig  # noqa: PLC0415

    client = _client(max_pool_connections=64)
    if not path.is_dir():
        client.upload_file(str(path), "b", "x")
        return
    alone = TransferConfig(use_threads=False)
    with ThreadPoolExecutor(8) as pool:
        sent = [
            pool.submit(client.upload_file, str(file), "b", f"x/{file.name}", Config=alone)
            for file in sorted(path.iterdir())
        ]
        for future in sent:
            future.result()


def _stream(path: Path) -> None:
    """What a producer writes, MiB by MiB."""
    from s3upload_widget import upload_stream  # noqa: PLC0415

    started = time.monotonic()
    with upload_stream("s3://b/x/made.bin", client=_client(), progress=False) as made:
        _produce(path, made)
    sys.stdout.write(f"{time.monotonic() - started}\n")


def _by_temporary_file(path: Path) -> None:
    client = _client(max_pool_connections=64)
    started = time.monotonic()
    with tempfile.NamedTemporaryFile(dir=path.parent) as made:
        _produce(path, made)
        made.flush()
        client.upload_file(made.name, "b", "x")
    sys.stdout.write(f"{time.monotonic() - started}\n")


def _produce(path: Path, to: Any) -> None:
    with path.open("rb") as file:
        shutil.copyfileobj(file, to, 1 << 20)


def _read_by_boto3(path: Path) -> None:
    client = _client(max_pool_connections=64)
    started = time.monotonic()
    client.download_fileobj("b", path.name, io.BytesIO())
    sys.stdout.write(f"{time.monotonic() - started}\n")


def _read_by_open(path: Path, block: int = -1) -> None:
    import s3upload_widget as ours  # noqa: PLC0415
    from s3upload_widget.s3 import Store  # noqa: PLC0415
    from s3upload_widget.transfer.object_file import open_object  # noqa: PLC0415

    store = Store("b", _client())
    head: Any = store.head_object(path.name)
    now = datetime.now(timezone.utc)
    there = ours.UploadedFile(
        name=path.name,
        uri=f"s3://b/{path.name}",
        bucket="b",
        key=path.name,
        size=head.size,
        sha256="",
        etag=head.etag,
        version_id="",
        content_type="",
        verified_by="size",
        started=now,
        finished=now,
    )
    started = time.monotonic()
    with open_object(store, there) as file:
        while file.read(block):
            pass
    sys.stdout.write(f"{time.monotonic() - started}\n")


def _crt(path: Path) -> None:
    import botocore.session  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415
    from s3transfer import crt  # noqa: PLC0415

    session = botocore.session.get_session()
    credentials = crt.BotocoreCRTCredentialsWrapper(session.get_credentials())
    client = crt.create_s3_crt_client(
        "us-east-1",
        crt_credentials_provider=credentials.to_crt_credentials_provider(),
        use_ssl=False,
    )
    requests = crt.BotocoreCRTRequestSerializer(
        session,
        {
            "region_name": "us-east-1",
            "endpoint_url": STORE,
            "config": Config(s3={"addressing_style": "path"}),
        },
    )
    with crt.CRTTransferManager(client, requests) as manager:
        manager.upload(str(path), "b", "x").result()


def _workers() -> Iterator[tuple[str, Callable[[Path], None]]]:
    for count in (2, 4, 8):
        yield f"{count} processes", partial(_by_processes, count=count)
    for count in (1, 4, 16, 64):
        yield f"{count} workers", partial(_by_threads, count=count)


CLIENTS: dict[str, Callable[[Path], None]] = {
    "product": _product,
    "as on AWS": _as_on_aws,
    "upload_file": _alone,
    **dict(_workers()),
    "10,000 parts": lambda path: _in_small_parts(path, None),
    "Dask": partial(_by_dask, _timed),
    "Dask, 10,000 parts": partial(_by_dask, _in_small_parts),
    "unhashed": lambda path: _product(path, sha256=False),
    "boto3": _boto3,
    "crt": _crt,
    "upload_stream": _stream,
    "temporary file, then boto3": _by_temporary_file,
    "boto3, download_fileobj": _read_by_boto3,
    "open().read()": _read_by_open,
    "open(), 1 MiB at a time": partial(_read_by_open, block=1 << 20),
}

if __name__ == "__main__":
    CLIENTS[sys.argv[1]](Path(sys.argv[2]))
