"""The faulty proxy: each fault does on the wire what it says, and nothing else changes."""

from __future__ import annotations

import base64
import hashlib
import http.client
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from support.faults import (
    NO_CORS,
    Action,
    Answer,
    CutRequest,
    CutResponse,
    Delay,
    Fault,
    FlipBit,
    LoseResponse,
    Match,
    Stall,
    StripRequestHeaders,
    StripResponseHeaders,
    random_faults,
)
from support.files import make_file, make_sparse_file, sha256_of_file, sha256_of_object
from support.operations import operation_of
from support.proxy import FaultyProxy
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page
    from types_boto3_s3 import S3Client

    from support.bridge import Bridge
    from support.browser import PageErrors
    from support.servers import S3Server

MIB = 1 << 20
PART = "/lab/run7?partNumber=3&uploadId=U"


class Answered:
    """What a plain HTTP client was told, status 0 if nothing."""

    def __init__(
        self, proxy: FaultyProxy, method: str, target: str, body: bytes = b"", **headers: str
    ) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
        self.status = 0
        self.body = b""
        self.headers: dict[str, str] = {}
        try:
            connection.request(method, target, body, {"Origin": "http://page.test", **headers})
            response = connection.getresponse()
            self.status = response.status
            self.headers = {name.lower(): value for name, value in response.getheaders()}
            self.body = response.read()
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()


def put(
    proxy: FaultyProxy, target: str = PART, body: bytes = b"x" * MIB, **headers: str
) -> Answered:
    return Answered(proxy, "PUT", target, body, **headers)


def target_of(url: str) -> str:
    return url[url.index("/", len("http://")) :]


def presigned_target(client: S3Client, bucket: str, key: str) -> str:
    params = {"Bucket": bucket, "Key": key}
    return target_of(client.generate_presigned_url("put_object", Params=params))


@pytest.fixture
def client(ministack: S3Server, proxy: FaultyProxy) -> S3Client:
    """Signs for the proxy's address."""
    return ministack.at(proxy.url).client


@pytest.mark.parametrize(
    ("method", "path", "query", "operation"),
    [
        ("PUT", "/lab/run7", {"partNumber": "1", "uploadId": "u"}, "UploadPart"),
        ("PUT", "/lab/run7", {}, "PutObject"),
        ("POST", "/lab/run7", {"uploads": ""}, "CreateMultipartUpload"),
        ("POST", "/lab/run7", {"uploadId": "u"}, "CompleteMultipartUpload"),
        ("GET", "/lab/run7", {"uploadId": "u"}, "ListParts"),
        ("DELETE", "/lab/run7", {"uploadId": "u"}, "AbortMultipartUpload"),
        ("GET", "/lab", {"uploads": ""}, "ListMultipartUploads"),
        ("HEAD", "/lab/run7", {}, "HeadObject"),
        ("HEAD", "/lab/", {}, "HeadBucket"),
        ("GET", "/lab", {"list-type": "2"}, "ListObjectsV2"),
        ("PUT", "/lab", {"cors": ""}, "PutBucketCors"),
        ("OPTIONS", "/lab/run7", {"partNumber": "1", "uploadId": "u"}, "Preflight"),
        ("GET", "/", {}, "ListBuckets"),
    ],
)
def test_operations_have_the_names_that_s3_gives_them(
    method: str, path: str, query: dict[str, str], operation: str
) -> None:
    assert operation_of(method, path, query) == operation


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


def test_an_exchange_is_recorded_with_its_times_and_bytes(sink: FaultyProxy) -> None:
    put(sink)

    (seen,) = sink.exchanges
    assert (seen.method, seen.path, seen.operation) == ("PUT", "/lab/run7", "UploadPart")
    assert (seen.part_number, seen.upload_id, seen.body_bytes) == (3, "U", MIB)
    assert seen.request.headers.get("origin") == "http://page.test"
    assert seen.started <= seen.body_started <= seen.body_finished <= seen.finished


def test_exchanges_in_flight_are_counted_over_time(sink: FaultyProxy) -> None:
    sink.play(Fault(Delay(request=0.3), times=8))

    with ThreadPoolExecutor(4) as lanes:
        list(lanes.map(lambda _: put(sink, body=b"x"), range(8)))

    assert sink.puts().max_in_flight() == 4
    assert 3.0 < sink.puts().mean_in_flight() <= 4.0


@pytest.mark.parametrize(
    ("action", "status", "body_bytes"),
    [
        pytest.param(Answer(503, "SlowDown"), 503, MIB, id="answered after the body"),
        pytest.param(CutRequest(1000), 0, 1000, id="cut inside the body"),
        pytest.param(CutRequest(1 << 40), 0, MIB, id="cut at the body's end"),
        pytest.param(LoseResponse(), 0, MIB, id="response lost"),
        pytest.param(CutResponse(), 200, MIB, id="cut after the response's head"),
    ],
)
def test_an_action_ends_one_exchange_and_no_other(
    sink: FaultyProxy, action: Action, status: int, body_bytes: int
) -> None:
    fault = Fault(action, Match(operation="UploadPart", part_number=3))
    sink.play(fault)

    put(sink, "/lab/run7?partNumber=2&uploadId=U")
    put(sink)
    put(sink)

    assert [each.status for each in sink.puts(3)] == [status, 200]
    assert sink.puts(3)[0].body_bytes == body_bytes
    assert sink.puts(2)[0].status == 200
    assert sink.played(fault) == 1


