#!/usr/bin/env bash
# Guess:   JupyterLab sends a large file in numbered chunks; chunk 1 starts a new file, so whoever
#          uploads again after an interrupted try gets exactly the file.
# Instead: s3contents ignores the chunk numbers. The chunks of the interrupted try stay in the server's
#          memory for an hour, and the next upload to that path is appended to them: the object is the
#          old chunks and then the file, and every answer is a success.
# Version: s3contents 0.11.2 (against moto 5.2.5).
# Why:     a page that is reloaded in the middle of an upload is common. The damaged object has the
#          right name and a wrong size, and nobody is told.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq s3contents==0.11.2 s3fs==2026.9.0 gcsfs==2026.10.1 \
  boto3==1.43.117 jupyter_server==2.21.1 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
"$work/venv/bin/python" - <<'PYTHON'
import base64
import importlib.metadata
import logging

import boto3
from moto.server import ThreadedMotoServer
from s3contents import S3ContentsManager

logging.getLogger("werkzeug").setLevel(logging.ERROR)
print("s3contents", importlib.metadata.version("s3contents"))
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
address = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
keys = {"region_name": "us-east-1"}
s3 = boto3.client(
    "s3", endpoint_url=address, aws_access_key_id="demo", aws_secret_access_key="demo-secret", **keys
)
s3.create_bucket(Bucket="lab")
manager = S3ContentsManager(
    access_key_id="demo", secret_access_key="demo-secret", endpoint_url=address, bucket="lab", **keys
)


def send_chunk(number: int, data: bytes) -> None:
    content = base64.b64encode(data).decode()
    manager.save({"type": "file", "format": "base64", "content": content, "chunk": number}, "run.bin")


def upload() -> bytes:
    for number, data in ((1, b"first,"), (2, b"second,"), (-1, b"last")):
        send_chunk(number, data)
    return s3.get_object(Bucket="lab", Key="run.bin")["Body"].read()


send_chunk(1, b"first,")  # and here the page is reloaded
after_interruption, clean = upload(), upload()
server.stop()
print("uploaded again after an interruption:", after_interruption)
print("uploaded once more:                  ", clean)
assert clean == b"first,second,last", "an upload of its own is no longer right"
assert after_interruption == b"first," + clean, "the interrupted chunk is no longer kept"
PYTHON
