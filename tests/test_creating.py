"""An upload is created once, also where S3's answer to a Create was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3upload_widget.errors import S3UnavailableError
from s3upload_widget.s3 import Store
from support.faults import Answer, Fault, LoseResponse, Match
from support.proxy import FaultyProxy

if TYPE_CHECKING:
    from support.faults import Action
    from support.servers import S3Server

CREATE = Match(operation="CreateMultipartUpload")
CARRIED_OUT = Answer(500, "InternalError", stored=True)


@pytest.fixture(params=["ministack", "seaweed", "moto"])
def server(request: pytest.FixtureRequest) -> S3Server:
    found: S3Server = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("action", [LoseResponse(), CARRIED_OUT], ids=["lost", "500"])
def test_a_create_whose_answer_was_lost_leaves_no_upload_behind(
    server: S3Server, action: Action
) -> None:
    with server.bucket() as bucket, FaultyProxy(server.endpoint_url) as proxy:
        proxy.play(Fault(action, CREATE, times=2))
        store = Store(bucket, server.at(proxy.url).client)

        upload = store.create_multipart_upload("k", content_type="")

        assert len(proxy.of("CreateMultipartUpload")) == 3
        assert server.upload_ids(bucket) == [("k", upload.upload_id)]


def test_nothing_is_left_behind_either_where_all_answers_were_lost_and_it_is_asked_again(
    ministack: S3Server, bucket: str, proxy: FaultyProxy
) -> None:
    proxy.play(Fault(LoseResponse(), CREATE, times=3))
    store = Store(bucket, ministack.at(proxy.url).client)
    with pytest.raises(S3UnavailableError):
        store.create_multipart_upload("k", content_type="")
    assert len(ministack.upload_ids(bucket)) == 3

    upload = store.create_multipart_upload("k", content_type="")

    assert ministack.upload_ids(bucket) == [("k", upload.upload_id)]


def test_what_holds_parts_or_has_another_key_is_left_alone(
    ministack: S3Server, bucket: str, proxy: FaultyProxy
) -> None:
    proxy.play(Fault(LoseResponse(), CREATE, times=1))
    client = ministack.client
    others = [
        (key, client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"])
        for key in ("k", "k2")
    ]
    client.upload_part(Bucket=bucket, Key="k", UploadId=others[0][1], PartNumber=1, Body=b"x")

    upload = Store(bucket, ministack.at(proxy.url).client).create_multipart_upload(
        "k", content_type=""
    )

    assert sorted(ministack.upload_ids(bucket)) == sorted([*others, ("k", upload.upload_id)])


def test_nobody_is_asked_about_others_where_the_first_create_was_answered(
    ministack: S3Server, bucket: str, proxy: FaultyProxy
) -> None:
    Store(bucket, ministack.at(proxy.url).client).create_multipart_upload("k", content_type="")

    assert [each.operation for each in proxy.exchanges] == ["CreateMultipartUpload"]


def test_an_upload_is_created_also_where_nobody_may_list(
    ministack: S3Server, bucket: str, proxy: FaultyProxy
) -> None:
    proxy.play(
        Fault(LoseResponse(), CREATE),
        Fault(Answer(403, "AccessDenied"), Match(operation="ListMultipartUploads")),
    )

    upload = Store(bucket, ministack.at(proxy.url).client).create_multipart_upload(
        "k", content_type=""
    )

    assert ("k", upload.upload_id) in ministack.upload_ids(bucket)