def test_an_answer_is_s3s_own_error_document_which_the_page_may_read(sink: FaultyProxy) -> None:
    sink.play(Fault(Answer(403, "RequestTimeTooSkewed")), Fault(Answer(403, "X", cors=False)))

    answer = put(sink)

    assert answer.status == 403
    assert b"<Code>RequestTimeTooSkewed</Code>" in answer.body
    assert answer.headers["access-control-allow-origin"] == "http://page.test"


def test_an_answer_without_cors_names_no_origin(sink: FaultyProxy) -> None:
    sink.play(Fault(Answer(403, "AccessDenied", cors=False)))

    assert "access-control-allow-origin" not in put(sink).headers


def test_an_answer_at_once_does_not_wait_for_the_body(sink: FaultyProxy) -> None:
    sink.play(Fault(Answer(403, "AccessDenied", at_once=True)))

    with socket.create_connection(("127.0.0.1", sink.port), timeout=5) as sock:
        sock.sendall(b"PUT /lab/run7 HTTP/1.1\r\nHost: s3\r\nContent-Length: 1000\r\n\r\nfew")
        assert sock.recv(1000).startswith(b"HTTP/1.1 403 ")


def test_the_nth_request_can_be_singled_out(sink: FaultyProxy) -> None:
    sink.play(Fault(Answer(500, "InternalError"), Match(operation="PutObject", nth=3)))

    statuses = [put(sink, "/lab/run7", b"x").status for _ in range(4)]

    assert statuses == [200, 200, 500, 200]


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


def test_a_stall_lets_nothing_pass_and_then_goes_on(sink: FaultyProxy) -> None:
    sink.play(Fault(Stall(after_bytes=100, seconds=0.5)))

    answer = put(sink)

    assert answer.status == 200
    assert sink.puts()[0].seconds > 0.5


def test_a_client_that_leaves_a_stall_ends_the_exchange(sink: FaultyProxy) -> None:
    sink.play(Fault(Stall(after_bytes=2)))

    with socket.create_connection(("127.0.0.1", sink.port)) as sock:
        sock.sendall(b"PUT /lab/run7 HTTP/1.1\r\nHost: s3\r\nContent-Length: 9\r\n\r\nninebytes")
        until(lambda: sink.puts() and sink.puts()[0].body_bytes == 2)
        assert sink.puts()[0].finished == 0.0

    until(lambda: sink.puts()[0].finished)


@pytest.mark.parametrize("each", [True, False], ids=["per connection", "in total"])
def test_bodies_are_slowed_to_a_pace(sink: FaultyProxy, each: bool) -> None:
    (sink.pace_per_connection if each else sink.pace_total)(4 * MIB)

    began = time.monotonic()
    with ThreadPoolExecutor(2) as lanes:
        list(lanes.map(lambda _: put(sink, body=bytes(2 * MIB)), range(2)))

    took = time.monotonic() - began
    assert 0.9 < took / (0.5 if each else 1.0) < 1.4


def test_offline_cuts_what_goes_on_and_refuses_the_rest(sink: FaultyProxy) -> None:
    sink.play(Fault(Stall()))
    answers: list[Answered] = []
    stalled = threading.Thread(target=lambda: answers.append(put(sink)))
    stalled.start()
    until(sink.puts)

    sink.go_offline()
    stalled.join(5)
    refused = put(sink)
    sink.go_online()

    assert [answer.status for answer in answers] == [0]
    assert refused.status == 0
    assert put(sink).status == 200
    assert len(sink.exchanges) == 2


def test_a_server_that_answers_early_is_heard(tmp_path: Path) -> None:
    file = make_sparse_file(tmp_path / "large", 64 * MIB)
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        thread = threading.Thread(target=_refuse_once, args=(server, refusal))
        thread.start()
        with FaultyProxy(f"http://127.0.0.1:{port}") as proxy:
            answer = put(proxy, body=file.read_bytes())
        thread.join()

    assert (answer.status, answer.body) == (403, b"no")


def _refuse_once(server: socket.socket, refusal: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(1000)
        connection.sendall(refusal)


def test_an_answer_in_chunks_passes_whole(tmp_path: Path) -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5\r\nseven\r\n3;note=1\r\nday\r\n0\r\nTrailer: 1\r\n\r\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        thread = threading.Thread(target=_refuse_once, args=(server, chunked))
        thread.start()
        with FaultyProxy(f"http://127.0.0.1:{port}") as proxy:
            answer = Answered(proxy, "GET", "/lab/run7")
        thread.join()

    assert (answer.status, answer.body) == (200, b"sevenday")


def test_the_same_seed_draws_the_same_faults() -> None:
    drawn = random_faults(seed=7, count=50, parts=9, part_size=MIB)

    assert drawn == random_faults(seed=7, count=50, parts=9, part_size=MIB)
    assert drawn != random_faults(seed=8, count=50, parts=9, part_size=MIB)
    assert len({type(fault.action) for fault in drawn}) >= 7


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
