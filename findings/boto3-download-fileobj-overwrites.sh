#!/usr/bin/env bash
# Guess:   download_fileobj(…, file) writes at the file's position, as file.write() does and as
#          upload_fileobj() reads from it; several objects downloaded into one open file stand one behind
#          the other.
# Instead: each download starts at byte 0 of the file and overwrites what is there. Of two days and a header
#          the second day and the end of the first are left. A file that is open for appending ("ab")
#          gets all of it.
# Version: boto3 1.43.117, s3transfer 0.19.3 (against moto 5.2.5).
# Why:     joining the parts of a data set into one file is a loop of one line. It raises nothing, and of
#          objects of one size the last one alone is left. Open the file with "ab".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq boto3==1.43.117 s3transfer==0.19.3 \
  'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
cd "$work"
venv/bin/python - <<'PYTHON'
import importlib.metadata
import io
import logging
from pathlib import Path

import boto3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
print("boto3", boto3.__version__, "s3transfer", importlib.metadata.version("s3transfer"))
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
s3 = boto3.client(
    "s3",
    endpoint_url="http://127.0.0.1:%d" % server.get_host_and_port()[1],
    region_name="us-east-1",
    aws_access_key_id="demo",
    aws_secret_access_key="demo-secret",
)
s3.create_bucket(Bucket="lab")
days = {"monday.csv": b"mon,1\nmon,2\nmon,3\n", "tuesday.csv": b"tue,1\ntue,2\n"}
for key, rows in days.items():
    s3.put_object(Bucket="lab", Key=key, Body=rows)
header = b"day,value\n"
joined = header + b"".join(days.values())


def join(file) -> None:
    file.write(header)
    for key in days:
        s3.download_fileobj("lab", key, file)


memory = io.BytesIO()
join(memory)
for mode in ("wb", "ab"):
    with open(mode, mode) as file:
        join(file)
server.stop()
found = {
    "file, wb": Path("wb").read_bytes(),
    "BytesIO": memory.getvalue(),
    "file, ab": Path("ab").read_bytes(),
}
for what, content in found.items():
    print(f"{what}:", content)
    left = b"tue,1\ntue,2\nmon,3\n" if what != "file, ab" else joined
    assert content == left, f"{what}: boto3 writes elsewhere"
PYTHON
