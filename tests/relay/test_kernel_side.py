"""Parts that the kernel sends of bytes that a page gives it: hostile, lost and doubled frames."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any, Final

import pytest
from msgspec.structs import replace

from s3upload_widget.protocol import (
    LEAST_FRAME,
    MAX_FRAME,
    EndRelay,
    FrameTaken,
    PartAnswered,
    PartUnanswered,
    RelayFrame,
    RelayPart,
    StoredPart,
    TryFrame,
    Wanted,
)
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service, relay
from s3upload_widget.service.relay import FrameSize, PartStream
from support.clients.sender import DATA, LARGE, SINGLE, SMALL, Sender, failed, verified_by
from support.proxy.faults import CutRequest, Fault, FlipBit, LoseResponse, Match
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3upload_widget.protocol import Reply
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

MiB: Final = 1 << 20
SEVERAL: Final = bytes(range(251)) * (5 * MiB // 251 + 1)
"""Two parts, the first of many frames; no two frames are equal."""


class Page:
    """A page that sends what the kernel wants of its file; a test may have it do worse."""

    def __init__(
        self,
        server: S3Server,
        bucket: str,
        data: bytes,
        store: Store | None = None,
        **options: Any,
    ) -> None:
        self.wanted: list[Wanted] = []
        """Every request for bytes, in order."""
        self.obey: Callable[[Wanted], None] = self.send
        store = store or Store(bucket, server.client)
        self.service = Service(store, transport="relay", want=self._hear, **options)
        self.sender = Sender(self.service, data)
        self.sender.open()

    def send(self, wanted: Wanted) -> None:
        """Send just what is wanted."""
        self.give(wanted.stream, wanted.offset, self.bytes(wanted))

    def give(self, stream: str, offset: int, *buffers: object) -> FrameTaken:
        """Send any frame."""
        return self.service.take_frame(RelayFrame(stream=stream, offset=offset), buffers)

    def bytes(self, wanted: Wanted) -> bytes:
        """The bytes that are wanted."""
        part = self.sender.part(int(wanted.stream.rpartition("-")[2]))
        return part[wanted.offset : wanted.offset + wanted.size]

    def relay(self, number: int = 1, attempt: str = "attempt1") -> Reply:
        """Have a part sent."""
        part = self.sender.checksums_of(number)
        return self.service.handle(RelayPart(stream=f"{attempt}-{number}", part=part))

    def relay_all(self) -> list[Reply]:
        """Have every part sent."""
        return [self.relay(number + 1) for number in range(self.sender.plan.parts_total)]

    def start(self, number: int = 1) -> list[Reply]:
        """Have a part sent meanwhile; the reply comes into the list."""
        replies: list[Reply] = []
        threading.Thread(target=lambda: replies.append(self.relay(number)), daemon=True).start()
        return replies

    def _hear(self, wanted: Wanted) -> None:
        self.wanted.append(wanted)
        self.obey(wanted)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames and patience that suit small files."""
    monkeypatch.setattr(relay, "LEAST_FRAME", 2)
    monkeypatch.setattr(relay, "FIRST_FRAME", 3)
    monkeypatch.setattr(relay, "MAX_FRAME", 3)
    monkeypatch.setattr(relay, "REPEAT", 0.05)


@pytest.fixture
def page(ministack: S3Server, proxy: FaultyProxy, bucket: str, small: None) -> Page:
    """A page with a file of three small parts, behind the proxy."""
    assert small is None
    return Page(ministack.at(proxy.url), bucket, DATA, limits=SMALL)


