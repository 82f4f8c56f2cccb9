#!/usr/bin/env bash
# Guess:   Callback of aioboto3's download_file() is boto3's: it gets the bytes since its last call, as that
#          of aioboto3's own upload_file() does, so a progress bar adds them up (tqdm's update).
# Instead: downloads give the total so far. The same callback ends at the size for an upload and at three
#          times the size for the download of the same 40 MiB; the larger, the worse (80 MiB:
#          five and a half times). Up to one part (8 MiB) both agree.
# Version: aioboto3 15.5.0, boto3 1.40.61 (against moto 5.2.5).
# Why:     the bar says 100 % when a third is there, and code that takes "all bytes counted" for the end
#          opens half a file. Of uploads it was found and corrected:
#          https://github.com/terricain/aioboto3/issues/204
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq 'aioboto3[boto3]==15.5.0' 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
cd "$work"
venv/bin/python - <<'PYTHON'
import asyncio
import importlib.metadata
import logging
from pathlib import Path

import aioboto3
import boto3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
print("aioboto3", importlib.metadata.version("aioboto3"), "boto3", boto3.__version__)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
store = {"endpoint_url": "http://127.0.0.1:%d" % server.get_host_and_port()[1]}
keys = {"aws_access_key_id": "demo", "aws_secret_access_key": "demo-secret", "region_name": "us-east-1"}
MIB = 1 << 20


async def progress(size: int) -> tuple[int, int]:
    """Bytes that the callback has summed up, of an upload and of the download, in MiB."""
    up, down = [], []
    Path("run.bin").write_bytes(bytes(size * MIB))
    async with aioboto3.Session(**keys).client("s3", **store) as s3:
        await s3.upload_file("run.bin", "lab", "run.bin", Callback=up.append)
        await s3.download_file("lab", "run.bin", "copy.bin", Callback=down.append)
    assert Path("copy.bin").stat().st_size == size * MIB
    return sum(up) // MIB, sum(down) // MIB


s3 = boto3.client("s3", **keys, **store)
s3.create_bucket(Bucket="lab")
by_size = {size: asyncio.run(progress(size)) for size in (5, 40, 80)}
by_boto3: list[int] = []
s3.download_file("lab", "run.bin", "copy.bin", Callback=by_boto3.append)
server.stop()
print("size in MiB: (counted uploading, counted downloading)", by_size)
print("boto3, downloading 80 MiB:", sum(by_boto3) // MIB)
assert sum(by_boto3) == 80 * MIB, "boto3 counts otherwise"
assert by_size == {5: (5, 5), 40: (40, 120), 80: (80, 440)}, "aioboto3 counts otherwise"
PYTHON
