"""What happens between a pick and a plan: rules, keys, and what is there already."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from s3upload_widget import protocol
from s3upload_widget.errors import RefusedError
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from support.clients.sender import DATA, Sender, plans, refusal, service_at
from support.proxy.faults import Fault, Gate, Match
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server


@pytest.fixture
def make(ministack: S3Server, bucket: str) -> Callable[..., Service]:
    return partial(service_at, ministack, bucket)


@pytest.mark.parametrize(
    ("options", "name", "size", "code"),
    [
        pytest.param({"accept": ".parquet"}, "run7.csv", 1, "not_accepted", id="another kind"),
        pytest.param({"max_size": 10}, "run7.csv", 11, "too_large", id="larger than allowed"),
        pytest.param({}, "run7.csv", 6_401, "too_large", id="larger than S3's limits"),
        pytest.param({}, "../run7.csv", 1, "key_refused", id="a hostile name"),
        pytest.param({"key": lambda _: ""}, "run7.csv", 1, "key_refused", id="no good key"),
    ],
)
def test_a_file_that_breaks_a_rule_is_refused_before_s3_is_asked(
    make: Callable[..., Service], options: dict[str, Any], name: str, size: int, code: str
) -> None:
    assert refusal(Sender(make(**options), b"x" * size, name)) == code


def test_a_refused_file_leaves_its_key_to_others(make: Callable[..., Service]) -> None:
    service = make(max_size=2)
    assert refusal(Sender(service, b"xxx")) == "too_large"

    answer = Sender(service, b"x", file_id="another_1").pick()
    assert isinstance(answer, protocol.PlannedFile)


def test_rules_that_no_upload_could_work_with_are_refused_at_once(
    make: Callable[..., Service],
) -> None:
    with pytest.raises(RefusedError, match="part_size"):
        make(part_size=3)
    with pytest.raises(RefusedError, match="prefix"):
        make(prefix="../up")


def test_good_files_of_a_pick_are_planned_beside_bad_ones(make: Callable[..., Service]) -> None:
    service = make(accept=".csv")
    good, bad = Sender(service, DATA), Sender(service, DATA, "run7.exe", "bad_file_1")

    assert plans(service, bad, good) == ["not_accepted", "run7.csv"]


def test_of_two_files_for_one_key_the_first_gets_it(make: Callable[..., Service]) -> None:
    service = make(key="today.csv")
    senders = [Sender(service, DATA, f"{n}.csv", f"file_{n:04}") for n in range(5)]

    assert plans(service, *senders) == ["today.csv", *["exists"] * 4]


def test_a_twin_with_other_bytes_takes_nothing_over(make: Callable[..., Service]) -> None:
    service = make()
    first = Sender(service, DATA, file_id="file_0001")
    twin = Sender(service, DATA[::-1], file_id="file_0002", twin=True)
    first.open()

    assert refusal(twin) == "exists"
    first.send()
    assert isinstance(first.complete(), protocol.MultipartUploadCompleted)
    twin.if_exists = "rename"
    assert isinstance(twin.upload(), protocol.MultipartUploadCompleted)
    assert twin.plan.key == "run7-1.csv"


def test_a_key_is_free_again_when_its_file_was_discarded(make: Callable[..., Service]) -> None:
    service = make()
    first = Sender(service, DATA, file_id="file_0001")
    second = Sender(service, DATA + b"more", file_id="file_0002")
    first.open()
    assert refusal(second) == "exists"

    first.abort()

    assert isinstance(second.upload(), protocol.MultipartUploadCompleted)


def test_who_picks_the_same_file_again_takes_it_over_with_all_parts(
    make: Callable[..., Service], ministack: S3Server, bucket: str
) -> None:
    service = make()
    first, second = (Sender(service, DATA, file_id=f"file_000{n}") for n in range(2))
    first.open()
    first.send(1)

    second.open()

    [answer] = first.presign(2)
    assert isinstance(answer, protocol.RefusedPart)
    assert answer.code == "not_owner"
    second.send(2, 3)
    assert isinstance(second.complete(), protocol.MultipartUploadCompleted)
    assert ministack.upload_ids(bucket) == []


def test_who_comes_back_late_finds_that_another_page_took_the_file_over(
    make: Callable[..., Service],
) -> None:
    service = make()
    first = Sender(service, DATA)
    first.open()
    service.release([first.file_id])  # nothing was heard of its page for a while

    second = Sender(service, DATA, file_id="file_0002")
    second.open()

    assert service.taken_over([first.file_id, second.file_id]) == [first.file_id]
    [refused] = first.presign(1)
    assert isinstance(refused, protocol.RefusedPart)
    assert refused.code == "not_owner"


def test_a_file_that_is_just_being_completed_for_another_page_is_asked_for_again(
    watched: Service, proxy: FaultyProxy
) -> None:
    gate = Gate()
    first = Sender(watched, DATA)
    first.open()
    first.send()
    proxy.play(Fault(gate, Match(operation="CompleteMultipartUpload")))
    with ThreadPoolExecutor(1) as pool:
        completed = pool.submit(first.complete)
        until(lambda: proxy.of("CompleteMultipartUpload"), what="a Complete on its way")
        refused = Sender(watched, DATA, file_id="file_0002").refusal()
        gate.opened.set()
        assert isinstance(completed.result(), protocol.MultipartUploadCompleted)

    assert (refused.code, refused.retryable) == ("unavailable", True)


@pytest.mark.parametrize("type", ["text/csv\r\nx: y", "no type", "a/b" * 100, "é/x"])
def test_a_type_that_cannot_be_a_header_is_left_to_s3(
    make: Callable[..., Service],
    type: str,  # noqa: A002
) -> None:
    sender = Sender(make(), b"1", type=type)
    sender.open()

    (part,) = sender.presign(1)

    assert isinstance(part, protocol.PresignedPart)
    assert "content-type" not in part.headers


@pytest.mark.parametrize(
    ("page", "store", "blocked"),
    [
        ("https://hub.example.org", "http://minio.example.org:9000", True),
        ("https://hub.example.org", "http://10.0.0.5:9000", True),
        ("https://hub.example.org", "http://127.0.0.1:9000", False),
        ("https://hub.example.org", "http://[::1]:9000", False),
        ("https://hub.example.org", "http://localhost:9000", False),
        ("https://hub.example.org", "http://s3.localhost:9000", False),
        ("https://hub.example.org", "https://minio.example.org:9000", False),
        ("http://localhost:8888", "http://minio.example.org:9000", False),
    ],
)
def test_what_a_secure_page_may_not_send_is_said_before_a_byte_is_sent(
    ministack: S3Server, bucket: str, page: str, store: str, blocked: bool
) -> None:
    service = Service(Store(bucket, ministack.client, browser_endpoint_url=store))
    files = [Sender(service, b"1").as_pick()]

    reply = service.handle(protocol.PickFiles(origin=page, files=files))

    if blocked:
        assert isinstance(reply, protocol.Failed)
        assert page in reply.message
        assert store in reply.message
        assert "browser_endpoint_url" in reply.message
    else:
        assert isinstance(reply, protocol.FilesPicked)
        assert isinstance(reply.files[0], protocol.PlannedFile)
        assert reply.files[0].store == store
