"""What the kernel tells of unfinished uploads, and which of them it lets a page go on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3upload_widget import protocol
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from support.clients.sender import DATA, SMALL, Sender, failed
from support.proxy.faults import FOREVER, Answer, Fault, Match

if TYPE_CHECKING:
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server


@pytest.fixture
def service(ministack: S3Server, bucket: str) -> Service:
    return service_of(ministack, bucket)


def service_of(server: S3Server, bucket: str, **options: str) -> Service:
    return Service(Store(bucket, server.client), prefix="raw", limits=SMALL, **options)  # type: ignore[arg-type]


def begin(server: S3Server, bucket: str, key: str, *parts: bytes) -> protocol.KnownUpload:
    """As another program would."""
    upload_id = server.client.create_multipart_upload(
        Bucket=bucket, Key=key, ChecksumAlgorithm="SHA256"
    )["UploadId"]
    for number, part in enumerate(parts, 1):
        server.client.upload_part(
            Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=part
        )
    return protocol.KnownUpload(key=key, upload_id=upload_id)


def listed(
    service: Service, *remembered: protocol.KnownUpload, others: bool = False
) -> protocol.UnfinishedListed:
    reply = service.handle(protocol.ListUnfinished(remembered=list(remembered), others=others))
    assert isinstance(reply, protocol.UnfinishedListed), reply
    return reply


def discard(service: Service, upload: protocol.KnownUpload, file_id: str = "") -> protocol.Reply:
    """Discard an offer, or a file's own upload."""
    return service.handle(protocol.AbortUnfinished(file_id=file_id, upload=upload))


def test_what_this_kernel_began_is_its_own_with_the_files_size(
    service: Service, ministack: S3Server
) -> None:
    sender = Sender(service, DATA)
    sender.create()
    sender.send(1)

    [found] = listed(service).uploads

    assert (found.key, found.name) == ("raw/run7.csv", "run7.csv")
    assert (found.size, found.bytes_done, found.parts_done) == (len(DATA), 8, 1)
    assert found.own
    assert found.held
    assert found.started <= found.last_part_at
    service.handle(protocol.ForgetFile(file_id=sender.file_id))
    assert not listed(service).uploads[0].held


def test_what_the_browser_remembers_is_its_own_and_nothing_else(
    service: Service, ministack: S3Server, bucket: str
) -> None:
    mine = begin(ministack, bucket, "raw/mine.bin", b"12345678")
    theirs = begin(ministack, bucket, "raw/theirs.bin", b"12345678", b"12345678")
    begin(ministack, bucket, "elsewhere.bin", b"12345678")

    few = listed(service, mine)
    all_of_them = listed(service, mine, others=True)

    assert [each.upload_id for each in few.uploads] == [mine.upload_id]
    assert few.uploads[0].size == -1
    assert few.others == 1
    assert few.store == ministack.endpoint_url
    found = {each.upload_id: (each.own, each.bytes_done) for each in all_of_them.uploads}
    assert found == {mine.upload_id: (True, 8), theirs.upload_id: (False, 16)}


def test_what_was_completed_or_aborted_is_not_told(
    service: Service, ministack: S3Server, bucket: str
) -> None:
    gone = begin(ministack, bucket, "raw/mine.bin", b"12345678")
    ministack.client.abort_multipart_upload(Bucket=bucket, Key=gone.key, UploadId=gone.upload_id)

    assert listed(service, gone).uploads == []


def test_a_widget_for_one_key_tells_of_that_key_alone(ministack: S3Server, bucket: str) -> None:
    begin(ministack, bucket, "raw/one.bin", b"12345678")
    begin(ministack, bucket, "raw/one.bin.old", b"12345678")
    service = service_of(ministack, bucket, key="one.bin")

    assert [each.key for each in listed(service, others=True).uploads] == ["raw/one.bin"]


def test_where_the_list_is_denied_only_what_is_remembered_is_told(
    ministack: S3Server, bucket: str, proxy: FaultyProxy
) -> None:
    proxy.play(Fault(Answer(403, "AccessDenied"), Match(operation="ListMultipartUploads"), FOREVER))
    service = service_of(ministack.at(proxy.url), bucket)
    mine = begin(ministack, bucket, "raw/mine.bin", b"12345678")
    begin(ministack, bucket, "raw/theirs.bin", b"12345678")
    outside = begin(ministack, bucket, "elsewhere.bin", b"12345678")

    found = listed(service, mine, outside)

    assert [each.key for each in found.uploads] == ["raw/mine.bin"]
    [denial] = found.denied
    assert denial.code == "access_denied"
    assert "s3:ListBucketMultipartUploads" in denial.message


