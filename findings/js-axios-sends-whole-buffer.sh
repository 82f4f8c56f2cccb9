#!/usr/bin/env bash
# Guess:   axios.put(url, bytes.subarray(0, 5 MiB)) sends these 5 MiB, as fetch, the AWS SDK and a Blob do:
#          the parts of an upload cut out of one buffer make up the file.
# Instead: axios sends the whole buffer that the view looks into. A view of 5 of 12 MiB is a part of 12 MiB,
#          answered with 200, so the object has each byte three times. DataView and Float32Array are the same,
#          in Node.js and with its fetch adapter; a Buffer is sent as it is.
# Version: axios 1.21.1 (against moto 5.2.5).
# Why:     each part has an ETag, Complete succeeds, and only the size of the object shows it.
#          Reported, and closed, twice: https://github.com/axios/axios/issues/2564 and /4068
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq boto3==1.43.117 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
npm install --loglevel=error --no-audit --no-fund --cache "$work/npm" --prefix "$work" axios@1.21.1
cat >"$work/put.mjs" <<'NODE'
import axios from "axios";

/** Uploads a file of three letters as three parts, cut out of one buffer, and prints the ETags. */
const [how, ...urls] = process.argv.slice(2);
const PART = 5 << 20;
const whole = new Uint8Array(2 * PART + (2 << 20));
whole.fill(97, 0, PART).fill(98, PART, 2 * PART).fill(99, 2 * PART);
const headers = { "Content-Type": "application/octet-stream" };
const put = {
  fetch: (url, body) => fetch(url, { method: "PUT", body }),
  axios: (url, body) => axios.put(url, body, { headers }),
  "axios-fetch": (url, body) => axios.put(url, body, { headers, adapter: "fetch" }),
  "axios-buffer": (url, body) => axios.put(url, Buffer.from(body), { headers }),
}[how];
const etags = [];
for (const [index, url] of urls.entries()) {
  const answer = await put(url, whole.subarray(index * PART, (index + 1) * PART));
  if (answer.status !== 200) throw new Error(`status ${answer.status}`);
  etags.push(answer.headers.get("etag"));
}
console.log(JSON.stringify({ version: axios.VERSION, etags }));
NODE
cd "$work"
venv/bin/python - <<'PYTHON'
import json
import logging
import subprocess

import boto3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
address = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
s3 = boto3.Session("demo", "demo-secret", region_name="us-east-1").client("s3", endpoint_url=address)
s3.create_bucket(Bucket="lab")


def upload(how: str) -> str:
    """The object's letters and how many MiB of each there are, in order."""
    upload = {"Bucket": "lab", "Key": how}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    urls = [s3.generate_presigned_url("upload_part", Params=upload | {"PartNumber": n}) for n in (1, 2, 3)]
    said = subprocess.run(["node", "--no-warnings", "put.mjs", how, *urls], check=True, capture_output=True)
    told = json.loads(said.stdout)
    print("axios", told["version"], how, end=": ")
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(told["etags"], 1)]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    data = s3.get_object(Bucket="lab", Key=how)["Body"].read()
    found = "".join(data[start : start + 1].decode() for start in range(0, len(data), 1 << 20))
    print(len(data), "bytes, MiB by MiB", found)
    return found


whole = "aaaaabbbbbcc"
found = {how: upload(how) for how in ("fetch", "axios-buffer", "axios", "axios-fetch")}
server.stop()
assert found["fetch"] == found["axios-buffer"] == whole, "fetch or a Buffer sends something else"
assert found["axios"] == found["axios-fetch"] == whole * 3, "axios no longer sends the whole buffer"
PYTHON
