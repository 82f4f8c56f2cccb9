#!/usr/bin/env bash
# Guess:   wr.s3.read_csv("s3://lab/run.csv") reads run.csv, as pandas does with that address and as
#          wr.s3.download() does: a string that is the whole key of an object means that object.
# Instead: a string is a prefix even then (the docstring's word is "prefix"). The rows of run.csv.bak are
#          appended to those of run.csv, and delete_objects("s3://lab/run.csv") deletes the backup as well.
#          The same string in a list of one is exact.
# Version: awswrangler 3.17.1, pandas 3.1.1 (against moto 5.2.5).
# Why:     run.csv.bak and run.csv.old lie beside their file by custom. The extra rows have the right
#          columns, so nothing shows them, and who deletes a file deletes its backup.
#          Asked for, and left so: https://github.com/aws/aws-sdk-pandas/issues/1347
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq awswrangler==3.17.1 pandas==3.1.1 boto3==1.43.117 \
  'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
cd "$work"
venv/bin/python - <<'PYTHON'
import logging
from pathlib import Path

import awswrangler as wr
import boto3
import pandas
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
print("awswrangler", wr.__version__, "pandas", pandas.__version__)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
address = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
wr.config.s3_endpoint_url = address
session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
s3 = session.client("s3", endpoint_url=address)
s3.create_bucket(Bucket="lab")
s3.put_object(Bucket="lab", Key="run.csv", Body=b"i\n1\n2\n")
s3.put_object(Bucket="lab", Key="run.csv.bak", Body=b"i\n7\n8\n9\n")

path = "s3://lab/run.csv"
as_string = list(wr.s3.read_csv(path, boto3_session=session)["i"])
in_a_list = list(wr.s3.read_csv([path], boto3_session=session)["i"])
wr.s3.download(path, "run.csv", boto3_session=session)
downloaded = Path("run.csv").read_bytes()
wr.s3.delete_objects(path, boto3_session=session)
left = [found["Key"] for found in s3.list_objects_v2(Bucket="lab").get("Contents", [])]
server.stop()
print("downloaded:", downloaded, "| read in a list of one:", in_a_list, "| read by the string:", as_string)
print("left after delete_objects of run.csv:", left)
assert (downloaded, in_a_list) == (b"i\n1\n2\n", [1, 2]), "download or the list is no longer exact"
assert as_string == [1, 2, 7, 8, 9], "the backup is no longer read"
assert left == [], "the backup is no longer deleted"
PYTHON
