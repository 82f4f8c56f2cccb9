#!/usr/bin/env bash
# Guess:   sync("folder", "s3://lab/run", { del: true }) of s3-sync-client makes lab/run/ like the folder, as
#          `aws s3 sync --delete`, which its README compares it to: only run/… is looked at.
# Instead: it uploads to run/, and deletes all keys that begin with "run": run.csv and the folder run2/ are
#          gone. In the other direction it downloads them. With "s3://lab/run/" it spares them, but stores
#          run//a.csv and deletes run/a.csv, the good one.
# Version: s3-sync-client 4.3.1, @aws-sdk/client-s3 3.1175.0, aws-cli 1.46.2 (against moto 5.2.5).
# Why:     a deployment to s3://site/app deletes s3://site/app-docs, and says so only in what it returns.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq boto3==1.43.117 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
python3 -m venv "$work/aws"
"$work/aws/bin/pip" install -qq awscli==1.46.2
npm install --loglevel=error --no-audit --no-fund --cache "$work/npm" --prefix "$work" \
  s3-sync-client@4.3.1 @aws-sdk/client-s3@3.1175.0
cat >"$work/sync.mjs" <<'NODE'
import { S3Client } from "@aws-sdk/client-s3";
import { S3SyncClient } from "s3-sync-client";

const client = new S3Client({
  endpoint: process.env.AWS_ENDPOINT_URL,
  region: "us-east-1",
  forcePathStyle: true,
  credentials: { accessKeyId: "demo", secretAccessKey: "demo-secret" },
});
const [from, to] = process.argv.slice(2);
await new S3SyncClient({ client }).sync(from, to, { del: true });
NODE
cd "$work"
mkdir folder
echo "1,2" >folder/a.csv
AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo-secret AWS_DEFAULT_REGION=us-east-1 \
  AWS_CONFIG_FILE=$work/none venv/bin/python - <<'PYTHON'
import json
import logging
import os
import subprocess
from pathlib import Path

import boto3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
os.environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
s3 = boto3.client("s3")
s3.create_bucket(Bucket="lab")
node = ["node", "--no-warnings", "sync.mjs"]
aws = ["aws/bin/aws", "s3", "sync", "--delete", "--only-show-errors"]


def fill() -> None:
    for key in ("run/a.csv", "run/old.csv", "run.csv", "run2/b.csv"):
        s3.put_object(Bucket="lab", Key=key, Body=b"1,2\n")


def upload(command: list[str], address: str) -> list[str]:
    """The keys of the bucket after the folder, which has only a.csv, was synced there."""
    fill()
    subprocess.run([*command, "folder", address], check=True, capture_output=True)
    return [found["Key"] for found in s3.list_objects_v2(Bucket="lab").get("Contents", [])]


def download(name: str, address: str) -> list[str]:
    """The files of an empty folder after it was synced from there by s3-sync-client."""
    fill()
    Path(name).mkdir()
    subprocess.run([*node, address, name], check=True, capture_output=True)
    return sorted(str(path.relative_to(name)) for path in Path(name).rglob("*") if path.is_file())


print("s3-sync-client", json.loads(Path("node_modules/s3-sync-client/package.json").read_text())["version"])
found = {
    "aws, s3://lab/run": upload(aws, "s3://lab/run"),
    "s3-sync-client, s3://lab/run/": upload(node, "s3://lab/run/"),
    "s3-sync-client, s3://lab/run": upload(node, "s3://lab/run"),
}
down = {address: download(name, address) for name, address in (("one", "s3://lab/run/"), ("two", "s3://lab/run"))}
server.stop()
for what, keys in found.items():
    print(what, "has left", keys)
print("downloaded:", down)
by_aws, slash, plain = found.values()
assert by_aws == ["run.csv", "run/a.csv", "run2/b.csv"], "aws deletes something else"
assert slash == ["run.csv", "run//a.csv", "run2/b.csv"], "the slash uploads or deletes something else"
assert plain == ["run/a.csv"], "the neighbours are kept"
assert "run2/b.csv" in down["s3://lab/run"] and len(down["s3://lab/run/"]) == 2, "it downloads something else"
PYTHON
