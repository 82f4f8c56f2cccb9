"""Lists of unfinished uploads as odd servers write them: each is listed, and the odd one is named."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

import pytest

from s3upload_widget.errors import AccessDeniedError, S3UnavailableError
from s3upload_widget.s3 import Store, connect
from s3upload_widget.unfinished import abort_unfinished, list_unfinished
from support.proxy.faults import FOREVER, Answer, Fault, LoseResponse, Match
from support.servers.canned import NS, canned
from support.servers.servers import one_of

if TYPE_CHECKING:
    from s3upload_widget.results import Unfinished
    from support.proxy.proxy import FaultyProxy
    from support.servers.canned import Script
    from support.servers.servers import S3Server

CREATED: Final = "<Initiated>2026-11-22T10:00:00.000Z</Initiated>"
PART: Final = (
    "<Part><PartNumber>1</PartNumber><LastModified>2026-11-22T10:00:00.000Z</LastModified>"
    '<ETag>"e"</ETag><Size>8</Size></Part>'
)
UNKNOWN: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)

each_server = one_of("seaweed", "juicefs")


def upload(key: str, told: str = f"<UploadId>1</UploadId>{CREATED}") -> str:
    return f"<Upload><Key>{key}</Key>{told}</Upload>"


def uploads(*listed: str, more: str = "") -> str:
    root = "ListMultipartUploadsResult"
    return f"<{root} {NS}>{more}<IsTruncated>false</IsTruncated>{''.join(listed)}</{root}>"


def serving(listed: str, part: str = PART) -> Script:
    def script(_: str, query: dict[str, str]) -> str:
        if "uploadId" in query:
            return f"<ListPartsResult {NS}><IsTruncated>false</IsTruncated>{part}</ListPartsResult>"
        return listed

    return script


def listed_by(script: Script) -> tuple[Unfinished, ...]:
    with canned(script) as url:
        client = connect(endpoint_url=url, access_key="k", secret_key="s", region="us-east-1")
        return list_unfinished("s3://lab", client=client)


@pytest.mark.parametrize(
    "told", ["<Initiated/>", "<Initiated></Initiated>", "<Initiated>soon</Initiated>", ""]
)
def test_an_upload_without_a_time_is_listed_and_too_young_for_any_age(told: str) -> None:
    odd = upload("odd", f"<UploadId>2</UploadId>{told}")

    with canned(serving(uploads(upload("a"), odd), part="")) as url:
        client = connect(endpoint_url=url, access_key="k", secret_key="s", region="us-east-1")
        found = list_unfinished("s3://lab", client=client)
        old = abort_unfinished("s3://lab", older_than="1d", dry_run=True, client=client)
        every = abort_unfinished("s3://lab", older_than="0s", dry_run=True, client=client)

    assert [(each.name, each.started == UNKNOWN) for each in found] == [("a", False), ("odd", True)]
    assert [each.name for each in old] == ["a"]
    assert [each.name for each in every] == ["a", "odd"]


def test_a_time_in_milliseconds_is_that_time() -> None:
    told = "<UploadId>1</UploadId><Initiated>1795341600000</Initiated>"

    (found,) = listed_by(serving(uploads(upload("a", told)), part=""))

    assert found.started == datetime(2026, 11, 22, 10, tzinfo=timezone.utc)


@pytest.mark.parametrize("size", ["<Size/>", "<Size></Size>", "<Size>?</Size>", ""])
def test_a_part_without_a_size_is_a_part(size: str) -> None:
    part = PART.replace("<Size>8</Size>", size)

    (found,) = listed_by(serving(uploads(upload("a")), part=part))

    assert (found.parts_done, found.bytes_done) == (1, 0)


def test_an_upload_without_an_id_is_named_and_the_others_are_listed() -> None:
    odd, other = listed_by(serving(uploads(upload("a", CREATED), upload("b"))))

    assert "without its id" in odd.problem
    assert (other.name, other.parts_done, other.problem) == ("b", 1, "")


@pytest.mark.parametrize("written", ["\x01", "&#x1;", "&#1;"])
def test_a_control_character_in_one_key_hides_no_other(written: str) -> None:
    encoded: list[bool] = []

    def script(_: str, query: dict[str, str]) -> str:
        encoded.append("encoding-type" in query)
        if "uploadId" in query:
            return serving("")("GET", query)
        if "encoding-type" in query:
            coded = (upload("a%01b"), upload("c+d", f"<UploadId>2</UploadId>{CREATED}"))
            return uploads(*coded, more="<EncodingType>url</EncodingType>")
        return uploads(upload(f"a{written}b"), upload("c d", f"<UploadId>2</UploadId>{CREATED}"))

    found = listed_by(script)

    assert [(each.name, each.parts_done) for each in found] == [("a\x01b", 1), ("c d", 1)]
    assert encoded.count(True) == 1


def test_a_key_that_the_server_cannot_say_is_named() -> None:
    def script(_: str, query: dict[str, str]) -> str:
        if "uploadId" in query:
            return serving("")("GET", query)
        more = "<EncodingType>url</EncodingType>"  # said, as SeaweedFS does, and not done
        return uploads(
            upload("a\x01b"), upload("c+d é", f"<UploadId>2</UploadId>{CREATED}"), more=more
        )

    first, second = listed_by(script)

    assert first.name == "a\ufffdb"
    assert second.name == "c+d é"


@pytest.mark.parametrize("code", ["AccessDenied", "InternalError", "NotImplemented"])
def test_one_whose_parts_cannot_be_listed_hides_no_other(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, code: str
) -> None:
    status = {"AccessDenied": 403, "InternalError": 500, "NotImplemented": 501}[code]
    for key in ("a", "b", "c"):
        ministack.client.create_multipart_upload(Bucket=bucket, Key=key)
    proxy.play(Fault(Answer(status, code), Match(operation="ListParts", key="/b"), FOREVER))

    found = list_unfinished(f"s3://{bucket}", client=ministack.at(proxy.url).client)

    assert [each.name for each in found] == ["a", "b", "c"]
    assert [code in each.problem or "denied" in each.problem for each in found] == [0, 1, 0]


def test_one_that_cannot_be_aborted_hinders_no_other(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    for key in ("a", "b", "c"):
        ministack.client.create_multipart_upload(Bucket=bucket, Key=key)
    denied = Answer(403, "AccessDenied")
    proxy.play(Fault(denied, Match(operation="AbortMultipartUpload", key="/a"), FOREVER))
    client = ministack.at(proxy.url).client

    with pytest.raises(AccessDeniedError, match=f"1 of 3 .* s3://{bucket}/a: S3 denied"):
        abort_unfinished(f"s3://{bucket}", older_than=timedelta(seconds=-5), client=client)

    assert [key for key, _ in ministack.upload_ids(bucket)] == ["a"]


def test_a_broken_connection_is_no_odd_upload(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    ministack.client.create_multipart_upload(Bucket=bucket, Key="a")
    proxy.play(Fault(LoseResponse(), Match(operation="ListParts"), FOREVER))

    with pytest.raises(S3UnavailableError):
        list_unfinished(f"s3://{bucket}", client=ministack.at(proxy.url).client)


@pytest.mark.parametrize("code", ["NoSuchUpload", "NoSuchKey"])
def test_a_bucket_without_uploads_may_answer_404(
    ministack: S3Server, proxy: FaultyProxy, bucket: str, code: str
) -> None:
    proxy.play(Fault(Answer(404, code), Match(operation="ListMultipartUploads"), FOREVER))
    client = ministack.at(proxy.url).client

    assert list_unfinished(f"s3://{bucket}", client=client) == ()


def test_rclone_has_no_uploads_to_list(rclone: S3Server) -> None:
    with rclone.bucket() as bucket:
        assert list_unfinished(f"s3://{bucket}", client=rclone.client) == ()


ODD_KEYS: Final = (
    unicodedata.normalize("NFD", "Übung/é.csv"),
    "a//b",
    "/lead",
    "a/./b",
    " blank ",
    "raw/ x /y ",
    "a+b",
    "a%20b",
    "é",
    "raw/",
)


@pytest.mark.parametrize("key", ODD_KEYS)
def test_an_address_that_is_listed_is_found_by_abort(
    ministack: S3Server, bucket: str, key: str
) -> None:
    ministack.client.create_multipart_upload(Bucket=bucket, Key=key)
    ministack.client.create_multipart_upload(Bucket=bucket, Key="other")
    (address,) = {
        each.uri for each in list_unfinished(f"s3://{bucket}", client=ministack.client)
    } - {f"s3://{bucket}/other"}

    aborted = abort_unfinished(address, older_than=timedelta(seconds=-5), client=ministack.client)

    assert [each.uri for each in aborted] == [f"s3://{bucket}/{key}"]
    assert [key for key, _ in ministack.upload_ids(bucket)] == ["other"]


@pytest.mark.parametrize("key", ODD_KEYS[:6])
def test_every_server_aborts_what_it_lists(each_server: S3Server, key: str) -> None:
    with each_server.bucket() as bucket:
        client = each_server.client
        try:
            client.create_multipart_upload(Bucket=bucket, Key=key)
        except client.exceptions.ClientError:  # a gateway to folders takes no such key
            assert list_unfinished(f"s3://{bucket}", client=client) == ()
            return
        (found,) = list_unfinished(f"s3://{bucket}", client=client)

        (aborted,) = abort_unfinished(found.uri, older_than=timedelta(seconds=-5), client=client)

        assert aborted.uri == found.uri
        assert each_server.upload_ids(bucket) == []


def test_a_folder_that_is_typed_in_nfd_is_our_own_folder(ministack: S3Server, bucket: str) -> None:
    ministack.client.create_multipart_upload(Bucket=bucket, Key="Übung/a")

    typed = unicodedata.normalize("NFD", f"s3://{bucket}/Übung/")

    assert [each.name for each in list_unfinished(typed, client=ministack.client)] == ["a"]


def test_uploads_are_found_beside_one_without_an_id() -> None:
    script = serving(uploads(upload("k", CREATED), upload("k")))

    with canned(script) as url:
        client = connect(endpoint_url=url, access_key="k", secret_key="s", region="us-east-1")
        ids = [each.upload_id for each in Store("lab", client).list_multipart_uploads(key="k")]

    assert ids == ["", "1"]
