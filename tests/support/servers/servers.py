"""Real S3 servers on loopback, each with a client and fresh buckets."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from moto.server import ThreadedMotoServer

from s3upload_widget.local import serve_local_s3
from support.servers.ports import free_port
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from types_boto3_s3 import S3Client

REGION: Final = "us-east-1"
_START_SECONDS: Final = 120.0


@dataclass(frozen=True)
class S3Server:
    """A running server and the credentials that it knows."""

    endpoint_url: str
    access_key: str
    secret_key: str
    sets_cors: bool = True
    """Whether a bucket's CORS rules can be set; a gateway's answer any origin, or none."""
    session_token: str = ""
    """Of temporary credentials."""

    @cached_property
    def client(self) -> S3Client:
        """A client as a user would make it: signature 4, path style."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            aws_session_token=self.session_token or None,
            region_name=REGION,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    @property
    def environment(self) -> dict[str, str]:
        """What makes ``boto3.client("s3")`` of another process find this server."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": REGION,
        }

    def at(self, endpoint_url: str) -> S3Server:
        """Return the same server as it is reached by another address, such as a proxy's."""
        return replace(self, endpoint_url=endpoint_url)

    def session(self, policy: str) -> S3Server:
        """Return the same server with short-lived credentials that this policy narrows."""
        options: dict[str, Any] = {
            "endpoint_url": self.endpoint_url,
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
            "region_name": REGION,
        }
        trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        role, iam = f"role-{uuid4().hex[:8]}", boto3.client("iam", **options)
        made = iam.create_role(RoleName=role, AssumeRolePolicyDocument=_document(trust))["Role"]
        iam.put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=_document(everything))
        given = boto3.client("sts", **options).assume_role(
            RoleArn=made["Arn"], RoleSessionName="ada", Policy=policy
        )["Credentials"]
        return replace(
            self,
            access_key=given["AccessKeyId"],
            secret_key=given["SecretAccessKey"],
            session_token=given["SessionToken"],
        )

    def new_bucket(self, origins: tuple[str, ...] = ("*",), *, name: str = "") -> str:
        """Make a bucket that pages of these origins may PUT to; no CORS rule without origins."""
        name = name or f"lab-{uuid4().hex[:16]}"
        self.client.create_bucket(Bucket=name)
        if origins and self.sets_cors:
            self.client.put_bucket_cors(
                Bucket=name,
                CORSConfiguration={
                    "CORSRules": [
                        {
                            "AllowedMethods": ["PUT"],
                            "AllowedOrigins": list(origins),
                            "AllowedHeaders": ["*"],
                        }
                    ]
                },
            )
        return name

    def keys(self, bucket: str) -> list[str]:
        """List every object's key."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def upload_ids(self, bucket: str) -> list[tuple[str, str]]:
        """List key and id of every unfinished multipart upload (up to 1,000)."""
        try:
            listed = self.client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        except self.client.exceptions.NoSuchUpload:  # rclone's word for an empty list
            listed = []
        return [(upload["Key"], upload["UploadId"]) for upload in listed]

    def parts_there(self, bucket: str) -> set[int]:
        """Tell which parts the bucket's only unfinished upload has, by their numbers."""
        [(key, upload_id)] = self.upload_ids(bucket)
        listed = self.client.list_parts(Bucket=bucket, Key=key, UploadId=upload_id)
        return {part["PartNumber"] for part in listed["Parts"]}

    def body(self, bucket: str, key: str) -> bytes:
        """Read an object."""
        return self.client.get_object(Bucket=bucket, Key=key)["Body"].read()

    def empty(self, bucket: str) -> None:
        """Delete every object and unfinished upload: ministack holds them in memory."""
        for key, upload_id in self.upload_ids(bucket):
            self.client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        for page in pages:
            for found in page.get("Contents", []):
                # Of DeleteObjects, some servers want an MD5 that boto3 no longer sends.
                self.client.delete_object(Bucket=bucket, Key=found["Key"])

    @contextmanager
    def bucket(self, origins: tuple[str, ...] = ("*",), *, name: str = "") -> Iterator[str]:
        """Give a bucket that is emptied and deleted afterwards."""
        name = self.new_bucket(origins, name=name)
        try:
            yield name
        finally:
            self.empty(name)
            self.client.delete_bucket(Bucket=name)


def one_of(*names: str) -> object:
    """Make the fixture ``server`` of a module whose tests run on each of these servers."""

    @pytest.fixture(params=names)
    def server(request: pytest.FixtureRequest) -> S3Server:
        found: S3Server = request.getfixturevalue(request.param)
        return found

    return server


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """End a process with the block, by force if it does not go in 10 s."""
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@contextmanager
def run_ministack(directory: Path, services: str = "s3") -> Iterator[S3Server]:
    """Run ministack, which verifies signatures, expiry, checksums and CORS; objects in memory.

    Args:
        directory: For its log.
        services: Which of AWS, such as ``s3,iam,sts``.
    """
    port = free_port()
    server = S3Server(
        f"http://127.0.0.1:{port}", f"AK{secrets.token_hex(9).upper()}", secrets.token_urlsafe(30)
    )
    environment = {
        **os.environ,
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SERVICES": services,
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(directory),
        "AWS_ACCESS_KEY_ID": server.access_key,
        "AWS_SECRET_ACCESS_KEY": server.secret_key,
    }
    log = directory / "ministack.log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "ministack"]
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        with ended(process):
            until(lambda: answers(server, process), _START_SECONDS, log.read_text)
            yield server


@contextmanager
def run_seaweed(directory: Path) -> Iterator[S3Server]:
    """Run SeaweedFS, which keeps what it has on disk, as users of ``serve_local_s3`` get it."""
    with serve_local_s3(directory) as local:
        yield S3Server(local.endpoint_url, local.access_key, local.secret_key)


@contextmanager
def run_moto() -> Iterator[S3Server]:
    """Run moto in this process: instant, but it verifies nothing."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield S3Server(f"http://{host}:{port}", "moto", "moto")
    finally:
        server.stop()


def answers(server: S3Server, process: subprocess.Popen[bytes]) -> bool:
    """Whether a server that was just started answers its credentials."""
    if process.poll() is not None:
        msg = f"the server ended at once with code {process.returncode}"
        raise RuntimeError(msg)
    try:
        server.client.list_buckets()
    except (BotoCoreError, ClientError):
        return False
    return True
