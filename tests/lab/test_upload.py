"""The main job in a real JupyterLab: the widget in a cell, the file in the bucket."""

from __future__ import annotations

from ast import literal_eval
from typing import TYPE_CHECKING

import pytest

from support.files import make_file, sha256_of_file, sha256_of_object
from support.lab.lab import run_lab
from support.page.uploading import MiB
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from support.lab.lab import Lab
    from support.lab.notebook import Notebook
    from support.servers.servers import S3Server


@pytest.fixture(scope="module")
def seaweed_lab(tmp_path_factory: pytest.TempPathFactory, seaweed: S3Server) -> Iterator[Lab]:
    """A JupyterLab whose kernels find SeaweedFS by their environment."""
    with run_lab(tmp_path_factory.mktemp("lab"), seaweed.environment) as lab:
        yield lab


@pytest.fixture
def bucket(seaweed: S3Server) -> Iterator[str]:
    with seaweed.bucket() as name:
        yield name


def cell(bucket: str, options: str = "") -> str:
    return (
        "from s3upload_widget import UploadWidget\n"
        f"w = UploadWidget({bucket!r}, 'raw'{options})\n"
        "display(w)"
    )


def pick(notebook: Notebook, *paths: Path) -> None:
    files = notebook.widgets.locator("input[type=file]")
    files.set_input_files([str(path) for path in paths])


def until_done(notebook: Notebook, count: int, timeout: float) -> None:
    done = notebook.widgets.locator(".s3up-row[data-state=done]")
    until(lambda: done.count() == count, timeout, notebook.widgets.inner_text, 0.2)


@pytest.mark.seconds(40)
def test_a_gibibyte_of_random_bytes_arrives_equal(
    seaweed_lab: Lab, page: Page, seaweed: S3Server, bucket: str, tmp_path: Path
) -> None:
    file = make_file(tmp_path / "run7.bin", 1024 * MiB)
    with seaweed_lab.notebook(page, cell(bucket), "[file] = w.value") as notebook:
        notebook.run_cell(0)
        notebook.widgets.wait_for()

        pick(notebook, file)
        until_done(notebook, 1, 900)
        notebook.run_cell(1)

        sha256 = sha256_of_file(file)
        assert sha256_of_object(seaweed.client, bucket, "raw/run7.bin") == sha256
        assert notebook.evaluate("file.sha256") == repr(sha256)
        assert notebook.evaluate("(file.uri, file.size, file.verified_by)") == repr(
            (f"s3://{bucket}/raw/run7.bin", 1024 * MiB, "sha256")
        )
        assert notebook.evaluate("(w.state, w.progress, w.error)") == "('done', 1.0, '')"


def test_three_files_arrive_while_a_linked_bar_follows(
    seaweed_lab: Lab, page: Page, seaweed: S3Server, bucket: str, tmp_path: Path
) -> None:
    files = [make_file(tmp_path / f"run{n}.bin", n * 17 * MiB, seed=n) for n in (1, 2, 3)]
    linked = (
        "from ipywidgets import FloatProgress, link\n"
        "bar = FloatProgress(max=1); link((w, 'progress'), (bar, 'value'))\n"
        "seen = []; w.observe(lambda change: seen.append(change['new']), names='progress')\n"
        "arrived = []; w.on_complete(arrived.append)"
    )
    with seaweed_lab.notebook(page, cell(bucket), linked) as notebook:
        notebook.run_all()
        notebook.widgets.wait_for()

        pick(notebook, *files)
        until_done(notebook, 3, 300)
        until(lambda: notebook.evaluate("len(arrived)") == "3", what="three calls")

        assert (
            notebook.evaluate("(bar.value, seen[-1], seen == sorted(seen))") == "(1.0, 1.0, True)"
        )
        assert (
            notebook.evaluate("sorted(map(str, arrived)) == sorted(f.uri for f in w.value)")
            == "True"
        )
        for file in files:
            found = sha256_of_object(seaweed.client, bucket, f"raw/{file.name}")
            assert found == sha256_of_file(file)


