#!/usr/bin/env bash
# Guess:   DuckDB's FROM 's3://lab/temperature=20/run.parquet' reads the file that is named: its column
#          temperature has the measured values, as in pyarrow, pandas and polars.
# Instead: it takes the folder for a partition and puts its value, 20, in place of the file's column, in all
#          rows. A filter on the column is decided by the folder too. No option was given, and nothing is said; the
#          file under another prefix, or hive_partitioning = false, gives the measured values.
# Version: duckdb 1.5.5, pyarrow 26.0.1, pandas 3.1.1, polars 2.1.0.
# Why:     a folder for each nominal value, and the measured one in the file, is a common order of measurements;
#          the result looks well, as all values are exact. Asked: https://github.com/duckdb/duckdb/issues/10431
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq duckdb==1.5.5 duckdb-extension-httpfs==1.5.5 pyarrow==26.0.1 pandas==3.1.1 \
  polars==2.1.0 s3fs==2026.9.0 boto3==1.43.117 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
"$work/venv/bin/python" - <<'PYTHON'
import io
import logging
from pathlib import Path

import boto3
import duckdb
import duckdb_extension_httpfs
import pandas
import polars
import pyarrow
import pyarrow.parquet
from moto.server import ThreadedMotoServer
from pyarrow.fs import S3FileSystem

logging.getLogger("werkzeug").setLevel(logging.ERROR)
for package in (duckdb, pyarrow, pandas, polars):
    print(package.__name__, package.__version__, end=" ")
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
host = "127.0.0.1:%d" % server.get_host_and_port()[1]
session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
s3 = session.client("s3", endpoint_url="http://" + host)
s3.create_bucket(Bucket="lab")
MEASURED = [19.4, 20.6, 21.9]
file = io.BytesIO()
pyarrow.parquet.write_table(pyarrow.table({"temperature": MEASURED}), file)
for folder in ("temperature=20", "nominal-20"):
    s3.put_object(Bucket="lab", Key=folder + "/run.parquet", Body=file.getvalue())

database = duckdb.connect()
extension = next(Path(duckdb_extension_httpfs.__file__).parent.rglob("httpfs.duckdb_extension"))
database.execute(f"LOAD '{extension}'")
database.execute(
    f"CREATE SECRET (TYPE s3, KEY_ID 'demo', SECRET 'demo-secret', REGION 'us-east-1', "
    f"ENDPOINT '{host}', URL_STYLE 'path', USE_SSL false)"
)


def by_duckdb(source: str, where: str = "true") -> list[float]:
    return [float(t) for (t,) in database.execute(f"SELECT temperature FROM {source} WHERE {where}").fetchall()]


path = "lab/temperature=20/run.parquet"
keys = {"key": "demo", "secret": "demo-secret", "endpoint_url": "http://" + host}
options = {"aws_endpoint_url": "http://" + host, "aws_access_key_id": "demo", "aws_secret_access_key": "demo-secret"}
arrow = S3FileSystem(
    access_key="demo", secret_key="demo-secret", endpoint_override=host, scheme="http", region="us-east-1"
)
found = {
    "pyarrow": pyarrow.parquet.read_table(path, filesystem=arrow)["temperature"].to_pylist(),
    "pandas": pandas.read_parquet("s3://" + path, storage_options=keys)["temperature"].to_list(),
    "polars": polars.read_parquet("s3://" + path, storage_options=options)["temperature"].to_list(),
    "duckdb, other folder": by_duckdb("'s3://lab/nominal-20/run.parquet'"),
    "duckdb, hive_partitioning = false": by_duckdb(f"read_parquet('s3://{path}', hive_partitioning = false)"),
}
replaced, warm = by_duckdb(f"'s3://{path}'"), by_duckdb(f"'s3://{path}'", "temperature > 20.5")
server.stop()
print()
for reader, values in found.items():
    print(f"{reader}:", values)
    assert values == MEASURED, f"{reader} reads other values"
print("duckdb:", replaced, "above 20.5:", warm)
assert (replaced, warm) == ([20.0] * 3, []), "duckdb reads the file's column"
PYTHON
