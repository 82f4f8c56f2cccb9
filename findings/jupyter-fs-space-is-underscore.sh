#!/usr/bin/env bash
# Guess:   an object whose name has a space is opened, saved and deleted under its name: S3 allows spaces,
#          and jupyter-fs lists "run 1.csv" and "run_1.csv" as the two files that they are.
# Instead: on S3 jupyter-fs replaces spaces by underscores in each path that it gets. Opening "run 1.csv"
#          shows the content of run_1.csv, an upload of it replaces run_1.csv, and deleting it deletes
#          run_1.csv; the object with the space cannot be reached. Nothing is an error.
# Version: jupyter-fs 1.2.1, s3fs 2026.9.0 (against moto 5.2.5).
# Why:     names with spaces come from every desktop. Whoever deletes the wrong one of two files in the
#          browser loses the right one, and the list still shows the name that was deleted.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq jupyter_server==2.21.1 fsspec==2026.9.0 s3fs==2026.9.0 boto3==1.43.117 \
  'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
"$work/venv/bin/pip" install -qq --no-deps jupyter-fs==1.2.1  # the server's part; without JupyterLab itself
"$work/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import logging

import boto3
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
manager = FSSpecManager("s3://lab", key="demo", secret="demo-secret", endpoint_url=address)


def stored() -> dict[str, str]:
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket="lab").get("Contents", [])]
    return {key: s3.get_object(Bucket="lab", Key=key)["Body"].read().decode() for key in keys}


s3.put_object(Bucket="lab", Key="run 1.csv", Body=b"space")
s3.put_object(Bucket="lab", Key="run_1.csv", Body=b"underscore")
listed = sorted(each["name"] for each in manager.get("", content=True)["content"])
opened = manager.get("run 1.csv", content=True)["content"]
manager.save({"type": "file", "format": "text", "content": "new"}, "run 1.csv")
after_upload = stored()
manager.delete_file("run 1.csv")
after_delete = stored()
server.stop()
print("listed:", listed, "| opened run 1.csv:", opened)
print("run 1.csv uploaded:", after_upload, "| run 1.csv deleted:", after_delete)
assert listed == ["run 1.csv", "run_1.csv"] and opened == "underscore", "it opens the object itself"
assert after_upload == {"run 1.csv": "space", "run_1.csv": "new"}, "an upload keeps the space"
assert after_delete == {"run 1.csv": "space"}, "it deletes the object itself"
PYTHON
