"""The widget as a notebook sees it: traits, and a page that speaks to it over a comm."""

from __future__ import annotations

import copy
import json
import logging
import re
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import traitlets

from s3upload_widget import RefusedError, UploadWidget, protocol
from s3upload_widget.widget import file_list
from support import ROOT
from support.clients.talk import NearPage, Page, file_id, progress, summary

if TYPE_CHECKING:
    from support.servers.servers import S3Server

MiB = 1024**2


def test_a_deep_copy_is_another_widget_of_the_same_options(moto: S3Server) -> None:
    w = UploadWidget(moto.new_bucket(), "raw", client=moto.client, accept=".csv", multiple=False)
    w.disabled = True

    copied = copy.deepcopy(w)

    assert repr(copied) == repr(w)
    assert copied.model_id != w.model_id
    assert (copied.accept, copied.disabled) == (".csv", True)
    assert NearPage(copied).hello().multiple is False
    assert type(copied).__mro__[1:] == type(w).__mro__[1:]


def test_the_uris_of_many_files_are_sent_once_all_have_settled(
    moto: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_list, "MANY", many := 10)
    w = UploadWidget(moto.new_bucket(), client=moto.client)
    page = NearPage(w)
    names = [f"{n:03}.txt" for n in range(many + 5)]
    page.pick(*names, size=1)
    for name in names:
        page.finish(file_id(name), b"x")

    assert w.uris == tuple(file.uri for file in w.value)
    sent = [update["uris"] for update in page.updates if "uris" in update]
    assert len(sent) == many + 1
    assert len(sent[-1]) == len(names)


def test_making_one_needs_no_network_and_no_kernel() -> None:
    code = (
        "import socket; socket.socket.connect = None\n"
        "from s3upload_widget import UploadWidget\n"
        "print(UploadWidget('lab-data', 'raw'))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "UploadWidget(s3://lab-data/raw/)"
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("target", "prefix"),
    [("s3://lab-data/raw/", ""), ("s3://lab-data/raw", ""), ("lab-data", "raw")],
)
def test_a_bucket_is_named_by_its_name_or_its_address(target: str, prefix: str) -> None:
    assert repr(UploadWidget(target, prefix)) == "UploadWidget(s3://lab-data/raw/)"


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"acept": ".csv"}, TypeError, "has no option 'acept'; did you mean 'accept'"),
        ({"zzz": 1}, TypeError, "has no option 'zzz'; there are bucket, prefix, key"),
        ({"part_size": 1024}, RefusedError, "part_size=1024 is outside"),
        ({"max_concurrency": 0}, RefusedError, "max_concurrency=0 is not valid: use 1 to 64"),
        ({"max_concurrency": 65}, RefusedError, "use 1 to 64"),
        ({"max_concurrency": 6.0}, RefusedError, "max_concurrency=6.0 is not valid"),
        ({"max_concurrency": "6"}, RefusedError, "max_concurrency='6' is not valid"),
        ({"if_exists": "skip"}, RefusedError, "use one of 'verify', 'overwrite', 'rename'"),
        ({"max_size": -1}, RefusedError, "max_size=-1 is not valid"),
        ({"transport": "tunnel"}, RefusedError, "use one of 'auto', 'direct', 'relay'"),
        ({"prefix": "../up"}, RefusedError, "prefix='../up' cannot be used"),
        ({"prefix": Path("raw")}, RefusedError, r"prefix=.*Path\('raw'\) cannot be used"),
        ({"key": 3}, RefusedError, "key=3 cannot be used: it is no str"),
        ({"key": ""}, RefusedError, "key='' cannot be used: the name is empty"),
        ({"key": "../x"}, RefusedError, r"key='\.\./x' cannot be used: a folder called"),
        ({"client": "s3"}, RefusedError, "client= has to be an S3 client, not a str"),
        ({"extra_args": []}, RefusedError, "extra_args has to be a dict .*, not list"),
        ({"extra_args": {1: "x"}}, RefusedError, "extra_args has no 1"),
        ({"browser_endpoint_url": "http://[::1"}, RefusedError, "has to look like https://"),
        ({"browser_endpoint_url": "http://h:abc"}, RefusedError, "has to look like https://"),
        ({"browser_endpoint_url": 9000}, RefusedError, "has to look like https://"),
        ({"extra_args": {"SSECustomerKey": "k"}}, RefusedError, "SSECustomerKey"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_an_option_that_cannot_work_is_refused_at_once(
    options: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        UploadWidget("lab-data", **options)


@pytest.mark.parametrize("bucket", [None, 12, Path("lab-data")], ids=repr)
def test_what_is_no_bucket_is_refused_by_name(bucket: Any) -> None:
    with pytest.raises(RefusedError, match="is no S3 address: give s3://bucket/prefix"):
        UploadWidget(bucket)


def test_what_cannot_show_it_reads_it_as_text() -> None:
    widget = UploadWidget("lab-data", "raw")

    bundle, _ = widget._repr_mimebundle_()  # type: ignore[misc]  # as ipywidgets types it

    assert bundle["text/plain"] == repr(widget) == "UploadWidget(s3://lab-data/raw/)"


def test_everything_logs_under_one_name() -> None:
    modules = (path.read_text("utf-8") for path in (ROOT / "s3upload_widget").rglob("*.py"))
    # A filter keeps secrets out of another library's log; it writes nothing there.
    logger = r"getLogger\(([^)]*)\)(?!\.addFilter)"
    named = {name for text in modules for name in re.findall(logger, text)}

    assert named == {'"s3upload_widget"'}


def test_a_copy_that_was_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "s3upload_widget",
        tmp_path / "s3upload_widget",
        ignore=shutil.ignore_patterns("static", "__pycache__"),
    )

    done = subprocess.run(
        [sys.executable, "-c", "from s3upload_widget import UploadWidget"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "widget.js is missing" in done.stderr
    assert "make build" in done.stderr


def test_a_cell_may_set_what_is_settable_and_the_page_hears_of_it(
    widget: UploadWidget, page: Page
) -> None:
    widget.max_concurrency, widget.disabled = 2, True

    assert page.updates == [{"max_concurrency": 2}, {"disabled": True}]
    with pytest.raises(traitlets.TraitError, match="max_concurrency"):
        widget.max_concurrency = 0


@pytest.mark.parametrize("name", ["state", "progress", "value", "files", "error", "eta"])
def test_a_cell_cannot_set_what_is_told(widget: UploadWidget, name: str) -> None:
    with pytest.raises(traitlets.TraitError, match=name):
        setattr(widget, name, getattr(widget, name))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "done"),
        ("progress", 1.0),
        ("value", ["evil"]),
        ("error", "call this number"),
        ("disabled", True),
        ("max_concurrency", 64),
        ("accept", ".exe"),
        ("_esm", "alert(1)"),
        ("_css", "body{}"),
        ("_engine_id", "another"),
        ("_view_module", "evil"),
    ],
)
def test_the_page_sets_nothing_of_ours(
    widget: UploadWidget, page: Page, name: str, value: object
) -> None:
    before = getattr(widget, name)

    page.deliver({"method": "update", "state": {name: value}, "buffer_paths": []})

    assert getattr(widget, name) == before


