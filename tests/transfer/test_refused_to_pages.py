"""What S3 refuses to a page is heeded for the next request, and learnt for the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from s3upload_widget.parts import MiB
from s3upload_widget.protocol import (
    PartAnswered,
    PartRefusal,
    PresignedPart,
    RefusedPart,
    RelayFrame,
    RelayPart,
)
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from support.clients.sender import DATA, SINGLE, Sender, put, service_at, verified_by
from support.proxy.faults import FOREVER, HEADER_REFUSALS, Answer, Fault, Match

if TYPE_CHECKING:
    from s3upload_widget.protocol import Wanted
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

HEADERS: Final = (
    ("UploadPart", "x-amz-checksum-sha256", DATA),
    ("PutObject", "x-amz-sdk-checksum-algorithm", SINGLE),
    ("PutObject", "x-amz-checksum-sha256", SINGLE),
    ("PutObject", "if-none-match", SINGLE),
)
LAST: Final = Answer(400, "InvalidArgument", message="Part number must be between 1 and 2")
MOST: Final = 6
"""Tries of one part, for any header: the page would try it eight times."""


def send(sender: Sender, number: int) -> list[int]:
    """Send a part as a page does, until S3 takes it; returns what S3 answered."""
    answers: list[int] = []
    sender.refused = []
    while 200 not in answers and len(answers) < MOST:
        (part,) = sender.presign(number)
        assert isinstance(part, PresignedPart), part
        answer = put(part.url, part.headers, sender.part(number))
        answers.append(answer.status)
        said = answer.body.partition("<Message>")[2].partition("</Message>")[0]
        sender.refused = [
            PartRefusal(
                status=answer.status, s3_code=answer.code, said=said, headers=list(part.headers)
            )
        ]
    sender.refused = []
    return answers


@pytest.mark.parametrize(("status", "code", "said"), HEADER_REFUSALS)
@pytest.mark.parametrize(("operation", "header", "data"), HEADERS)
def test_a_header_that_is_refused_to_a_page_is_left_out_of_the_next_url(
    watched: Service,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    operation: str,
    header: str,
    data: bytes,
    status: int,
    code: str,
    said: str,
) -> None:
    answer = Answer(status, code, message=said.format(header))
    proxy.play(Fault(answer, Match(operation=operation, header=header), FOREVER))
    sender = Sender(watched, data)
    sender.open()

    answers = [send(sender, number + 1) for number in range(sender.plan.parts_total)]

    assert [each[-1] for each in answers] == [200] * sender.plan.parts_total
    assert all(len(each) == 1 for each in answers[1:])
    assert verified_by(sender.complete()) in {"sha256", "md5"}
    assert ministack.body(bucket, "run7.csv") == data

    other = Sender(watched, data, name="run8.csv", file_id="file_0002")
    other.open()
    if header != "if-none-match":  # a look is the better guard where a server knows none
        assert send(other, 1) == [200]


def test_the_same_refusal_heard_twice_says_no_more_than_once(
    watched: Service, proxy: FaultyProxy
) -> None:
    sender = Sender(watched, SINGLE)
    sender.open()
    (part,) = sender.presign(1)
    assert isinstance(part, PresignedPart)
    sender.refused = [
        PartRefusal(status=501, s3_code="NotImplemented", said="", headers=list(part.headers))
    ]

    first, again = sender.presign(1)[0], sender.presign(1)[0]

    assert isinstance(first, PresignedPart)
    assert isinstance(again, PresignedPart)
    assert set(first.headers) == set(again.headers) == set(part.headers) - {"if-none-match"}


@pytest.mark.parametrize("data", [DATA, SINGLE], ids=["a part", "a whole file"])
def test_what_goes_without_its_sha256_needs_its_md5(watched: Service, data: bytes) -> None:
    sender = Sender(watched, data)
    sender.open()
    header = "x-amz-checksum-sha256"
    sender.refused = [
        PartRefusal(status=501, s3_code="NotImplemented", said=header, headers=[header])
    ]
    sender.md5 = False

    (refused,) = sender.presign(1)

    assert isinstance(refused, RefusedPart)
    assert refused.code == "invalid_message"


@pytest.mark.parametrize(
    ("refusal", "size"),
    [
        (LAST, 8 * MiB),
        (Answer(413, "EntityTooLarge"), 0),
        (Answer(400, "EntityTooLarge"), 0),
    ],
    ids=["a part number", "413", "400"],
)
def test_a_limit_that_a_page_meets_names_a_part_size_and_is_learnt(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, refusal: Answer, size: int
) -> None:
    number, part_size = (3, 5 * MiB) if size else (1, 12 * MiB)
    proxy.play(Fault(refusal, Match(operation="UploadPart", part_number=number)))
    store = Store(bucket, ministack.at(proxy.url).client)
    service = Service(store, part_size=part_size)
    sender = Sender(service, bytes(15 * MiB))
    sender.open()
    (part,) = sender.presign(number)
    assert isinstance(part, PresignedPart)
    answer = put(part.url, part.headers, sender.part(number))
    said = answer.body.partition("<Message>")[2].partition("</Message>")[0]
    sender.refused = [
        PartRefusal(
            status=answer.status, s3_code=answer.code, said=said, headers=list(part.headers)
        )
    ]

    (refused,) = sender.presign(number)

    assert isinstance(refused, RefusedPart)
    assert not refused.retryable
    wanted = size or 5 * MiB
    assert f"part_size={wanted}" in refused.message
    sender.refused = []
    sender.abort()
    later = Sender(service, bytes(15 * MiB), file_id="file_0002")
    later.open()
    assert later.plan.part_size == wanted


def test_what_is_refused_to_the_relay_is_heeded_too(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    header = "x-amz-checksum-sha256"
    refusal = Answer(501, "NotImplemented", message="no")
    proxy.play(Fault(refusal, Match(operation="UploadPart", header=header), FOREVER))

    def give(piece: Wanted) -> None:
        frame = sender.part(1)[piece.offset : piece.offset + piece.size]
        service.take_frame(RelayFrame(stream=piece.stream, offset=piece.offset), [frame])

    service = service_at(ministack.at(proxy.url), bucket, want=give)
    sender = Sender(service, DATA)
    sender.open()

    answers = [
        service.handle(RelayPart(stream=f"stream_0{n}", part=sender.checksums_of(1)))
        for n in (1, 2)
    ]

    statuses = [answer.status for answer in answers if isinstance(answer, PartAnswered)]
    assert statuses == [501, 200]
    assert ministack.parts_there(bucket) == {1}
