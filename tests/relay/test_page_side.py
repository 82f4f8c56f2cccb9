"""Parts that go through the kernel: where the page is kept from the store, or the user says so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from s3upload_widget.policy import cors_rule
from s3upload_widget.service import relay
from support.files import make_file
from support.page.desk import PART, UNPACED, Desk
from support.page.uploading import QUICK, MiB, hold_hashing, restart_kernel
from support.page.view import LONG
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Locator

    from support.page.browser import PageErrors
    from support.servers.servers import S3Server


@pytest.fixture
def closed(server: S3Server) -> Iterator[str]:
    """A bucket that lets no page in."""
    with server.bucket(origins=()) as name:
        yield name


def way(desk: Desk) -> Locator:
    return desk.page.locator(".s3up-way")


def with_closed_bucket(desk: Desk, bucket: str, **options: Any) -> Desk:
    """The widget's page, and its kernel, speak to the server itself: its own CORS rules count."""
    return replace(desk, bucket=bucket).with_new_widget(browser_endpoint_url=None, **options)


@pytest.mark.parametrize("transport", ["relay"])
@pytest.mark.parametrize("size", [0, 10, 3 * PART + 1], ids=["empty", "one part", "four parts"])
def test_a_file_arrives_through_the_kernel_and_no_url_goes_to_the_page(
    desk: Desk, tmp_path: Path, size: int
) -> None:
    file = make_file(tmp_path / "run7.bin", size)
    desk.show()

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert [each.verified_by for each in desk.widget.value] == ["sha256"]
    assert desk.asked("presign_parts") == []
    assert desk.sent() == ([1, 2, 3, 4] if size > PART else [0])
    assert way(desk).count() == 0


@pytest.mark.parametrize("size", [10, 3 * PART + 1], ids=["one part", "four parts"])
def test_where_no_rule_lets_the_page_in_the_kernel_sends_and_one_line_says_so(
    desk: Desk, page_errors: PageErrors, closed: str, tmp_path: Path, size: int
) -> None:
    page_errors.expect_network()
    desk = with_closed_bucket(desk, closed)
    file = make_file(tmp_path / "run7.bin", size)
    desk.show()

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert [each.verified_by for each in desk.widget.value] == ["sha256"]
    expect(way(desk)).to_contain_text("Sent through the kernel: this page may not reach S3.")
    expect(way(desk).locator("pre")).to_have_count(0)
    desk.press("Why?")
    expect(way(desk).locator("pre")).to_contain_text("AllowedOrigins")
    assert desk.widget.error == ""


def test_once_the_rule_is_there_the_page_sends_again(
    desk: Desk, page_errors: PageErrors, closed: str, tmp_path: Path
) -> None:
    page_errors.expect_network()
    desk = with_closed_bucket(desk, closed)
    first, second = (make_file(tmp_path / f"run{n}.bin", PART + n, seed=n) for n in (1, 2))
    desk.show()
    desk.pick(first)
    desk.until_done()
    relayed = len(desk.asked("relay_part"))

    desk.server.client.put_bucket_cors(
        Bucket=closed, CORSConfiguration={"CORSRules": [cors_rule([desk.bridge.origin])]}
    )
    desk.press("Try direct again")
    expect(way(desk)).to_have_count(0, timeout=LONG)
    desk.pick(second)
    desk.until_done(2)

    desk.assert_arrived(first, second)
    assert len(desk.asked("relay_part")) == relayed
    assert len(desk.asked("presign_parts")) > 0


def test_a_page_that_is_told_to_send_directly_never_sends_through_the_kernel(
    desk: Desk, page_errors: PageErrors, closed: str, tmp_path: Path
) -> None:
    page_errors.expect_network()
    desk = with_closed_bucket(desk, closed, transport="direct")
    desk.show()

    desk.pick(make_file(tmp_path / "run7.bin", 10))
    desk.until_state("failed")

    assert "CORS" in desk.widget.error
    assert desk.asked("relay_part") == []
    assert desk.asked("try_frame") == []


@pytest.mark.parametrize("lost", ["buffers", "messages"])
def test_where_no_buffers_arrive_the_kernel_is_not_tried(
    desk: Desk, page_errors: PageErrors, closed: str, tmp_path: Path, lost: str
) -> None:
    page_errors.expect_network()
    desk = with_closed_bucket(desk, closed)
    desk.show()
    desk.page.evaluate(
        """(lost) => {
            const { send } = model;
            model.send = (content, callbacks, buffers) => {
                if (lost === "buffers" || !buffers.length) send(content, callbacks);
            };
        }""",
        lost,
    )

    desk.pick(make_file(tmp_path / "run7.bin", 10))
    desk.until_state("failed")

    assert "CORS" in desk.widget.error
    assert desk.asked("relay_part") == []


def test_what_was_begun_directly_is_resumed_through_the_kernel_and_the_other_way_round(
    desk: Desk, page_errors: PageErrors, tmp_path: Path
) -> None:
    page_errors.expect_network()
    file = make_file(tmp_path / "run7.bin", 16 * PART + 1)
    desk.proxy.pace_total(20 * MiB)
    desk.show()
    desk.pick(file)
    desk.until_stored(3)

    desk.page.evaluate("engine.ways.relay(engine.files[0].state.work.plan.store)")
    until(lambda: len(desk.asked("relay_part")) >= 4, 60, "parts through the kernel")
    expect(way(desk)).to_contain_text("Sent through the kernel.")
    desk.proxy.pace_total(UNPACED)
    desk.press("Try direct again")
    desk.until_done()

    desk.assert_arrived(file)
    stored = desk.stored()
    relayed = [each["part"]["part_number"] for each in desk.asked("relay_part")]
    assert len(set(stored)) == len(stored)
    assert sorted({*stored, *relayed}) == list(range(1, 18))


