"""Every kind of message that the protocol knows is spoken between a real page and Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.inspect import type_info

from s3upload_widget import UploadWidget
from s3upload_widget.protocol import KINDS
from support.files import make_file
from support.page.uploading import QUICK, MiB, asked, pick, show, until_done, until_state
from support.proxy.faults import FOREVER, NO_CORS, Answer, Fault, Gate, Match
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
    widget = UploadWidget(bucket, client=ministack.at(proxy.url).client, part_size=PART)
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
    pick(page, make_file(tmp_path / "run2.bin", 2 * PART))
    until(lambda: "diagnosed" in replies(bridge), 20, "a diagnosis")
    until_state(widget, "failed")
    page.evaluate("engine.files.at(-1).resolve('overwrite')")
    until(lambda: "file_forgotten" in replies(bridge), what="a file that is forgotten")
    page.wait_for_function("'work' in engine.files.at(-1).state")
    widget.abort()
    page.evaluate("model.send({ rid: 'x', client: 'a-stranger', request: { kind: 'nonsense' } })")
    until(lambda: "failed" in replies(bridge), what="a refusal")
    until(lambda: "multipart_upload_aborted" in replies(bridge), what="an abort")

    spoken = {kind for request in KINDS for kind in kinds(request) if asked(bridge, kind)}
    assert spoken == {kind for request in KINDS for kind in kinds(request)}
    expected = {tag for kind in KINDS.values() for each in kind.replies for tag in kinds(each)}
    assert replies(bridge) >= expected | {"failed"}
    assert any("event" in message.data.get("content", {}) for message in bridge.told)


def kinds(*messages: type) -> set[str]:
    return {str(getattr(type_info(message), "tag", "")) for message in messages}


def replies(bridge: Bridge) -> set[str]:
    contents = [message.data.get("content", {}) for message in bridge.told]
    return {content["reply"]["kind"] for content in contents if "reply" in content}
