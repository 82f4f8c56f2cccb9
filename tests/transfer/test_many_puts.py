"""Many files that went as one PUT each are proven by one list, and by HEAD where that says too little."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest

from s3upload_widget import protocol
from s3upload_widget.checksums import hexadecimal, md5
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from support.clients.sender import ORIGIN, Sender
from support.proxy.faults import FOREVER, Answer, Fault, Match, StripResponseHeaders
from support.servers.canned import NS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from s3upload_widget.results import UploadedFile
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

MANY: Final = 60
FEW: Final = 20

Ending = protocol.MultipartUploadCompleted | protocol.PartsMissing | protocol.RefusedFile


@pytest.fixture(params=["ministack", "seaweed"])
def server(request: pytest.FixtureRequest) -> S3Server:
    server: S3Server = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def arrived() -> list[UploadedFile]:
    return []


@pytest.fixture
def service(
    server: S3Server, proxy: FaultyProxy, bucket: str, arrived: list[UploadedFile]
) -> Service:
    store = Store(bucket, server.at(proxy.url).client, looks=1)
    return Service(store, prefix="raw", on_uploaded=arrived.append)


def picked(service: Service, count: int) -> list[Sender]:
    """Files that were picked together."""
    senders = [Sender(service, b"%03d" % n, f"{n:03}.csv", f"file_{n:04}") for n in range(count)]
    picks = [sender.as_pick() for sender in senders]
    reply = service.handle(protocol.PickFiles(origin=ORIGIN, files=picks))
    assert isinstance(reply, protocol.FilesPicked)
    for sender, answer in zip(senders, reply.files, strict=True):
        assert isinstance(answer, protocol.PlannedFile)
        sender.plan, sender.md5 = answer, answer.md5
    return senders


def sent(service: Service, count: int = MANY) -> list[Sender]:
    """Files that S3 has taken."""
    senders = picked(service, count)
    for sender in senders:
        assert [answer.status for answer in sender.send()] == [200]
    return senders


def complete(
    service: Service, proxy: FaultyProxy, senders: Sequence[Sender]
) -> tuple[list[Ending], Counter[str]]:
    """Complete files by one message: the answers, and what S3 was asked for them."""
    before = len(proxy.exchanges)
    files = [sender.as_complete() for sender in senders]
    reply = service.handle(protocol.CompleteFiles(files=files))
    assert isinstance(reply, protocol.FilesCompleted)
    return reply.files, Counter(each.operation for each in proxy.exchanges[before:])


def proofs(endings: Sequence[Ending]) -> Counter[str]:
    """How many files were proven by what; of the others, what became of them."""
    return Counter(
        ending.verified_by
        if isinstance(ending, protocol.MultipartUploadCompleted)
        else ending.code
        if isinstance(ending, protocol.RefusedFile)
        else "missing"
        for ending in endings
    )


def test_one_list_and_one_look_prove_many_files(
    service: Service, proxy: FaultyProxy, arrived: list[UploadedFile]
) -> None:
    senders = sent(service)

    endings, asked = complete(service, proxy, senders)

    assert proofs(endings) == {"sha256": 1, "md5": MANY - 1}
    assert asked == {"ListObjectsV2": 1, "HeadObject": 1}
    by_name = {uploaded.name: uploaded for uploaded in arrived}
    for sender in senders:
        uploaded = by_name[sender.name]
        assert uploaded.etag == f'"{hexadecimal(md5(sender.data))}"'
        assert (uploaded.size, uploaded.content_type) == (3, "text/csv")


def test_files_that_are_signed_together_are_looked_for_by_a_list(
    service: Service, proxy: FaultyProxy, server: S3Server, bucket: str
) -> None:
    senders = picked(service, 5)
    server.client.put_object(Bucket=bucket, Key="raw/003.csv", Body=b"others'")
    before = len(proxy.exchanges)

    parts = [sender.checksums_of(1) for sender in senders]
    reply = service.handle(protocol.PresignParts(parts=parts, origins=[]))

    assert isinstance(reply, protocol.PartsPresigned)
    codes = [part.code for part in reply.parts if isinstance(part, protocol.RefusedPart)]
    assert codes == ["exists"]
    asked = Counter(each.operation for each in proxy.exchanges[before:])
    assert asked == {"ListObjectsV2": 1, "HeadObject": 1}


def test_a_few_files_are_looked_at_each(service: Service, proxy: FaultyProxy) -> None:
    endings, asked = complete(service, proxy, sent(service, FEW))

    assert proofs(endings) == {"sha256": FEW}
    assert asked == {"HeadObject": FEW}


def test_where_no_sha256_is_kept_a_list_claims_none(service: Service, proxy: FaultyProxy) -> None:
    senders = sent(service)
    hidden = StripResponseHeaders(("x-amz-checksum-*",))
    proxy.play(Fault(hidden, Match(operation="HeadObject"), times=FOREVER))

    endings, asked = complete(service, proxy, senders)

    assert proofs(endings) == {"md5": MANY}
    assert asked == {"ListObjectsV2": 1, "HeadObject": 1}


def test_where_the_list_is_denied_each_file_is_looked_at(
    service: Service, proxy: FaultyProxy
) -> None:
    senders = sent(service)
    denied = Answer(403, "AccessDenied")
    proxy.play(Fault(denied, Match(operation="ListObjectsV2"), times=FOREVER))

    endings, asked = complete(service, proxy, senders)

    assert proofs(endings) == {"sha256": MANY}
    assert asked == {"ListObjectsV2": 1, "HeadObject": MANY}


def test_where_looking_is_denied_nothing_is_listed_and_no_more_claimed_than_a_size(
    service: Service, proxy: FaultyProxy
) -> None:
    senders = sent(service)
    denied = Answer(403, "AccessDenied")
    proxy.play(Fault(denied, Match(operation="HeadObject"), times=FOREVER))

    endings, asked = complete(service, proxy, senders)

    assert proofs(endings) == {"size": MANY}
    assert asked == {"HeadObject": MANY}


def test_where_etags_are_no_md5s_each_file_is_looked_at(
    service: Service, proxy: FaultyProxy
) -> None:
    senders = sent(service)
    hidden = StripResponseHeaders(("etag",))
    proxy.play(Fault(hidden, Match(operation="HeadObject"), times=FOREVER))

    endings, asked = complete(service, proxy, senders)

    assert proofs(endings) == {"sha256": MANY}
    assert asked == {"HeadObject": MANY}


@pytest.mark.parametrize(
    "told",
    [
        "<Size>3</Size>",
        "<ETag>opaque</ETag><Size>3</Size>",
        "<ETag>{other}</ETag><Size>3</Size>",
        "<ETag>{etag}</ETag><Size>4</Size>",
    ],
    ids=["no ETag", "an opaque one", "another MD5", "another size"],
)
def test_a_list_that_says_too_little_or_other_things_is_no_proof(
    service: Service, proxy: FaultyProxy, told: str
) -> None:
    senders = sent(service)
    listed = "".join(
        f"<Contents><Key>raw/{sender.name}</Key>"
        + told.format(etag=hexadecimal(md5(sender.data)), other=hexadecimal(md5(b"other")))
        + "</Contents>"
        for sender in senders
    )
    page = f"<ListBucketResult {NS}><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>"
    answer = Answer(200, "", document=page)
    proxy.play(Fault(answer, Match(operation="ListObjectsV2"), times=FOREVER))

    endings, asked = complete(service, proxy, senders)

    assert proofs(endings) == {"sha256": MANY}
    assert asked == {"ListObjectsV2": 1, "HeadObject": MANY}


def test_an_object_that_another_put_there_meanwhile_is_nobodys_proof(
    service: Service, proxy: FaultyProxy, server: S3Server, bucket: str
) -> None:
    senders = sent(service)
    server.client.put_object(Bucket=bucket, Key="raw/007.csv", Body=b"700")
    server.client.delete_object(Bucket=bucket, Key="raw/008.csv")

    endings, asked = complete(service, proxy, senders)

    assert proofs(endings) == {"sha256": 1, "md5": MANY - 3, "exists": 1, "missing": 1}
    assert (proofs(endings[7:8]), proofs(endings[8:9])) == ({"exists": 1}, {"missing": 1})
    assert asked == {"ListObjectsV2": 1, "HeadObject": 3}


def test_a_file_that_s3_was_never_asked_to_take_is_not_proven_by_a_list(
    service: Service, proxy: FaultyProxy
) -> None:
    senders = picked(service, MANY)
    for sender in senders[:-1]:
        sender.send()

    endings, asked = complete(service, proxy, senders)

    assert proofs(endings) == {"sha256": 1, "md5": MANY - 2, "missing": 1}
    assert asked == {"ListObjectsV2": 1, "HeadObject": 2}


def test_the_other_files_of_a_first_one_that_is_lost_are_looked_at(
    service: Service, proxy: FaultyProxy, server: S3Server, bucket: str
) -> None:
    senders = sent(service)
    server.client.delete_object(Bucket=bucket, Key="raw/000.csv")

    endings, _ = complete(service, proxy, senders)

    assert proofs(endings) == {"sha256": MANY - 1, "missing": 1}


def test_in_a_bucket_with_versions_each_file_has_its_own(
    service: Service,
    proxy: FaultyProxy,
    server: S3Server,
    bucket: str,
    arrived: list[UploadedFile],
) -> None:
    server.client.put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
    )

    endings, asked = complete(service, proxy, sent(service))

    assert proofs(endings) == {"sha256": MANY}
    assert asked == {"HeadObject": MANY}
    assert len({uploaded.version_id for uploaded in arrived} - {""}) == MANY
    for uploaded in arrived:
        server.client.delete_object(Bucket=bucket, Key=uploaded.key, VersionId=uploaded.version_id)


def test_the_same_message_again_gets_the_same_answers_and_asks_nothing_of_s3(
    service: Service, proxy: FaultyProxy, arrived: list[UploadedFile]
) -> None:
    senders = sent(service)
    first, _ = complete(service, proxy, senders)

    again, asked = complete(service, proxy, senders)

    assert again == first
    assert len(arrived) == MANY
    assert asked == {}