def test_the_page_may_set_what_belongs_to_looks(widget: UploadWidget, page: Page) -> None:
    page.deliver({"method": "update", "state": {"tooltip": "drop here"}, "buffer_paths": []})

    assert widget.tooltip == "drop here"


def test_no_secret_is_in_what_jupyter_keeps_or_prints(
    moto: S3Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "werkzeug")
    caplog.set_level(logging.DEBUG, "s3upload_widget")
    client = replace(moto, access_key="AKIAEXAMPLE", secret_key="very-secret").client
    widget = UploadWidget(moto.new_bucket(), client=client)
    page = NearPage(widget)
    page.upload("small.bin", b"abc")
    page.pick("large.bin", size=40 * MiB)
    page.ask(protocol.CreateMultipartUpload(file_id=file_id("large.bin"), refused=[]))
    part = protocol.PartChecksums(
        file_id=file_id("large.bin"),
        part_number=1,
        sha256="A" * 43 + "=",
        md5="",
        refused=[],
        perhaps_stored=False,
    )
    url = page.ask(protocol.PresignParts(parts=[part], origins=[])).parts[0].url
    error = f"no answer from {url}"
    page.report(summary("failed", error=error), [progress("large.bin", "failed", error=error)])

    # The page's code is no secret, and has the words.
    state = {name: value for name, value in widget.get_state().items() if name != "_esm"}
    kept = json.dumps([state, widget._repr_mimebundle_(), page.updates], default=str)
    seen = kept + repr(widget) + repr(widget.files) + widget.error + caplog.text

    (_, upload_id), *_ = moto.upload_ids(url.split("/")[3])
    assert "no answer from" in widget.error
    for secret in (upload_id, "AKIAEXAMPLE", "very-secret", "X-Amz-", "uploadId="):
        assert secret not in seen


def test_its_text_is_there_where_no_widget_can_be_shown(widget: UploadWidget) -> None:
    bundle = widget._repr_mimebundle_()

    assert bundle is not None
    assert bundle[0]["text/plain"] == repr(widget)


def test_a_comm_that_is_replaced_is_guarded_too(widget: UploadWidget) -> None:
    widget.comm = None
    widget.open()

    NearPage(widget).hello()

    assert widget.comm.handle_msg.__name__ == "<lambda>"


def test_close_ends_its_threads_and_further_calls_are_harmless(
    widget: UploadWidget, page: Page
) -> None:
    before = set(threading.enumerate())
    widget.on_complete(print)
    page.upload("a.bin", b"a")
    started = [thread for thread in threading.enumerate() if thread not in before]
    ours = [thread for thread in started if thread.name.startswith("s3upload")]
    assert ours

    widget.close()
    widget.close()
    widget.pause()
    widget.abort()
    widget.clear()

    for thread in ours:
        thread.join(60)
        assert not thread.is_alive()


def test_all_threads_are_daemons(widget: UploadWidget, page: Page) -> None:
    page.upload("a.bin", b"a")

    ours = [thread for thread in threading.enumerate() if thread.name.startswith("s3upload")]

    assert ours
    assert all(thread.daemon for thread in ours)


def test_it_lists_what_is_unfinished_below_its_prefix_and_aborts_it(moto: S3Server) -> None:
    bucket = moto.new_bucket()
    for key in ("raw/run7.bin", "other/run8.bin"):
        moto.client.create_multipart_upload(Bucket=bucket, Key=key)
    widget = UploadWidget(bucket, "raw", client=moto.client)

    [found] = widget.unfinished()

    assert (found.name, found.uri) == ("run7.bin", f"s3://{bucket}/raw/run7.bin")
    found.abort()
    assert widget.unfinished() == ()
    assert [key for key, _ in moto.upload_ids(bucket)] == ["other/run8.bin"]
