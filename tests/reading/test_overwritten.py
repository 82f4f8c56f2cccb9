"""Which readers show old bytes after an overwrite under the same key, and what helps: docs/scale.md."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import duckdb
import fsspec
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pyarrow.fs
import pyarrow.parquet
import pytest
import s3fs
from fsspec.implementations.cached import WholeFileCacheFileSystem

from support.clients.snippet_runner import load_extensions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.servers.servers import S3Server

KEY = "raw/day.parquet"


def parquet(held: str, rows: int) -> bytes:
    written = io.BytesIO()
    numbers = [str(row * 7919) for row in range(rows)]
    pyarrow.parquet.write_table(pa.table({"n": numbers, "held": [held] * rows}), written)
    return written.getvalue()


@pytest.fixture
def uri(seaweed: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An object, and an environment in which each tool finds it."""
    for name, value in seaweed.environment.items():
        monkeypatch.setenv(name, value)
    WholeFileCacheFileSystem.clear_instance_cache()
    with seaweed.bucket() as bucket:
        seaweed.client.put_object(Bucket=bucket, Key=KEY, Body=parquet("old", 200))
        yield f"s3://{bucket}/{KEY}"


@pytest.fixture
def overwrite(seaweed: S3Server, uri: str) -> Callable[[], None]:
    bucket = uri.split("/")[2]

    def put() -> None:
        seaweed.client.put_object(Bucket=bucket, Key=KEY, Body=parquet("new", 900))

    return put


def held(table: Any) -> str:
    """What a table of one value holds."""
    [value] = set(
        table["held"].to_pylist() if hasattr(table["held"], "to_pylist") else table["held"]
    )
    return str(value)


def test_a_cache_of_whole_files_shows_old_bytes_unless_it_checks(
    uri: str, overwrite: Callable[[], None], tmp_path: Path
) -> None:
    options: dict[str, dict[str, Any]] = {
        "simplecache": {"cache_storage": str(tmp_path / "simple")},
        "filecache": {"cache_storage": str(tmp_path / "file")},
        "filecache checked": {"cache_storage": str(tmp_path / "checked"), "check_files": True},
    }

    def read(kind: str) -> str:
        cache = kind.split(maxsplit=1)[0]
        with fsspec.open(f"{cache}::{uri}", **{cache: options[kind]}) as opened:
            return held(pd.read_parquet(opened))

    assert {read(kind) for kind in options} == {"old"}

    overwrite()

    assert {kind: read(kind) for kind in options} == {
        "simplecache": "old",
        "filecache": "old",
        "filecache checked": "new",
    }


def test_a_folder_that_was_listed_has_to_be_forgotten(
    uri: str, overwrite: Callable[[], None]
) -> None:
    assert len(s3fs.S3FileSystem(anon=False).ls(uri.rpartition("/")[0])) == 1

    overwrite()

    with pytest.raises(OSError, match="16"):
        pd.read_parquet(uri, storage_options={"anon": False})
    fresh = {"use_listings_cache": False}
    assert held(pd.read_parquet(uri, storage_options=fresh)) == "new"
    s3fs.S3FileSystem.clear_instance_cache()
    assert held(pd.read_parquet(uri, storage_options={"anon": False})) == "new"


def test_a_dataset_and_a_lazy_frame_that_were_kept_fail_and_new_ones_read(
    uri: str, overwrite: Callable[[], None], seaweed: S3Server
) -> None:
    store = pyarrow.fs.S3FileSystem(endpoint_override=seaweed.endpoint_url)

    def dataset() -> Any:
        return pyarrow.dataset.dataset(uri.removeprefix("s3://"), filesystem=store)

    def frame() -> Any:
        return pl.scan_parquet(uri, glob=False)

    kept, lazy = dataset(), frame()
    assert {held(kept.to_table()), held(lazy.collect())} == {"old"}

    overwrite()

    with pytest.raises(OSError, match=r"."):
        kept.to_table()
    with pytest.raises(BaseException, match=r"."):
        lazy.collect()
    assert {held(dataset().to_table()), held(frame().collect())} == {"new"}


@pytest.mark.parametrize(
    ("setting", "shown"),
    [
        ("", "new"),
        ("SET enable_http_metadata_cache = true", "old"),
        ("SET validate_external_file_cache = 'NO_VALIDATION'", "old"),
    ],
)
def test_duckdb_shows_the_new_bytes_unless_it_is_told_not_to_look(
    uri: str, overwrite: Callable[[], None], seaweed: S3Server, setting: str, shown: str
) -> None:
    with duckdb.connect() as connection:
        load_extensions(connection)
        host = seaweed.endpoint_url.removeprefix("http://")
        connection.sql(
            "CREATE SECRET (TYPE s3, PROVIDER credential_chain, "
            f"ENDPOINT '{host}', URL_STYLE 'path', USE_SSL false)"
        )
        if setting:
            connection.sql(setting)

        def read() -> str:
            return held(connection.sql(f"FROM read_parquet('{uri}')").df())

        assert read() == "old"
        overwrite()
        assert read() == shown