def test_a_list_that_is_not_implemented_is_no_matter_of_permissions(
    ministack: S3Server, bucket: str, proxy: FaultyProxy
) -> None:
    operation = "ListMultipartUploads"
    proxy.play(Fault(Answer(501, "NotImplemented"), Match(operation=operation), FOREVER))

    [denial] = listed(service_of(ministack.at(proxy.url), bucket)).denied

    assert denial.code == "s3"


@pytest.mark.parametrize("key", ["elsewhere.bin", "rawer/mine.bin", "raw"])
def test_nothing_outside_the_prefix_is_deleted_or_gone_on_with(
    service: Service, ministack: S3Server, bucket: str, key: str
) -> None:
    outside = begin(ministack, bucket, key, b"12345678")

    assert failed(discard(service, outside)) == "key_refused"
    sender = Sender(service, DATA, continues=outside)
    assert sender.refusal().code == "key_refused"
    assert ministack.upload_ids(bucket) == [(key, outside.upload_id)]


def test_an_upload_that_s3_does_not_know_of_the_key_is_not_gone_on_with(
    service: Service, ministack: S3Server, bucket: str
) -> None:
    mine = begin(ministack, bucket, "raw/mine.bin", b"12345678")
    made_up = protocol.KnownUpload(key="raw/other.bin", upload_id=mine.upload_id)

    assert Sender(service, DATA, continues=made_up).refusal().code == "no_such_upload"


def test_a_file_goes_on_with_the_remembered_upload_under_its_key(
    service: Service, ministack: S3Server, bucket: str
) -> None:
    begun = begin(ministack, bucket, "raw/yesterday.csv", DATA[:8])
    sender = Sender(service, DATA, continues=begun)

    created = sender.create()

    assert sender.plan.key == "raw/yesterday.csv"
    assert created.upload_id == begun.upload_id
    assert [part.part_number for part in created.found] == [1]


def test_a_small_file_that_was_begun_in_parts_is_finished_in_parts(
    service: Service, ministack: S3Server, bucket: str
) -> None:
    begun = begin(ministack, bucket, "raw/run7.csv", b"0123")
    sender = Sender(service, b"0123ab", continues=begun)

    sender.pick()

    assert (sender.plan.part_size, sender.plan.parts_total) == (4, 2)


@pytest.mark.parametrize("data", [b"01", DATA[:11]], ids=["within a part", "cut off"])
def test_a_file_that_the_parts_cannot_be_of_is_refused_and_nothing_changes(
    service: Service, ministack: S3Server, bucket: str, data: bytes
) -> None:
    begun = begin(ministack, bucket, "raw/run7.csv", b"01234567", b"89abcdef", b"XYZ")
    sender = Sender(service, data, continues=begun)

    if len(data) < 8:
        refused = sender.refusal()
        code, message = refused.code, refused.message
    else:
        sender.pick()
        reply = service.handle(protocol.CreateMultipartUpload(file_id=sender.file_id, refused=[]))
        assert isinstance(reply, protocol.Failed)
        code, message = reply.code, reply.message

    assert code == "other_file"
    assert "does not fit the 3 parts" in message
    assert ministack.upload_ids(bucket) == [(begun.key, begun.upload_id)]


def test_discarding_what_a_page_goes_on_with_tells_it_so(
    service: Service, ministack: S3Server, bucket: str
) -> None:
    sender = Sender(service, DATA)
    upload_id = sender.create().upload_id
    upload = protocol.KnownUpload(key="raw/run7.csv", upload_id=upload_id)

    reply = discard(service, upload)

    assert reply == protocol.UnfinishedAborted(key="raw/run7.csv")
    assert ministack.upload_ids(bucket) == []
    again = service.handle(protocol.CreateMultipartUpload(file_id=sender.file_id, refused=[]))
    assert failed(again) == "aborted"
    assert discard(service, upload) == reply


@pytest.mark.parametrize("asks", ["file_0001", "file_before_a_restart"])
def test_a_page_discards_nothing_that_another_page_goes_on_with(
    service: Service, ministack: S3Server, bucket: str, asks: str
) -> None:
    paused = Sender(service, DATA)
    upload = protocol.KnownUpload(key="raw/run7.csv", upload_id=paused.create().upload_id)
    paused.send(1)
    sending = Sender(service, DATA, file_id="file_0002")
    assert sending.create().upload_id == upload.upload_id

    reply = discard(service, upload, asks)

    assert isinstance(reply, protocol.Failed)
    assert (reply.code, "another page" in reply.message) == ("not_owner", True)
    assert ministack.upload_ids(bucket) == [(upload.key, upload.upload_id)]
    sending.send()
    assert isinstance(sending.complete(), protocol.MultipartUploadCompleted)


