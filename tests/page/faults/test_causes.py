"""What keeps a page from S3 is said in one sentence, before many bytes were sent in vain.

Each test plays a cause, reads the sentence, counts the bytes, takes the cause away, and sees the
upload end well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from s3upload_widget.doctor import preflight, trial_put
from support.files import make_file
from support.page.causes import LANES, Blocker, assert_promised
from support.page.desk import PART
from support.page.uploading import QUICK, MiB
from support.proxy.exchanges import Exchanges
from support.proxy.faults import FOREVER, Answer, Fault, Gate, Match, StripRequestHeaders
from support.servers.untrusted import untrusted
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from support.page.browser import PageErrors
    from support.page.desk import Desk
    from support.proxy.faults import Action
    from support.proxy.proxy import FaultyProxy

PARTS: Final = 12
PATIENT: Final = {**QUICK, "stallMs": 30_000}
HOLDS: Final = {**PATIENT, "holdMs": 60_000}
"""For counts of bytes: however slow this machine is, what was found out comes before the next part."""
HTML: Final = (("Content-Type", "text/html"),)
POLICY: Final = "Content-Security-Policy"


@pytest.fixture(autouse=True)
def _network_may_fail(page_errors: PageErrors) -> None:
    page_errors.expect_network()
    page_errors.expect("Content Security Policy", "Content-Security-Policy")


@pytest.fixture(autouse=True)
def _kernel_waits_for_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that stands still for some seconds is no proxy without an answer."""
    for module, name in ((preflight, "TIMEOUT"), (trial_put, "TIMEOUT"), (trial_put, "_PATIENCE")):
        monkeypatch.setattr(module, name, 30.0)


@pytest.fixture
def transport() -> str:
    """Nothing goes through the kernel."""
    return "direct"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return make_file(tmp_path / "run7.bin", PARTS * PART - 7)


def play(proxy: FaultyProxy, action: Action, *operations: str, above: int = 0) -> None:
    for operation in operations:
        proxy.play(Fault(action, Match(operation=operation, above=above), FOREVER))


def limit(proxy: FaultyProxy, most: int, *, cors: bool) -> None:
    """Refuse larger bodies, as nginx does."""
    refusal = Answer(413, "", document="<html>", headers=HTML, cors=cors, at_head=True)
    play(proxy, refusal, "UploadPart", "PutObject", "TrialPart", above=most)


def sent(desk: Desk) -> int:
    return sum(put.body_bytes for put in desk.proxy.puts())


def is_hopeless(desk: Desk) -> bool:
    """Whether refusals are so many, of one part or of all, that nobody would send again."""
    refused = [put.part_number for put in desk.proxy.puts() if put.status]
    return len(refused) >= LANES + 3 or any(refused.count(number) >= 3 for number in refused)


def until_failed(desk: Desk, *words: str) -> None:
    """A file fails, and its sentence has these words."""
    desk.until_state("failed")
    error = desk.widget.error
    for word in words:
        assert word in error, error


def until_told(desk: Desk, cause: str, *words: str) -> None:
    """A file fails for a cause in the words, and after the bytes, that docs/networks.md names."""
    until_failed(desk, *words)
    [file, *_] = desk.widget.files
    assert_promised(cause, desk.widget.error, sent(desk), file.part_size)


def ends_well(desk: Desk, file: Path) -> None:
    """Once the cause is gone, pressing Resume is enough."""
    desk.proxy.clear_faults()
    desk.press("Resume run7.bin")
    desk.until_done()
    desk.assert_arrived(file)


@pytest.mark.parametrize("cors", [False, True], ids=["hidden", "readable"])
def test_a_limit_of_bodies_is_named_after_one_round(desk: Desk, file: Path, cors: bool) -> None:
    limit(desk.proxy, 1 * MiB, cors=cors)
    desk.show(HOLDS)
    desk.pick(file)

    until_told(
        desk, "body_limit", "refuses bodies of 5 MiB (413)", "client_max_body_size", "no part_size="
    )

    assert sent(desk) <= LANES * PART
    ends_well(desk, file)


