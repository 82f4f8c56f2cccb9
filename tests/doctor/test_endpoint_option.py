"""The commands that a report names ask the very same server."""

from __future__ import annotations

import re
import shlex

import pytest

from s3upload_widget import check_bucket
from s3upload_widget.doctor.connection import endpoint_option
from s3upload_widget.s3 import Store, connect
from support.clients.checking import ORIGIN
from support.servers.canned import NS
from support.servers.front import Asked, Told, front

BASE = "/storage/s3"
FOLDER = "s3://lab/it's 1/"
IN_WORDS = re.compile(r"`(s3upload .*?)`")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://s3.example.org:9000", "https://s3.example.org:9000"),
        ("https://s3.example.org/storage/s3", "https://s3.example.org/storage/s3"),
        ("https://s3.example.org/storage/", "https://s3.example.org/storage"),
        ("https://me:secret@s3.example.org/a", "https://s3.example.org/a"),
    ],
)
def test_a_fix_keeps_the_path_of_the_endpoint(address: str, expected: str) -> None:
    store = Store("lab", connect(endpoint_url=address, access_key="a", secret_key="b"))

    assert endpoint_option(store) == f" --endpoint-url {expected}"


def xml(root: str, inside: str = "") -> Told:
    return Told(200, f"<{root} {NS}>{inside}</{root}>")


def refusal(status: int, code: str) -> Told:
    return Told(status, f"<Error><Code>{code}</Code></Error>")


HARD: dict[tuple[str, str], Told] = {
    ("GET", "location"): xml("LocationConstraint"),
    ("GET", "cors"): refusal(404, "NoSuchCORSConfiguration"),
    ("POST", "uploads"): xml("InitiateMultipartUploadResult", "<UploadId>1</UploadId>"),
    ("GET", "uploads"): xml("ListMultipartUploadsResult"),
    ("GET", "uploadId"): xml("ListPartsResult", "<IsTruncated>false</IsTruncated>"),
    ("DELETE", "uploadId"): refusal(403, "AccessDenied"),
    ("OPTIONS", ""): refusal(403, "AccessDenied"),
}
"""A server that admits no page and aborts nothing, by method and query."""


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({("HEAD", ""): Told(404)}, {"mb"}),
        ({("GET", "lifecycle"): refusal(501, "NotImplemented")}, {"check", "abort"}),
        ({("GET", "lifecycle"): refusal(404, "NoSuchLifecycleConfiguration")}, {"check", "abort"}),
    ],
    ids=["no bucket", "no such rules", "no rules yet"],
)
def test_every_command_of_a_report_names_the_endpoint_with_its_path(
    told: dict[tuple[str, str], Told], expected: set[str]
) -> None:
    script = {**HARD, **told}

    def answer(asked: Asked) -> Told:
        assert asked.path.startswith(f"{BASE}/lab")
        names = [
            name
            for name in ("location", "lifecycle", "cors", "uploads", "uploadId")
            if name in asked.query
        ]
        key = asked.method, names[0] if names else ""
        return script.get(key, Told(200, "", {"ETag": '"e"'}))

    with front(answer) as url:
        client = connect(
            endpoint_url=f"{url}{BASE}", access_key="a", secret_key="b", region="us-east-1"
        )
        report = check_bucket(FOLDER, origin=ORIGIN, client=client)

    fixes = [each.fix for each in report if each.fix.startswith(("aws ", "s3upload "))]
    words = [found for each in report for found in IN_WORDS.findall(each.advice)]
    commands = [shlex.split(each) for each in (*fixes, *words)]
    assert expected <= {
        command[1] if command[0] == "s3upload" else command[2] for command in commands
    }
    for command in commands:
        assert f"{url}{BASE}" == command[command.index("--endpoint-url") + 1], command
        if command[0] == "s3upload":
            assert command[2].startswith(FOLDER), command
