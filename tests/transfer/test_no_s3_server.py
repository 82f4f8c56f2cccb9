"""An address where no S3 server answers is said to be that, whoever asks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import pytest

from s3upload_widget import S3Error, check_bucket, list_unfinished, upload_file
from s3upload_widget.errors import NoSuchBucketError
from s3upload_widget.protocol import Failed, PickFiles
from s3upload_widget.s3 import Store, connect
from s3upload_widget.service import Service
from support.clients.sender import ORIGIN, SINGLE, Sender
from support.servers.front import Asked, Told, front

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from types_boto3_s3 import S3Client

SAID: Final = "is no S3 server"
HTML: Final = {"Content-Type": "text/html; charset=utf-8"}
JSON: Final = {"Content-Type": "application/json"}
PAGE: Final = "<!DOCTYPE html><html><body><br>Log in</body></html>"
ANSWERS: Final[dict[str, Told]] = {
    "a login page": Told(200, PAGE, HTML),
    "a page that is XML": Told(200, "<html><body>Log in</body></html>", HTML),
    "a page behind a 404": Told(404, PAGE, HTML),
    "a console that takes no POST": Told(405, PAGE, HTML),
    "nothing": Told(200),
    "no content": Told(204),
    "what is no XML": Told(200, '{"status": "ok"}', JSON),
    "JSON behind a 404": Told(404, '{"detail": "Not Found"}', JSON),
    "a redirect to a login": Told(302, "", {"Location": "/login", **HTML}),
    "a redirect in circles": Told(307, "", {"Location": "/"}),
}


@pytest.fixture(params=ANSWERS)
def client(request: pytest.FixtureRequest) -> Iterator[S3Client]:
    with front(lambda _: ANSWERS[request.param]) as url:
        yield connect(endpoint_url=url, access_key="a", secret_key="b", region="us-east-1")


def put(client: S3Client, tmp_path: Path) -> None:
    path = tmp_path / "run7.csv"
    path.write_bytes(b"hello")
    upload_file(path, "s3://lab-data/", client=client, progress=False)


def ls(client: S3Client, _: Path) -> None:
    list_unfinished("s3://lab-data/", client=client)


@pytest.mark.parametrize("do", [put, ls])
def test_scripts_say_so(
    client: S3Client, tmp_path: Path, do: Callable[[S3Client, Path], None]
) -> None:
    with pytest.raises(S3Error, match=SAID):
        do(client, tmp_path)


def test_the_check_says_so(client: S3Client) -> None:
    report = check_bucket("s3://lab-data", origin="https://hub.example.org", client=client)

    assert [(found.check, SAID in found.what) for found in report] == [("address", True)]


def test_the_widget_says_so(client: S3Client) -> None:
    pick = Sender(Service(Store("lab-data", client)), SINGLE).as_pick()

    reply = Service(Store("lab-data", client)).handle(PickFiles(origin=ORIGIN, files=[pick]))

    assert isinstance(reply, Failed), reply
    assert SAID in reply.message
    assert not reply.retryable


def test_a_404_without_a_word_is_a_missing_bucket(tmp_path: Path) -> None:
    with front(lambda _: Told(404)) as url:
        client = connect(endpoint_url=url, access_key="a", secret_key="b", region="us-east-1")

        with pytest.raises(NoSuchBucketError):
            put(client, tmp_path)


def test_an_upload_without_an_id_is_an_error_in_words() -> None:
    with front(lambda _: Told(200, "<rss></rss>")) as url:
        client = connect(endpoint_url=url, access_key="a", secret_key="b", region="us-east-1")
        report = check_bucket("s3://lab-data", origin="https://hub.example.org", client=client)

    assert "gave no id" in report["s3:PutObject"].what


def listed(asked: Asked, *, blanks: str) -> Told:
    """What a server without objects says, after some blanks."""
    name = "LocationConstraint" if "location" in asked.query else "ListMultipartUploadsResult"
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return Told(200, f"{blanks}{head}<{name}></{name}>", {"Content-Type": "application/xml"})


@pytest.mark.parametrize("blanks", ["", "\n", " \r\n\t "])
def test_blanks_before_the_xml_are_no_failure(blanks: str) -> None:
    with front(partial(listed, blanks=blanks)) as url:
        client = connect(endpoint_url=url, access_key="a", secret_key="b", region="us-east-1")

        assert list_unfinished("s3://lab-data/", client=client) == ()