class Stored:
    """Equal to S3's answer to a part that it took, whatever its ETag."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PartAnswered) and (other.status, other.document) == (200, "")

    def __hash__(self) -> int:
        return 0


ANSWERED: Final = Stored()


@pytest.mark.parametrize("server", ["ministack", "seaweed", "moto"])
@pytest.mark.parametrize("data", [b"", SINGLE, SEVERAL, LARGE], ids=len)
def test_a_file_is_proven_as_if_the_page_had_sent_it(
    server: str, data: bytes, request: pytest.FixtureRequest
) -> None:
    s3: S3Server = request.getfixturevalue(server)
    with s3.bucket() as bucket:
        page = Page(s3, bucket, data, part_size=5 * MiB)

        assert all(reply == ANSWERED for reply in page.relay_all())
        assert verified_by(page.sender.complete()) == "sha256"

        assert s3.body(bucket, "run7.csv") == data


def test_parts_go_to_the_kernels_address(ministack: S3Server, bucket: str) -> None:
    store = Store(bucket, ministack.client, browser_endpoint_url="http://127.0.0.1:9")
    page = Page(ministack, bucket, SINGLE, store=store)

    assert page.relay() == ANSWERED


def test_frames_may_come_doubled_in_any_order_and_among_others(page: Page) -> None:
    held: list[Wanted] = []

    def obey(wanted: Wanted) -> None:
        held.append(wanted)
        if len(held) % 2 and wanted.offset + wanted.size < 8:
            return
        for each in reversed(held):
            for data in (b"x", b"x" * 99, b""):
                page.give(each.stream, each.offset, data)
            page.give(each.stream, each.offset)
            page.give(each.stream, each.offset, "text")
            page.give(each.stream, each.offset, b"ab", b"c")
            page.give(each.stream, each.offset + 1, page.bytes(each))
            page.give("stranger-1", each.offset, page.bytes(each))
            page.send(each)
            page.give(each.stream, each.offset, b"x" * each.size)

    page.obey = obey

    assert all(reply == ANSWERED for reply in page.relay_all())
    assert verified_by(page.sender.complete()) == "sha256"


def test_a_lost_frame_is_wanted_again(page: Page) -> None:
    page.obey = lambda wanted: page.send(wanted) if page.wanted.count(wanted) == 3 else None

    assert page.relay() == ANSWERED
    assert {page.wanted.count(each) for each in page.wanted} == {3}


def test_the_kernel_holds_three_frames_of_a_part_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "REPEAT", 60.0)  # what is wanted twice would count twice here
    wanted: list[Wanted] = []
    size, used = 100 * MiB, 0
    stream = PartStream("attempt1-1", "file_0001", size, wanted.append, FrameSize())
    blocks = stream.blocks()
    given = 0

    def give_the_first() -> None:
        until(lambda: wanted, 30, "a frame")
        stream.take(0, memoryview(bytes(wanted[0].size)))

    threading.Thread(target=give_the_first, daemon=True).start()
    while used < size:
        used += next(blocks).nbytes
        given = max(given, 1)
        for each in wanted[given:]:
            stream.take(each.offset, memoryview(bytes(each.size)))
        given = len(wanted)
        here = sum(each.size for each in wanted) - used
        assert here <= 3 * MAX_FRAME

    assert max(each.size for each in wanted) == MAX_FRAME


def test_a_part_that_was_ended_is_stored_nowhere_and_keeps_no_bytes(page: Page) -> None:
    page.obey = lambda wanted: page.send(wanted) if wanted.offset == 0 else None
    replies = page.start()
    until(lambda: len(page.wanted) >= 3, 30, "frames")

    page.service.handle(EndRelay(stream="attempt1-1"))

    until(lambda: replies == [PartUnanswered(starved=False)], 30, lambda: replies)
    assert not page.service._relay._streams
    assert page.give("attempt1-1", 3, b"345") == FrameTaken(size=3)


def test_a_part_that_was_ended_before_it_began_does_not_begin(page: Page) -> None:
    page.service.handle(EndRelay(stream="attempt1-1"))

    assert page.relay() == PartUnanswered(starved=False)
    assert page.wanted == []


@pytest.mark.parametrize("how", ["abort", "close"])
def test_what_is_discarded_or_closed_is_sent_no_further(page: Page, how: str) -> None:
    page.obey = lambda _: None
    replies = page.start()
    until(lambda: page.wanted, 30, "a frame")

    page.sender.abort() if how == "abort" else page.service.close()

    until(lambda: replies == [PartUnanswered(starved=False)], 30, lambda: replies)


def test_a_page_that_sends_nothing_more_frees_its_place(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "STARVED", 0.2)
    page.obey = lambda wanted: page.send(wanted) if wanted.offset == 0 else None

    assert page.relay() == PartUnanswered(starved=True)
    assert not page.service._relay._streams


def test_a_request_that_comes_again_gets_its_answer_and_sends_nothing(
    page: Page, proxy: FaultyProxy
) -> None:
    first, again = page.relay(), page.relay()

    assert first == again
    assert first == ANSWERED
    assert len(proxy.puts()) == 1


def test_a_name_that_is_in_use_is_refused(page: Page) -> None:
    page.obey = lambda _: None
    page.start()
    until(lambda: page.wanted, 30, "a frame")

    assert failed(page.relay()) == "invalid_message"
    page.service.close()


def test_wrong_bytes_are_refused_by_s3_whose_words_reach_the_page(page: Page) -> None:
    def obey(wanted: Wanted) -> None:
        page.give(wanted.stream, wanted.offset, b"x" * wanted.size)

    page.obey = obey
    reply = page.relay()

    assert isinstance(reply, PartAnswered)
    assert reply.status == 400
    assert "<Code>" in reply.document


def test_a_bit_that_flips_behind_the_kernel_is_refused_and_the_part_sent_again(
    page: Page, proxy: FaultyProxy
) -> None:
    proxy.play(Fault(FlipBit(), Match(method="PUT")))

    reply = page.relay()

    assert isinstance(reply, PartAnswered)
    assert reply.status == 400
    assert page.relay(attempt="attempt2") == ANSWERED


def test_a_part_whose_answer_was_lost_is_looked_for_and_not_sent_again(
    page: Page, proxy: FaultyProxy
) -> None:
    proxy.play(Fault(LoseResponse(), Match(method="PUT")))
    assert page.relay() == PartUnanswered(starved=False)
    wanted = len(page.wanted)

    part = replace(page.sender.checksums_of(1), perhaps_stored=True)
    reply = page.service.handle(RelayPart(stream="attempt2-1", part=part))

    assert reply == StoredPart(file_id="file_0001", part_number=1)
    assert len(page.wanted) == wanted
    assert len(proxy.puts()) == 1


@pytest.mark.parametrize("fault", [CutRequest(1), LoseResponse()], ids=["cut", "answer lost"])
def test_a_connection_that_breaks_is_no_answer(
    page: Page, proxy: FaultyProxy, fault: CutRequest | LoseResponse
) -> None:
    proxy.play(Fault(fault, Match(method="PUT")))

    assert page.relay() == PartUnanswered(starved=False)
    assert page.relay(attempt="attempt2") == ANSWERED


def test_only_parts_of_files_that_were_opened_are_sent(page: Page, proxy: FaultyProxy) -> None:
    part = page.sender.checksums_of(1)
    stranger = RelayPart(stream="attempt1-1", part=replace(part, file_id="stranger_1"))
    beyond = RelayPart(stream="attempt1-1", part=replace(part, part_number=4))

    assert failed(page.service.handle(stranger)) == "unknown_file"
    assert failed(page.service.handle(beyond)) == "refused"
    assert proxy.puts() == ()


def test_how_many_bytes_arrive_is_said(page: Page) -> None:
    trial = TryFrame()

    assert page.service.take_frame(trial, [b"12345"]) == FrameTaken(size=5)
    assert page.service.take_frame(trial, [memoryview(b"12345")]) == FrameTaken(size=5)
    assert page.service.take_frame(trial, []) == FrameTaken(size=0)
    assert page.service.take_frame(trial, [7]) == FrameTaken(size=0)


def test_frames_grow_on_a_fast_line_and_shrink_on_a_slow_one() -> None:
    size = FrameSize()
    sizes = [size.value]
    for seconds in [0.01] * 10 + [0.5] * 3 + [3.0] * 12:
        size.note(size.value, seconds)
        sizes.append(size.value)

    assert sizes[10] == sizes[13] == MAX_FRAME
    assert sizes[-1] == LEAST_FRAME
    assert sizes[:11] == sorted(sizes[:11])


def test_what_signs_a_part_is_in_no_log(page: Page, caplog: pytest.LogCaptureFixture) -> None:
    """urllib3 logs each request with its query, which here is all that it takes to send another."""
    with caplog.at_level(logging.DEBUG, logger="urllib3"):
        assert page.relay_all() == [ANSWERED] * 3

    sent = [each for each in caplog.messages if "PUT" in each]
    assert len(sent) == 3
    assert [each for each in sent if "X-Amz-" in each or "uploadId" in each] == []
