#!/usr/bin/env bash
# Guess:   a COPY … TO 's3://…' that raises an error changes nothing: a multipart upload makes an object
#          only when it is completed, and a database rolls back.
# Instead: DuckDB completes the upload of what it had written. The query raises, and the good object of
#          before is replaced by a valid-looking CSV that ends in the middle.
# Version: duckdb 1.5.5 with its httpfs 1.5.5 (against moto 5.2.5).
# Why:     the remedy "run it again if it failed" comes too late for readers, and nothing shows later that
#          the file is cut. Write to a key of its own and copy it over, or upload a local file.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq duckdb==1.5.5 duckdb-extension-httpfs==1.5.5 boto3==1.43.117 \
  'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
"$work/venv/bin/python" - <<'PYTHON'
import logging
from pathlib import Path

import boto3
import duckdb
import duckdb_extension_httpfs
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
print("duckdb", duckdb.__version__)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
host = "127.0.0.1:%d" % server.get_host_and_port()[1]
s3 = boto3.client(
    "s3",
    endpoint_url="http://" + host,
    region_name="us-east-1",
    aws_access_key_id="demo",
    aws_secret_access_key="demo-secret",
)
s3.create_bucket(Bucket="lab")
s3.put_object(Bucket="lab", Key="run.csv", Body=b"the good one of yesterday")

package = Path(duckdb_extension_httpfs.__file__).parent
database = duckdb.connect()
database.execute(f"LOAD '{next(package.rglob('httpfs.duckdb_extension'))}'")
database.execute(
    f"CREATE SECRET (TYPE s3, KEY_ID 'demo', SECRET 'demo-secret', REGION 'us-east-1', "
    f"ENDPOINT '{host}', URL_STYLE 'path', USE_SSL false)"
)
rows = "SELECT CASE WHEN i = 400000 THEN error('bad row') ELSE i END AS i FROM range(600000) t(i)"
try:
    database.execute(f"COPY ({rows}) TO 's3://lab/run.csv'")
    outcome = "no error"
except duckdb.InvalidInputException as error:
    outcome = str(error)
found = s3.get_object(Bucket="lab", Key="run.csv")["Body"].read()
unfinished = s3.list_multipart_uploads(Bucket="lab").get("Uploads", [])
server.stop()
print("COPY:", outcome, "| unfinished uploads:", len(unfinished))
print("object now:", len(found), "bytes,", found.count(b"\n"), "lines, from", found[:6], "to", found[-7:])
assert "bad row" in outcome, "COPY no longer raises"
assert found.startswith(b"i\n0\n") and found.count(b"\n") < 600001, "the good object is no longer replaced"
PYTHON
