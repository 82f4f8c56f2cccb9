"""Bad input gets a clear error, early, in the page and in ``error``; and nothing is lost by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from s3upload_widget import UploadWidget
from s3upload_widget.errors import RefusedError
from support.bad_input.actions import WRONG_ACCESS_KEY, WRONG_SECRET_KEY
from support.bad_input.cases import TABLE
from support.bad_input.stage import PART, SEVERAL, Stage, always
from support.page.causes import assert_promised
from support.page.uploading import assert_arrived, pick, until_state
from support.soak.leaks import assert_nothing_leaks, record_everything, secrets_of
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from support.bad_input.stage import Trouble
    from support.page.bridge import Bridge
    from support.page.browser import PageErrors
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server


@pytest.fixture
def stage(
    page: Page,
    page_errors: PageErrors,
    bridge: Bridge,
    ministack: S3Server,
    behind: FaultyProxy,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Stage:
    page_errors.expect_network()
    return Stage(page, bridge, ministack, behind, proxy, bucket, tmp_path, monkeypatch)


@pytest.mark.parametrize("trouble", TABLE, ids=lambda trouble: trouble.cause)
def test_bad_input_is_named_with_its_remedy_and_costs_nothing(
    stage: Stage, trouble: Trouble, caplog: pytest.LogCaptureFixture
) -> None:
    record_everything(caplog)
    widget = stage.make_widget(**trouble.options(stage))
    told = tell_errors(widget)
    # A page that is shown asks for what is unfinished: the bucket that was seen is not asked again.
    first = [fault for fault in trouble.kernel if fault.match.operation == "HeadBucket"]
    stage.kernel.play(*first)
    stage.show(widget)
    stage.kernel.play(*(fault for fault in trouble.kernel if fault not in first))
    stage.wire.play(*trouble.wire)

    trouble.before(stage)
    stage.pick(trouble.name, trouble.size)
    trouble.meanwhile(stage)

    said = until_said(stage, trouble)
    assert all(error for state, error in told if state == "failed")
    assert trouble.sent or stage.bytes_sent == 0
    if trouble.obstacle:
        assert_promised(trouble.obstacle, said, stage.bytes_sent, PART)
    assert_all_uploads_are_known(stage)
    assert_no_secret_is_told(stage, caplog)

    trouble.cure(stage)
    stage.clear_faults()
    go_on(stage, trouble)
    assert_all_arrived(stage, trouble)
    assert_no_secret_is_told(stage, caplog)


def assert_no_secret_is_told(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    others = (WRONG_ACCESS_KEY, WRONG_SECRET_KEY)
    secrets = secrets_of(stage.bridge, stage.server, stage.wire, stage.kernel, others=others)
    assert_nothing_leaks(secrets, stage.page, stage.widget, caplog.records)


def tell_errors(widget: UploadWidget) -> list[tuple[str, str]]:
    """What ``error`` is whenever the state changes."""
    told: list[tuple[str, str]] = []
    widget.observe(lambda change: told.append((change["new"], widget.error)), names="state")
    return told


def until_said(stage: Stage, trouble: Trouble) -> str:
    """The state, the kernel's error and the page's row tell the same; what they tell."""
    widget = stage.widget
    names = {
        "bucket": stage.bucket,
        "name": trouble.name,
        "origin": stage.bridge.origin,
        "wire": stage.wire.url.removeprefix("http://"),
    }
    texts = [text.format(**names) for text in trouble.says] + [trouble.remedy]

    def told() -> str:
        error = widget.error
        same = [(file.state, file.error) for file in widget.files] == [(trouble.state, error)]
        is_said = widget.state == trouble.state and all(text in error for text in texts)
        return error if same and is_said else ""

    said = until(
        told,
        30,
        lambda: f"{trouble.state}: {texts}; it is {widget.state}: {widget.error!r}, {widget.files}",
    )
    shown = stage.row(trouble.name)
    expect(shown).to_have_attribute("data-state", trouble.state)
    for text in texts:
        expect(shown.locator(".s3up-message")).to_contain_text(text)
    return said


def assert_all_uploads_are_known(stage: Stage) -> None:
    known = {file.key for file in stage.widget.files}
    if stage.bucket in {found["Name"] for found in stage.server.client.list_buckets()["Buckets"]}:
        uploads = stage.server.upload_ids(stage.bucket)
        assert {key for key, _ in uploads} <= known
        assert len(uploads) <= 1


def go_on(stage: Stage, trouble: Trouble) -> None:
    """Do what the message says."""
    if trouble.then in {"Resume", "Retry"}:
        stage.press(trouble.then)
    elif trouble.then == "pick again":
        stage.pick(trouble.name, trouble.size + 1, seed=1)
    elif trouble.then == "pick another":
        stage.press("Remove")
        until(lambda: not stage.widget.files, what="the row's removal")
        assert stage.widget.error == ""
        stage.pick("good.csv", 1000)
    elif trouble.then == "another widget":
        stage.widget.abort()
        stage.show(stage.make_widget())
        pick(stage.page, stage.file)


def assert_all_arrived(stage: Stage, trouble: Trouble) -> None:
    widget = stage.widget
    until(
        lambda: widget.value and widget.state == "done",
        60,
        lambda: f"done; {widget!r} {widget.error} {widget.files}",
    )
    assert widget.error == ""
    assert_arrived(stage.server, widget, stage.file)
    until(lambda: not stage.server.upload_ids(stage.bucket), what="nothing left behind")
    if trouble.then in {"Resume", "by itself"}:
        sent_twice = [
            put.part_number
            for put in stage.wire.puts()
            if len([each for each in stage.wire.puts(put.part_number) if each.complete]) != 1
        ]
        assert sent_twice == []


def test_what_s3_does_not_let_be_discarded_stays_and_can_be_finished(stage: Stage) -> None:
    stage.show(stage.make_widget())
    stage.kernel.play(*always("CompleteMultipartUpload", 400, "ExpiredToken"))
    stage.kernel.play(*always("AbortMultipartUpload", 403, "AccessDenied"))
    stage.pick("run7.bin", SEVERAL)
    until_state(stage.widget, "failed")

    stage.confirm("Discard")
    until(lambda: "s3:AbortMultipartUpload" in stage.widget.error, what=lambda: stage.widget.error)
    expect(stage.row("run7.bin")).to_contain_text("s3:AbortMultipartUpload")
    assert len(stage.server.upload_ids(stage.bucket)) == 1
    stage.clear_faults()
    stage.press("Resume")

    until(lambda: stage.widget.value, what="the file on S3")
    assert_arrived(stage.server, stage.widget, stage.file)
    assert [len(stage.wire.puts(part)) for part in (1, 2, 3)] == [1, 1, 1]


def test_what_s3_did_not_let_be_discarded_is_discarded_later(stage: Stage) -> None:
    stage.show(stage.make_widget())
    stage.kernel.play(*always("CompleteMultipartUpload", 400, "ExpiredToken"))
    stage.kernel.play(*always("AbortMultipartUpload", 403, "AccessDenied"))
    stage.pick("run7.bin", SEVERAL)
    until_state(stage.widget, "failed")
    stage.confirm("Discard")
    until(lambda: "s3:AbortMultipartUpload" in stage.widget.error, what=lambda: stage.widget.error)

    stage.clear_faults()
    stage.confirm("Discard")

    until(lambda: not stage.server.upload_ids(stage.bucket), what="nothing left behind")
    until(lambda: stage.widget.state == "idle", what=lambda: stage.widget.state)
    assert stage.widget.error == ""


def test_waiting_after_resume_does_not_end_with_the_failure_before_it(stage: Stage) -> None:
    stage.show(stage.make_widget())
    stage.kernel.play(*always("CreateMultipartUpload", 403, "AccessDenied"))
    stage.pick("run7.bin", SEVERAL)
    until_state(stage.widget, "failed")
    stage.clear_faults()

    stage.widget.resume()
    assert (stage.widget.state, stage.widget.error) == ("queued", "")

    assert [file.name for file in stage.widget.result(timeout=60)] == ["run7.bin"]


def test_resume_without_a_remedy_fails_again_and_says_so(stage: Stage) -> None:
    stage.show(stage.make_widget())
    stage.kernel.play(*always("CreateMultipartUpload", 403, "AccessDenied"))
    stage.pick("run7.bin", SEVERAL)
    until_state(stage.widget, "failed")

    stage.widget.resume()

    until(lambda: len(stage.kernel.of("CreateMultipartUpload")) == 2, what="a second try")
    until_state(stage.widget, "failed")
    assert "s3:PutObject" in stage.widget.error


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"part_size": 5 * 1024**2 - 1}, RefusedError, "give bytes from 5242880"),
        ({"part_size": 5 * 1024**3 + 1}, RefusedError, "to 5368709120 .5 GiB., or leave it out"),
        ({"part_size": 0}, RefusedError, "part_size=0 is outside of what S3 takes"),
        ({"part_size": "16MB"}, RefusedError, "part_size='16MB' is not valid: use bytes"),
        ({"part_size": 8e6}, RefusedError, "part_size=8000000.0 is not valid: use bytes"),
        ({"max_size": "1 GB"}, RefusedError, "max_size='1 GB' is not valid: use bytes"),
        ({"partsize": 1}, TypeError, "no option 'partsize'; did you mean 'part_size'"),
        ({"endpoint_url": "http://s3"}, TypeError, "no option 'endpoint_url'; did you mean"),
        ({"browser_endpoint_url": "s3.example.org"}, RefusedError, "has to look like https://"),
        ({"bucket": "https://lab-data"}, RefusedError, "give s3://bucket/prefix"),
        ({"bucket": "lab data"}, RefusedError, "'lab data' is not a valid name of a bucket"),
        ({"prefix": "raw/../.."}, RefusedError, "give a folder such as 'raw/2026/'"),
    ],
    ids=lambda value: "=".join(map(str, *value.items())) if isinstance(value, dict) else "",
)
def test_an_option_that_cannot_work_is_refused_when_the_widget_is_made(
    options: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        UploadWidget(**({"bucket": "lab-data"} | options))
