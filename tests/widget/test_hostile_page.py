"""Whatever a page says over its comm: nothing escapes, nothing foreign is signed, memory is bounded."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from s3upload_widget import UploadWidget, protocol
from s3upload_widget.checksums import md5
from s3upload_widget.errors import ProtocolError
from s3upload_widget.service import relay
from s3upload_widget.widget import file_list, presence
from s3upload_widget.widget.presence import Presence
from s3upload_widget.widget.traits import PAGE_MAY_SET
from support.clients.hostile import CHECKSUM, conversations, filled, well_formed
from support.clients.talk import NearPage, file_id, progress, summary
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.servers.servers import S3Server

MiB: Final = 1 << 20
HUGE: Final = "x" * (10 * MiB)


@pytest.fixture(scope="module")
def place(moto: S3Server) -> str:
    return moto.new_bucket()


@pytest.fixture
def widget(moto: S3Server, place: str) -> Iterator[UploadWidget]:
    w = UploadWidget(place, "raw", client=moto.client)
    yield w
    w.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts whose bytes this page never sends are given up at once."""
    monkeypatch.setattr(relay, "STARVED", 0.02)
    monkeypatch.setattr(relay, "REPEAT", 0.01)


@pytest.mark.seconds(10)
@pytest.mark.usefixtures("impatient")
@settings(
    deadline=None,
    max_examples=settings().max_examples * 2 // 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(said=conversations())
def test_nothing_escapes_and_nothing_foreign_is_signed(
    moto: S3Server, place: str, said: list[Any]
) -> None:
    secret, mine = (
        moto.client.create_multipart_upload(Bucket=place, Key=key)["UploadId"]
        for key in ("secret/x", "raw/a.bin")
    )
    widget = UploadWidget(place, "raw", client=moto.client, part_size=5 * MiB)
    page = NearPage(widget)
    try:
        for content in said:
            page.tell(filled(content, secret=secret, mine=mine))
            page.deliver(content)
            if draw_breath(content):
                until(lambda: not widget._controller._dispatcher._under_way, 60, "all answers")
        until(lambda: not widget._controller._dispatcher._under_way, 60, "all answers")
        assert page.hello().destination == f"s3://{place}/raw/"
        assert_only_its_own_is_signed(page, place, foreign=secret)
        told = [heard["reply"] for heard in page.heard if "reply" in heard]
        assert [reply for reply in told if reply.get("code") == "internal"] == []
        assert moto.upload_ids(place).count(("secret/x", secret)) == 1
        # What Jupyter has to send on: plain JSON, in UTF-8.
        json.dumps([page.published, widget.error], default=str, allow_nan=False).encode()
    finally:
        widget.close()
        moto.empty(place)


@settings(deadline=None)
@given(request=well_formed)
def test_a_well_formed_request_has_every_field_and_no_other(request: dict[str, Any]) -> None:
    """Or else it would only ever be refused for its form, and show nothing."""
    refusal = ""
    try:
        protocol.decode({"rid": "1", "client": "page-0001", "request": request})
    except ProtocolError as error:
        refusal = str(error)
    assert "missing required field" not in refusal
    assert "unknown field" not in refusal


def draw_breath(content: Any) -> bool:
    """Whether to wait for the answer, as a page that keeps to the protocol does."""
    return isinstance(content, dict) and " " in str(content.get("rid", ""))


@pytest.mark.parametrize("server", ["ministack", "seaweed", "moto"])
@pytest.mark.parametrize("key", ["secret/x", "raw/../secret/x", "raw/./../secret/x"])
def test_an_upload_outside_of_the_prefix_is_neither_signed_for_nor_aborted(
    server: str, key: str, request: pytest.FixtureRequest
) -> None:
    s3: S3Server = request.getfixturevalue(server)
    with s3.bucket() as bucket:
        created = s3.client.create_multipart_upload(Bucket=bucket, Key="secret/x")
        upload_id = created["UploadId"]
        widget = UploadWidget(bucket, "raw", client=s3.client, part_size=5 * MiB)
        page = NearPage(widget)
        known = protocol.KnownUpload(key=key, upload_id=upload_id)

        told = [
            page.ask(protocol.AbortUnfinished(file_id="", upload=known)),
            page.ask(protocol.ListUnfinished(remembered=[known], others=True)),
        ]
        pick = replace(page.one_pick("x", 9 * MiB), key=key, upload_id=upload_id)
        told.append(page.ask(protocol.PickFiles(origin="", files=[pick])))
        file = pick.file_id
        told.append(page.ask(protocol.CreateMultipartUpload(file_id=file, refused=[])))
        part = protocol.PartChecksums(
            file_id=file,
            part_number=1,
            sha256=CHECKSUM,
            md5=md5(b""),
            refused=[],
            perhaps_stored=True,
        )
        told.append(page.ask(protocol.PresignParts(parts=[part], origins=[])))
        widget.close()

        assert ("secret/x", upload_id) in s3.upload_ids(bucket)
        assert [reply for reply in told if "secret/x?" in repr(reply)] == []
        assert isinstance(told[0], protocol.Failed)
        assert isinstance(told[2].files[0], protocol.RefusedFile)
        assert told[1].uploads == []


def assert_only_its_own_is_signed(page: NearPage, bucket: str, foreign: str) -> None:
    told = [heard["reply"] for heard in page.heard if "reply" in heard]
    opened = {reply["upload_id"] for reply in told if reply["kind"] == "multipart_upload_created"}
    listed = [each for reply in told for each in reply.get("uploads", ())]
    assert foreign not in opened | {each["upload_id"] for each in listed}
    assert all(each["key"].startswith("raw/") for each in listed)
    for reply in told:
        for part in reply["parts"] if reply["kind"] == "parts_presigned" else ():
            if part["kind"] != "presigned_part":
                continue
            url = urlsplit(part["url"])
            query = parse_qs(url.query)
            assert unquote(url.path).startswith(f"/{bucket}/raw/")
            assert not {"..", "."} & set(unquote(url.path).split("/"))
            assert set(query.get("uploadId", ())) <= opened
            assert 1 <= part["part_number"] <= 10_000
            assert "\n" not in part["url"] + "".join(part["headers"].values())


@pytest.mark.parametrize(
    "content",
    [
        {"rid": "1", "client": "page-0001", "request": {"kind": HUGE}},
        {"rid": HUGE, "client": "page-0001", "request": {"kind": "hello", "version": 1}},
        {"rid": "1", "client": HUGE, "request": {"kind": "hello", "version": 1}},
        {"rid": "1", "client": "page-0001", "request": {"kind": "hello", "version": 1, HUGE: 1}},
        {"rid": "1", "client": "page-0001", "request": {"kind": "diagnose", "file_id": HUGE}},
        HUGE,
    ],
    ids=["kind", "rid", "client", "field", "file id", "content"],
)
def test_ten_million_characters_are_refused_in_few(
    page: NearPage, caplog: pytest.LogCaptureFixture, content: object
) -> None:
    page.tell(content)

    assert len(json.dumps(page.heard)) < 1_000
    assert len(caplog.text) < 2_000


def test_a_bottomless_message_escapes_nowhere(page: NearPage) -> None:
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]

    page.tell({"rid": "1", "client": "page-0001", "request": deep})
    page.tell(deep)

    assert page.hello().destination


