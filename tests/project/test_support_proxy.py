"""The faulty proxy: each fault does on the wire what it says, and nothing else changes."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from support.files import make_sparse_file
from support.proxy.exchanges import Exchange, Exchanges
from support.proxy.faults import (
    Action,
    Answer,
    CutRequest,
    CutResponse,
    Fault,
    Gate,
    LoseResponse,
    Match,
    Outage,
    Stall,
    Throttle,
)
from support.proxy.messages import Headers, Request
from support.proxy.plain_http import MIB, Answered, put
from support.proxy.proxy import FaultyProxy
from support.servers.operations import operation_of
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path


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


def test_an_exchange_is_recorded_with_its_times_and_bytes(sink: FaultyProxy) -> None:
    put(sink)

    (seen,) = sink.exchanges
    assert (seen.method, seen.path, seen.operation) == ("PUT", "/lab/run7", "UploadPart")
    assert (seen.part_number, seen.upload_id, seen.body_bytes) == (3, "U", MIB)
    assert seen.request.headers.get("origin") == "http://page.test"
    assert seen.started <= seen.body_started <= seen.body_finished <= seen.finished


def test_exchanges_in_flight_are_counted(sink: FaultyProxy) -> None:
    held = Gate()
    sink.play(Fault(held, times=4))

    with ThreadPoolExecutor(4) as lanes:
        answers = lanes.map(lambda _: put(sink, body=b"x"), range(8))
        until(lambda: len(sink.puts()) == 4, 60, "all lanes")
        held.opened.set()

    assert [answer.status for answer in answers] == [200] * 8
    assert sink.puts().max_in_flight() == 4


def test_exchanges_in_flight_are_counted_over_time() -> None:
    request = Request("PUT", "/lab/run7", Headers())
    steps = [(0, 10), (0, 5), (5, 10), (10, 20), (15, 20)]
    seen = Exchanges(
        Exchange(request, 1, "PutObject", 0, started=100 + began, finished=100 + ended)
        for began, ended in steps
    )

    assert (seen.max_in_flight(), seen.mean_in_flight()) == (2, 25 / 15)


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

    with socket.create_connection(("127.0.0.1", sink.port), timeout=60) as sock:
        sock.sendall(b"PUT /lab/run7 HTTP/1.1\r\nHost: s3\r\nContent-Length: 1000\r\n\r\nfew")
        assert sock.recv(1000).startswith(b"HTTP/1.1 403 ")


def test_the_nth_request_can_be_singled_out(sink: FaultyProxy) -> None:
    sink.play(Fault(Answer(500, "InternalError"), Match(operation="PutObject", nth=3)))

    statuses = [put(sink, "/lab/run7", b"x").status for _ in range(4)]

    assert statuses == [200, 200, 500, 200]


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
    (sink.pace_per_connection if each else sink.pace_total)(MIB // 16)
    count = 40 if each else 4

    began = time.monotonic()
    with ThreadPoolExecutor(count) as lanes:
        list(lanes.map(lambda _: put(sink, body=bytes(MIB // 16)), range(count)))

    took = time.monotonic() - began
    # A second for each, or as many for all as there are; a busy machine adds to that.
    assert 0.9 < took < 38 if each else took > 3.8


def test_offline_cuts_what_goes_on_and_refuses_the_rest(sink: FaultyProxy) -> None:
    sink.play(Fault(Stall()))
    answers: list[Answered] = []
    stalled = threading.Thread(target=lambda: answers.append(put(sink)))
    stalled.start()
    until(sink.puts)

    sink.go_offline()
    stalled.join(60)
    refused = put(sink)
    sink.go_online()

    assert [answer.status for answer in answers] == [0]
    assert refused.status == 0
    assert put(sink).status == 200
    assert len(sink.exchanges) == 2


def test_one_request_is_throttled_and_no_other(sink: FaultyProxy) -> None:
    sink.play(Fault(Throttle(MIB), Match(part_number=3)))
    put(sink)
    assert sink.puts(3)[0].seconds > 0.9

    sink.play(Fault(Throttle(1024), Match(part_number=5)))
    with ThreadPoolExecutor(1) as beside:
        slow = beside.submit(put, sink, "/lab/run7?partNumber=5&uploadId=U")
        until(lambda: sink.puts(5) and sink.puts(5)[0].body_bytes, 60, "what is slow")
        assert put(sink, "/lab/run7?partNumber=4&uploadId=U").status == 200
        assert 0 < sink.puts(5)[0].body_bytes < MIB
        sink.go_offline()
        assert slow.result(60).status == 0


def test_an_outage_cuts_everything_for_a_while(sink: FaultyProxy) -> None:
    sink.play(Fault(Stall(), Match(part_number=1)), Fault(Outage(0.5), Match(part_number=2)))
    with ThreadPoolExecutor() as threads:
        stalled = threads.submit(put, sink, "/lab/run7?partNumber=1&uploadId=U")
        until(lambda: sink.puts(1), what="a request that is stalled")
        assert put(sink, "/lab/run7?partNumber=2&uploadId=U").status == 0

        assert stalled.result(60).status == 0
    until(lambda: put(sink).status == 200, what="an end of the outage")
    assert len(sink.puts(2)) == 1


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