def test_a_limit_that_smaller_parts_pass_names_their_size(desk: Desk, file: Path) -> None:
    limit(desk.proxy, 8 * MiB, cors=False)
    larger = desk.with_new_widget(part_size=16 * MiB, transport="direct")
    larger.show(HOLDS)
    larger.pick(file)

    until_told(larger, "body_limit", f"part_size={8 * MiB} (8 MiB)")

    larger.discard()
    larger.pick(file)
    larger.until_done()
    larger.assert_arrived(file)
    (done,) = larger.widget.files
    assert done.part_size == 8 * MiB

    smaller = desk.with_new_widget(part_size=8 * MiB, transport="direct", prefix="smaller/")
    smaller.show(HOLDS)
    smaller.pick(file)
    smaller.until_done()
    smaller.assert_arrived(file)


def test_a_limit_stops_files_of_one_part_too(desk: Desk, tmp_path: Path) -> None:
    small = make_file(tmp_path / "run7.bin", 3 * MiB)
    limit(desk.proxy, 1 * MiB, cors=False)
    desk.show(HOLDS)
    desk.pick(small)

    until_told(desk, "body_limit", "refuses bodies of 3 MiB (413)")

    assert sent(desk) <= small.stat().st_size
    ends_well(desk, small)


@pytest.mark.parametrize(
    "action",
    [
        StripRequestHeaders(("x-amz-checksum-sha256",)),
        Answer(403, "SignatureDoesNotMatch", cors=False),
    ],
    ids=["readable", "hidden"],
)
def test_a_proxy_that_changes_requests_is_named_after_one_round(
    desk: Desk, file: Path, action: Action
) -> None:
    play(desk.proxy, action, "UploadPart", "TrialPart")
    desk.show(HOLDS)
    desk.pick(file)

    until_told(desk, "request_changed", "a proxy at", "changes requests", "SignatureDoesNotMatch")

    assert sent(desk) <= LANES * PART
    ends_well(desk, file)


def test_a_signature_that_only_the_pages_parts_have_wrong_is_tried_on_one_lane(
    desk: Desk, file: Path
) -> None:
    play(desk.proxy, Answer(403, "SignatureDoesNotMatch"), "UploadPart")
    desk.show(PATIENT)
    desk.pick(file)

    until_failed(desk, "SignatureDoesNotMatch")

    later = desk.proxy.puts()[LANES:]
    assert sent(desk) <= (LANES + 3) * PART
    assert Exchanges(later).max_in_flight() <= 1
    ends_well(desk, file)


def test_a_token_that_s3_refuses_without_cors_headers_is_the_credentials_fault(
    desk: Desk, file: Path
) -> None:
    play(desk.proxy, Answer(400, "InvalidToken", cors=False), "UploadPart", "TrialPart")
    desk.show(HOLDS)
    desk.pick(file)

    until_failed(desk, "InvalidToken", "renew the credentials")

    assert sent(desk) <= LANES * PART
    ends_well(desk, file)


def test_a_firewall_that_refuses_puts_is_named(desk: Desk, file: Path) -> None:
    refusal = Answer(403, "", document="<html>", headers=HTML, cors=False)
    play(desk.proxy, refusal, "UploadPart", "TrialPart")
    desk.show(HOLDS)
    desk.pick(file)

    until_told(desk, "refused_by_proxy", "answers a PUT with a web page (error 403)")

    assert sent(desk) <= LANES * PART
    ends_well(desk, file)


@pytest.mark.parametrize("status", [408, 499, 502, 503, 504])
def test_a_gateway_is_told_as_one_and_waited_for(desk: Desk, file: Path, status: int) -> None:
    answer = Answer(status, "", document="<html>", headers=HTML, cors=False)
    play(desk.proxy, answer, "UploadPart", "TrialPart", "Preflight")
    desk.show(PATIENT)
    desk.pick(file)

    until(
        lambda: any(f"error {status}, as a gateway" in each.error for each in desk.widget.files),
        60,
        lambda: desk.widget.files,
    )

    assert desk.widget.waiting_for == "network"
    assert_promised("gateway", desk.widget.error, sent(desk), PART)
    desk.proxy.clear_faults()
    desk.until_done()
    desk.assert_arrived(file)


