"""Credentials that end in the middle of an upload: said plainly, and nothing is sent twice after."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import TokenRetrievalError
from botocore.session import Session

from s3upload_widget import protocol
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from support.clients.sender import Sender, failed
from support.proxy.faults import FOREVER, Answer, Fault, Match
from support.servers.servers import REGION

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

PART: Final = 5 << 20
DATA: Final = b"x" * PART + b"y" * PART + b"tail"


class Login:
    """A login that gives credentials for half an hour, until it ends."""

    def __init__(self, server: S3Server) -> None:
        self.server = server
        self.failure: Exception | None = None
        self.times = 0
        self.credentials: Any = RefreshableCredentials(
            server.access_key, server.secret_key, "", self.end(30), self.renew, "test"
        )

    @staticmethod
    def end(minutes: int) -> datetime:
        return datetime.now(timezone.utc) + timedelta(minutes=minutes)

    def renew(self) -> dict[str, Any]:
        self.times += 1
        if self.failure:
            raise self.failure
        keys = {"access_key": self.server.access_key, "secret_key": self.server.secret_key}
        return {**keys, "token": "", "expiry_time": self.end(30).isoformat()}

    def expire(self) -> None:
        self.credentials._expiry_time = self.end(-1)  # botocore has no clock to set

    def client(self, endpoint_url: str) -> S3Client:
        session: Any = Session()
        session._credentials = self.credentials
        user = boto3.Session(botocore_session=session, region_name=REGION)
        return user.client("s3", endpoint_url=endpoint_url)


@pytest.fixture
def login(ministack: S3Server) -> Login:
    return Login(ministack)


@pytest.fixture
def sender(login: Login, proxy: FaultyProxy, bucket: str) -> Sender:
    store = Store(bucket, login.client(proxy.url))
    return Sender(Service(store, part_size=PART), DATA)


def sent(proxy: FaultyProxy) -> list[int]:
    return sorted(put.part_number for put in proxy.puts() if put.complete)


def test_credentials_that_renew_themselves_are_no_interruption(
    sender: Sender, login: Login, proxy: FaultyProxy
) -> None:
    sender.open()
    sender.send(1)

    login.expire()
    sender.send(2, 3)

    assert isinstance(sender.complete(), protocol.MultipartUploadCompleted)
    assert login.times == 1
    assert sent(proxy) == [1, 2, 3]


@pytest.mark.parametrize(
    ("failure", "says"),
    [
        (TokenRetrievalError(provider="sso", error_msg="Token has expired"), "login has ended"),
        (RuntimeError("the vault is closed"), "the vault is closed"),
    ],
    ids=["botocore's", "the user's own"],
)
def test_a_login_that_has_ended_is_named_and_the_rest_goes_right_after_it_is_renewed(
    sender: Sender, login: Login, proxy: FaultyProxy, failure: Exception, says: str
) -> None:
    sender.open()
    sender.send(1)
    login.expire()
    login.failure = failure

    (refused,) = sender.presign(2)
    completing = sender.complete()

    assert isinstance(refused, protocol.RefusedPart)
    for told in (refused, completing):
        assert isinstance(told, (protocol.RefusedPart, protocol.Failed))
        assert (told.code, told.retryable) == ("credentials", False)
        assert says in told.message
        assert "resume" in told.message

    login.failure = None
    sender.send(2, 3)
    assert isinstance(sender.complete(), protocol.MultipartUploadCompleted)
    assert sent(proxy) == [1, 2, 3]


def test_another_client_goes_on_where_credentials_that_nothing_renews_have_ended(
    ministack: S3Server, proxy: FaultyProxy, bucket: str
) -> None:
    def with_another_client() -> Sender:
        store = Store(bucket, ministack.at(proxy.url).client)
        return Sender(Service(store, part_size=PART), DATA)

    first = with_another_client()
    first.open()
    first.send(1, 2)
    proxy.play(Fault(Answer(400, "ExpiredToken"), Match(operation="ListParts"), times=FOREVER))
    assert failed(first.complete()) == "credentials"
    proxy.clear_faults()

    second = with_another_client()
    second.open()
    missing = second.complete()

    assert missing == protocol.PartsMissing(file_id=second.file_id, part_numbers=[3])
    second.send(3)
    assert isinstance(second.complete(), protocol.MultipartUploadCompleted)
    assert sent(proxy) == [1, 2, 3]
    assert ministack.upload_ids(bucket) == []
