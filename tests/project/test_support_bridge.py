"""The bridge between a page and Python: what every test on it takes for granted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anywidget
import pytest
import traitlets as t

from support.page.browser import drop_files
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.page.browser import Browsing, PageErrors

CODE = """
const name = Symbol.for("s3upload_widget 1");
const { engines } = (globalThis[name] ??= { engines: new Map() });
export default {
  initialize({ model, signal }) {
    const engine = { heard: [], aborted: false };
    engines.set(model.get("_engine_id"), { engine });
    model.on("msg:custom", (content, buffers) =>
      engine.heard.push([content, buffers.map((each) => each.byteLength)]));
    signal.addEventListener("abort", () => { engine.aborted = true; });
  },
  render({ model, el, signal }) {
    el.innerHTML = `<b></b><input type="file"><p>drop here</p>`;
    const show = () => { el.querySelector("b").textContent = model.get("count"); };
    show();
    model.on("change:count", show);
    el.querySelector("p").ondragover = (event) => event.preventDefault();
    el.querySelector("p").ondrop = async (event) => {
      event.preventDefault();
      const [file] = event.dataTransfer.files;
      model.send({ dropped: file.name, text: await file.text() });
    };
    el.querySelector("input").onchange = ({ target }) =>
      model.send({ picked: target.files[0].name }, {}, [new Uint8Array([1, 2, 3])]);
    return () => { window.cleaned = true; };
  },
};
"""


class Counter(anywidget.AnyWidget):
    _esm = CODE
    count = t.Int(0).tag(sync=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heard: list[tuple[dict[str, Any], list[bytes]]] = []
        self.on_msg(self._hear)

    def _hear(self, _: object, content: dict[str, Any], buffers: list[memoryview]) -> None:
        self.heard.append((content, [bytes(each) for each in buffers]))


@pytest.fixture
def counter(bridge: Bridge) -> Counter:
    return Counter(count=7)


def show(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_function("window.ready")


def test_a_page_draws_the_kernels_state_and_follows_it(
    bridge: Bridge, page: Page, counter: Counter
) -> None:
    show(page, bridge.url(counter))
    assert page.locator("b").inner_text() == "7"

    counter.count = 8

    page.get_by_text("8", exact=True).wait_for()


def test_what_the_page_saves_reaches_the_trait(
    bridge: Bridge, page: Page, counter: Counter
) -> None:
    show(page, bridge.url(counter))

    page.evaluate("model.set('count', 11); model.save_changes()")

    until(lambda: counter.count == 11)


def test_custom_messages_and_their_buffers_pass_both_ways(
    bridge: Bridge, page: Page, counter: Counter, tmp_path: Path
) -> None:
    file = tmp_path / "run7.txt"
    file.write_text("seven")
    show(page, bridge.url(counter))

    page.set_input_files("input", file)
    counter.send({"kind": "answer"}, buffers=[b"12345"])

    until(lambda: counter.heard)
    page.wait_for_function("engine.heard.length")
    assert counter.heard == [({"picked": "run7.txt"}, [b"\x01\x02\x03"])]
    assert page.evaluate("engine.heard") == [[{"kind": "answer"}, [5]]]


def test_a_file_dropped_from_outside_arrives_on_the_page(
    bridge: Bridge, page: Page, counter: Counter, tmp_path: Path
) -> None:
    file = tmp_path / "dropped.txt"
    file.write_text("from outside")
    show(page, bridge.url(counter))

    drop_files(page, "p", [file])

    until(lambda: counter.heard)
    assert counter.heard[0][0] == {"dropped": "dropped.txt", "text": "from outside"}


def test_messages_to_a_busy_kernel_wait_in_their_order(
    bridge: Bridge, page: Page, counter: Counter
) -> None:
    show(page, bridge.url(counter))

    bridge.hold()
    page.evaluate("for (let n = 1; n <= 3; n += 1) model.send({ n })")
    until(lambda: bridge.to_kernel.waiting == 3)
    assert counter.heard == []
    bridge.release()

    until(lambda: len(counter.heard) == 3)
    assert [content["n"] for content, _ in counter.heard] == [1, 2, 3]


def test_messages_can_be_lost_and_repeated_in_either_direction(
    bridge: Bridge, page: Page, counter: Counter
) -> None:
    show(page, bridge.url(counter))

    bridge.to_kernel.drop_next(1)
    bridge.to_page.drop_next(1)
    page.evaluate("model.send({ n: 1 }); model.send({ n: 2 })")
    counter.send({"n": 1})
    counter.send({"n": 2})
    until(lambda: counter.heard)
    bridge.to_kernel.duplicate = True
    page.evaluate("model.send({ n: 3 })")

    until(lambda: len(counter.heard) == 3)
    page.wait_for_function("engine.heard.length")
    assert [content["n"] for content, _ in counter.heard] == [2, 3, 3]
    assert page.evaluate("engine.heard[0][0].n") == 2


def test_views_come_and_go_while_the_model_stays(
    bridge: Bridge, page: Page, counter: Counter
) -> None:
    show(page, bridge.url(counter, views=2))
    assert page.locator(".view").count() == 2

    page.evaluate("removeView()")

    assert page.locator(".view").count() == 1
    assert page.evaluate("[window.cleaned, engine.aborted]") == [True, False]


def test_a_page_may_have_the_model_alone_and_time_constants_of_its_own(
    bridge: Bridge, page: Page, counter: Counter
) -> None:
    show(page, bridge.url(counter, views=0, tuning={"probeMs": 5}, theme="dark"))

    assert page.locator(".view").count() == 0
    assert page.evaluate("s3upload_widget_tuning.probeMs") == 5
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_closed_widget_ends_its_model_and_views(
    bridge: Bridge, page: Page, counter: Counter
) -> None:
    show(page, bridge.url(counter))

    counter.close()

    page.wait_for_function("engine.aborted")
    assert page.locator(".view").count() == 0


def test_after_a_kernels_restart_the_page_stays_and_a_new_model_joins_it(
    bridge: Bridge, page: Page, counter: Counter
) -> None:
    show(page, bridge.url(counter))
    page.evaluate("window.old = model; model.on('comm_live_update', () => { window.dead = true; })")

    bridge.restart_kernel()
    page.wait_for_function("window.dead")
    again = Counter(count=9)
    bridge.url(again)
    page.evaluate("id => mount(id)", again.model_id)

    assert page.locator("b").all_inner_texts() == ["7", "9"]
    assert page.evaluate("(() => { try { old.send({}) } catch (e) { return e.message } })()") == (
        "Cannot send"
    )


def test_the_insecure_origin_offers_no_subtle_crypto(
    bridge: Bridge, page: Page, counter: Counter
) -> None:
    show(page, bridge.url(counter, insecure=True))

    assert page.evaluate("[isSecureContext, typeof crypto.subtle]") == [False, "undefined"]
    assert page.locator("b").inner_text() == "7"


def test_errors_of_pages_are_collected(
    bridge: Bridge, page: Page, page_errors: PageErrors, counter: Counter
) -> None:
    show(page, bridge.url(counter))

    with page.expect_event("pageerror"):
        page.evaluate("console.error('first'); setTimeout(() => { throw new Error('second') })")

    assert len(page_errors.unexpected) == 2
    page_errors.expect("first", "second")


def test_memory_of_the_browsers_processes_can_be_told(
    bridge: Bridge, chromium: Browsing, page: Page, counter: Counter
) -> None:
    show(page, bridge.url(counter))
    before = chromium.memory()["renderer"]

    page.evaluate("void (window.kept = new Uint8Array(400_000_000).fill(1))")

    # What a page needed to load, some 20 MB, may be given back meanwhile.
    assert 320e6 < chromium.memory()["renderer"] - before < 480e6