def test_a_flood_of_pages_starts_one_timer_and_is_forgotten(
    widget: UploadWidget, page: NearPage
) -> None:
    page.pick("a.bin")
    before = threading.active_count()

    for number in range(300):
        other = NearPage(widget, f"page-x{number:04}")
        other.hello()
        other.report(number=number)

    # A timer that fires starts the next one before it ends itself.
    assert threading.active_count() < before + 10
    assert len(widget._controller.files._newest_reports) <= file_list.MAX_PAGES


def test_a_flood_of_picks_is_remembered_within_bounds_and_its_failures_are_told(
    widget: UploadWidget, page: NearPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert file_list.MAX_FILES == 20_000
    monkeypatch.setattr(file_list, "MAX_FILES", 5)
    page.pick("good.bin")

    for number in range(4):
        page.pick(*(f"no\\good{number}{letter}" for letter in "abc"))

    names = [file.name for file in widget.files]
    assert len(names) == 5
    assert names[0] == "good.bin"  # what failed goes first
    assert names[-1] == "no\\good3c"
    page.report(summary("failed"), [progress("good.bin", "failed", error="gone")])
    assert widget.state == "failed"


def test_a_page_does_not_report_for_another_ones_files(
    widget: UploadWidget, page: NearPage
) -> None:
    page.pick("a.bin")
    other = NearPage(widget, "page-0002")

    other.report(
        summary("failed"),
        [progress("a.bin", "failed", error="call this number")],
        removed=[file_id("a.bin")],
    )

    assert [(file.state, file.error) for file in widget.files] == [("queued", "")]


def test_the_page_sets_no_trait_but_looks(widget: UploadWidget, page: NearPage) -> None:
    ours = sorted({*widget.traits(), "_esm", "_css", "_engine_id"} - PAGE_MAY_SET - {"comm"})
    assert {"value", "files", "state", "error", "_esm", "_target", "_model_module"} <= set(ours)
    before = {name: getattr(widget, name) for name in ours}

    for value in ("evil", 1, None, ["evil"], {"evil": 1}):
        for name in ours:
            page.deliver({"method": "update", "state": {name: value}, "buffer_paths": []})
        page.deliver({"method": "update", "state": dict.fromkeys(ours, value)})

    assert {name: getattr(widget, name) for name in ours} == before


def test_who_stays_silent_is_told_once_and_who_answers_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    timers: list[tuple[float, Callable[[], object]]] = []

    def start_timer(seconds: float, call: Callable[[], object]) -> bool:
        timers.append((now + seconds, call))
        return True

    monkeypatch.setattr(presence, "start_timer", start_timer)
    monkeypatch.setattr(presence, "time", SimpleNamespace(monotonic=lambda: now))
    absent: list[str] = []
    pages = Presence(absent.append)

    pages.expect(["a", "b", "c"], 1)
    pages.note_present("b")
    pages.expect(["c", "d"], 2)

    for expected in (["a", "c"], ["a", "c", "d"]):
        [(now, fires)] = timers
        timers.clear()
        fires()
        assert absent == expected
    assert timers == []


def test_who_is_asked_again_is_told_again() -> None:
    absent: list[str] = []
    pages = Presence(absent.append)

    for times in (1, 2):
        pages.expect(["a"], 0.0)
        until(lambda: len(absent) == times, what="one that is silent")  # noqa: B023 - called at once
