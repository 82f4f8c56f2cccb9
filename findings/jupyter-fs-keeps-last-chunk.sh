#!/usr/bin/env bash
# Guess:   jupyter-fs shows an S3 bucket as a folder of JupyterLab, so a file dropped there is stored whole,
#          whatever its size, as Jupyter's own file manager stores it.
# Instead: JupyterLab 4.6.6 sends files above 1 MiB in numbered chunks of 1 MiB. The manager for fsspec
#          addresses ignores the numbers and writes each chunk over the one before: the object is the
#          last chunk, at most 1 MiB, and every answer is a success.
# Version: jupyter-fs 1.2.1, jupyter_server 2.21.1, s3fs 2026.9.0 (against moto 5.2.5).
# Why:     small files are right, and exactly the large ones lose all but their end; JupyterLab shows the
#          upload as done.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq jupyter_server==2.21.1 fsspec==2026.9.0 s3fs==2026.9.0 boto3==1.43.117 \
  'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
"$work/venv/bin/pip" install -qq --no-deps jupyter-fs==1.2.1  # the server's part; without JupyterLab itself
cd "$work"
venv/bin/python - <<'PYTHON'
import base64
import importlib.metadata
import logging
from pathlib import Path

import boto3
from jupyter_server.services.contents.largefilemanager import LargeFileManager
from jupyterfs.manager.fsspec import FSSpecManager
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
print("jupyter-fs", importlib.metadata.version("jupyter-fs"))
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
address = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
s3 = session.client("s3", endpoint_url=address)
s3.create_bucket(Bucket="lab")
bucket = FSSpecManager("s3://lab", key="demo", secret="demo-secret", endpoint_url=address)
Path("folder").mkdir()
folder = LargeFileManager(root_dir=str(Path("folder").resolve()))
CHUNK = 1 << 20
data = b"".join(b"%015d\n" % line for line in range(CHUNK // 4))[: 3 * CHUNK + 1000]


def upload(manager: FSSpecManager | LargeFileManager) -> None:
    """Sends what JupyterLab sends: chunks 1, 2, …, and the last one as -1."""
    pieces = [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)]
    for number, piece in enumerate(pieces, 1):
        model = {"type": "file", "format": "base64", "content": base64.b64encode(piece).decode()}
        manager.save({**model, "chunk": -1 if number == len(pieces) else number}, "run.csv")


upload(folder)
upload(bucket)
local = Path("folder/run.csv").read_bytes()
stored = s3.get_object(Bucket="lab", Key="run.csv")["Body"].read()
server.stop()
print(f"uploaded {len(data)} bytes; Jupyter's own manager kept {len(local)}, jupyter-fs {len(stored)}")
assert local == data, "Jupyter's own manager loses chunks as well"
assert stored == data[-1000:], "jupyter-fs no longer keeps the last chunk alone"
PYTHON
