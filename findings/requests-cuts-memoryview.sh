#!/usr/bin/env bash
# Guess:   requests.put(url, data=memoryview(array)) sends the array's bytes, as urllib3, aiohttp and a file's
#          write() do; what cannot be sent raises.
# Instead: requests takes len() for the Content-Length, which counts elements. Of 1000 float64 values (8000
#          bytes) S3 stores the first 1000 bytes, of a 480 x 640 image of bytes 480, each with 200, and
#          nothing is raised. array.array is cut in the same way.
# Version: requests 2.34.2, urllib3 2.7.0, aiohttp 3.14.5, numpy 2.4.4 (against moto 5.2.5).
# Why:     a memoryview is how one uploads an array without copying it. With uint8 in one dimension all is
#          right, so a first try passes. Remedy: memoryview(array).cast("B").
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq requests==2.34.2 urllib3==2.7.0 aiohttp==3.14.5 numpy==2.4.4 boto3==1.43.117 \
  'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
cd "$work"
venv/bin/python 2>"$work/log" - <<'PYTHON' || { tail -n 3 "$work/log"; exit 1; }
import array
import asyncio
import logging

import aiohttp
import boto3
import numpy as np
import requests
import urllib3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
s3 = boto3.client(
    "s3",
    endpoint_url="http://127.0.0.1:%d" % server.get_host_and_port()[1],
    region_name="us-east-1",
    aws_access_key_id="demo",
    aws_secret_access_key="demo-secret",
)
s3.create_bucket(Bucket="lab")
url = s3.generate_presigned_url("put_object", Params={"Bucket": "lab", "Key": "run"})
values = np.arange(1000, dtype=np.float64)
image = np.arange(480 * 640, dtype=np.uint8).reshape(480, 640)
bodies = {
    "bytes": values.tobytes(),
    "memoryview of uint8": memoryview(image.ravel()),
    "memoryview of float64": memoryview(values),
    "memoryview of an image": memoryview(image),
    "array.array": array.array("d", values),
    "memoryview, cast": memoryview(values).cast("B"),
}


async def by_aiohttp(body) -> int:
    async with aiohttp.ClientSession() as session, session.put(url, data=body) as answer:
        return answer.status


clients = {
    "requests": lambda body: requests.put(url, data=body).status_code,
    "urllib3": lambda body: urllib3.request("PUT", url, body=body).status,
    "aiohttp": lambda body: asyncio.run(by_aiohttp(body)),
}


def upload(client: str, what: str) -> tuple[int, bool, int]:
    """The status, whether the stored bytes are the beginning of the body's, and how many they are."""
    status = clients[client](bodies[what])
    stored = s3.get_object(Bucket="lab", Key="run")["Body"].read()
    return status, bytes(bodies[what]).startswith(stored), len(stored)


print("requests", requests.__version__, "urllib3", urllib3.__version__, "aiohttp", aiohttp.__version__)
found = {}
for what, body in bodies.items():
    for client in clients:
        if client == "aiohttp" and what == "array.array":
            continue  # aiohttp takes an array for a list of parts
        found[client, what] = upload(client, what)
    print(f"{what}, {len(bytes(body))} bytes:", *(f"{c} {found[c, what]}" for c in clients if (c, what) in found))
server.stop()
assert all(status == 200 and same for status, same, _ in found.values()), "an upload is refused, or other bytes"
cut = {"memoryview of float64": 1000, "memoryview of an image": 480, "array.array": 1000}
for (client, what), (_, _, size) in found.items():
    whole = len(bytes(bodies[what]))
    assert size == (cut.get(what, whole) if client == "requests" else whole), f"{client} stores another size of {what}"
PYTHON
