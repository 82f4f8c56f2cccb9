"""Every kind of message that the protocol knows is spoken between a real page and Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.inspect import type_info

from s3upload_widget import UploadWidget
from s3upload_widget.protocol import KINDS
from support.files import make_file
from support.page.uploading import QUICK, MiB, asked, pick, show, until_done, until_state
from support.proxy.faults import FOREVER, NO_CORS, Answer, Fault, Gate, LoseResponse, Match, Stall
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.page.browser import PageErrors
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

PART = 5 * MiB
SMALL = 30
PUT = Match(operation="UploadPart")


def test_every_kind_is_spoken(
    page: Page,
    page_errors: PageErrors,
    bridge: Bridge,
    ministack: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
) -> None:
    page_errors.expect_network()
    widget, newer = widgets_of_one_cell(bucket, ministack.at(proxy.url))
    ministack.client.put_object(Bucket=bucket, Key="run1.bin", Body=b"x" * 2 * PART)
    ministack.client.create_multipart_upload(Bucket=bucket, Key="somebody's.bin")
    show(page, bridge, widget, tuning=QUICK)
    until(lambda: "unfinished_listed" in replies(bridge), what="a list of what is unfinished")
    page.evaluate("engine.showOthers().then(() => engine.offers.discard(engine.offers.others[0]))")

    # So many small files that some are done while others are being completed.
    pick(page, *(make_file(tmp_path / f"small{n:02}.bin", 10) for n in range(SMALL)))
    until_done(widget, SMALL)
    widget.clear()
    until(lambda: widget.value == (), what="an empty list")
    proxy.forget()

    # An object that vanishes while it is compared, a part that S3 says it has stored but has not,
    # then a store that lets no page in.
    gate = Gate()
    proxy.play(
        Fault(gate, Match(operation="HeadObject", key="run1.bin", nth=3)),
        Fault(Answer(200, ""), Match(operation="UploadPart", part_number=2)),
    )
    pick(page, make_file(tmp_path / "run1.bin", 2 * PART))
    until(lambda: len(proxy.of("HeadObject")) == 3, 30, "the last look at the object")
    ministack.empty(bucket)
    gate.opened.set()
    until_done(widget)
    proxy.play(Fault(NO_CORS, Match(operation="Preflight"), times=FOREVER))
    pick_where_the_kernel_sends(
        page, bridge, proxy, widget, make_file(tmp_path / "run2.bin", 2 * PART)
    )
    page.evaluate("engine.files.at(-1).resolve('overwrite')")
    until(lambda: "file_forgotten" in replies(bridge), what="a file that is forgotten")
    page.wait_for_function("'work' in engine.files.at(-1).state")
    show_instead(page, bridge, newer)
    until(lambda: newer.files, 60, "the file in the new widget")
    newer.abort()
    speak_as_strangers_do(page, bridge)
    until(lambda: "multipart_upload_aborted" in replies(bridge), what="an abort")

    spoken = {kind for request in KINDS for kind in kinds(request) if asked(bridge, kind)}
    assert spoken == {kind for request in KINDS for kind in kinds(request)}
    expected = {tag for kind in KINDS.values() for each in kind.replies for tag in kinds(each)}
    assert replies(bridge) >= expected | {"failed"}
    assert any("event" in message.data.get("content", {}) for message in bridge.told)


def speak_as_strangers_do(page: Page, bridge: Bridge) -> None:
    """Say nonsense, and what the first module of a widget says where it has no code with it."""
    for kind in ("nonsense", "fetch_page_code"):
        page.evaluate(
            "(kind) => model.send({ rid: 'x', client: 'a-stranger', request: { kind } })", kind
        )
    until(lambda: replies(bridge) >= {"failed", "page_code_fetched"}, what="answers")


def widgets_of_one_cell(bucket: str, server: S3Server) -> tuple[UploadWidget, UploadWidget]:
    """Two widgets that a cell makes, run twice."""
    first, second = (UploadWidget(bucket, client=server.client, part_size=PART) for _ in range(2))
    for widget in (first, second):
        widget.set_trait("_cell", "cell 1")
    return first, second


def show_instead(page: Page, bridge: Bridge, widget: UploadWidget) -> None:
    """Show the widget where another one was."""
    page.evaluate("removeView()")
    bridge.url(widget)
    page.evaluate("(id) => mount(id, 1)", widget.model_id)


def pick_where_the_kernel_sends(
    page: Page, bridge: Bridge, proxy: FaultyProxy, widget: UploadWidget, file: Path
) -> None:
    """The kernel sends what the page may not, and meets a lost answer, a wire that stalls, and errors."""
    first, second = (Match(operation="UploadPart", part_number=number) for number in (1, 2))
    proxy.play(Fault(LoseResponse(), first), Fault(Stall(PART // 2), second, times=FOREVER))
    pick(page, file)
    until(lambda: "diagnosed" in replies(bridge), 60, "a diagnosis")
    until(lambda: "part_unanswered" in replies(bridge), 60, "a part without an answer")
    until(lambda: "stored_part" in replies(bridge), 60, "a part that is there all the same")
    widget.pause()
    until(lambda: "relay_ended" in replies(bridge), 60, "a part that was ended")
    proxy.clear_faults()
    proxy.play(Fault(Answer(500, "InternalError"), PUT, times=FOREVER))
    widget.resume()
    until_state(widget, "failed")


def kinds(*messages: type) -> set[str]:
    return {str(getattr(type_info(message), "tag", "")) for message in messages}


def replies(bridge: Bridge) -> set[str]:
    contents = [message.data.get("content", {}) for message in bridge.told]
    return {content["reply"]["kind"] for content in contents if "reply" in content}
