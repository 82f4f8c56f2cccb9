"""What the service refuses, forgets and survives."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from s3upload_widget import protocol
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from s3upload_widget.service.file_records import MAX_UNFINISHED
from support.clients.sender import DATA, ORIGIN, SMALL, Sender, failed
from support.proxy.faults import Answer, Fault, Match

if TYPE_CHECKING:
    from s3upload_widget.results import UploadedFile
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server


@pytest.fixture
def service(ministack: S3Server, bucket: str) -> Service:
    return Service(Store(bucket, ministack.client), prefix="raw", limits=SMALL)


@pytest.mark.parametrize(
    "ask",
    [
        protocol.CreateMultipartUpload(file_id="stranger_1", refused=[]),
        protocol.Diagnose(file_id="stranger_1", origin=ORIGIN),
        protocol.CompleteMultipartUpload(
            file_id="stranger_1",
            parts_sha256=["A" * 43 + "="],
            parts_md5=[],
            sha256="",
            taken=False,
            etag="",
        ),
    ],
    ids=lambda request: type(request).__name__,
)
def test_a_file_that_nobody_knows_has_to_be_picked_again(
    service: Service, ask: protocol.Request
) -> None:
    assert failed(service.handle(ask)) == "unknown_file"


def test_a_bucket_that_does_not_exist_fails_the_pick(ministack: S3Server) -> None:
    service = Service(Store("no-such-bucket", ministack.client))

    reply = service.handle(
        protocol.PickFiles(origin=ORIGIN, files=[Sender(service, b"").as_pick()])
    )

    assert failed(reply) == "no_such_bucket"


def test_a_server_that_is_down_fails_the_pick_for_now(watched: Service, proxy: FaultyProxy) -> None:
    proxy.go_offline()

    reply = watched.handle(
        protocol.PickFiles(origin=ORIGIN, files=[Sender(watched, b"").as_pick()])
    )

    assert isinstance(reply, protocol.Failed)
    assert (reply.code, reply.retryable) == ("unavailable", True)
    proxy.go_online()
    assert isinstance(Sender(watched, DATA).upload(), protocol.MultipartUploadCompleted)


def test_what_is_denied_names_the_permission(watched: Service, proxy: FaultyProxy) -> None:
    sender = Sender(watched, DATA)
    sender.pick()
    proxy.play(Fault(Answer(403, "AccessDenied"), Match(operation="CreateMultipartUpload")))

    reply = watched.handle(protocol.CreateMultipartUpload(file_id=sender.file_id, refused=[]))

    assert isinstance(reply, protocol.Failed)
    assert reply.code == "access_denied"
    assert "s3:PutObject" in reply.message


def test_a_defect_is_answered_and_logged_without_its_text(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    sender = Sender(service, DATA)
    sender.open()
    service._store = None  # type: ignore[assignment]  # a defect
    service._signer._store = None  # type: ignore[assignment]

    with caplog.at_level(logging.ERROR, "s3upload_widget"):
        reply = service.handle(protocol.PresignParts(parts=[sender.checksums_of(1)], origins=[]))

    assert failed(reply) == "internal"
    assert "AttributeError" in caplog.text
    assert "'NoneType'" not in caplog.text


def test_a_listener_that_fails_does_not_fail_the_file(
    ministack: S3Server, bucket: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: UploadedFile) -> None:
        raise LookupError

    service = Service(Store(bucket, ministack.client), limits=SMALL, on_uploaded=fail)

    with caplog.at_level(logging.ERROR, "s3upload_widget"):
        assert isinstance(Sender(service, DATA).upload(), protocol.MultipartUploadCompleted)

    assert "LookupError" in caplog.text


def test_a_request_that_is_the_widgets_is_refused(service: Service) -> None:
    assert failed(service.handle(protocol.Hello(version=1, origin=ORIGIN))) == "invalid_message"


def test_no_more_files_are_known_than_memory_is_meant_for(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_UNFINISHED == 10_000
    monkeypatch.setattr("s3upload_widget.service.file_records.MAX_UNFINISHED", 2)
    first, second, third = (Sender(service, b"1", f"n{n}", f"file_000{n}") for n in range(3))
    first.open()
    second.open()

    refused = third.pick()

    assert isinstance(refused, protocol.RefusedFile)
    assert "let some finish" in refused.message
    first.abort()
    assert isinstance(third.pick(), protocol.PlannedFile)


def test_finished_files_are_forgotten_oldest_first(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3upload_widget.service.file_records.MAX_FINISHED", 1)
    first, second = (Sender(service, b"1", f"n{n}", f"file_000{n}") for n in range(2))

    first.upload()
    second.upload()

    assert failed(first.complete()) == "unknown_file"
    assert isinstance(second.complete(), protocol.MultipartUploadCompleted)