def test_an_offer_is_discarded_whoever_goes_on_with_it(
    service: Service, ministack: S3Server, bucket: str
) -> None:
    sending = Sender(service, DATA)
    upload = protocol.KnownUpload(key="raw/run7.csv", upload_id=sending.create().upload_id)

    assert isinstance(discard(service, upload), protocol.UnfinishedAborted)

    assert ministack.upload_ids(bucket) == []
    assert service.taken_over([sending.file_id]) == []


def test_a_page_discards_what_it_goes_on_with_and_what_nobody_does(
    service: Service, ministack: S3Server, bucket: str
) -> None:
    one, other = (Sender(service, DATA, file_id=f"file_000{n}", name=f"{n}.csv") for n in (1, 2))
    uploads = [
        protocol.KnownUpload(key=f"raw/{sender.name}", upload_id=sender.create().upload_id)
        for sender in (one, other)
    ]
    taken = Sender(service, DATA, file_id="file_0003", name=other.name)
    taken.create()
    service.release([taken.file_id])  # its page is gone

    for sender, upload in zip((one, other), uploads, strict=True):
        assert isinstance(discard(service, upload, sender.file_id), protocol.UnfinishedAborted)

    assert ministack.upload_ids(bucket) == []


def test_who_goes_on_with_an_upload_takes_it_over_from_the_page_that_had_it(
    service: Service, ministack: S3Server
) -> None:
    first = Sender(service, DATA)
    upload_id = first.create().upload_id
    upload = protocol.KnownUpload(key="raw/run7.csv", upload_id=upload_id)

    second = Sender(service, DATA, file_id="file_0002", name="renamed.csv", continues=upload)

    assert second.create().upload_id == upload_id
    assert second.plan.key == "raw/run7.csv"
    assert service.taken_over([first.file_id, second.file_id]) == [first.file_id]


def test_an_upload_that_was_found_to_be_another_files_stays_anothers(
    service: Service, ministack: S3Server, bucket: str
) -> None:
    theirs = begin(ministack, bucket, "raw/run7.csv", b"********")
    sender = Sender(service, DATA)

    sender.open()

    found = {each.upload_id: each for each in listed(service, others=True).uploads}
    own = [each for each in found.values() if each.own]
    assert [(each.size, each.held) for each in own] == [(len(DATA), True)]
    assert (found[theirs.upload_id].own, found[theirs.upload_id].size) == (False, -1)
    assert listed(service).others == 1


def test_an_upload_that_was_found_is_the_files_own_once_a_part_was_signed(
    service: Service, ministack: S3Server, bucket: str
) -> None:
    theirs = begin(ministack, bucket, "raw/run7.csv", DATA[:8])
    sender = Sender(service, DATA)
    sender.open()
    assert listed(service).uploads == []

    sender.presign(2)

    assert [(each.upload_id, each.size) for each in listed(service).uploads] == [
        (theirs.upload_id, len(DATA))
    ]


def test_discarding_before_a_part_was_compared_leaves_anothers_upload(
    service: Service, ministack: S3Server, bucket: str
) -> None:
    theirs = begin(ministack, bucket, "raw/run7.csv", b"********")
    sender = Sender(service, DATA)
    assert sender.create().upload_id == theirs.upload_id

    assert isinstance(sender.abort(), protocol.MultipartUploadAborted)

    assert ministack.upload_ids(bucket) == [(theirs.key, theirs.upload_id)]
    again = service.handle(protocol.CreateMultipartUpload(file_id=sender.file_id, refused=[]))
    assert failed(again) == "aborted"


def test_discarding_what_was_proven_to_be_the_files_deletes_it_whoever_began_it(
    service: Service, ministack: S3Server, bucket: str
) -> None:
    begin(ministack, bucket, "raw/run7.csv", DATA[:8])
    sender = Sender(service, DATA)
    sender.open()
    sender.presign(2)

    sender.abort()

    assert ministack.upload_ids(bucket) == []


@pytest.mark.parametrize("known", ["named", "begun here"])
def test_discarding_ones_own_upload_while_it_is_checked_deletes_it(
    service: Service, ministack: S3Server, bucket: str, known: str
) -> None:
    first = Sender(service, DATA)
    first.open()
    first.send(1)
    service.handle(protocol.ForgetFile(file_id=first.file_id))
    [(key, upload_id)] = ministack.upload_ids(bucket)
    sender = Sender(service, DATA, file_id="file_0002")
    if known == "named":
        sender.service = service_of(ministack, bucket)  # as after a restart
        sender.continues = protocol.KnownUpload(key=key, upload_id=upload_id)
    assert sender.create().upload_id == upload_id

    sender.abort()

    assert ministack.upload_ids(bucket) == []
