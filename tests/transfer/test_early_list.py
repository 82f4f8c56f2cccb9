"""What S3 holds of a file already is listed while S3 is asked about its key; what is found stays the same."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from s3upload_widget import protocol
from support.clients.sender import DATA, SINGLE, Sender, service_at
from support.proxy.faults import FOREVER, Answer, Fault, Gate, Match
from support.waiting import until

if TYPE_CHECKING:
    from s3upload_widget.service import Service
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

LIST = Match(operation="ListMultipartUploads")
HEAD = Match(operation="HeadObject")


@pytest.fixture
def service(ministack: S3Server, proxy: FaultyProxy, bucket: str) -> Service:
    return service_at(ministack.at(proxy.url), bucket)


@pytest.fixture(autouse=True)
def _a_slow_machine_is_as_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s3upload_widget.service.early_list.FRESH", 600)


def lists(proxy: FaultyProxy) -> int:
    return len(proxy.of("ListMultipartUploads"))


def test_uploads_are_listed_while_the_key_is_looked_up(
    service: Service, proxy: FaultyProxy
) -> None:
    held = Gate()
    proxy.play(Fault(held, HEAD))
    sender = Sender(service, DATA)
    picking = threading.Thread(target=sender.pick, daemon=True)
    picking.start()

    until(
        lambda: any(seen.status == 200 for seen in proxy.of("ListMultipartUploads")), 30, "a list"
    )

    assert picking.is_alive()
    assert not any(seen.finished for seen in proxy.of("HeadObject"))
    held.opened.set()
    picking.join(60)
    assert sender.create().found == []
    assert lists(proxy) == 1


def test_no_upload_is_created_before_the_list_is_there(
    service: Service, proxy: FaultyProxy
) -> None:
    held = Gate()
    proxy.play(Fault(held, LIST))
    sender = Sender(service, DATA)
    sender.pick()
    creating = threading.Thread(target=sender.create, daemon=True)
    creating.start()
    until(lambda: lists(proxy), 30, "a list")

    assert not proxy.of("CreateMultipartUpload")
    held.opened.set()
    creating.join(60)

    assert len(proxy.of("CreateMultipartUpload")) == 1
    assert lists(proxy) == 1


def test_an_upload_that_was_begun_is_found_by_the_early_list(
    service: Service, ministack: S3Server, bucket: str, proxy: FaultyProxy
) -> None:
    before = Sender(service_at(ministack, bucket), DATA)
    before.open()
    before.send(2)

    created = Sender(service, DATA).create()

    assert [part.part_number for part in created.found] == [2]
    assert lists(proxy) == 1
    assert not proxy.of("CreateMultipartUpload")


@pytest.mark.parametrize(
    "answer", [Answer(503, "SlowDown"), Answer(403, "AccessDenied"), Answer(501, "NotImplemented")]
)
def test_an_early_list_that_fails_is_asked_for_again_when_it_is_needed(
    service: Service, ministack: S3Server, bucket: str, proxy: FaultyProxy, answer: Answer
) -> None:
    before = Sender(service_at(ministack, bucket), DATA)
    before.open()
    before.send(1)
    sender = Sender(service, DATA)
    failing = Fault(answer, LIST, FOREVER)
    proxy.play(failing)
    sender.pick()
    until(lambda: proxy.played(failing), 30, "a failing list")
    proxy.clear_faults()

    created = sender.create()

    assert [part.part_number for part in created.found] == [1]


def test_a_list_of_a_while_ago_is_not_believed(
    service: Service,
    ministack: S3Server,
    bucket: str,
    proxy: FaultyProxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("s3upload_widget.service.early_list.FRESH", 0)
    sender = Sender(service, DATA)
    sender.pick()
    until(lambda: any(seen.status for seen in proxy.of("ListMultipartUploads")), 30, "a list")
    before = Sender(service_at(ministack, bucket), DATA)
    before.open()
    before.send(1)

    created = sender.create()

    assert [part.part_number for part in created.found] == [1]
    assert lists(proxy) == 2


def test_one_pick_lists_for_the_first_of_its_large_files_alone(
    service: Service, proxy: FaultyProxy
) -> None:
    senders = [
        Sender(service, data, name=f"{number}.csv", file_id=f"file_000{number}")
        for number, data in enumerate((SINGLE, DATA, DATA))
    ]
    request = protocol.PickFiles(
        origin="http://localhost:8888", files=[s.as_pick() for s in senders]
    )

    service.handle(request)
    until(lambda: any(seen.finished for seen in proxy.of("ListMultipartUploads")), 30, "a list")

    (listed,) = proxy.of("ListMultipartUploads")
    assert listed.request.query["prefix"] == "1.csv"


def test_a_list_that_hangs_holds_up_no_other_file(service: Service, proxy: FaultyProxy) -> None:
    held = Gate()
    proxy.play(Fault(held, LIST))
    stuck, quick = (Sender(service, DATA, name, f"{name}_0001") for name in ("stuck", "quick"))
    stuck.pick()
    until(lambda: lists(proxy), 30, "a list")

    assert quick.create().found == []

    held.opened.set()
    assert stuck.create().found == []
