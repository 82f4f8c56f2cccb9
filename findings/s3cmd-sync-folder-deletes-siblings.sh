#!/usr/bin/env bash
# Guess:   `s3cmd sync --delete-removed run s3://lab/day/` works as rsync does, whose rules for the trailing
#          slash s3cmd follows: it uploads the folder as day/run/ and deletes inside day/run/ alone.
# Instead: it deletes all of s3://lab/day/ but that folder, with "s3://lab/" all of the bucket: run.csv and
#          run2/. For one file, `sync --delete-removed run/a.csv s3://lab/day/`, all but this file. Exit code 0.
#          `sync --delete-removed run/ s3://lab/day/run/` deletes only what is not in the folder.
# Version: s3cmd 2.4.0 (against moto 5.2.5).
# Why:     day/ has the runs of the day, and each one is synced when it is done: each sync deletes all
#          others. Reported in 2015 (issue 600), and a remedy lies in https://github.com/s3tools/s3cmd/pull/617
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq s3cmd==2.4.0 boto3==1.43.117 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
cd "$work"
venv/bin/python - <<'PYTHON'
import logging
import subprocess
from importlib.metadata import version
from pathlib import Path

import boto3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
host = "127.0.0.1:%d" % server.get_host_and_port()[1]
session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
s3 = session.client("s3", endpoint_url="http://" + host)
s3.create_bucket(Bucket="lab")
Path("s3cfg").write_text(
    "[default]\naccess_key = demo\nsecret_key = demo-secret\nuse_https = False\n"
    f"host_base = {host}\nhost_bucket = {host}\n"
)
Path("run").mkdir()
Path("run/a.csv").write_text("1,2\n")
NAMES = ("run/a.csv", "run/old.csv", "run.csv", "run2/b.csv")


def by_s3cmd(source: str, folder: str) -> list[str]:
    """The keys below day/ after a sync there, exit code 0."""
    for name in NAMES:
        s3.put_object(Bucket="lab", Key="day/" + name, Body=b"1,2\n")
    words = ["venv/bin/s3cmd", "-c", "s3cfg", "sync", "--delete-removed", source, "s3://lab/" + folder]
    subprocess.run(words, check=True, capture_output=True)
    found = s3.list_objects_v2(Bucket="lab", Prefix="day/").get("Contents", [])
    return [each["Key"].removeprefix("day/") for each in found]


print("s3cmd", version("s3cmd"))
kept = ["run.csv", "run/a.csv", "run2/b.csv"]
slash, folder, file = by_s3cmd("run/", "day/run/"), by_s3cmd("run", "day/"), by_s3cmd("run/a.csv", "day/")
server.stop()
print("left in day/ after run/ -> day/run/:", slash, "| run -> day/:", folder, "| run/a.csv -> day/:", file)
assert slash == kept, "the slash deletes something else"
assert folder == ["run/a.csv"] and file == ["a.csv"], "the siblings are kept"
PYTHON
