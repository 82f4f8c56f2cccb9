"""The faulty proxy before real servers and a real browser."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from support.files import make_file, sha256_of_file, sha256_of_object
from support.proxy.faults import (
    NO_CORS,
    Answer,
    Fault,
    FlipBit,
    LoseResponse,
    Match,
    StripRequestHeaders,
    StripResponseHeaders,
)
from support.proxy.plain_http import MIB, PART, Answered, presigned_target, put, target_of
from support.proxy.proxy import FaultyProxy

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page
    from types_boto3_s3 import S3Client

    from support.page.bridge import Bridge
    from support.page.browser import PageErrors
    from support.servers.servers import S3Server


@pytest.fixture
def client(ministack: S3Server, proxy: FaultyProxy) -> S3Client:
    """Signs for the proxy's address."""
    return ministack.at(proxy.url).client


@pytest.mark.parametrize("server", ["ministack", "seaweed"])
def test_signed_requests_pass_unchanged(
    server: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    store: S3Server = request.getfixturevalue(server)
    file = make_file(tmp_path / "run7.bin", 12 * MIB + 5, seed=7)

    with store.bucket() as bucket, FaultyProxy(store.endpoint_url) as proxy:
        through = store.at(proxy.url).client
        through.upload_file(str(file), bucket, "run7.bin")
        through.put_object(Bucket=bucket, Key="empty", Body=b"")

        assert sha256_of_object(through, bucket, "run7.bin") == sha256_of_file(file)
        assert sorted(store.at(proxy.url).keys(bucket)) == ["empty", "run7.bin"]
        with pytest.raises(ClientError, match="404"):
            through.head_object(Bucket=bucket, Key="missing")
        assert [each.body_bytes for each in proxy.puts(2)] == [4 * MIB + 5]
        assert all(each.complete for each in proxy.puts())


def test_connections_are_kept(proxy: FaultyProxy, client: S3Client, bucket: str) -> None:
    for number in range(5):
        client.put_object(Bucket=bucket, Key=f"run{number}", Body=b"seven")

    assert {each.connection for each in proxy.of("PutObject")} == {1}


def test_the_server_has_stored_what_a_lost_response_told(
    proxy: FaultyProxy, client: S3Client, ministack: S3Server, bucket: str
) -> None:
    proxy.play(Fault(LoseResponse()))
    assert put(proxy, presigned_target(client, bucket, "lost"), b"seven").status == 0
    proxy.play(Fault(Answer(500, "InternalError", stored=True)))
    assert put(proxy, presigned_target(client, bucket, "denied"), b"seven").status == 500

    assert ministack.keys(bucket) == ["denied", "lost"]


def test_a_complete_may_fail_with_status_200(
    proxy: FaultyProxy, client: S3Client, bucket: str
) -> None:
    upload = client.create_multipart_upload(Bucket=bucket, Key="run7")["UploadId"]
    etag = client.upload_part(
        Bucket=bucket, Key="run7", UploadId=upload, PartNumber=1, Body=b"seven"
    )["ETag"]
    proxy.play(Fault(Answer(200, "InternalError"), Match(operation="CompleteMultipartUpload")))

    answer = Answered(
        proxy,
        "POST",
        f"/{bucket}/run7?uploadId={upload}",
        f"<CompleteMultipartUpload><Part>{etag}</Part></CompleteMultipartUpload>".encode(),
    )

    assert answer.status == 200
    assert b"<Code>InternalError</Code>" in answer.body


def test_a_flipped_bit_is_refused_by_a_server_that_verifies(
    proxy: FaultyProxy, client: S3Client, bucket: str
) -> None:
    checksum = base64.b64encode(hashlib.sha256(bytes(MIB)).digest()).decode()
    url = client.generate_presigned_url(
        "put_object", Params={"Bucket": bucket, "Key": "run7", "ChecksumSHA256": checksum}
    )
    proxy.play(Fault(FlipBit(at_byte=MIB - 1, bit=3)))

    headers = {"x-amz-checksum-sha256": checksum}
    answers = [put(proxy, target_of(url), bytes(MIB), **headers) for _ in range(2)]

    assert [answer.status for answer in answers] == [400, 200]
    assert b"BadDigest" in answers[0].body


def test_a_flipped_bit_changes_exactly_that_bit(
    proxy: FaultyProxy, client: S3Client, bucket: str
) -> None:
    body = bytes(3 * MIB)
    proxy.play(Fault(FlipBit(at_byte=2 * MIB + 1, bit=7)))

    put(proxy, presigned_target(client, bucket, "run7"), body)

    changed = bytearray(body)
    changed[2 * MIB + 1] = 1 << 7
    wanted = hashlib.sha256(changed).hexdigest()
    assert sha256_of_object(client, bucket, "run7") == wanted


def test_headers_can_be_taken_out_both_ways(
    proxy: FaultyProxy, client: S3Client, bucket: str
) -> None:
    proxy.play(
        Fault(StripRequestHeaders(("origin",))), Fault(StripResponseHeaders(("etag", "x-amz-*")))
    )

    answer = put(proxy, presigned_target(client, bucket, "run7"), b"seven")

    assert answer.status == 200
    assert not {"etag", "access-control-allow-origin"} & set(answer.headers)
    assert not any(name.startswith("x-amz-") for name in answer.headers)


PUT_FROM_PAGE = """async (url) => {
  const request = new XMLHttpRequest();
  request.open("PUT", url);
  return new Promise((resolve) => {
    request.onloadend = () => resolve([request.status, request.getResponseHeader("ETag")]);
    request.send(new Blob(["seven"]));
  });
}"""


def test_a_page_may_put_to_the_sink_and_read_the_etag(
    bridge: Bridge, page: Page, sink: FaultyProxy
) -> None:
    page.goto(f"{bridge.origin}/empty")

    status, etag = page.evaluate(PUT_FROM_PAGE, f"{sink.url}{PART}")

    assert (status, etag) == (200, sink.puts()[0].response_headers.get("etag"))


@pytest.mark.parametrize("operation", ["Preflight", "UploadPart"])
def test_without_cors_headers_the_page_sees_no_answer(
    bridge: Bridge, page: Page, page_errors: PageErrors, sink: FaultyProxy, operation: str
) -> None:
    page_errors.expect_network()
    page.goto(f"{bridge.origin}/empty")
    sink.play(Fault(NO_CORS, Match(operation=operation)))

    status, _ = page.evaluate(PUT_FROM_PAGE, f"{sink.url}{PART}")

    assert status == 0
    assert len(sink.puts()) == (operation == "UploadPart")
