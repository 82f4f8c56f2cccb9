"""What is published holds what it needs, and is installed without Node."""

from __future__ import annotations

import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import s3upload_widget
from support import ROOT

PACKAGE = ROOT / "s3upload_widget"
VERSIONS = re.findall(
    r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE
)
DEPENDENCIES = {"anywidget", "boto3", "click", "ipywidgets", "msgspec", "tqdm", "traitlets"}
STATIC = ("widget.js", "widget.code.txt", "widget.css", "widget.js.LEGAL.txt")
NEEDED = {*(f"static/{name}" for name in STATIC), "py.typed"}
NOTEBOOK = "upload.ipynb"


@pytest.fixture(scope="module")
def no_programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment whose PATH leads to no Node."""
    return {**os.environ, "PATH": str(tmp_path_factory.mktemp("empty"))}


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("sdist")
    hatchling(ROOT, "sdist", target, dict(os.environ))
    (made,) = target.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(
    sdist: Path, no_programs: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A wheel built from the source distribution on a machine without Node."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    shutil.unpack_archive(sdist, source)
    (unpacked,) = source.iterdir()
    hatchling(unpacked, "wheel", target, no_programs)
    (made,) = target.iterdir()
    return made


def hatchling(root: Path, kind: str, target: Path, env: dict[str, str]) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(target)]
    subprocess.run(command, cwd=root, env=env, check=True)


def test_the_source_distribution_holds_both_sides_and_what_was_built(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert {f"s3upload_widget/{name}" for name in NEEDED} <= names
    assert {"js/src/index.ts", "js/package-lock.json", "pyproject.toml", "LICENSE"} <= names
    assert f"examples/{NOTEBOOK}" in names
    assert not [name for name in names if "node_modules" in name or "__pycache__" in name]


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    modules = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")}
    info = f"s3upload_widget-{VERSIONS[0]}.dist-info/"
    inside = {name.removeprefix("s3upload_widget/") for name in names if not name.startswith(info)}
    assert inside == modules | NEEDED | {NOTEBOOK}
    assert f"{info}licenses/LICENSE" in names


def test_the_wheel_says_what_it_is_and_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (path,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        metadata = email.message_from_bytes(archive.read(path))

    assert metadata["Name"] == "s3upload-widget"
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert metadata["Requires-Python"] == ">=3.10"
    required = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert {re.split(r"[<>=]", line)[0] for line in required} == DEPENDENCIES


def test_the_wheel_is_installed_and_finds_what_the_page_loads(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path, with_pip=False)
    (python,) = [*tmp_path.glob("bin/python"), *tmp_path.glob("Scripts/python.exe")]
    install = [
        sys.executable,
        "-m",
        "pip",
        f"--python={python}",
        "install",
        "--quiet",
        "--no-index",
    ]
    subprocess.run([*install, "--no-deps", str(wheel)], check=True)

    code = """
import importlib.resources, s3upload_widget
print(s3upload_widget.__version__)
print(*(path.name for path in importlib.resources.files(s3upload_widget).joinpath('static').iterdir()))
"""
    done = subprocess.run(
        [python, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    version, static = done.stdout.splitlines()
    assert version == VERSIONS[0]
    assert {f"static/{name}" for name in static.split()} == NEEDED - {"py.typed"}


def test_the_demo_finds_its_notebook_in_an_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(wheel, tmp_path, "zip")

    code = "from s3upload_widget.demo import NOTEBOOK; print(NOTEBOOK)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    found = Path(done.stdout.strip())
    assert found == tmp_path / "s3upload_widget" / NOTEBOOK
    assert found.read_bytes() == (ROOT / "examples" / NOTEBOOK).read_bytes()


def test_the_version_stands_in_one_place() -> None:
    assert [s3upload_widget.__version__] == VERSIONS


def test_the_lock_names_neither_hosts_nor_paths_of_a_machine() -> None:
    lock = (ROOT / "requirements-dev.txt").read_text("utf-8")
    lines = [line for line in lock.splitlines() if not line.lstrip().startswith("#")]

    assert all("==" in line for line in lines)
    assert not [line for line in lines if "://" in line or "@" in line or "/" in line]
    assert '"resolved"' not in (ROOT / "js" / "package-lock.json").read_text("utf-8")
