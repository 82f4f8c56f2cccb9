"""Write a table to S3 as Parquet while it is computed: no temporary file, a few parts in memory.

    python stream_parquet.py s3://lab-data/raw/waves.parquet 200

If it fails or is killed, run it again: it computes the same table, so the parts that arrived are
not sent again. The object is there once all of it is. Needs pyarrow and numpy.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from s3upload_widget import UploadError, upload_stream

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = pa.schema([("t", pa.int64()), ("wave", pa.float64())])
ROWS = 100_000


def compute(groups: int) -> Iterator[pa.Table]:
    """Make the table, a row group at a time."""
    for group in range(groups):
        t = np.arange(group * ROWS, (group + 1) * ROWS)
        yield pa.table({"t": t, "wave": np.sin(t * 1e-3) * np.cos(t)}, schema=SCHEMA)


def main(uri: str, groups: int) -> None:
    """Compute and write, then look at the first row group where it is."""
    with upload_stream(uri, skip=True) as f, pq.ParquetWriter(f, SCHEMA) as writer:
        for table in compute(groups):
            writer.write_table(table)
    done = f.uploaded
    with done.open() as f:  # reads the footer and one row group, and no more
        # On this thread: one of pyarrow's that holds the file when Python ends may abort it.
        first = pq.ParquetFile(f).read_row_group(0, use_threads=False)
    print(f"{done.uri}  {done.size:,} bytes, verified by {done.verified_by}")
    print(f"{groups * ROWS:,} rows; the first group's mean is {np.mean(first['wave']):.6f}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case [uri, groups] if groups.isdecimal():
            try:
                main(uri, int(groups))
            except UploadError as error:
                sys.exit(f"{uri}: {error}")
        case _:
            sys.exit("usage: stream_parquet.py s3://BUCKET/KEY ROW_GROUPS")
