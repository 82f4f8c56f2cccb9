"""Whether the object that a key has is the picked file: which cuts are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from s3upload_widget import protocol
from s3upload_widget.checksums import sha256
from s3upload_widget.parts import S3_LIMITS
from support.clients.comparing import DATA, KEY, OTHER, always, planned, refused, service_at
from support.clients.sender import Sender, verified_by
from support.page.uploading import MiB
from support.proxy.faults import FOREVER, Answer, Fault, Match
from support.servers.existing import attributes, even, make_of_parts

if TYPE_CHECKING:
    from s3upload_widget.results import UploadedFile
    from s3upload_widget.service import Service
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

DENIED = Answer(403, "AccessDenied")
UNKNOWN = Answer(501, "NotImplemented")


@pytest.fixture
def server(moto: S3Server) -> S3Server:
    """Tells an object's first part, and no checksum of a part."""
    return moto


@pytest.fixture
def service(
    moto: S3Server, proxy: FaultyProxy, bucket: str, uploaded: list[UploadedFile]
) -> Service:
    return service_at(moto.at(proxy.url), bucket, on_uploaded=uploaded.append)


@pytest.mark.parametrize("size", [0, 1, 3 * MiB], ids=["empty", "a byte", "3 MiB"])
@pytest.mark.parametrize(
    ("options", "expected"), [({}, "md5"), ({"ChecksumAlgorithm": "SHA256"}, "sha256")]
)
def test_a_small_file_is_settled_with_one_question(
    service: Service,
    moto: S3Server,
    bucket: str,
    uploaded: list[UploadedFile],
    size: int,
    options: dict[str, Any],
    expected: str,
) -> None:
    moto.client.put_object(Bucket=bucket, Key=KEY, Body=DATA[:size], **options)
    sender = planned(service, DATA[:size])

    reply = sender.ask_to_compare(sender.plan.part_size)

    assert verified_by(reply) == expected
    assert [(file.key, file.size, file.verified_by) for file in uploaded] == [(KEY, size, expected)]
    assert uploaded[0].etag


def test_a_file_that_is_there_is_told_once_however_often_the_page_asks(
    service: Service, moto: S3Server, bucket: str, uploaded: list[UploadedFile]
) -> None:
    moto.client.put_object(Bucket=bucket, Key=KEY, Body=DATA)
    sender = planned(service)

    replies = [sender.compare()[0], sender.compare()[0], sender.complete()]

    assert replies[0] == replies[1] == replies[2]
    assert len(uploaded) == 1


@pytest.mark.parametrize("part_size", [5 * MiB, 7 * MiB, 8 * MiB, 16 * MiB, 50 * MiB])
def test_the_file_is_cut_as_the_first_part_tells(
    service: Service, moto: S3Server, bucket: str, part_size: int
) -> None:
    make_of_parts(moto, bucket, KEY, even(part_size, DATA), DATA)

    reply, cuts = planned(service).compare()

    assert verified_by(reply) == "md5"
    assert [(cut.part_size, cut.md5, cut.found) for cut in cuts] == [(part_size, True, [])]


@pytest.mark.parametrize(
    ("part_size", "tried"),
    [
        pytest.param(16 * MiB, [16 * MiB], id="ours"),
        pytest.param(8 * MiB, [8 * MiB], id="boto3's"),
        pytest.param(9 * MiB, [9 * MiB], id="whole MiB"),
        pytest.param(15 * MiB, [16 * MiB, 13 * MiB], id="unlikely"),
    ],
)
def test_where_nobody_tells_the_parts_the_likely_sizes_are_tried(
    service: Service,
    moto: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    part_size: int,
    tried: list[int],
) -> None:
    make_of_parts(moto, bucket, KEY, even(part_size, DATA), DATA)
    sender = planned(service)
    first_part = Fault(UNKNOWN, Match(operation="HeadObject", part_number=1), times=FOREVER)
    proxy.play(always(UNKNOWN, "GetObjectAttributes"), first_part)

    reply, cuts = sender.compare()

    assert [cut.part_size for cut in cuts] == tried
    if tried[-1] == part_size:
        assert verified_by(reply) == "md5"
    else:
        assert "perhaps with other bytes: S3 does not list" in refused(reply, "incomparable")


