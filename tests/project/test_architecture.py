"""The rooms of the house, and which may look into which. Who changes the plan changes this file."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

import pytest

import s3upload_widget
from s3upload_widget.errors import all_errors
from support import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = ROOT / "s3upload_widget"
SCRIPTS = ROOT / "js" / "src"

ROOMS: dict[str, tuple[str, str]] = {
    # room: the modules inside, the rooms it may look into
    "errors": ("errors", ""),
    "results": ("results", "errors"),
    "parts": ("parts choices", "errors"),
    "checksums": ("checksums", "errors"),
    "keys": ("keys accept", "errors results"),
    "policy": ("policy", ""),
    "protocol": ("protocol", "errors parts results"),
    "s3": (
        (
            "s3 aborting buckets calls clients extra_args listing objects parameters "
            "presigning rereading s3errors sessions settings"
        ),
        "errors parts",
    ),
    "workers": ("workers", "s3"),
    "resuming": ("resuming", "errors keys parts results s3"),
    "unfinished": ("unfinished", "errors results keys s3 workers"),
    "doctor": (
        "doctor access conditions endpoint preflight report rules trial",
        "errors results checksums keys policy s3",
    ),
    "service": (
        (
            "service comparing completion existing finishing offering opening picked picking proofs "
            "replies signing verifying"
        ),
        "errors results parts checksums keys policy protocol s3 workers resuming unfinished doctor",
    ),
    "uploader": (
        "uploader batch beginning lanes reading sending sources tally",
        "errors results parts checksums keys protocol s3 resuming service",
    ),
    "local": ("local seaweedfs supervisor", "s3 policy"),
    "widget": (
        (
            "widget comms conversation files options orders publishing pump reaching rollcall rows "
            "statuses traits waiting"
        ),
        "errors results parts keys protocol s3 workers service unfinished doctor",
    ),
    "demo": ("demo", "errors local"),
    "cli": ("cli", "errors results parts s3 unfinished uploader doctor demo"),
}
OUTSIDE = {
    # what one room alone may import
    "anywidget": {"traits"},
    "ipywidgets": {"widget"},
    "traitlets": {"traits", "widget"},
    "boto3": {"s3", "calls", "clients", "s3errors", "sessions"},
    "botocore": {"s3", "calls", "clients", "s3errors", "sessions"},
    "click": {"cli"},
    "fsspec": {"sources"},
    "msgspec": {"protocol"},
    "tqdm": {"batch"},
}
CHAIN = ["protocol", "kernel", "upload", "uploads", "view", "index"]
"""The page's side: each may only be built upon what stands before it."""
ONLY_IN = {
    # what one script alone may touch
    r"\bXMLHttpRequest\b": {"transport"},
    r"\bindexedDB\b": {"memory"},
    r'from "preact': {"view", "index"},
}

IMPORT = re.compile(r'^(?:import|export) (?!type\b)[^;]*?from "(\.[^"]+)"', re.MULTILINE)


def test_every_module_has_a_room() -> None:
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}

    assert modules <= set(room_of())


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_looks_only_into_the_rooms_it_may(room: str) -> None:
    modules, allowed = (set(names.split()) for names in ROOMS[room])

    seen = {
        f"{module} imports {other}"
        for module in modules & set(our_imports())
        for other in our_imports()[module]
        if room_of()[other] not in {room, *allowed}
    }

    assert not seen


def test_no_module_leads_back_to_itself() -> None:
    TopologicalSorter(our_imports()).prepare()
    TopologicalSorter(script_imports()).prepare()


@pytest.mark.parametrize("library", OUTSIDE)
def test_a_library_is_known_to_its_own_modules_alone(library: str) -> None:
    users = {
        path.stem for path in PACKAGE.glob("*.py") if library in {top(n) for n in imported(path)}
    }

    assert users <= OUTSIDE[library]


def test_importing_the_package_loads_no_library() -> None:
    code = "import sys, json, s3upload_widget; print(json.dumps(sorted(sys.modules)))"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    heavy = {"anywidget", "boto3", "botocore", "ipywidgets", "moto", "msgspec", "traitlets"}
    assert not heavy & set(json.loads(done.stdout))


def test_every_public_name_is_there() -> None:
    names = s3upload_widget.__all__

    assert names == sorted(names)
    for name in names:
        assert getattr(s3upload_widget, name).__name__ == name


def test_every_error_that_a_public_function_names_is_public() -> None:
    documented = [getattr(s3upload_widget, name) for name in s3upload_widget.__all__]
    documented += [each for cls in documented for each in vars(cls).values() if callable(each)]
    named = {
        name for each in documented for name in re.findall(r"\w+Error(?=:)", each.__doc__ or "")
    }

    ours = {error.__name__ for error in all_errors()}
    assert "AccessDeniedError" in named
    assert named & ours <= set(s3upload_widget.__all__)


def test_a_name_that_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Uploader'"):
        _ = s3upload_widget.Uploader


@pytest.mark.parametrize("position", range(len(CHAIN)), ids=CHAIN)
def test_a_script_is_built_only_upon_what_stands_before_it(position: int) -> None:
    below = reachable(CHAIN[position], script_imports())

    assert not below & set(CHAIN[position + 1 :])


@pytest.mark.parametrize("pattern", ONLY_IN)
def test_a_thing_of_the_browser_is_touched_in_one_place(pattern: str) -> None:
    users = {stem(path) for path in scripts() if re.search(pattern, path.read_text("utf-8"))}

    assert users <= ONLY_IN[pattern]


@cache
def room_of() -> dict[str, str]:
    return {module: room for room, (modules, _) in ROOMS.items() for module in modules.split()}


@cache
def our_imports() -> dict[str, set[str]]:
    """What each of our modules imports of ours, for types or for good."""
    found = {}
    for path in PACKAGE.glob("*.py"):
        ours = (name.split(".") for name in imported(path) if top(name) == PACKAGE.name)
        if path.stem not in {"__init__", "__main__"}:
            found[path.stem] = {parts[1] for parts in ours if len(parts) > 1}
    return found


def imported(path: Path) -> set[str]:
    """Every dotted name that a module imports, at its top or inside a function."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import(names=aliases):
                names |= {alias.name for alias in aliases}
            case ast.ImportFrom(module=str(module), names=aliases):
                names |= {f"{module}.{alias.name}" for alias in aliases}
    return names


def top(name: str) -> str:
    return name.partition(".")[0]


def scripts() -> list[Path]:
    return [path for path in SCRIPTS.rglob("*.ts*") if not path.name.endswith(".d.ts")]


@cache
def script_imports() -> dict[str, set[str]]:
    """What each script imports of ours, but for types alone; all of ``view/`` is one."""
    found: dict[str, set[str]] = {}
    for path in scripts():
        text = path.read_text("utf-8")
        for name in IMPORT.findall(text):
            other = stem((path.parent / name.removesuffix("?source")).resolve())
            found.setdefault(stem(path), set()).update({other} - {stem(path)})
    return found


def stem(path: Path) -> str:
    """The script's name as another imports it."""
    first = path.relative_to(SCRIPTS).parts[0]
    return re.sub(r"\.tsx?$", "", first)


def reachable(start: str, graph: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        new = graph.get(waiting.pop(), set()) - seen
        seen |= new
        waiting.extend(new)
    return seen
