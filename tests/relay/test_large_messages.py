"""Hosts of notebooks that lose large messages: frames of parts get smaller until they arrive."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import pytest

from s3upload_widget.protocol import LEAST_FRAME, MAX_FRAME, Wanted
from s3upload_widget.service import relay
from s3upload_widget.service.relay import FIRST_FRAME, FrameSize, PartStream
from support.files import make_file
from support.page.desk import PART, Desk
from support.page.uploading import QUICK
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

OFTEN: Final = {**QUICK, "resendMs": [100, 200, 400, 800]}
LOSE_LARGE: Final = """(limit) => {
    const { send } = model;
    model.send = (content, callbacks, buffers) => {
        const size = (buffers ?? []).reduce((sum, { byteLength }) => sum + byteLength, 0);
        if (size <= limit) send(content, callbacks, buffers);
    };
}"""


@pytest.mark.parametrize("transport", ["relay"])
@pytest.mark.parametrize("limit", [1_000_000, 100_000], ids=["1 MB", "100 kB"])
def test_parts_arrive_though_large_messages_are_lost(
    desk: Desk, tmp_path: Path, limit: int
) -> None:
    """Colab loses those of 1 MB and more (ipywidgets#3452), gateways of websockets smaller ones."""
    file = make_file(tmp_path / "run7.bin", 2 * PART + 1)
    desk.show(OFTEN)
    desk.page.evaluate(LOSE_LARGE, limit)

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert set(desk.sent()) == {1, 2, 3}


def test_of_a_frame_in_halves_the_rest_is_wanted_at_once_and_less_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relay, "REPEAT", 60.0)
    wanted: list[Wanted] = []
    size = 3 * LEAST_FRAME
    stream = PartStream("attempt1-1", "file_0001", size, wanted.append, FrameSize())
    blocks = stream.blocks()

    def give_half() -> None:
        until(lambda: wanted, 30, "a frame")
        stream.take(0, memoryview(bytes(LEAST_FRAME)))

    threading.Thread(target=give_half, daemon=True).start()

    assert next(blocks).nbytes == LEAST_FRAME
    until(lambda: len(wanted) == 3, 30, lambda: wanted)
    assert [(each.offset, each.size) for each in wanted] == [
        (0, size),
        (LEAST_FRAME, LEAST_FRAME),
        (2 * LEAST_FRAME, LEAST_FRAME),
    ]
    for each in wanted[1:]:
        stream.take(each.offset, memoryview(bytes(10)))
        stream.take(each.offset, memoryview(bytes(each.size)))
    assert [block.nbytes for block in blocks] == [LEAST_FRAME, LEAST_FRAME]


def test_frames_stay_below_what_was_lost() -> None:
    size = FrameSize()
    for _ in range(9):
        size.note(size.value, 0.01)
    assert size.value == MAX_FRAME

    size.note_lost(FIRST_FRAME)
    for _ in range(9):
        size.note(size.value, 0.01)
    assert size.value == FIRST_FRAME

    size.note_lost(1)
    assert size.value == LEAST_FRAME
