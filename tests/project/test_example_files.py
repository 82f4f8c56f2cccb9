"""What examples/ holds runs as it stands: a marimo notebook, a script, and notes for a JupyterHub."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from s3upload_widget import UploadWidget
from support import ROOT
from support.files import make_file, sha256_of_file, sha256_of_object
from support.page.uploading import MiB, pick
from support.servers.ports import free_port
from support.servers.servers import ended
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.browser import PageErrors
    from support.servers.servers import S3Server

EXAMPLES = ROOT / "examples"
HUB = (EXAMPLES / "jupyterhub.md").read_text("utf-8")
LONG = 180_000


@pytest.fixture
def lab_data(ministack: S3Server) -> Iterator[str]:
    """The bucket that the examples speak of."""
    with ministack.bucket(name="lab-data") as name:
        yield name


@contextmanager
def marimo(server: S3Server, home: Path) -> Iterator[str]:
    """Serve the marimo notebook as an app; gives its address."""
    port, log = free_port(), home / "marimo.log"
    command = [sys.executable, "-m", "marimo", "run", str(EXAMPLES / "marimo_notebook.py")]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--headless", "--no-token", f"--port={port}"],
            env={**os.environ, **server.environment, "HOME": str(home)},
            stdout=output,
            stderr=output,
        )
        with ended(process):
            url = f"http://127.0.0.1:{port}"
            until(lambda: answers(url), 180, log.read_text)
            yield url


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=30):  # noqa: S310  our own
            return True
    except OSError:  # urllib wraps no error of the answer, such as a time that is up
        return False


def send_folder(server: S3Server, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLES / "send_folder.py", *arguments],
        env={**os.environ, **server.environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_file_dropped_in_marimo_arrives_and_is_shown(
    page: Page, page_errors: PageErrors, ministack: S3Server, lab_data: str, tmp_path: Path
) -> None:
    page_errors.expect_network()
    page_errors.expect("Failed to fetch")  # what marimo's page still says when its server ends
    file = make_file(tmp_path / "run7.bin", 33 * MiB)
    with marimo(ministack, tmp_path) as url:
        page.goto(url, timeout=LONG)
        page.wait_for_selector(".s3up-zone", timeout=LONG)

        pick(page, file)
        row = page.locator(".s3up-row")
        expect(row).to_have_attribute("data-state", "done", timeout=LONG)

        expect(page.get_by_text(sha256_of_file(file))).to_be_visible(timeout=LONG)
        page.goto("about:blank")  # it may still load what it shows later, and the server ends
    assert sha256_of_object(ministack.client, lab_data, "raw/run7.bin") == sha256_of_file(file)


def test_the_script_sends_a_folder_once_and_finishes_what_was_begun(
    ministack: S3Server, lab_data: str, tmp_path: Path
) -> None:
    (tmp_path / "run7" / "deep").mkdir(parents=True)
    large = make_file(tmp_path / "run7" / "deep" / "large.bin", 20 * MiB)
    make_file(tmp_path / "run7" / "small.bin", 1000)
    client, key = ministack.client, "raw/deep/large.bin"
    begun = client.create_multipart_upload(
        Bucket=lab_data, Key=key, ChecksumAlgorithm="SHA256", ChecksumType="COMPOSITE"
    )
    with large.open("rb") as opened:
        client.upload_part(
            Bucket=lab_data,
            Key=key,
            UploadId=begun["UploadId"],
            PartNumber=1,
            Body=opened.read(5 * MiB),
            ChecksumAlgorithm="SHA256",
        )

    first = send_folder(ministack, tmp_path / "run7", "s3://lab-data/raw/")
    again = send_folder(ministack, tmp_path / "run7", "s3://lab-data/raw/")

    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert sha256_of_object(ministack.client, lab_data, key) == sha256_of_file(large)
    etag = client.head_object(Bucket=lab_data, Key=key)["ETag"]
    assert etag.endswith('-4"')  # parts of the size that was begun with
    assert sorted(ministack.keys(lab_data)) == [key, "raw/small.bin"]
    assert ministack.upload_ids(lab_data) == []
    assert again.stdout == first.stdout


def test_the_script_names_a_file_that_failed_and_sends_the_others(
    ministack: S3Server, lab_data: str, tmp_path: Path
) -> None:
    (tmp_path / "run7").mkdir()
    for name in ("a.bin", "b.bin"):
        make_file(tmp_path / "run7" / name, 1000)
    ministack.client.put_object(Bucket=lab_data, Key="raw/a.bin", Body=b"another")

    sent = send_folder(ministack, tmp_path / "run7", "s3://lab-data/raw/")

    assert sent.returncode == 1
    assert "a.bin: " in sent.stderr
    assert "Traceback" not in sent.stderr
    assert ministack.client.head_object(Bucket=lab_data, Key="raw/b.bin")["ContentLength"] == 1000


def test_the_python_of_the_notes_for_a_hub_runs(moto: S3Server) -> None:
    spawner = SimpleNamespace(environment={}, escaped_name="ada")
    names: dict[str, Any] = {"c": SimpleNamespace(Spawner=SimpleNamespace())}
    moto.client.create_bucket(Bucket="lab-data")
    with pytest.MonkeyPatch.context() as patch:
        for name, text in moto.environment.items():
            patch.setenv(name, text)
        try:
            for code in re.findall(r"^```python\n(.*?)^```$", HUB, re.MULTILINE | re.DOTALL):
                exec(compile(code, "jupyterhub.md", "exec"), names)  # noqa: S102 - it is our own
                if "c.Spawner" in code:
                    names["c"].Spawner.pre_spawn_hook(spawner)
                    patch.setenv("UPLOADS", spawner.environment["UPLOADS"])
        finally:
            UploadWidget.close_all()
            moto.client.delete_bucket(Bucket="lab-data")
    assert spawner.environment == {"UPLOADS": "s3://lab-data/home/ada/"}
