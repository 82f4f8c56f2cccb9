"""What happens between a pick and a plan: rules, keys, and what is there already."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from s3upload_widget import protocol
from s3upload_widget.errors import RefusedError
from s3upload_widget.parts import Limits
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from support.faults import Answer, Fault, Gate, Match
from support.sender import ORIGIN, Sender, failed
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.proxy import FaultyProxy
    from support.servers import S3Server

SMALL = Limits(min_part_size=4, max_part_size=64, max_parts=100, default_part_size=8)
DATA = b"0123456789abcdefXYZ"


@pytest.fixture
def make(ministack: S3Server, bucket: str) -> Callable[..., Service]:
    def make(**options: Any) -> Service:
        return Service(Store(bucket, ministack.client), limits=SMALL, **options)

    return make


@pytest.fixture
def watched(ministack: S3Server, proxy: FaultyProxy, bucket: str) -> Service:
    return Service(Store(bucket, ministack.at(proxy.url).client), limits=SMALL)


def refusal(sender: Sender) -> str:
    answer = sender.pick()
    assert isinstance(answer, protocol.RefusedFile), answer
    assert not answer.retryable
    assert answer.message
    return answer.code


def plans(service: Service, *senders: Sender) -> list[str]:
    """The key or the refusal's code of each file of one pick."""
    request = protocol.PickFiles(origin=ORIGIN, files=[sender.as_pick() for sender in senders])
    reply = service.handle(request)
    assert isinstance(reply, protocol.FilesPicked), reply
    return [
        answer.key if isinstance(answer, protocol.PlannedFile) else answer.code
        for answer in reply.files
    ]


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

    assert service.lost([first.file_id, second.file_id]) == [first.file_id]
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


def test_an_object_that_is_there_is_a_conflict_that_names_it(
    make: Callable[..., Service], ministack: S3Server, bucket: str
) -> None:
    ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=b"older")

    answer = Sender(make(), DATA).pick()

    assert isinstance(answer, protocol.RefusedFile)
    assert answer.code == "exists"
    for told in (f"s3://{bucket}/run7.csv", "5 bytes", " UTC", "overwrite", "keep both", "skip"):
        assert told in answer.message


@pytest.mark.parametrize("size", [3, 19], ids=["one part", "several parts"])
def test_the_user_may_overwrite(
    make: Callable[..., Service], ministack: S3Server, bucket: str, size: int
) -> None:
    ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=b"older")
    sender = Sender(make(), DATA[:size])
    assert refusal(sender) == "exists"
    sender.if_exists = "overwrite"

    assert isinstance(sender.upload(), protocol.MultipartUploadCompleted)

    body = ministack.client.get_object(Bucket=bucket, Key="run7.csv")["Body"].read()
    assert body == sender.data


def test_the_user_may_keep_both(
    make: Callable[..., Service], ministack: S3Server, bucket: str
) -> None:
    for name in ("run7.csv", "run7-1.csv"):
        ministack.client.put_object(Bucket=bucket, Key=name, Body=b"older")
    sender = Sender(make(), DATA)
    assert refusal(sender) == "exists"
    sender.if_exists = "rename"

    sender.upload()

    assert ministack.keys(bucket) == ["run7-1.csv", "run7-2.csv", "run7.csv"]


def test_two_files_that_are_renamed_get_two_names(
    make: Callable[..., Service], ministack: S3Server, bucket: str
) -> None:
    service = make(if_exists="rename", key="run7.csv")
    ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=b"older")
    senders = [Sender(service, DATA, file_id=f"file_000{n}") for n in range(3)]

    assert sorted(plans(service, *senders)) == ["run7-1.csv", "run7-2.csv", "run7-3.csv"]


def test_overwriting_looks_at_nothing(watched: Service, proxy: FaultyProxy) -> None:
    sender = Sender(watched, DATA, if_exists="overwrite")

    assert isinstance(sender.pick(), protocol.PlannedFile)

    assert len(proxy.of("HeadObject")) == 0


def test_where_nobody_may_look_the_upload_itself_must_not_overwrite(
    watched: Service, proxy: FaultyProxy, ministack: S3Server, bucket: str
) -> None:
    ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=b"older")
    proxy.play(Fault(Answer(403, "AccessDenied"), Match(operation="HeadObject"), times=1_000))
    single, parts = Sender(watched, b"1"), Sender(watched, DATA)

    single.open()
    assert [answer.status for answer in single.send()] == [412]
    assert failed(single.complete()) == "exists"
    single.abort()
    parts.open()
    parts.send()

    assert failed(parts.complete()) == "exists"
    assert len(ministack.upload_ids(bucket)) == 1
    assert ministack.client.get_object(Bucket=bucket, Key="run7.csv")["Body"].read() == b"older"


def test_an_object_that_arrives_during_the_upload_is_not_overwritten_until_the_user_says_so(
    make: Callable[..., Service], ministack: S3Server, bucket: str
) -> None:
    sender = Sender(make(), DATA)
    sender.open()
    sender.send()
    ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=b"theirs")
    assert failed(sender.complete()) == "exists"

    sender.if_exists = "overwrite"
    sender.pick()

    assert isinstance(sender.complete(), protocol.MultipartUploadCompleted)
    assert ministack.client.get_object(Bucket=bucket, Key="run7.csv")["Body"].read() == DATA


def test_a_file_that_changed_is_not_taken_for_the_picked_one(make: Callable[..., Service]) -> None:
    sender = Sender(make(), DATA)
    sender.open()
    sender.data = DATA + b"more"

    assert refusal(sender) == "file_changed"


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
