"""The verbs, against servers that check what they get."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from s3upload_widget import checksums
from s3upload_widget.checksums import composite_sha256, md5, multipart_etag, sha256
from s3upload_widget.errors import (
    CredentialsError,
    IntegrityError,
    NoSuchBucketError,
    NoSuchUploadError,
    ObjectExistsError,
    S3Error,
    S3UnavailableError,
)
from s3upload_widget.s3 import CompletedPart, NoObject, NotAllowed, ObjectFound, Store
from support.clients.sender import put
from support.proxy.faults import FOREVER, Answer, Fault, LoseResponse, Match
from support.servers.servers import one_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

MiB = 1 << 20
KEY = "raw/a b+é%~&=.bin"
DATA = [b"x" * (5 * MiB), b"tail"]

each_server = one_of("ministack", "seaweed")


@pytest.fixture
def store(each_server: S3Server) -> Iterator[Store]:
    with each_server.bucket() as bucket:
        yield Store(bucket, each_server.client)


def send_parts(store: Store, upload_id: str) -> list[CompletedPart]:
    for number, part in enumerate(DATA, start=1):
        url = store.presign_upload_part(KEY, upload_id, number, size=len(part), sha256=sha256(part))
        assert put(url.url, url.headers, part).status == 200
    return [
        CompletedPart(part_number=part.part_number, etag=part.etag, sha256=sha256(data))
        for part, data in zip(store.list_parts(KEY, upload_id), DATA, strict=True)
    ]


def open_upload(store: Store) -> str:
    opened = store.create_multipart_upload(KEY, content_type="text/csv")
    assert opened.sha256
    return opened.upload_id


def test_an_upload_of_parts_becomes_an_object_with_its_composite_checksum(store: Store) -> None:
    upload_id = open_upload(store)
    parts = send_parts(store, upload_id)

    found = store.complete_multipart_upload(
        KEY, upload_id, parts, size=5 * MiB + 4, must_not_exist=True
    )

    assert found.sha256 == composite_sha256([sha256(part) for part in DATA])
    assert found.etag == f'"{multipart_etag([md5(part) for part in DATA])}"'
    look = store.head_object(KEY)
    assert isinstance(look, ObjectFound)
    assert (look.size, look.sha256, look.etag) == (5 * MiB + 4, found.sha256, found.etag)
    assert look.content_type == "text/csv"


def test_extra_args_reach_the_object_of_an_upload_in_parts(
    ministack: S3Server, bucket: str
) -> None:
    extra = {"Metadata": {"owner": "Jürgen"}, "CacheControl": "no-cache"}
    store = Store(bucket, ministack.client, extra_args=extra)
    upload_id = open_upload(store)

    store.complete_multipart_upload(KEY, upload_id, send_parts(store, upload_id), size=5 * MiB + 4)

    head = ministack.client.head_object(Bucket=bucket, Key=KEY)
    assert head["Metadata"] == {"owner": "J%C3%BCrgen"}
    assert head["CacheControl"] == "no-cache"


def test_an_upload_is_not_completed_over_an_object_that_arrived_meanwhile(store: Store) -> None:
    upload_id = open_upload(store)
    parts = send_parts(store, upload_id)
    other = store.presign_put_object(KEY, size=1, sha256=sha256(b"1"))
    assert put(other.url, other.headers, b"1").status == 200

    with pytest.raises(ObjectExistsError, match="raw/a b"):
        store.complete_multipart_upload(
            KEY, upload_id, parts, size=5 * MiB + 4, must_not_exist=True
        )

    assert len(store.list_parts(KEY, upload_id)) == 2
    assert store.complete_multipart_upload(KEY, upload_id, parts, size=5 * MiB + 4).sha256


def test_a_part_that_is_not_what_its_checksum_says_is_not_completed(store: Store) -> None:
    upload_id = open_upload(store)
    first, last = send_parts(store, upload_id)

    with pytest.raises(IntegrityError):
        store.complete_multipart_upload(
            KEY, upload_id, [first, replace(last, sha256=sha256(b"other"))], size=5 * MiB + 4
        )

    assert isinstance(store.head_object(KEY), NoObject)


def test_an_answer_of_200_that_holds_an_error_is_an_error(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    store = Store(bucket, ministack.at(proxy.url).client)
    upload_id = open_upload(store)
    parts = send_parts(store, upload_id)
    proxy.play(
        Fault(Answer(200, "InternalError"), Match(operation="CompleteMultipartUpload"), times=1_000)
    )

    with pytest.raises(S3UnavailableError):
        store.complete_multipart_upload(KEY, upload_id, parts, size=5 * MiB + 4)

    assert len(proxy.of("CompleteMultipartUpload")) > 1


def test_a_part_sent_twice_is_completed_with_the_bytes_whose_etag_is_named(store: Store) -> None:
    upload_id = open_upload(store)
    for data in (b"old!", b"new!"):
        url = store.presign_upload_part(KEY, upload_id, 1, size=4, sha256=sha256(data))
        assert put(url.url, url.headers, data).status == 200

    # SeaweedFS keeps both, and its clock may not tell which one is newer.
    (new,) = (
        part
        for part in store.list_parts(KEY, upload_id)
        if checksums.same_etag(part.etag, checksums.hexadecimal(md5(b"new!")))
    )

    part = CompletedPart(part_number=1, etag=new.etag, sha256=sha256(b"new!"))
    found = store.complete_multipart_upload(KEY, upload_id, [part], size=4)
    assert found.sha256 == composite_sha256([sha256(b"new!")])


def test_an_aborted_upload_is_gone_and_may_be_aborted_again(store: Store) -> None:
    upload_id = open_upload(store)
    send_parts(store, upload_id)

    store.abort_multipart_upload(KEY, upload_id)
    store.abort_multipart_upload(KEY, upload_id)

    with pytest.raises(NoSuchUploadError):
        store.list_parts(KEY, upload_id)


def test_an_abort_is_repeated_until_s3_shows_no_part(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    store = Store(bucket, ministack.at(proxy.url).client)
    upload_id = open_upload(store)
    proxy.play(Fault(Answer(204, ""), Match(operation="AbortMultipartUpload"), times=2))

    store.abort_multipart_upload(KEY, upload_id)

    assert len(proxy.of("AbortMultipartUpload")) == 3
    assert ministack.upload_ids(bucket) == []


def test_an_abort_that_never_ends_says_so(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    store = Store(bucket, ministack.at(proxy.url).client)
    upload_id = open_upload(store)
    proxy.play(Fault(Answer(204, ""), Match(operation="AbortMultipartUpload"), times=1_000))

    with pytest.raises(S3UnavailableError, match="keep arriving"):
        store.abort_multipart_upload(KEY, upload_id)


@pytest.mark.parametrize(("status", "code"), [(501, "NotImplemented"), (405, "MethodNotAllowed")])
def test_an_abort_is_believed_where_the_server_lists_no_parts(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, status: int, code: str
) -> None:
    store = Store(bucket, ministack.at(proxy.url).client)
    upload_id = open_upload(store)
    proxy.play(Fault(Answer(status, code), Match(operation="ListParts"), times=FOREVER))

    store.abort_multipart_upload(KEY, upload_id)

    assert ministack.upload_ids(bucket) == []


@pytest.mark.parametrize("operation", ["AbortMultipartUpload", "ListParts"])
def test_an_abort_that_fails_is_not_believed(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, operation: str
) -> None:
    store = Store(bucket, ministack.at(proxy.url).client)
    upload_id = open_upload(store)
    refused = Answer(400, "InvalidRequest")
    proxy.play(Fault(refused, Match(operation=operation), times=FOREVER))

    with pytest.raises(S3Error, match="InvalidRequest"):
        store.abort_multipart_upload(KEY, upload_id)


@pytest.mark.parametrize("root", ["errorResponse", "ErrorResponse", "Fault"])
def test_a_refusal_by_a_document_of_another_name_is_read_as_any_other(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, root: str
) -> None:
    store = Store(bucket, ministack.at(proxy.url).client)

    def refuse(operation: str, status: int, code: str) -> None:
        said = f"<{root}><Code>{code}</Code><Message>no such luck</Message></{root}>"
        proxy.play(Fault(Answer(status, "", document=said), Match(operation=operation)))

    refuse("CreateMultipartUpload", 403, "SignatureDoesNotMatch")
    with pytest.raises(CredentialsError, match=r"\(SignatureDoesNotMatch\).*no such luck"):
        store.create_multipart_upload(KEY, content_type="")
    refuse("PutObject", 400, "UnsupportedAlgorithm")
    with pytest.raises(S3Error, match=r"\(UnsupportedAlgorithm\).*no such luck"):
        store.put_object(KEY, b"x", sha256=sha256(b"x"))


def test_a_look_that_is_denied_is_an_answer(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    store = Store(bucket, ministack.at(proxy.url).client)
    proxy.play(Fault(Answer(403, "AccessDenied"), Match(operation="HeadObject"), times=1_000))

    assert store.head_object(KEY) == NotAllowed()


def test_a_bucket_that_does_not_exist_is_named(each_server: S3Server) -> None:
    with pytest.raises(NoSuchBucketError, match="no-such-bucket"):
        Store("no-such-bucket", each_server.client).require_bucket()


def test_a_bucket_is_looked_for_until_it_was_found_once(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    store = Store(bucket, ministack.at(proxy.url).client)
    proxy.play(Fault(Answer(404, "NoSuchBucket"), Match(operation="HeadBucket")))

    with pytest.raises(NoSuchBucketError):
        store.require_bucket()
    store.require_bucket()
    store.require_bucket()

    assert len(proxy.of("HeadBucket")) == 2


def test_a_role_that_may_only_upload_needs_no_look_at_the_bucket(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    store = Store(bucket, ministack.at(proxy.url).client)
    proxy.play(Fault(Answer(403, "AccessDenied"), Match(operation="HeadBucket"), times=1_000))

    store.require_bucket()

    assert open_upload(store)


def test_a_server_that_cannot_be_reached_is_unavailable(
    proxy: FaultyProxy, ministack: S3Server
) -> None:
    store = Store("lab-data", ministack.at(proxy.url).client)
    proxy.go_offline()

    with pytest.raises(S3UnavailableError, match="cannot reach"):
        store.head_object(KEY)


def test_no_upload_id_is_shown_when_the_connection_breaks(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    store = Store(bucket, ministack.at(proxy.url).client)
    upload_id = open_upload(store)
    proxy.play(Fault(LoseResponse(), Match(operation="ListParts"), times=1_000))

    with pytest.raises(S3UnavailableError) as failure:
        store.list_parts(KEY, upload_id)

    assert upload_id not in str(failure.value)
    assert failure.value.__cause__ is None


def test_two_stores_are_the_same_place_if_endpoint_and_bucket_are(each_server: S3Server) -> None:
    options: dict[str, Any] = {"extra_args": {"ACL": "private"}}

    client = each_server.client
    assert Store("lab", client).identity == Store("lab", client, **options).identity
    assert Store("lab", client).identity != Store("lab2", client).identity
    assert each_server.endpoint_url in Store("lab", client).identity


@pytest.mark.parametrize("operation", ["PutObject", "CompleteMultipartUpload"])
def test_what_gets_no_answer_may_be_tried_again_also_where_nothing_may_be_overwritten(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, operation: str
) -> None:
    proxy.play(Fault(LoseResponse(), Match(operation=operation), times=3))
    store = Store(bucket, ministack.at(proxy.url).client)
    if operation == "PutObject":
        with pytest.raises(S3UnavailableError, match="check the network"):
            store.put_object(KEY, DATA[1], sha256=sha256(DATA[1]), must_not_exist=True)
    else:
        upload_id = open_upload(store)
        parts = send_parts(store, upload_id)
        size = sum(map(len, DATA))
        with pytest.raises(S3UnavailableError, match="check the network"):
            store.complete_multipart_upload(KEY, upload_id, parts, size=size, must_not_exist=True)
    assert len(proxy.of(operation)) == (2 if operation == "PutObject" else 3)
