"""No object of another program is overwritten where the server does not guard its key."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import pytest

from s3upload_widget import AccessDeniedError, protocol
from s3upload_widget.protocol import PickFiles, RefusedFile
from s3upload_widget.uploader import Options, upload_pipe
from support.clients.scripts import SMALL, send
from support.clients.sender import DATA, NO_CONDITIONS, ORIGIN, SINGLE, Sender, failed
from support.proxy.faults import FOREVER, Answer, Fault, Match

if TYPE_CHECKING:
    from pathlib import Path

    from s3upload_widget.service import Service
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

DENIED: Final = Fault(Answer(403, "AccessDenied"), Match(operation="HeadObject"), times=FOREVER)
THEIRS: Final = b"theirs"
SIZES: Final = pytest.mark.parametrize("size", [5, 4000], ids=["one PUT", "parts"])


def unknown(operation: str) -> Fault:
    """The server does not know the condition of one request, and carries out the next one."""
    return Fault(Answer(501, "NotImplemented"), Match(operation=operation))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run7.csv"


class TestNobodyMayLookAndNothingGuards:
    @SIZES
    def test_a_script_stops_and_names_permission_and_option(
        self, ministack: S3Server, proxy: FaultyProxy, bucket: str, path: Path, size: int
    ) -> None:
        path.write_bytes(b"x" * size)
        ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=THEIRS)
        proxy.play(DENIED, unknown("CompleteMultipartUpload"), unknown("PutObject"))

        with pytest.raises(AccessDeniedError, match=r"s3:GetObject.*if_exists='overwrite'"):
            send(ministack.at(proxy.url), path, f"s3://{bucket}/run7.csv")

        assert ministack.body(bucket, "run7.csv") == THEIRS
        assert not proxy.of("UploadPart") + proxy.of("PutObject")

    @SIZES
    def test_a_stream_stops_before_the_first_byte(
        self, ministack: S3Server, proxy: FaultyProxy, bucket: str, size: int
    ) -> None:
        ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=THEIRS)
        proxy.play(DENIED, unknown("CompleteMultipartUpload"))
        options = Options(client=ministack.at(proxy.url).client, limits=SMALL, progress=False)

        with pytest.raises(AccessDeniedError, match=r"s3:GetObject.*if_exists='overwrite'"):
            upload_pipe(io.BytesIO(b"x" * size), "run7.csv", f"s3://{bucket}/", options)

        assert ministack.body(bucket, "run7.csv") == THEIRS
        assert not proxy.of("UploadPart") + proxy.of("PutObject")

    @pytest.mark.parametrize("data", [SINGLE, DATA], ids=["one PUT", "parts"])
    def test_a_page_stops_before_the_first_byte(
        self,
        watched: Service,
        ministack: S3Server,
        proxy: FaultyProxy,
        bucket: str,
        data: bytes,
    ) -> None:
        ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=THEIRS)
        proxy.play(DENIED, unknown("CompleteMultipartUpload"))

        refused = Sender(watched, data).refusal()

        assert refused.code == "access_denied"
        assert "s3:GetObject" in refused.message
        assert "overwrite" in refused.message
        assert ministack.body(bucket, "run7.csv") == THEIRS

    @pytest.mark.parametrize("data", [SINGLE, DATA], ids=["one PUT each", "parts"])
    def test_a_page_stops_before_the_first_byte_of_many_files_too(
        self, watched: Service, proxy: FaultyProxy, data: bytes
    ) -> None:
        """Of so many, one list shows which keys are free, and no key is looked up."""
        proxy.play(DENIED, unknown("CompleteMultipartUpload"))
        senders = [Sender(watched, data, f"{n:02}.csv", f"file_{n:04}") for n in range(25)]

        picked = PickFiles(origin=ORIGIN, files=[sender.as_pick() for sender in senders])
        reply = watched.handle(picked)

        assert isinstance(reply, protocol.FilesPicked)
        refused = [answer.code for answer in reply.files if isinstance(answer, RefusedFile)]
        assert refused == ["access_denied"] * 25
        assert not proxy.of("UploadPart") + proxy.of("PutObject")

    def test_a_put_is_not_repeated_without_its_condition(
        self, watched: Service, ministack: S3Server, proxy: FaultyProxy, bucket: str
    ) -> None:
        sender = Sender(watched, SINGLE)
        sender.open()
        ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=THEIRS)
        proxy.play(DENIED, unknown("PutObject"))
        assert [answer.status for answer in sender.send()] == [501]
        sender.refused = [NO_CONDITIONS]

        [refused] = sender.presign(1)

        assert isinstance(refused, protocol.RefusedPart)
        assert (refused.code, refused.retryable) == ("access_denied", False)

    def test_a_complete_is_not_repeated_without_its_condition(
        self, watched: Service, ministack: S3Server, proxy: FaultyProxy, bucket: str
    ) -> None:
        sender = Sender(watched, DATA)
        sender.open()
        sender.send()
        ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=THEIRS)
        refused = Answer(501, "NotImplemented")
        proxy.play(DENIED, Fault(refused, Match(operation="CompleteMultipartUpload"), FOREVER))

        assert failed(sender.complete()) == "access_denied"
        asked = proxy.of("CompleteMultipartUpload")
        assert {"if-none-match" in each.request.headers for each in asked} == {True}
        assert ministack.body(bucket, "run7.csv") == THEIRS
        assert len(ministack.upload_ids(bucket)) == 1

    @SIZES
    def test_a_server_that_guards_is_sent_the_file(
        self, ministack: S3Server, proxy: FaultyProxy, bucket: str, path: Path, size: int
    ) -> None:
        path.write_bytes(b"x" * size)
        proxy.play(DENIED)

        send(ministack.at(proxy.url), path, f"s3://{bucket}/run7.csv")

        assert ministack.body(bucket, "run7.csv") == path.read_bytes()

    def test_the_option_decides(
        self, ministack: S3Server, proxy: FaultyProxy, bucket: str, path: Path
    ) -> None:
        path.write_bytes(b"x" * 4000)
        ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=THEIRS)
        proxy.play(DENIED)

        uri = f"s3://{bucket}/run7.csv"
        send(ministack.at(proxy.url), path, uri, if_exists="overwrite")

        assert ministack.body(bucket, "run7.csv") == path.read_bytes()