@pytest.mark.parametrize("looks", [True, False], ids=["the kernel, too", "the page alone"])
@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_that_the_page_may_read_is_told_as_one_and_waited_for(
    desk: Desk, file: Path, status: int, looks: bool
) -> None:
    answer = Answer(status, "", document="<html>", headers=HTML)
    play(desk.proxy, answer, "UploadPart", *(["TrialPart"] if looks else []))
    desk.show({**PATIENT, "probeMs": 60_000, "soonMs": 60_000})
    desk.pick(file)

    until(lambda: desk.widget.error, 60, lambda: desk.widget.files)

    assert desk.widget.waiting_for == "network"
    assert f"error {status}, as a gateway" in desk.widget.error
    assert_promised("gateway", desk.widget.error, sent(desk), PART)
    desk.proxy.clear_faults()
    desk.widget.resume()
    desk.until_done()
    desk.assert_arrived(file)


def test_a_file_of_one_part_waits_for_a_gateway_too(desk: Desk, tmp_path: Path) -> None:
    small = make_file(tmp_path / "run7.bin", 1000)
    play(desk.proxy, Answer(502, "", document="<html>", headers=HTML), "PutObject")
    desk.show(PATIENT)
    desk.pick(small)

    until(lambda: "error 502, as a gateway" in desk.widget.error, 60, lambda: desk.widget.files)

    desk.proxy.clear_faults()
    desk.until_done()
    desk.assert_arrived(small)


def test_a_gateway_that_the_kernel_meets_on_its_way_is_told_as_one(desk: Desk, file: Path) -> None:
    relayed = desk.with_new_widget(transport="relay")
    play(desk.proxy, Answer(502, "", document="<html>", headers=HTML), "UploadPart")
    relayed.show(PATIENT)
    relayed.pick(file)

    until(
        lambda: "error 502, as a gateway" in relayed.widget.error, 60, lambda: relayed.widget.files
    )

    assert relayed.widget.waiting_for == "network"
    assert_promised("gateway", relayed.widget.error, 0, PART)
    desk.proxy.clear_faults()
    relayed.until_done()
    relayed.assert_arrived(file)


def test_s3_itself_that_refuses_a_part_for_long_is_no_gateway(desk: Desk, file: Path) -> None:
    play(desk.proxy, Answer(503, "SlowDown"), "UploadPart")
    desk.show(PATIENT)
    desk.pick(file)

    until_failed(desk, "S3 keeps refusing part", "503 SlowDown")

    ends_well(desk, file)


def test_a_certificate_that_the_kernel_distrusts_is_not_told_as_the_pages_reason(
    desk: Desk, file: Path, tmp_path: Path
) -> None:
    with untrusted(tmp_path) as url:
        elsewhere = desk.with_new_widget(browser_endpoint_url=url, transport="direct")
        elsewhere.show(PATIENT)
        elsewhere.pick(file)
        until(lambda: elsewhere.widget.error, 60, lambda: elsewhere.widget.files)

        assert_promised("untrusted_certificate", elsewhere.widget.error, sent(elsewhere), PART)
        assert elsewhere.widget.waiting_for == "network"

    elsewhere.widget.abort()
    desk.show(PATIENT)
    desk.pick(file)
    desk.until_done()
    desk.assert_arrived(file)


def test_a_policy_that_forbids_the_store_is_named_and_not_waited_for(
    desk: Desk, file: Path
) -> None:
    desk.bridge.page_headers = {POLICY: "connect-src 'self'"}
    desk.show(PATIENT)
    desk.pick(file)

    until_told(desk, "content_security_policy", f"add {desk.proxy.url} to its connect-src")

    assert desk.proxy.exchanges.of("Preflight") == desk.proxy.puts() == ()
    desk.bridge.page_headers = {POLICY: f"connect-src 'self' {desk.proxy.url}"}
    desk.show(PATIENT)
    desk.pick(file)
    desk.until_done()
    desk.assert_arrived(file)


def test_a_policy_that_only_reports_is_none(desk: Desk, file: Path) -> None:
    desk.bridge.page_headers = {f"{POLICY}-Report-Only": "connect-src 'self'"}
    desk.show(PATIENT)
    desk.pick(file)

    desk.until_done()
    desk.assert_arrived(file)


