"""A Python that cannot start threads, as in the browser: the page gets its answers all the same."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from support import ROOT

if TYPE_CHECKING:
    from support.servers.servers import S3Server

SCRIPT = """
import threading, sys
sys.path[:0] = {path!r}
import boto3, comm
from s3upload_widget import UploadWidget, protocol
from support.clients.talk import ORIGIN, NearPage, RecordingComm

def start(self):
    raise RuntimeError("can't start new thread")

threading.Thread.start = start
comm.create_comm = RecordingComm
client = boto3.client("s3", endpoint_url={url!r}, aws_access_key_id="moto",
    aws_secret_access_key="moto", region_name="us-east-1")
widget = UploadWidget({bucket!r}, client=client)
arrived = []
widget.on_complete(lambda file: arrived.append(file.name))
page = NearPage(widget)
page.hello()
{then}
"""
UPLOAD = """
page.upload("run7.bin", b"0123456789")
assert widget.state == "done", (widget.state, widget.error)
assert arrived == ["run7.bin"]
assert widget.error == ""
print("all arrived")
"""
PICK = """
reply = page.pick("run7.bin")
print(reply.code, reply.retryable, "cannot reach S3" in reply.message)
"""


def run(url: str, bucket: str, then: str) -> str:
    script = SCRIPT.format(path=[str(ROOT), str(ROOT / "tests")], url=url, bucket=bucket, then=then)
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=180, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_a_file_arrives_though_no_thread_can_start(moto: S3Server) -> None:
    assert run(moto.endpoint_url, moto.new_bucket(), UPLOAD) == "all arrived\n"


def test_where_the_kernel_reaches_no_network_the_page_is_told() -> None:
    assert run("http://127.0.0.1:9", "lab-data", PICK) == "unavailable True True\n"
