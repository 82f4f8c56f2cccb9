"""What the page's engine does where two things happen at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from support.files import make_file
from support.page.desk import PART, UNPACED, Desk
from support.page.uploading import MiB, states
from support.proxy.faults import Answer, Fault, Match
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from s3upload_widget import PickedFile
    from support.page.browser import PageErrors

DISCARD_WHILE_HASHING = """async () => {
    const hashing = () => {
        const parts = engine.files[0].active?.parts;
        return parts && [3, 4, 5, 6, 7, 8].some((number) => parts.step(number) === "hashing");
    };
    while (!hashing()) await new Promise((resolve) => setTimeout(resolve, 0));
    await engine.abort();
}"""


def test_a_file_that_is_discarded_while_it_is_hashed_holds_up_no_other(
    desk: Desk, tmp_path: Path
) -> None:
    desk.proxy.pace_total(20 * MiB)
    desk.show()
    desk.pick(make_file(tmp_path / "run7.bin", 20 * PART))
    desk.page.evaluate(DISCARD_WHILE_HASHING)
    desk.proxy.pace_total(UNPACED)

    file = make_file(tmp_path / "run8.bin", 3 * PART)
    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)


def test_a_file_that_is_discarded_before_it_has_a_key_can_be_picked_again(
    desk: Desk, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 2 * PART)
    desk.show()
    desk.bridge.hold()
    desk.pick(file)
    desk.page.evaluate("engine.abort()")
    until(lambda: states(desk.page) == {}, what=lambda: states(desk.page))
    desk.bridge.release()
    until(lambda: desk.asked("abort_multipart_upload"), what="the key given back")

    (tmp_path / "elsewhere").mkdir()
    again = file.rename(tmp_path / "elsewhere" / "run7.bin")
    desk.pick(again)
    desk.until_done()

    desk.assert_arrived(again)


def test_a_part_that_cannot_be_signed_just_now_is_signed_later(
    desk: Desk, page_errors: PageErrors, tmp_path: Path
) -> None:
    page_errors.expect_network()
    desk = desk.with_new_widget(client=desk.server.at(desk.proxy.url).client)
    file = make_file(tmp_path / "run7.bin", MiB)
    desk.proxy.play(Fault(Answer(500, "InternalError"), Match(operation="PutObject", nth=1)))
    # The second signature needs a look at the object; botocore itself tries three times.
    matches = [Match(operation="HeadObject", nth=nth) for nth in (2, 3, 4)]
    heads = [Fault(Answer(503, "SlowDown"), match) for match in matches]
    desk.proxy.play(*heads)
    desk.show()

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert [desk.proxy.played(head) for head in heads] == [1, 1, 1]


def test_a_refusal_of_any_length_does_not_silence_the_reports(desk: Desk, tmp_path: Path) -> None:
    def refuse(_: PickedFile) -> str:
        raise ValueError("no" * 5000)

    desk = desk.with_new_widget(key=refuse)
    widget = desk.widget
    desk.show()

    desk.pick(make_file(tmp_path / "run7.bin", MiB))
    until(lambda: widget.files and widget.files[0].state == "failed", what=lambda: widget.files)
    desk.page.evaluate("engine.abort()")

    until(lambda: widget.files == (), what=lambda: widget.files)


def test_reports_that_the_kernel_refuses_come_no_oftener_than_others(
    desk: Desk, tmp_path: Path
) -> None:
    desk.proxy.pace_total(4 * MiB)
    desk.show({"reportMs": 200})
    # What is no number is sent as null, and no report with that is understood.
    desk.page.evaluate("""() => {
      engine.rate.sample(0, Date.now() - 10_000);
      globalThis.trouble = setInterval(() => {
        engine.rate.sample(NaN);
        engine.progressed();
      }, 5);
    }""")
    file = make_file(tmp_path / "run7.bin", 3 * PART)
    began = time.monotonic()

    desk.pick(file)
    until(lambda: len(desk.widget.value) == 1, 60, "the file")
    took = time.monotonic() - began

    assert len(desk.asked("report_progress")) <= 2 + took / 0.2
    replies = [message.data.get("content", {}).get("reply", {}) for message in desk.bridge.told]
    assert "failed" in {reply.get("kind") for reply in replies}
    desk.page.evaluate("clearInterval(trouble); engine.rate.reset()")
    desk.until_done()
    desk.assert_arrived(file)
