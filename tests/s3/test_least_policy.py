"""On a server that enforces policies: the least ones suffice, and grant nothing that is not used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from botocore.exceptions import ClientError

from s3upload_widget import abort_unfinished, check_bucket, list_unfinished, upload_stream
from s3upload_widget.policy import iam_policy, session_policy
from s3upload_widget.protocol import (
    ListUnfinished,
    MultipartUploadAborted,
    MultipartUploadCompleted,
    UnfinishedListed,
)
from support.clients.scripts import begin, send_all
from support.clients.sender import DATA, ORIGIN, SINGLE, Sender, service_at
from support.files import make_file
from support.servers.servers import S3Server, run_ministack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from s3upload_widget.service import Service
    from support.proxy.proxy import FaultyProxy

FOLDER: Final = "home/ada"
ACTIONS: Final = {
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "PutObject": "s3:PutObject",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "ListParts": "s3:ListMultipartUploadParts",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "HeadObject": "s3:GetObject",
    "GetObject": "s3:GetObject",
}
SHORTCUTS: Final = {"HeadBucket", "ListObjectsV2", "GetObjectAttributes"}
"""Looks that save others where they are allowed."""
MANY: Final = 20


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A server whose STS gives credentials that a session's policy narrows."""
    with run_ministack(tmp_path_factory.mktemp("ministack"), services="s3,iam,sts") as server:
        yield server


@pytest.fixture
def server(guarded: S3Server) -> S3Server:
    return guarded


def policy_of(bucket: str, *, read: bool) -> str:
    if read:
        return session_policy(f"s3://{bucket}/{FOLDER}/")
    return json.dumps(iam_policy(bucket, f"{FOLDER}/"))


@pytest.fixture(params=[True, False], ids=["session_policy", "without reading"])
def read(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def ada(server: S3Server, proxy: FaultyProxy, bucket: str, read: bool) -> S3Server:
    """The server as one user's kernel reaches it."""
    return server.session(policy_of(bucket, read=read)).at(proxy.url)


def service_of(ada: S3Server, bucket: str, folder: str = FOLDER) -> Service:
    return service_at(ada, bucket, prefix=folder)


def upload_as_a_page(ada: S3Server, bucket: str) -> None:
    """One part, several, a resume by another kernel, the same file again, one that is given up."""
    service = service_of(ada, bucket)
    assert isinstance(Sender(service, SINGLE, name="one.csv").upload(), MultipartUploadCompleted)
    left = Sender(service, DATA, file_id="file_0002")
    left.open()
    left.send(1)
    later = service_of(ada, bucket)
    listed = later.handle(ListUnfinished(remembered=[], others=True))
    assert isinstance(listed, UnfinishedListed)
    assert [each.key for each in listed.uploads] == [f"{FOLDER}/run7.csv"]
    assert listed.denied == []
    again = Sender(later, DATA)
    assert isinstance(again.upload(), MultipartUploadCompleted)
    unwanted = Sender(later, DATA, name="no.csv", file_id="file_0003")
    unwanted.create()
    assert isinstance(unwanted.abort(), MultipartUploadAborted)


def upload_as_a_script(ada: S3Server, bucket: str, folder: Path) -> None:
    """Many small files, a resume, a stream, and an upload that is given up."""
    uri = f"s3://{bucket}/{FOLDER}/"
    many = [make_file(folder / f"small{n}.bin", 100, seed=n) for n in range(MANY)]
    send_all(ada, many, uri)
    file = make_file(folder / "large.bin", 5_000)
    begin(ada, bucket, f"{FOLDER}/large.bin", file, (1, 2))
    send_all(ada, [file], uri)
    with upload_stream(f"{uri}day.csv", client=ada.client) as stream:
        stream.write(b"x,y\n")
    begin(ada, bucket, f"{FOLDER}/left.bin", file, (1,))
    (left,) = list_unfinished(uri, client=ada.client)
    assert left.uri == f"{uri}left.bin"
    abort_unfinished(uri, older_than="0s", client=ada.client)


def test_every_journey_of_a_page_and_a_script_gets_by_on_it_and_uses_all_of_it(
    ada: S3Server,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    read: bool,
    tmp_path: Path,
) -> None:
    upload_as_a_page(ada, bucket)
    upload_as_a_script(ada, bucket, tmp_path)
    if read:
        (again,) = send_all(ada, [tmp_path / "large.bin"], f"s3://{bucket}/{FOLDER}/")
        again.uploaded.verify()

    statements: Any = json.loads(policy_of(bucket, read=read))["Statement"]
    actions = [each["Action"] for each in statements]
    granted = {name for each in actions for name in ([each] if isinstance(each, str) else each)}
    denied = {each.operation for each in proxy.exchanges if each.status == 403}
    assert denied <= SHORTCUTS | (set() if read else {"HeadObject"})
    allowed = {each.operation for each in proxy.exchanges if each.status != 403}
    assert {ACTIONS[name] for name in allowed} == granted
    assert server.upload_ids(bucket) == []
    assert len(server.keys(bucket)) == MANY + 4


def test_the_check_finds_no_problem_where_the_policy_is_the_only_one(
    ada: S3Server, bucket: str
) -> None:
    report = check_bucket(f"s3://{bucket}/{FOLDER}/", origin=ORIGIN, client=ada.client)

    assert [str(each) for each in report if each.level == "problem"] == []


@pytest.mark.parametrize("folder", ["home/bob", "home/adam", "home"])
def test_another_folder_takes_nothing(
    ada: S3Server, server: S3Server, bucket: str, folder: str
) -> None:
    service = service_of(ada, bucket, folder)

    single = Sender(service, SINGLE, name="one.csv")
    single.open()

    assert [answer.code for answer in single.send()] == ["AccessDenied"]
    several = Sender(service, DATA, file_id="file_0002")
    several.pick()
    with pytest.raises(AssertionError, match="access_denied"):
        several.create()
    assert server.keys(bucket) == []
    assert server.upload_ids(bucket) == []


@pytest.mark.parametrize(
    ("operation", "what"),
    [
        ("get_object", {"Key": "home/bob/a.csv"}),
        ("head_object", {"Key": "home/bob/a.csv"}),
        ("delete_object", {"Key": f"{FOLDER}/a.csv"}),
        ("list_objects_v2", {"Prefix": f"{FOLDER}/"}),
        ("put_object_tagging", {"Key": f"{FOLDER}/a.csv", "Tagging": {"TagSet": []}}),
        ("get_bucket_policy", {}),
        ("put_bucket_cors", {"CORSConfiguration": {"CORSRules": []}}),
    ],
)
@pytest.mark.parametrize("read", [True], indirect=True)
def test_what_no_upload_needs_is_denied(
    ada: S3Server, server: S3Server, bucket: str, operation: str, what: dict[str, Any]
) -> None:
    for key in ("home/bob/a.csv", f"{FOLDER}/a.csv"):
        server.client.put_object(Bucket=bucket, Key=key, Body=b"x")

    with pytest.raises(ClientError) as caught:
        getattr(ada.client, operation)(Bucket=bucket, **what)

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