def test_what_was_signed_for_the_page_while_the_way_changed_goes_through_the_kernel(
    desk: Desk, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 2 * PART)
    desk.show()
    hold_hashing(desk.page, PART)
    desk.pick(file)
    desk.until_stored(1)
    desk.page.wait_for_function("globalThis.letGo !== undefined")

    desk.bridge.to_page.hold()
    desk.page.evaluate("letGo()")
    until(lambda: 2 in asked_to_sign(desk), 60, "part 2 signed")
    desk.page.evaluate("engine.ways.relay(engine.files[0].state.work.plan.store)")
    desk.bridge.to_page.release()
    desk.until_done()

    desk.assert_arrived(file)
    assert desk.sent() == [1]
    assert {each["part"]["part_number"] for each in desk.asked("relay_part")} == {2}


def asked_to_sign(desk: Desk) -> set[int]:
    requests = desk.asked("presign_parts")
    return {part["part_number"] for request in requests for part in request["parts"]}


@pytest.mark.parametrize("transport", ["relay"])
def test_no_part_is_signed_for_the_page_before_the_kernel_has_said_the_way(
    desk: Desk, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 2 * PART)
    desk.bridge.to_kernel.drop_next()
    desk.show({**QUICK, "resendMs": [2000]})

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    assert desk.asked("presign_parts") == []
    assert desk.sent() == [1, 2]


def test_a_cell_that_runs_again_with_another_way_sends_the_rest_that_way(
    desk: Desk, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 12 * PART)
    desk.proxy.pace_total(10 * MiB)
    desk.show()
    desk.pick(file)
    desk.stop_at(1)

    restart_kernel(desk.page, desk.bridge)
    newer = desk.with_new_widget(transport="relay", client=desk.server.client)
    newer.show_in_place()
    desk.page.wait_for_function("engine.welcome.transport === 'relay'")
    signed = len(desk.asked("presign_parts"))
    desk.proxy.pace_total(UNPACED)
    until(lambda: newer.widget.files, 60, "the file in the new widget")
    newer.until_done()

    newer.assert_arrived(file)
    assert len(desk.asked("presign_parts")) == signed
    relayed = {each["part"]["part_number"] for each in desk.asked("relay_part")}
    assert 12 in relayed
    assert relayed | {*desk.stored()} == {*range(1, 13)}


@pytest.mark.parametrize("transport", ["relay"])
def test_while_a_cell_keeps_the_kernel_the_row_says_so_and_no_part_counts_as_lost(
    desk: Desk, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 12 * PART)
    desk.proxy.pace_total(10 * MiB)
    desk.show({**QUICK, "kernelSilentMs": 300, "losses": 1})
    desk.pick(file)
    desk.until_stored(1)

    desk.bridge.hold()
    expect(desk.row("run7.bin")).to_contain_text("Waiting for Python, which is busy")
    heard = len(desk.bridge.heard)
    desk.bridge.release()
    desk.proxy.pace_total(UNPACED)
    desk.until_done()

    desk.assert_arrived(file)
    assert len(desk.bridge.heard) > heard
    assert desk.widget.error == ""


@pytest.mark.parametrize("transport", ["relay"])
def test_a_kernel_that_was_deaf_for_long_sends_the_part_from_its_first_byte(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(relay, "STARVED", 0.5)
    monkeypatch.setattr(relay, "MAX_FRAME", MiB // 2)
    file = make_file(tmp_path / "run7.bin", 6 * PART)
    desk.proxy.pace_total(4 * MiB)
    desk.show({**QUICK, "kernelSilentMs": 300, "losses": 1})
    desk.pick(file)
    until(lambda: len(desk.asked("relay_frame")) >= 6, 30, "frames")

    desk.bridge.hold()
    until(lambda: "part_unanswered" in replies(desk), 30, "a part that starved")
    sent = len(desk.asked("relay_part"))
    desk.bridge.release()
    desk.proxy.pace_total(UNPACED)
    desk.until_done()

    desk.assert_arrived(file)
    assert len(desk.asked("relay_part")) > sent
    assert desk.widget.error == ""


def test_a_page_that_came_by_https_sends_to_a_store_without_through_the_kernel(
    desk: Desk, tmp_path: Path
) -> None:
    """The page reports an origin by https; the browser would block what it sends."""
    file = make_file(tmp_path / "run7.bin", 2 * PART)
    desk = desk.with_new_widget(browser_endpoint_url="http://store.example.org")
    desk.show()
    desk.page.evaluate(
        """() => {
            const { send } = model;
            model.send = (content, callbacks, buffers) => {
                const { request } = content;
                if (request.origin) request.origin = "https://hub.example.org";
                send(content, callbacks, buffers);
            };
        }"""
    )

    desk.pick(file)
    desk.until_done()

    desk.assert_arrived(file)
    expect(way(desk)).to_contain_text("this page may not reach S3")
    desk.press("Why?")
    expect(way(desk)).to_contain_text("this page came by https")
    assert desk.asked("presign_parts") == []


def replies(desk: Desk) -> set[str]:
    contents = [message.data.get("content", {}) for message in desk.bridge.told]
    return {content["reply"]["kind"] for content in contents if "reply" in content}