def test_a_blocked_file_fails_and_the_others_arrive(desk: Desk, file: Path, tmp_path: Path) -> None:
    others = [make_file(tmp_path / f"other{n}.bin", 2 * PART, seed=n) for n in range(3)]
    blocker = Blocker(desk.page)
    blocker.block("*/run7.bin?*")
    desk.show(PATIENT)
    desk.pick(file, *others)

    until(lambda: len(desk.widget.value) == len(others), 60, "the others")
    until_failed(desk, "an extension of this browser")
    assert_promised("blocked", desk.widget.error, 0, PART)

    assert not any(put.path.endswith("run7.bin") for put in desk.proxy.puts())
    assert "does not reach" not in desk.widget.error
    blocker.block()
    desk.press("Resume run7.bin")
    desk.until_done(1 + len(others))
    desk.assert_arrived(file, *others)


def test_where_everything_is_blocked_every_file_fails(desk: Desk, tmp_path: Path) -> None:
    files = [make_file(tmp_path / f"run{n}.bin", 1000, seed=n) for n in range(3)]
    blocker = Blocker(desk.page)
    blocker.block("*X-Amz-Signature*")
    desk.show(PATIENT)
    desk.pick(*files)

    until(
        lambda: [file.state for file in desk.widget.files] == ["failed"] * 3,
        60,
        lambda: desk.widget.files,
    )
    assert "an extension of this browser" in desk.widget.error
    blocker.block()
    desk.widget.resume()
    desk.until_done(3)
    desk.assert_arrived(*files)


def test_a_page_whose_policy_forbids_blobs_loads_the_widget_all_the_same(
    desk: Desk, file: Path
) -> None:
    allowed = f"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: {desk.proxy.url}"
    desk.bridge.page_headers = {POLICY: allowed}
    desk.show(PATIENT)
    desk.pick(file)

    desk.until_done()
    desk.assert_arrived(file)


def test_a_page_whose_policy_lets_no_code_be_unpacked_says_so(desk: Desk) -> None:
    desk.bridge.page_headers = {POLICY: "script-src 'self' 'unsafe-inline'"}
    desk.page.goto(desk.bridge.url(desk.widget))

    desk.page.get_by_text("has to add blob: to its script-src and worker-src").wait_for()


@pytest.mark.parametrize("cause", ["a limit", "a policy", "a blocker"])
def test_what_the_kernel_passes_is_sent_through_it(desk: Desk, file: Path, cause: str) -> None:
    if cause == "a limit":
        limit(desk.proxy, 1 * MiB, cors=False)
    elif cause == "a policy":
        desk.bridge.page_headers = {POLICY: "connect-src 'self'"}
    else:
        Blocker(desk.page).block("*X-Amz-Signature*")
    relayed = desk.with_new_widget(transport="auto")
    relayed.show(PATIENT if cause == "a blocker" else HOLDS)
    relayed.pick(file)

    relayed.until_done()

    relayed.assert_arrived(file)
    assert relayed.stored() == []
    assert sent(relayed) <= LANES * PART


@pytest.mark.parametrize("transport", ["auto", "direct"])
@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Answer(413, "", document="<html>", headers=HTML), "error 413"),
        (Answer(403, "SignatureDoesNotMatch"), "changes requests"),
    ],
    ids=["a limit of bodies", "a proxy that changes requests"],
)
def test_no_file_fails_while_its_cause_is_looked_for(
    desk: Desk, file: Path, transport: str, refusal: Answer, words: str
) -> None:
    looks = Gate()
    play(desk.proxy, looks, "TrialPart")
    play(desk.proxy, refusal, "UploadPart", "TrialPart")
    desk = desk.with_new_widget(transport=transport)
    desk.show({**PATIENT, "holdMs": 20})
    desk.pick(file)

    until(lambda: is_hopeless(desk), 60, "many refusals")
    looks.opened.set()

    if transport == "auto":
        desk.until_done()
        desk.assert_arrived(file)
    else:
        until_failed(desk, words)
