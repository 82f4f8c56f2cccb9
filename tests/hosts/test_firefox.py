"""Firefox 153, which reads on in a file that was changed where Chromium refuses to."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest

from support.files import make_file, sha256_of_file, sha256_of_object
from support.hosts.firefox import run_firefox
from support.page.desk import PART, UNPACED, widget_of
from support.page.uploading import QUICK, assert_arrived, until_done
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from s3upload_widget import UploadWidget
    from support.hosts.firefox import Firefox
    from support.page.bridge import Bridge
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

DIRECT = pytest.mark.parametrize("transport", ["direct"], indirect=True)
SLOW = 2 * PART
SECONDS = 60

PATIENT: Final = {**QUICK, "stallMs": 30_000}
"""Firefox counts bytes as sent that wait in buffers, and then none for a while."""


@pytest.fixture
def widget(
    bridge: Bridge, server: S3Server, proxy: FaultyProxy, bucket: str, transport: str
) -> UploadWidget:
    assert bridge.errors == []
    return widget_of(server, proxy, bucket, transport=transport)


@pytest.fixture
def firefox(tmp_path: Path, bridge: Bridge, widget: UploadWidget) -> Iterator[Firefox]:
    folder = tmp_path / "firefox"
    folder.mkdir()
    with run_firefox(folder) as running:
        show(running, bridge, widget)
        yield running


def show(firefox: Firefox, bridge: Bridge, widget: UploadWidget) -> None:
    firefox.open(bridge.url(widget, tuning=PATIENT))
    field = "document.querySelector('.s3up input[type=file]') !== null"
    until(lambda: firefox.evaluate(field), SECONDS, "the widget", 0.2)


def shown(firefox: Firefox) -> str:
    return str(firefox.evaluate("document.querySelector('.s3up').textContent"))


def begin(firefox: Firefox, proxy: FaultyProxy, file: Path) -> None:
    """Upload until one part is on S3, and others are on their way."""
    proxy.pace_total(SLOW)
    firefox.pick(file)
    until(lambda: stored(proxy), SECONDS, lambda: shown(firefox))


def stored(proxy: FaultyProxy) -> list[int]:
    return [put.part_number for put in proxy.puts() if put.complete]


def test_files_arrive(
    firefox: Firefox, widget: UploadWidget, server: S3Server, files: list[Path]
) -> None:
    firefox.pick(*files)

    until_done(widget, 3)
    assert_arrived(server, widget, *files)


@DIRECT
def test_a_reload_in_the_middle_is_resumed(
    firefox: Firefox,
    bridge: Bridge,
    widget: UploadWidget,
    server: S3Server,
    proxy: FaultyProxy,
    files: list[Path],
) -> None:
    begin(firefox, proxy, files[0])
    show(firefox, bridge, widget)
    proxy.silence()
    proxy.pace_total(UNPACED)

    firefox.pick(files[0])

    until_done(widget)
    assert_arrived(server, widget, files[0])
    assert set(Counter(stored(proxy)).values()) == {1}


def rewrite(file: Path) -> None:
    file.write_bytes(os.urandom(file.stat().st_size))


def cut(file: Path) -> None:
    os.truncate(file, PART)


def append(file: Path) -> None:
    with file.open("ab") as longer:
        longer.write(b"more")


def rename(file: Path) -> None:
    file.rename(file.with_name("other.bin"))


@DIRECT
@pytest.mark.parametrize("change", [rewrite, cut, append, rename, os.unlink])
def test_a_file_that_changes_under_way_is_said_to_be_changed_and_never_arrives_as_a_mixture(
    firefox: Firefox,
    widget: UploadWidget,
    server: S3Server,
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    change: Callable[[Path], None],
) -> None:
    file = make_file(tmp_path / "run7.bin", 9 * PART)
    before = sha256_of_file(file)
    begin(firefox, proxy, file)

    change(file)
    proxy.pace_total(UNPACED)

    until(
        lambda: widget.value or "changed, moved or deleted" in shown(firefox),
        SECONDS,
        lambda: shown(firefox),
        0.2,
    )
    keys = server.keys(bucket)
    assert keys in ([], [file.name])
    if keys:  # whoever reads on may have read it all, or nothing of its first bytes was changed
        assert change in (append, rename)
        assert sha256_of_object(server.client, bucket, file.name) == before
        assert widget.value[0].sha256 == before