SIZES = {
    "empty.bin": 0,
    "one byte.bin": 1,
    "part less one.bin": 5 * MiB - 1,
    "one part.bin": 5 * MiB,
    "part and one.bin": 5 * MiB + 1,
    "a+b#c%d&e.csv": 11 * MiB,
    "数据 🚀 第7次.parquet": 10 * MiB + 7,
}


@pytest.mark.parametrize("which", ["seaweed", "ministack"])
def test_files_of_every_size_and_name_arrive_together(
    request: pytest.FixtureRequest, page: Page, tmp_path: Path, which: str
) -> None:
    server: S3Server = request.getfixturevalue(which)
    lab: Lab = request.getfixturevalue("seaweed_lab" if which == "seaweed" else "lab")
    files = [make_file(tmp_path / name, size, seed=size) for name, size in SIZES.items()]
    options = f", part_size={5 * MiB}"
    with server.bucket() as bucket, lab.notebook(page, cell(bucket, options)) as notebook:
        notebook.run_cell(0)
        notebook.widgets.wait_for()

        pick(notebook, *files)
        until_done(notebook, len(files), 300)

        found = {
            file: sha256_of_object(server.client, bucket, f"raw/{file.name}") for file in files
        }
        assert found == {file: sha256_of_file(file) for file in files}
        pairs = sorted((file.name, sha256) for file, sha256 in found.items())
        told = literal_eval(notebook.evaluate("sorted((f.name, f.sha256) for f in w.value)"))
        assert told == pairs
        assert notebook.evaluate("(w.state, w.progress, w.error)") == "('done', 1.0, '')"


@pytest.mark.parametrize("call", ["w.result(timeout=180)", "(await w.wait(timeout=180))"])
def test_a_cell_may_wait_for_files_that_are_picked_while_it_runs(
    seaweed_lab: Lab, page: Page, bucket: str, tmp_path: Path, call: str
) -> None:
    file = make_file(tmp_path / "run7.bin", 20 * MiB)
    patient = "from s3upload_widget.widget import waiting\nwaiting.PATIENCE = 600\n"
    cells = (patient + cell(bucket), f"print({call}[0].uri)")
    with seaweed_lab.notebook(page, *cells) as notebook:
        notebook.run_cell(0)
        notebook.widgets.wait_for()
        notebook.run_cell(1, wait=False)

        pick(notebook, file)

        until(lambda: "raw/run7.bin" in notebook.output(1), 180, lambda: notebook.output(1))


def test_the_saved_notebook_holds_no_secret(
    seaweed_lab: Lab, page: Page, seaweed: S3Server, bucket: str, tmp_path: Path
) -> None:
    with seaweed_lab.notebook(page, cell(bucket)) as notebook:
        notebook.run_cell(0)
        notebook.widgets.wait_for()
        pick(notebook, make_file(tmp_path / "run7.bin", 40 * MiB))
        until_done(notebook, 1, 180)
        notebook.command("docmanager:save")

        saved = page.evaluate("""fetch(`/api/contents/${panel.context.path}?content=1`)
            .then((answer) => answer.text())""")
        shown = page.content()

    assert "UploadWidget(s3://" in saved

    for secret in ("X-Amz", "uploadId", seaweed.access_key, seaweed.secret_key):
        assert secret not in saved
        assert secret not in shown


def test_a_second_view_of_the_widget_shows_the_same(
    seaweed_lab: Lab, page: Page, bucket: str, tmp_path: Path
) -> None:
    with seaweed_lab.notebook(page, cell(bucket), "w") as notebook:
        notebook.run_all()
        notebook.widgets.nth(1).wait_for()

        notebook.widgets.nth(0).locator("input[type=file]").set_input_files(
            str(make_file(tmp_path / "run7.bin", 6 * MiB))
        )

        done = page.locator(".s3up-row[data-state=done]")
        until(lambda: done.count() == 2, 180, done.count)