def test_a_file_that_was_sent_as_one_part_of_an_upload_is_recognised(
    service: Service, moto: S3Server, bucket: str
) -> None:
    make_of_parts(moto, bucket, KEY, [0], DATA[:1000])
    sender = planned(service, DATA[:1000])

    assert verified_by(sender.ask_to_compare(sender.plan.part_size)) == "md5"


def test_a_small_file_that_was_made_of_several_parts_is_cut_so(
    service: Service, moto: S3Server, bucket: str
) -> None:
    data = DATA[: 12 * MiB]
    make_of_parts(moto, bucket, KEY, even(5 * MiB, data), data)
    sender = planned(service, data)

    first = sender.ask_to_compare(sender.plan.part_size)

    assert isinstance(first, protocol.ObjectCut)
    assert (first.part_size, first.parts_total) == (5 * MiB, 3)
    assert verified_by(sender.ask_to_compare(first.part_size)) == "md5"


def test_parts_of_several_sizes_cannot_be_compared(
    service: Service, moto: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    make_of_parts(moto, bucket, KEY, [5 * MiB, 40 * MiB, 0], DATA)
    sender = planned(service)
    proxy.play(always(DENIED, "GetObjectAttributes"))

    reply, _ = sender.compare()

    assert "perhaps with other bytes" in refused(reply, "incomparable")


def test_parts_whose_checksums_s3_tells_are_passed_on(
    service: Service, moto: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    make_of_parts(moto, bucket, KEY, even(20 * MiB, DATA), DATA)
    sender = planned(service)
    proxy.play(always(attributes(DATA, 20 * MiB), "GetObjectAttributes"))

    reply, [cut] = sender.compare()

    assert verified_by(reply) == "md5"
    assert cut.part_size == 20 * MiB
    parts = [DATA[start : start + 20 * MiB] for start in range(0, len(DATA), 20 * MiB)]
    assert [(part.part_number, part.size, part.sha256) for part in cut.found] == [
        (number, len(part), sha256(part)) for number, part in enumerate(parts, 1)
    ]


def test_a_part_that_differs_is_enough(
    service: Service, moto: S3Server, proxy: FaultyProxy, bucket: str, uploaded: list[UploadedFile]
) -> None:
    make_of_parts(moto, bucket, KEY, even(20 * MiB, OTHER), OTHER)
    sender = planned(service)
    proxy.play(always(attributes(OTHER, 20 * MiB), "GetObjectAttributes"))
    nothing_more = protocol.CompareObject(
        file_id=sender.file_id, part_size=20 * MiB, parts_sha256=[], parts_md5=[], sha256=""
    )

    assert isinstance(sender.ask_to_compare(), protocol.ObjectCut)
    assert "with other bytes" in refused(service.handle(nothing_more))

    assert uploaded == []


@pytest.mark.parametrize("server", ["ministack", "seaweed", "moto"])
@pytest.mark.parametrize("checksum", [{}, {"ChecksumAlgorithm": "SHA256"}], ids=["MD5", "SHA-256"])
def test_every_server_tells_enough_of_what_we_made(
    server: str, checksum: dict[str, str], request: pytest.FixtureRequest
) -> None:
    s3: S3Server = request.getfixturevalue(server)
    with s3.bucket() as bucket:
        data = DATA[: 12 * MiB]
        if checksum:
            Sender(service_at(s3, bucket, part_size=5 * MiB), data).upload()
        else:
            make_of_parts(s3, bucket, KEY, even(5 * MiB, data), data)

        reply, _ = planned(
            service_at(s3, bucket, part_size=S3_LIMITS.max_part_size), data
        ).compare()

        assert verified_by(reply) == ("sha256" if checksum else "md5")


def test_a_server_that_takes_the_question_for_a_download_sends_a_little_only(
    service: Service, moto: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    make_of_parts(moto, bucket, KEY, even(8 * MiB, DATA), DATA)
    sender = planned(service)
    proxy.play(always(Answer(206, "", document="the object's bytes"), "GetObjectAttributes"))

    reply, _ = sender.compare()

    assert verified_by(reply) == "md5"
    asked = [each.request.headers.get("range") for each in proxy.of("GetObjectAttributes")]
    assert asked
    assert set(asked) == {"bytes=0-4194303"}
